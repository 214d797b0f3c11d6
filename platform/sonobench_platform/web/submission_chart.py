"""The course of a run as drawings, a table and sentences: host memory, GPU memory, processors, each with its limit."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from sonobench_eval.challenge.model import Limits
from sonobench_eval.report import figures
from sonobench_platform.runs.course import Course, CoursePoint
from sonobench_platform.web.contexts import Tick
from sonobench_platform.web.contexts_submission import CoursePanel, CoursePart, CourseRow
from sonobench_platform.web.drawing import Scale, nice_ticks, placed
from sonobench_platform.web.texts import _

LEFT, RIGHT, TOP, BOTTOM = 56.0, 628.0, 14.0, 112.0
"""Where a panel's drawing lies in its 640 x 140 units."""

_MOST_ROWS = 40
_GIB = 2**30


class _Figure(NamedTuple):
    """One figure over time: `values` beside `times_s`, in `unit`; `limit` in the same, None where there is none."""

    title: str
    unit: str
    times_s: tuple[float, ...]
    values: tuple[float, ...]
    limit: float | None
    limit_words: str
    words: str


def course_part(course: Course, limits: Limits, *, why_not: str) -> CoursePart | None:
    """None where there is neither a course nor a reason to say why not."""
    if not course.points:
        return CoursePart((), (), (), "", why_not) if why_not else None
    found = [each for each in (_host(course, limits), _gpu(course), _cpus(course, limits)) if each is not None]
    return CoursePart(
        sentences=tuple(each.words for each in found),
        panels=tuple(_panel(each, course) for each in found),
        rows=_rows(course.points),
        note=_note(course),
        why_not="",
    )


def _note(course: Course) -> str:
    if course.of_samples:
        return _("This is the run on the public samples, where it ended.")
    if course.is_coarse:
        return _(
            "In twelve parts of the run, each with its largest figures: memory is told to the next 64 MiB, processors in tenths. "
            "Organizers see it in full."
        )
    return ""


def _host(course: Course, limits: Limits) -> _Figure | None:
    seen = [(point.t_s, point.host_memory_bytes) for point in course.points if point.host_memory_bytes is not None]
    if not seen:
        return None
    at_s, peak = max(seen, key=lambda each: each[1])
    limit = figures.limit_bytes(limits.memory_bytes)
    said = _("Memory peaked at {peak} of {limit}{when}.")
    words = said.format(peak=figures.used_bytes(peak), limit=limit, when=_after(course, at_s))
    title, line = _("Host memory (GiB)"), _("limit {limit}").format(limit=limit)
    values = tuple(value / _GIB for _at, value in seen)
    return _Figure(title, "GiB", tuple(at for at, _value in seen), values, limits.memory_bytes / _GIB, line, words)


def _gpu(course: Course) -> _Figure | None:
    seen = [(point.t_s, point.gpu_memory_bytes) for point in course.points if point.gpu_memory_bytes is not None]
    if not seen or not any(value for _at, value in seen):
        return None
    at_s, peak = max(seen, key=lambda each: each[1])
    words = _("GPU memory peaked at {peak}{when}.").format(peak=figures.used_bytes(peak), when=_after(course, at_s))
    values = tuple(value / _GIB for _at, value in seen)
    return _Figure(_("GPU memory (GiB)"), "GiB", tuple(at for at, _value in seen), values, None, "", words)


def _cpus(course: Course, limits: Limits) -> _Figure | None:
    seen = [(point.t_s, point.cpus) for point in course.points if point.cpus is not None]
    if not seen:
        return None
    _at, most = max(seen, key=lambda each: each[1])
    words = _("At most {busy} of {all} processors were busy.").format(busy=f"{most:.1f}", all=f"{limits.cpus:g}")
    line = _("limit {limit}").format(limit=f"{limits.cpus:g}")
    values, times_s = tuple(value for _at, value in seen), tuple(at for at, _value in seen)
    return _Figure(_("Busy processors"), "", times_s, values, limits.cpus, line, words)


def _after(course: Course, at_s: float) -> str:
    """` after 12 s`; nothing where moments are not told."""
    return "" if course.is_coarse else _(" after {time}").format(time=figures.duration(at_s))


def _panel(figure: _Figure, course: Course) -> CoursePanel:
    end_s = max(course.points[-1].t_s, 1e-3)
    shows_limit = figure.limit is not None and max(figure.values) >= figure.limit / 8
    top = max(*figure.values, figure.limit or 0.0) if shows_limit else max(figure.values)
    y_ticks = nice_ticks(0.0, top or 1.0, 3)
    x, y = Scale(0.0, end_s, LEFT, RIGHT), Scale(0.0, y_ticks[-1].at, BOTTOM, TOP)
    peak = max(range(len(figure.values)), key=figure.values.__getitem__)
    path = _path(figure, x, y, course)
    return CoursePanel(
        title=figure.title,
        words=figure.words,
        path=path,
        area=f"{path}L{x.clamped(end_s):g} {BOTTOM:g}L{x.clamped(figure.times_s[0]):g} {BOTTOM:g}Z",
        limit_y=y(figure.limit) if shows_limit and figure.limit is not None else None,
        limit_words=figure.limit_words if shows_limit else "",
        y_ticks=placed(y_ticks, y),
        x_ticks=_time_ticks(end_s, x),
        peak_x=x(figure.times_s[peak]),
        peak_y=y(figure.values[peak]),
    )


def _path(figure: _Figure, x: Scale, y: Scale, course: Course) -> str:
    """A line through the points; steps where each stands for a part of the run."""
    corners = [(x(t_s), y(value)) for t_s, value in zip(figure.times_s, figure.values, strict=True)]
    parts = [f"M{corners[0][0]:g} {corners[0][1]:g}"]
    for before, (at, value) in itertools.pairwise(corners):
        parts.append(f"L{at:g} {before[1]:g}L{at:g} {value:g}" if course.is_coarse else f"L{at:g} {value:g}")
    return "".join([*parts, f"L{RIGHT:g} {corners[-1][1]:g}"])


def _time_ticks(end_s: float, x: Scale) -> tuple[Tick, ...]:
    ticks = [tick for tick in nice_ticks(0.0, end_s, 5) if tick.at <= end_s]
    return tuple(Tick(x(tick.at), figures.duration(tick.at)) for tick in ticks)


def _rows(points: Sequence[CoursePoint]) -> tuple[CourseRow, ...]:
    every = -(-len(points) // _MOST_ROWS)
    groups = [points[start : start + every] for start in range(0, len(points), every)]
    decimals = figures.time_decimals([point.t_s for point in points])
    return tuple(_row(group, decimals) for group in groups)


def _row(group: Sequence[CoursePoint], decimals: int) -> CourseRow:
    host = max((point.host_memory_bytes for point in group if point.host_memory_bytes is not None), default=None)
    gpu = max((point.gpu_memory_bytes for point in group if point.gpu_memory_bytes is not None), default=None)
    cpus = max((point.cpus for point in group if point.cpus is not None), default=None)
    busy = figures.NOT_MEASURED if cpus is None else f"{cpus:.1f}"
    return CourseRow(figures.fixed(group[0].t_s, decimals), figures.used_bytes(host), figures.used_bytes(gpu), busy)
