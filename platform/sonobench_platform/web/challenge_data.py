"""What data a challenge has, and what counts where an answer lacks: its centers by task, and its policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sonobench_eval.challenge.model import Challenge, MetricUndefined, UndefinedPolicy
from sonobench_eval.challenge.undefined import Reason
from sonobench_platform.web.contexts_challenge import CenterLine, CenterTable, PolicyLine
from sonobench_platform.web.rules import metric_words
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import joined, shown_name


def center_table(challenge: Challenge) -> CenterTable:
    """How many cases of each task come from each center, over all phases."""
    counts = Counter((case.center, case.task) for case in challenge.cases)
    tasks = [task.id for task in challenge.tasks]
    lines = tuple(
        CenterLine(
            title=shown_name(center.title or center.id),
            role=_("external: never seen in training") if center.role == "external" else _("internal"),
            is_external=center.role == "external",
            cases=f"{sum(counts[center.id, task] for task in tasks):,}",
            by_task=tuple(f"{counts[center.id, task]:,}" for task in tasks),
        )
        for center in challenge.centers
    )
    totals = Counter(case.task for case in challenge.cases)
    titles = tuple(shown_name(task.title or task.id) for task in challenge.tasks)
    return CenterTable(titles, lines, tuple(f"{totals[task]:,}" for task in tasks), f"{len(challenge.cases):,}")


def cases_by_phase(challenge: Challenge) -> Counter[str]:
    """How many cases each phase has, by its id."""
    phases = challenge.all_phases
    default = next((phase.id for phase in phases if phase.kind == "test"), phases[0].id)
    return Counter(case.phase or default for case in challenge.cases)


def policy_lines(challenge: Challenge) -> tuple[PolicyLine, ...]:
    """What counts for a mask without a value, from 0 (the worst the metric can be there) to 1 (its best); empty without masks."""
    if not any(task.is_segmentation for task in challenge.tasks):
        return ()
    return tuple(PolicyLine(words, f"{challenge.undefined.share(reason):g}") for reason, words in _reasons().items())


def policy_exceptions(challenge: Challenge) -> tuple[str, ...]:
    """Tasks and metrics with a word of their own about it."""
    return tuple(_exceptions(challenge))


def _exceptions(challenge: Challenge) -> Iterator[str]:
    for task in challenge.tasks:
        title = shown_name(task.title or task.id)
        if task.undefined is not None:
            yield _("{task} has its own: {rules}.").format(task=title, rules=_shares(task.undefined))
        for metric in task.metrics:
            if metric.undefined is not None:
                said = _("{metric} of {task} counts, in its own unit: {rules}.")
                yield said.format(metric=metric_words(metric), task=title, rules=_values(metric.undefined))


def _shares(policy: UndefinedPolicy) -> str:
    return joined([f"{words} {policy.share(reason):g}" for reason, words in _reasons().items()])


def _values(declared: MetricUndefined) -> str:
    values = ((words, declared.value(reason)) for reason, words in _reasons().items())
    return joined([f"{words} {value:g}" for words, value in values if value is not None])


def _reasons() -> dict[Reason, str]:
    return {
        "both_empty": _("reference and prediction are both empty"),
        "prediction_empty": _("only the prediction is empty"),
        "reference_empty": _("only the reference is empty"),
        "missing": _("the result is missing"),
        "unreadable": _("the result cannot be read"),
        "wrong_size": _("the result has the wrong size"),
        "wrong_geometry": _("the result lies elsewhere in space"),
    }
