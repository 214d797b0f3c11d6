"""The form of a what-if: sliders for every weight, the schemes and tolerances that there are, all of it a plain GET form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sonobench_eval.report.figures import metric_label
from sonobench_platform.web.contexts_what_if import Option, Slider, SliderGroup, WhatIfForm
from sonobench_platform.web.texts import _
from sonobench_platform.web.what_if_query import MOST_FACTOR, PREFIX
from sonobench_platform.web.wording import joined, shown_name

if TYPE_CHECKING:
    from sonobench_eval.challenge.model import Metric
    from sonobench_platform.leaderboards.what_if import Answer, Choice
    from sonobench_platform.leaderboards.what_if_ground import Ground
    from sonobench_platform.leaderboards.what_if_tolerance import Variant
    from sonobench_platform.leaderboards.what_if_weights import Knob
    from sonobench_platform.web.board_state import ViewState

_OVER_CASES = ("median-then-rank", "rank-then-mean", "rank-then-median", "test-based")


def what_if_form(
    ground: Ground, choice: Choice, answer: Answer, *, schemes: Sequence[str], tolerances: Sequence[Variant], state: ViewState
) -> WhatIfForm:
    """The form with what is chosen in it.

    Args:
        ground: the board.
        choice: as it could be read and answered.
        answer: to it.
        schemes: that can be asked for, the declared one first.
        tolerances: that can be asked for.
        state: what else the page's address says.
    """
    titles = titles_of(ground, answer.knobs)
    groups = [(parent, [knob for knob in answer.knobs if knob.parent == parent]) for parent in _parents(answer.knobs)]
    made = [(parent, SliderGroup(titles.get(parent, _("The whole")), _sliders(knobs, titles))) for parent, knobs in groups]
    within_tasks = {knob.parent for knob in answer.knobs if "." in getattr(knob.node, "of", "")}
    return WhatIfForm(
        action=state.path,
        hidden=tuple(pair for pair in state.hidden() if pair not in state.extra),
        performance=_performance(answer),
        schemes=tuple(
            Option("" if number == 0 else name, scheme_title(name, is_declared=number == 0), _is_chosen(name, choice, ground))
            for number, name in enumerate(schemes)
        ),
        tolerances=_tolerances(choice, tolerances),
        groups=tuple(_sorted([each for each in made if each[0] not in within_tasks])),
        metrics=tuple(group for parent, group in made if parent in within_tasks),
        is_open=bool(choice.factors or choice.scheme or choice.tolerance),
        official_href=state.href(extra=(), page=1),
        notes=tuple(_notes(ground, schemes, tolerances)),
    )


def _sorted(groups: Sequence[tuple[str, SliderGroup]]) -> list[SliderGroup]:
    """The parts of the whole first, then those of parts, then metrics of tasks."""
    return [group for _parent, group in sorted(groups, key=lambda each: each[0].count("."))]


def titles_of(ground: Ground, knobs: Sequence[Knob]) -> dict[str, str]:
    """What every part is called, by key: tasks and metrics by their titles, parts by what they are."""
    from sonobench_platform.leaderboards.what_if_weights import own_name

    tasks = {task.id: shown_name(task.title or task.id) for task in ground.challenge.tasks}
    words = {
        "performance": _("Performance"),
        "efficiency": _("Efficiency"),
        "segmentation": _("Segmentation"),
        "classification": _("Classification"),
        "other": _("Other tasks"),
        "time": _("Time"),
        "time_s": _("Time"),
        "GPU memory": _("GPU memory"),
        "gpu_memory_bytes": _("GPU memory"),
        "host_memory_bytes": _("Host memory"),
    }
    found = {"": _("The whole"), "performance": words["performance"], "efficiency": words["efficiency"]}
    metrics = {f"{task.id}.{each.key}": metric_title(each) for task in ground.challenge.tasks for each in task.metrics}
    for knob in knobs:
        name = own_name(knob.node)
        metric = metrics.get(getattr(knob.node, "of", "").partition("@")[0])
        found[knob.key] = words.get(name) or metric or tasks.get(name) or (metric_label(name) if name else _("Other parts"))
    for knob in knobs:
        found.setdefault(knob.parent, tasks.get(knob.parent.rpartition(".")[2], knob.parent.rpartition(".")[2]))
    return found


def metric_title(metric: Metric) -> str:
    """`DSC`; with the tolerance where it is the metric's own that tells it from another (`NSD 2 px`)."""
    label = metric_label(metric.name)
    if metric.tolerance is None:
        return label if metric.id is None else metric_label(metric.id)
    return " ".join(part for part in (label, f"{metric.tolerance:g}", metric.unit or "") if part)


def scheme_title(name: str, *, is_declared: bool) -> str:
    """What a scheme is called, and what it does."""
    titles = {
        "uusic25": _("uusic25: ranks on tasks; time and memory between the best and the worst team"),
        "sonobench-70-30": _("sonobench-70-30: metrics, time and memory on declared scales"),
        "custom": _("the organizers' own"),
        "mean-then-rank": _("aggregate, then rank: means over cases, performance alone"),
        "median-then-rank": _("aggregate, then rank: medians over cases, performance alone"),
        "rank-then-mean": _("rank, then aggregate: the mean rank over cases, performance alone"),
        "rank-then-median": _("rank, then aggregate: the median rank over cases, performance alone"),
        "test-based": _("tests: how many teams one is significantly better than, performance alone"),
    }
    title = titles.get(name, name)
    return _("{scheme} (official)").format(scheme=title) if is_declared else title


def _is_chosen(name: str, choice: Choice, ground: Ground) -> bool:
    return name == (choice.scheme or ground.scheme.name)


def _parents(knobs: Sequence[Knob]) -> list[str]:
    return list(dict.fromkeys(knob.parent for knob in knobs))


def _performance(answer: Answer) -> Slider | None:
    if answer.performance is None or answer.declared is None:
        return None
    official = answer.declared * 100
    step = "1" if abs(official - round(official)) < 1e-9 else "0.1"
    return Slider(
        id="performance",
        name="performance",
        label=_("What if performance counted"),
        value=f"{answer.performance * 100:.10g}",
        least="0",
        most="100",
        step=step,
        official=f"{official:.10g}",
        unit="\u00a0%",
    )


def _sliders(knobs: Sequence[Knob], titles: dict[str, str]) -> tuple[Slider, ...]:
    return tuple(
        Slider(
            id=f"w-{knob.key.replace('.', '-')}",
            name=f"{PREFIX}{knob.key}",
            label=titles[knob.key],
            value=f"{knob.factor:.10g}",
            least="0",
            most=f"{MOST_FACTOR:g}",
            step="0.25",
            official="1",
            before="×\u00a0",
        )
        for knob in knobs
    )


def _tolerances(choice: Choice, variants: Sequence[Variant]) -> tuple[Option, ...]:
    if not variants:
        return ()
    named = tuple(
        Option(
            each.key,
            _("{metric} within {tolerance:g} {unit}").format(
                metric=metric_label(each.metric), tolerance=each.tolerance, unit=each.unit
            ),
            each.key == choice.tolerance,
        )
        for each in variants
    )
    return (Option("", _("as declared (official)"), choice.tolerance is None), *named)


def _notes(ground: Ground, schemes: Sequence[str], tolerances: Sequence[Variant]) -> list[str]:
    notes = []
    if not ground.board.exact:
        notes.append(_("The phase is open: times and memory are the rounded ones that the board shows, and count so here too."))
    if not set(_OVER_CASES) & set(schemes):
        notes.append(
            _("Schemes that look at single cases (medians, ranks on each case, tests) need more than the published board holds.")
            + ("" if ground.board.exact else " " + _("They can be tried once the phase has closed."))
        )
    if not tolerances and any(each.metric.tolerance is not None for each in ground.counted):
        notes.append(_("Every surface metric was computed with one tolerance, so there is no other to choose."))
    lacking = sorted({task for each in tolerances for task in each.lacking})
    if lacking:
        notes.append(
            _("Not every tolerance was computed for {tasks}; there the declared one counts.").format(tasks=joined(lacking))
        )
    return notes
