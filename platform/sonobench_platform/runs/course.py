"""How a run's use of its machine went over its time, as far as whoever asks may know it. See decision 17.

Organisers see the whole curve. So does a team of a run on public data alone. Of a run on hidden data a team sees nothing of it
while the phase is open, and once that is closed twelve steps: a program that saw hidden images chose the curve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sonobench_eval.meter.curve import Moment, merged
from sonobench_eval.ranking.shown import shown_memory_bytes
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.showing import shows_scores
from sonobench_platform.domain.states import State
from sonobench_platform.runs.canary import canary_report, failed_on_samples
from sonobench_platform.runs.report import Report, ReportedPoint
from sonobench_platform.submissions.repository import Whole

MOST_POINTS = 240
STEPS = 12
_CPU_STEP = 0.1
_LEAST_WINDOW_S, _WINDOWS = 0.5, 60


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """One moment, `t_s` seconds after the run's start. None: not measured. `cpus` is how many were busy since the one before."""

    t_s: float
    host_memory_bytes: int | None
    gpu_memory_bytes: int | None
    cpus: float | None


@dataclass(frozen=True, slots=True)
class Course:
    """Points by time. Of a coarse one each stands for the part of the run that begins at it, with its largest figures."""

    points: tuple[CoursePoint, ...]
    is_coarse: bool = False
    of_samples: bool = False


NOTHING = Course(())


def course_of(whole: Whole, caller: Identity, now: datetime) -> Course:
    """The course of the run that counts; of the run on the public samples where it ended there. Without points: none to show."""
    if whole.run is None:
        return NOTHING
    if State(whole.submission.state).is_open and whole.run.outcome is None:
        return NOTHING
    if failed_on_samples(whole.run):
        report = canary_report(whole.run)
        return NOTHING if report is None else replace(_whole(report.measurement.curve), of_samples=True)
    if whole.run.outcome is None:
        return NOTHING
    curve = Report.model_validate_json(whole.run.outcome).measurement.curve
    if caller.may_organise(whole.challenge.id) or public_challenge(whole.phase).logs == "team":
        return _whole(curve)
    if whole.phase.is_open or not shows_scores(whole.phase, caller, whole.submission.team_id, now):
        return NOTHING
    return coarse(_whole(curve).points)


def _whole(curve: Sequence[ReportedPoint]) -> Course:
    points = merged([Moment(**dict(point)) for point in curve], most_points=MOST_POINTS)
    if not points:
        return NOTHING
    busy = _busy(points, window_s=max(_LEAST_WINDOW_S, points[-1].t_s / _WINDOWS))
    return Course(
        tuple(
            CoursePoint(point.t_s, point.host_memory_bytes, point.gpu_memory_bytes, cpus)
            for point, cpus in zip(points, busy, strict=True)
        )
    )


def _busy(points: Sequence[Moment], *, window_s: float) -> list[float | None]:
    """How many processors were busy in the window before each point. Between two looks at the counter it would be noise."""
    counted = [(0.0, 0.0), *((point.t_s, point.cpu_time_s) for point in points if point.cpu_time_s is not None)]
    found: list[float | None] = []
    first = 0
    for point in points:
        while first + 1 < len(counted) and counted[first + 1][0] <= point.t_s - window_s:
            first += 1
        begin_s, used_s = counted[first]
        known = point.cpu_time_s is not None and point.t_s - begin_s >= _LEAST_WINDOW_S / 2
        found.append(max(0.0, (point.cpu_time_s or 0.0) - used_s) / (point.t_s - begin_s) if known else None)
    return found


def coarse(points: Sequence[CoursePoint]) -> Course:
    """Twelve parts of the run of one length, each with its largest figures: memory upwards to 64 MiB, processors to tenths."""
    if not points:
        return NOTHING
    length_s = points[-1].t_s / STEPS
    if length_s <= 0:
        return NOTHING
    parts: list[list[CoursePoint]] = [[] for _ in range(STEPS)]
    for point in points:
        parts[min(int(point.t_s / length_s), STEPS - 1)].append(point)
    return Course(tuple(_step(round(at * length_s), part) for at, part in enumerate(parts) if part), is_coarse=True)


def _step(t_s: float, part: Sequence[CoursePoint]) -> CoursePoint:
    host = [point.host_memory_bytes for point in part if point.host_memory_bytes is not None]
    gpu = [point.gpu_memory_bytes for point in part if point.gpu_memory_bytes is not None]
    cpus = [point.cpus for point in part if point.cpus is not None]
    return CoursePoint(
        t_s,
        shown_memory_bytes(max(host)) if host else None,
        shown_memory_bytes(max(gpu)) if gpu else None,
        math.ceil(max(cpus) / _CPU_STEP - 1e-9) * _CPU_STEP if cpus else None,
    )
