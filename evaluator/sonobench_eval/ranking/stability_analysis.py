"""The whole stability report of a ranking, from evaluations: every analysis in the order of the full ranking.

Teams without a rank are left out of all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.challenge.ranking_rules import AMOUNTS, EFFICIENCY, PERFORMANCE, SchemeName
from sonobench_eval.ranking.case_table import CaseTable
from sonobench_eval.ranking.confidence_sets import better_p, rank_sets
from sonobench_eval.ranking.entries import Entry, in_order
from sonobench_eval.ranking.gathered import Gathered, gathered, resampled_figures, table_of, with_measurements
from sonobench_eval.ranking.leave_out import without_each_center, without_each_task
from sonobench_eval.ranking.order import shared_ranks
from sonobench_eval.ranking.pareto import trade_offs
from sonobench_eval.ranking.rank import field_of, weights_of
from sonobench_eval.ranking.rank_distribution import rank_distribution
from sonobench_eval.ranking.records import Figures, Scheme
from sonobench_eval.ranking.scheme_comparison import compared, compared_over_cases
from sonobench_eval.ranking.schemes import RankedMetric, SchemeError, scheme_of
from sonobench_eval.ranking.sensitivity import weight_sensitivity
from sonobench_eval.ranking.significance import score_map, task_maps
from sonobench_eval.ranking.stability import BootstrapRanks, bootstrap_ranks
from sonobench_eval.ranking.stability_report import (
    LeftOut,
    RankDistribution,
    SchemeRanking,
    SignificanceMap,
    StabilityReport,
    TradeOff,
    WeightSensitivity,
)
from sonobench_eval.ranking.tree import counting_leaves, pruned, scores
from sonobench_eval.statistics.resampled import FEWEST_UNITS

FloatArray = NDArray[np.float64]
_MEASURED_ONCE = "Time and memory were measured once: bootstrap ranks speak of the choice of cases only."
_SUMMARIES = {
    "uusic25": "UUSIC25: 70 % of ranks on tasks, 30 % of time and memory between the least and the most of all teams",
    "sonobench-70-30": "70 % of metrics on declared scales, 30 % of time and memory on declared logarithmic scales, with a gate",
    "custom": "the tree that the challenge declares",
}


class NoRankingError(Exception):
    """There is no ranking whose stability could be looked at; the message says why."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """The ranked teams in the order of their ranks, with all that is known of them."""

    challenge: Challenge
    figures: Figures
    scheme: Scheme
    score: FloatArray
    parts: Mapping[str, FloatArray]
    ranks: FloatArray
    counted: tuple[RankedMetric, ...]
    table: CaseTable
    resampled: Mapping[str, FloatArray]
    notes: tuple[str, ...]

    @property
    def confidence(self) -> float:
        return self.challenge.bootstrap.confidence

    @property
    def level(self) -> float:
        return round(1 - self.confidence, 12)

    @property
    def tasks(self) -> list[str]:
        """Those that count in the ranking."""
        counting = {leaf.of.rpartition(".")[0] for leaf in self.scheme.tree.leaves()}
        return [task.id for task in self.challenge.tasks if task.id in counting]

    def bootstrapped(self, scheme: Scheme) -> BootstrapRanks | None:
        """None where there are no resamples for what the scheme needs."""
        leaves = [leaf.of for leaf in scheme.tree.leaves()]
        if not any(self.resampled.get(leaf, self.score).ndim > 1 for leaf in leaves) or not set(leaves) <= set(self.resampled):
            return None
        return bootstrap_ranks(scheme.tree, self.resampled)


def stability_report(challenge: Challenge, entries: Sequence[Entry]) -> StabilityReport:
    """Everything that is known of how far the ranking can be trusted.

    Args:
        challenge: with references, for areas under curves case by case; without, those analyses are left out and said to be.
        entries: one per team, evaluated on this challenge.

    Raises:
        NoRankingError: the teams cannot be ranked.
        BoardError: the replicates of the entries do not fit together.
    """
    ranked = _ranked(challenge, entries)
    whole, of_score = _whole(ranked)
    centers = without_each_center(ranked.table, ranked.figures, ranked.scheme, _centers(ranked), ranked.ranks)
    left_out: list[LeftOut] = [*without_each_task(ranked.figures, ranked.scheme, ranked.tasks, ranked.ranks), *centers]
    performance, efficiency = ranked.parts.get(PERFORMANCE, ranked.score), ranked.parts.get(EFFICIENCY)
    return StabilityReport(
        challenge=challenge.name,
        scheme=ranked.scheme.name,
        teams=ranked.figures.teams,
        ranks=tuple(int(rank) for rank in ranked.ranks),
        scores=tuple(ranked.score.tolist()),
        confidence=ranked.confidence,
        resamples=challenge.bootstrap.resamples,
        seed=challenge.bootstrap.seed,
        whole=whole,
        tasks=tuple(_of_tasks(ranked)),
        significance=(*of_score, *(each for task in ranked.table.tasks for each in task_maps(task, level=ranked.level))),
        schemes=tuple(_schemes(ranked)),
        left_out=tuple(left_out),
        weights=_sensitivity(ranked.figures, performance, efficiency, weights_of(ranked.scheme.tree).performance),
        trade_offs=_trade_offs(ranked.figures, performance, efficiency),
        notes=ranked.notes,
    )


def table_stability(figures: Figures, schemes: Sequence[Scheme], *, title: str) -> StabilityReport:
    """What can be told from a plain table, without single cases: other schemes, other weights, and the trade-off.

    Args:
        figures: of every team.
        schemes: the one that ranks, then those to compare it with.
        title: what the table is called.

    Raises:
        NoRankingError: the teams cannot be ranked.
    """
    field = field_of(figures, schemes[0])
    if field.obstacle is not None:
        raise NoRankingError(field.obstacle)
    ranks = shared_ranks(scores(field.tree, field.figures.values).score, higher_is_better=True)
    order = np.lexsort((np.arange(len(ranks)), ranks))
    ordered, ranks = field.figures.at(order.tolist()), ranks[order]
    found = scores(field.tree, ordered.values)
    performance, efficiency = found.parts.get(PERFORMANCE, found.score), found.parts.get(EFFICIENCY)
    return StabilityReport(
        challenge=title,
        scheme=schemes[0].name,
        teams=ordered.teams,
        ranks=tuple(int(rank) for rank in ranks),
        scores=tuple(found.score.tolist()),
        confidence=0.95,
        resamples=0,
        seed=0,
        schemes=tuple(compared(ordered, [(each, _SUMMARIES[each.name]) for each in schemes], ranks)),
        weights=_sensitivity(ordered, performance, efficiency, weights_of(field.tree).performance),
        trade_offs=_trade_offs(ordered, performance, efficiency),
        notes=("A table has no single cases: there are no bootstrap ranks, no significance maps, and nothing is left out.",),
    )


def _sensitivity(
    figures: Figures, performance: FloatArray, efficiency: FloatArray | None, declared: float
) -> WeightSensitivity | None:
    """None without efficiency, which performance could be weighed against."""
    return None if efficiency is None else weight_sensitivity(figures.teams, performance, efficiency, declared=declared)


def _trade_offs(figures: Figures, performance: FloatArray, efficiency: FloatArray | None) -> tuple[TradeOff, ...]:
    time_s, memory = figures.values.get("time_s"), figures.values.get("gpu_memory_bytes")
    return trade_offs(figures.teams, performance, efficiency, time_s=time_s, gpu_memory_bytes=memory)


def _ranked(challenge: Challenge, entries: Sequence[Entry]) -> _Ranked:
    found = gathered(challenge, in_order(entries))
    field = found.field
    if field is None or found.scheme is None:
        raise NoRankingError("There is no ranking: no task has a metric that the ranking counts.")
    if field.obstacle is not None:
        raise NoRankingError(field.obstacle)
    scored = scores(field.tree, field.figures.values)
    ranks = shared_ranks(scored.score, higher_is_better=True)
    order = np.lexsort((np.arange(len(ranks)), ranks))
    position = {entry.team: number for number, entry in enumerate(found.entries)}
    in_rank = gathered(challenge, [found.entries[position[field.figures.teams[number]]] for number in order])
    table = table_of(challenge, in_rank.entries)
    resampled, notes = _resampled(challenge, in_rank, table)
    return _Ranked(
        challenge=challenge,
        figures=in_rank.figures,
        scheme=Scheme(found.scheme.name, field.tree),
        score=scored.score[order],
        parts={name: np.broadcast_to(part, ranks.shape)[order] for name, part in scored.parts.items()},
        ranks=ranks[order],
        counted=tuple(each.what for each in in_rank.counted),
        table=table,
        resampled=resampled,
        notes=(*notes, *_table_notes(table)),
    )


def _resampled(challenge: Challenge, found: Gathered, table: CaseTable) -> tuple[dict[str, FloatArray], list[str]]:
    """Every figure in every resample: from replicates where all teams have them, else from single cases."""
    bootstrap = challenge.bootstrap
    if not bootstrap.resamples:
        return {}, ["There are no bootstrap ranks: the challenge draws no resamples."]
    if alone := dict.fromkeys(each.what.task.id for each in found.counted if each.fewest_units < FEWEST_UNITS):
        return {}, [f"There are no bootstrap ranks: a single subject or case is all there is to resample in {', '.join(alone)}."]
    leaves = [] if found.field is None else [leaf.of for leaf in counting_leaves(found.field.tree)]
    notes = [] if found.has_repeats or not set(leaves) & set(AMOUNTS) else [_MEASURED_ONCE]
    over_cases = [leaf for leaf in leaves if "@" in leaf]
    if not over_cases and all(entry.replicates is not None for entry in found.entries):
        return resampled_figures(found, seed=bootstrap.seed), notes
    if table.unavailable:
        return {}, [f"There are no bootstrap ranks: not all teams have replicates, and {_listed(table.unavailable)} needs them."]
    drawn = table.resampled(resamples=bootstrap.resamples, seed=bootstrap.seed, also=over_cases)
    return with_measurements(found, drawn, seed=bootstrap.seed), notes


def _table_notes(table: CaseTable) -> list[str]:
    if not table.unavailable:
        return []
    return [
        f"{_listed(table.unavailable)} cannot be made from single cases here (areas under curves need the challenge's "
        "references): without a center the ranking is not made again."
    ]


def _centers(ranked: _Ranked) -> list[str]:
    """Those that can be left out: every figure must be one that single cases give, and another center must be left."""
    there = [center.id for center in ranked.challenge.centers]
    return there if len(there) > 1 and not ranked.table.unavailable else []


def _whole(ranked: _Ranked) -> tuple[RankDistribution | None, list[SignificanceMap]]:
    """Ranks of the whole, with confidence sets, and the significance map of the score they come from."""
    found = ranked.bootstrapped(ranked.scheme)
    if found is None or not found.used:
        return None, []
    p = better_p(ranked.score, found.scores)
    whole = rank_distribution(
        "score",
        ranked.figures.teams,
        ranked.ranks,
        found,
        confidence=ranked.confidence,
        sets=rank_sets(p, level=ranked.level),
    )
    units = len({unit for task in ranked.table.tasks for unit in task.unit_of_case})
    return whole, [score_map(p, level=ranked.level, units=units)]


def _of_tasks(ranked: _Ranked) -> Iterator[RankDistribution]:
    for task in ranked.tasks:
        only = {name: row for name, row in ranked.figures.values.items() if name.startswith(f"{task}.")}
        tree = pruned(ranked.scheme.tree, only).tree
        found = None if tree is None else ranked.bootstrapped(Scheme(ranked.scheme.name, tree))
        if tree is None or found is None:
            continue
        ranks = shared_ranks(scores(tree, only).score, higher_is_better=True)
        distribution = rank_distribution(task, ranked.figures.teams, ranks, found, confidence=ranked.confidence)
        yield from [] if distribution is None else [distribution]


def _schemes(ranked: _Ranked) -> Iterator[SchemeRanking]:
    whole: list[tuple[Scheme, str]] = [(ranked.scheme, _SUMMARIES[ranked.scheme.name])]
    names: tuple[SchemeName, ...] = ("uusic25", "sonobench-70-30")
    for name in names:
        try:
            other = None if name == ranked.scheme.name else scheme_of(ranked.challenge, ranked.counted, name=name)
        except SchemeError:
            continue
        whole += [] if other is None else [(other, _SUMMARIES[name])]
    yield from compared(ranked.figures, whole, ranked.ranks)
    yield from compared_over_cases(ranked.table, ranked.figures, ranked.ranks)


def _listed(names: Sequence[str], most: int = 4) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"
