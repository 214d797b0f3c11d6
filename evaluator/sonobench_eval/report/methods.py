"""What a paper must say of how a challenge was evaluated, computed from the challenge itself: no number in it was typed.

The same statements as plain text and as LaTeX with citations, and the cited works as BibTeX.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sonobench_eval.challenge.model import Challenge, Metric, UndefinedPolicy
from sonobench_eval.challenge.ranking_rules import Ranking
from sonobench_eval.challenge.undefined import Reason
from sonobench_eval.ranking.confidence_sets import CORRECTION as SET_CORRECTION
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.significance import DELONG, WILCOXON
from sonobench_eval.ranking.stability_report import StabilityReport
from sonobench_eval.report.bibliography import SONOBENCH, bibtex, works_said
from sonobench_eval.report.figures import count_of, limit_bytes, metric_label
from sonobench_eval.report.latex import latex_text
from sonobench_eval.report.paper import percent

_REASONS: dict[Reason, str] = {
    "both_empty": "both masks empty",
    "prediction_empty": "an empty mask where there is something to find",
    "reference_empty": "a mask where there is nothing to find",
    "missing": "no result",
    "unreadable": "an unreadable result",
    "wrong_size": "a result of another size",
    "wrong_geometry": "a result of another geometry",
}
_INTERVALS = {
    "delong": ("DeLong's method", "delong1988"),
    "wilson": ("Wilson's method", "wilson1927"),
    "exact": ("the exact method of Clopper and Pearson", "clopper1934"),
}


class Statement(NamedTuple):
    """One or more sentences, and the works they rest on."""

    text: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Methods:
    """Paragraphs of statements."""

    paragraphs: tuple[tuple[Statement, ...], ...]
    version: str

    def plain(self) -> str:
        """Paragraphs of plain text, parted by empty lines."""
        return "\n\n".join(" ".join(each.text for each in paragraph) for paragraph in self.paragraphs) + "\n"

    def latex(self) -> str:
        r"""The same with `\cite`, to be `\input` where `bibtex` is the bibliography."""
        return "\n\n".join(" ".join(_cited(each) for each in paragraph) for paragraph in self.paragraphs) + "\n"

    def bibtex(self) -> str:
        return bibtex((key for paragraph in self.paragraphs for each in paragraph for key in each.cites), version=self.version)


def methods_of(challenge: Challenge, board: Leaderboard, stability: StabilityReport | None, *, version: str) -> Methods:
    """How the board was made.

    Args:
        challenge: with the rules that the board was ranked by.
        board: what came of it.
        stability: of the same ranking; what is tested there is told where it is given.
        version: of Sonobench.
    """
    paragraphs = (
        tuple(_what_was_measured(challenge, board)),
        tuple(_what_counts(challenge)),
        tuple(_uncertainty(challenge)),
        (*_ranking(challenge), *_dropped(board)),
        tuple(_trust(stability)),
        (_made_with(board, version),),
    )
    return Methods(tuple(each for each in paragraphs if each), version)


def _what_was_measured(challenge: Challenge, board: Leaderboard) -> Iterator[Statement]:
    teams = count_of(len(board.rows), "algorithm")
    centers = count_of(board.centers, "center")
    external = f", {board.external_centers} of them never seen in training" if board.external_centers else ""
    yield Statement(
        f"In {challenge.title}, {teams} answered {count_of(len(challenge.tasks), 'task')} on "
        f"{count_of(board.cases, 'case')} from {centers}{external}."
    )
    for task in challenge.tasks:
        metrics = _listed([_labelled(task.definition(metric)) for metric in task.metrics])
        cases = count_of(len(challenge.cases_of(task.id)), "case")
        yield Statement(f"{task.title or task.id} ({task.kind}, {cases}) was measured by {metrics}.")
    yield from _definitions(challenge)
    if any(task.spec(metric).family == "masks" for task in challenge.tasks for metric in task.metrics):
        yield Statement(
            "Where a task has several structures, a case's score is the mean over them; a task's score is the mean over its "
            "cases."
        )


def _labelled(definition: str) -> str:
    """`NSD pixel 2 px`."""
    name, _, how = definition.partition(" ")
    return f"{metric_label(name)} {how}".rstrip()


def _definitions(challenge: Challenge) -> Iterator[Statement]:
    """Each metric once; where kinds of task have one of the same name, with the kind."""
    first = {(task.rules.family, metric.name): (task, metric) for task in reversed(challenge.tasks) for metric in task.metrics}
    families = Counter(name for _, name in first)
    said: set[tuple[str, str]] = set()
    for each in challenge.tasks:
        for key in ((each.rules.family, metric.name) for metric in each.metrics):
            if key not in said:
                said.add(key)
                task, metric = first[key]
                spec = task.spec(metric)
                kind = f" of {task.kind} tasks" if families[spec.name] > 1 else ""
                text = f"{metric_label(spec.name)}{kind} ({spec.title}): {spec.summary.rstrip('.')}."
                yield Statement(text, works_said(spec.source))


def _what_counts(challenge: Challenge) -> Iterator[Statement]:
    yield Statement("Every case counted for every algorithm; no result was resized or left out.")
    if any(task.is_segmentation for task in challenge.tasks):
        yield Statement(f"For masks, on a scale from a metric's worst (0) to its best (1), {_policy(challenge.undefined)}.")
    for task in challenge.tasks:
        if task.is_segmentation and task.undefined is not None:
            yield Statement(f"For {task.title or task.id}, {_policy(task.undefined)}.")
        for metric in task.metrics:
            if own := _own_values(metric):
                counted = _listed([f"{what} {value:g}" for what, value in own])
                yield Statement(f"In {metric.key} of {task.title or task.id}, {counted} counted so, in the metric's unit.")
    if not all(task.is_segmentation for task in challenge.tasks):
        yield Statement(
            "In tasks without masks, a case without a usable answer was wrong, ranked worst, or erred by as much as the range of "
            "answers allows."
        )


def _own_values(metric: Metric) -> list[tuple[str, float]]:
    """What counts for this metric alone."""
    if metric.undefined is None:
        return []
    values = [(what, metric.undefined.value(reason)) for reason, what in _REASONS.items()]
    return [(what, value) for what, value in values if value is not None]


def _policy(policy: UndefinedPolicy) -> str:
    by_value: dict[float, list[str]] = {}
    for reason, what in _REASONS.items():
        by_value.setdefault(policy.share(reason), []).append(what)
    return "; ".join(f"{_listed(what)} counted {value:g}" for value, what in by_value.items())


def _uncertainty(challenge: Challenge) -> Iterator[Statement]:
    bootstrap = challenge.bootstrap
    if bootstrap.resamples:
        how = {"percentile": "percentile", "bca": "bias-corrected and accelerated (BCa)"}[bootstrap.interval]
        cites = ("efron1993",) if bootstrap.interval == "percentile" else ("efron1987", "efron1993")
        yield Statement(
            f"Confidence intervals ({percent(bootstrap.confidence)}) are {how} intervals from {bootstrap.resamples:,} bootstrap "
            f"resamples of {_units(challenge)} (seed {bootstrap.seed}), the same for all algorithms{_strata(challenge)}.",
            cites,
        )
    else:
        yield Statement("No bootstrap resamples were drawn.")
    for name, (how, key) in _INTERVALS.items():
        of = [
            f"{metric.key} of {task.title or task.id}"
            for task in challenge.tasks
            for metric in task.metrics
            if metric.interval == name
        ]
        if of:
            yield Statement(f"Those of {_listed(of)} are by {how}.", (key,))
    if any(center.role == "external" for center in challenge.centers):
        yield Statement(
            "The generalization gap is the value at external centers minus the value at internal ones, resampled together."
        )


def _units(challenge: Challenge) -> str:
    known = sum(case.subject is not None for case in challenge.cases)
    if known == len(challenge.cases):
        return "subjects, each with all its cases"
    return "subjects where they are known, each with all its cases, else of cases" if known else "cases"


def _strata(challenge: Challenge) -> str:
    by = challenge.bootstrap.stratify
    return "" if by == "none" else f", stratified by {by}"


def _ranking(challenge: Challenge) -> Iterator[Statement]:
    rules = challenge.ranking
    if rules.scheme == "custom":
        yield from _custom(rules)
        return
    named = (*rules.segmentation_metrics, *rules.classification_metrics, *rules.other_metrics)
    counted = _listed(dict.fromkeys(metric_label(name) for name in named if _has(challenge, name)))
    if rules.efficiency:
        weights = f"{percent(rules.performance)} performance ({counted}) and {percent(rules.efficiency)} efficiency"
        yield Statement(f"Algorithms were ranked by the scheme {rules.scheme}: {weights} (time and peak GPU memory).")
    else:
        yield Statement(f"Algorithms were ranked by the scheme {rules.scheme}, by performance alone ({counted}).")
    yield from _by_ranks(rules) if rules.scheme == "uusic25" else _by_scales(rules)
    yield Statement("Equal scores share the better rank.")


def _by_ranks(rules: Ranking) -> Iterator[Statement]:
    yield Statement(
        "On each task the algorithms are ranked by the mean of their ranks in its metrics, tasks of one kind by the mean of "
        "that; performance is the mean of the kinds' ranks, 1 for the first and 0 for the last.",
        ("lin2025",),
    )
    if rules.efficiency:
        yield Statement("Time and memory each give 1 for the least of all algorithms and 0 for the most.")


def _by_scales(rules: Ranking) -> Iterator[Statement]:
    yield Statement(
        "Each metric counts from 0, what an answer without skill gets, to 1, its best; performance is the mean over metrics, "
        "tasks and kinds of task."
    )
    if rules.efficiency:
        memory = rules.memory_scale
        yield Statement(
            "Time and memory count on declared logarithmic scales "
            f"(memory: 1 up to {limit_bytes(memory.floor_bytes)}, 0 from {limit_bytes(memory.worst_bytes)} on). Below a "
            f"performance of {rules.gate:g} efficiency counts 0."
        )


def _dropped(board: Leaderboard) -> Iterator[Statement]:
    for each in board.dropped:
        yield Statement(f"{each.dimension[:1].upper()}{each.dimension[1:]} does not count: {each.reason.rstrip('.')}.")


def _custom(rules: Ranking) -> Iterator[Statement]:
    leaves = [] if rules.tree is None else [leaf.title for leaf in rules.tree.leaves()]
    yield Statement(f"Algorithms were ranked by a scheme of the challenge's own, made of {_listed(leaves)}.")
    yield Statement("Equal scores share the better rank.")


def _has(challenge: Challenge, name: str) -> bool:
    return any(name in {metric.name, metric.key} for task in challenge.tasks for metric in task.metrics)


def _trust(stability: StabilityReport | None) -> Iterator[Statement]:
    if stability is None:
        return
    if stability.whole is not None:
        yield Statement(
            f"The ranking was made again on {stability.whole.used:,} of {stability.whole.resamples:,} bootstrap resamples; a "
            f"rank range is the middle {percent(stability.confidence)} of an algorithm's ranks. It tells of stability and is no "
            "test.",
            ("wiesenfarth2021",),
        )
        if any(each.set_low is not None for each in stability.whole.teams):
            yield Statement(
                f"Confidence sets for ranks come from one-sided bootstrap tests of all pairs ({SET_CORRECTION}).",
                ("mogstad2024", "romano2005"),
            )
    tests = {each.test for each in stability.significance}
    known = [(WILCOXON, "the Wilcoxon signed-rank test for scores of single cases", "wilcoxon1945")]
    known += [(DELONG, "DeLong's test for areas under the ROC curve", "delong1988")]
    used = [(how, key) for test, how, key in known if test in tests]
    if used:
        yield Statement(
            f"On single metrics, pairs of algorithms were compared one-sided by {_listed([how for how, _ in used])}, with Holm's "
            f"correction over all ordered pairs, at a level of {stability.significance[0].level:g}.",
            (*(key for _, key in used), "holm1979"),
        )


def _made_with(board: Leaderboard, version: str) -> Statement:
    return Statement(
        f"All figures were computed with Sonobench {version}, from challenge {_short(board.challenge_hash)} and data "
        f"{_short(board.dataset_hash)} (SHA-256).",
        (SONOBENCH,),
    )


def _short(hashed: str) -> str:
    return hashed.removeprefix("sha256:")[:12]


def _cited(statement: Statement) -> str:
    text = latex_text(statement.text)
    if not statement.cites:
        return text
    cite = rf"~\cite{{{','.join(statement.cites)}}}"
    return f"{text.removesuffix('.')}{cite}." if text.endswith(".") else text + cite


def _listed(parts: Iterable[str]) -> str:
    every: Sequence[str] = list(parts)
    return " and ".join([", ".join(every[:-1]), every[-1]]) if len(every) > 1 else "".join(every)
