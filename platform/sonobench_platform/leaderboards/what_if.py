"""What if other weights, another tolerance or another scheme had counted? Answered by the ranking engine that made the board.

Pure: a ground (`what_if_ground.py`) and a choice in, a ranking out. The choice that changes nothing gives the official ranking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.ranking_rules import Group, SchemeName
from sonobench_eval.ranking.case_table import CaseTable, TaskTable
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.records import Figures, RankedTeam, RankingResult, Scheme
from sonobench_eval.ranking.scheme_comparison import OVER_CASES, OverCases, scheme_over_cases
from sonobench_eval.ranking.schemes import RankedMetric, SchemeError, scheme_of
from sonobench_eval.ranking.sensitivity import weight_sensitivity
from sonobench_eval.ranking.stability_report import WeightSensitivity
from sonobench_platform.leaderboards.what_if_ground import Ground
from sonobench_platform.leaderboards.what_if_tolerance import Variant, leaves_with_tolerance, variants, with_tolerance
from sonobench_platform.leaderboards.what_if_weights import Knob, Turned, declared_performance, turned

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
WHOLE_SCHEMES: tuple[SchemeName, ...] = get_args(SchemeName)
FROM_THE_BOARD = "mean-then-rank"
"""The one of `OVER_CASES` that a board can answer: means over cases are what it shows."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to rank by; everything left open is as declared.

    `performance` is its share in [0, 1]; `factors` are multiples of declared weights by a knob's key; `scheme` is the name of
    one; `tolerance` is a variant's key.
    """

    performance: float | None = None
    factors: Mapping[str, float] = field(default_factory=dict)
    scheme: str | None = None
    tolerance: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The ranking by a choice. `board` is the published one in the new order, without rank ranges, which are of the official one.

    `scheme` has the weights that were used, `is_declared` where they are the declared ones of the declared scheme; `moved` counts
    teams whose rank is another than the official. `kept` are groups whose parts were all set to 0, `unknown` keys of no knob.
    `performance` is its share, `declared` the scheme's own, and `sensitivity` which other shares have which winners, of those who
    can win: None where the score is not made of performance and efficiency, or either is not known of all ranked teams.
    """

    board: Leaderboard
    result: RankingResult
    scheme: Scheme
    knobs: tuple[Knob, ...]
    kept: tuple[str, ...]
    unknown: tuple[str, ...]
    performance: float | None
    declared: float | None
    moved: int
    sensitivity: WeightSensitivity | None
    is_declared: bool
    official_winners: tuple[str, ...]


class UnknownChoiceError(Exception):
    """The scheme or the tolerance is none that this board can be ranked by; `what` is `scheme` or `tolerance`."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def schemes_of(ground: Ground, *, over_cases: Mapping[str, OverCases]) -> tuple[str, ...]:
    """Names of the schemes that can answer here, the declared one first.

    Args:
        ground: the board.
        over_cases: schemes over single cases, where those may be used.
    """
    others = [name for name in WHOLE_SCHEMES if name != ground.scheme.name and _whole(ground, ground.counted, name) is not None]
    return (ground.scheme.name, *others, *(name for name in OVER_CASES if name == FROM_THE_BOARD or name in over_cases))


def answer(ground: Ground, choice: Choice, *, over_cases: Mapping[str, OverCases]) -> Answer:
    """The ranking by a choice.

    Raises:
        UnknownChoiceError: there is no such scheme or tolerance here.
    """
    chosen = _chosen(ground, choice, over_cases)
    made = turned(chosen.scheme.tree, performance=choice.performance, factors=choice.factors)
    scheme = Scheme(chosen.scheme.name, made.tree)
    result = rescore(chosen.figures, scheme, disqualified=ground.disqualified)
    share, ranks = declared_performance(made.tree), ground.ranks
    return Answer(
        board=_board(ground, result, scheme),
        result=result,
        scheme=scheme,
        knobs=made.knobs,
        kept=made.kept,
        unknown=_unknown(choice, made),
        performance=share,
        declared=declared_performance(chosen.scheme.tree),
        moved=sum(row.rank != ranks[row.team] for row in result.rows),
        sensitivity=None if share is None else _sensitivity(result, share),
        is_declared=made.tree is ground.scheme.tree,
        official_winners=tuple(team for team, rank in ranks.items() if rank == 1),
    )


def lines_of(result: RankingResult) -> tuple[RankedTeam, ...]:
    """The ranked teams of which both performance and efficiency are known."""
    return tuple(row for row in result.rows if row.rank is not None and None not in (row.performance, row.efficiency))


def _chosen(ground: Ground, choice: Choice, over_cases: Mapping[str, OverCases]) -> OverCases:
    """The scheme with its declared weights, and the figures it ranks by."""
    variant = _variant(ground, choice.tolerance)
    counted = ground.counted if variant is None else with_tolerance(ground.counted, variant)
    figures = ground.figures if variant is None else _with_figures(ground, counted)
    if choice.scheme in {None, ground.scheme.name}:
        return OverCases(_declared(ground, counted, variant), figures)
    if choice.scheme == FROM_THE_BOARD:
        made = scheme_over_cases(FROM_THE_BOARD, _without_cases(counted, figures.teams), _metrics(figures, counted))
        if made is not None:
            return made
    if choice.scheme in over_cases and variant is None:
        return _over_cases(choice.scheme, over_cases)
    whole = next((each for name in WHOLE_SCHEMES if name == choice.scheme and (each := _whole(ground, counted, name))), None)
    if whole is None:
        raise UnknownChoiceError("scheme")
    return OverCases(whole, figures)


def _over_cases(name: str, over_cases: Mapping[str, OverCases]) -> OverCases:
    try:
        return over_cases[name]
    except KeyError:
        raise UnknownChoiceError("scheme") from None


def _declared(ground: Ground, counted: tuple[RankedMetric, ...], variant: Variant | None) -> Scheme:
    if variant is None:
        return ground.scheme
    if ground.scheme.name == "custom":
        return Scheme("custom", leaves_with_tolerance(ground.scheme.tree, ground.counted, variant))
    made = _whole(ground, counted, ground.challenge.ranking.scheme)
    if made is None:
        raise UnknownChoiceError("tolerance")
    return made


def _whole(ground: Ground, counted: tuple[RankedMetric, ...], name: SchemeName) -> Scheme | None:
    """None where the challenge does not declare what the scheme needs."""
    try:
        return scheme_of(ground.challenge, counted, name=name)
    except SchemeError:
        return None


def _variant(ground: Ground, key: str | None) -> Variant | None:
    if key is None:
        return None
    for variant in variants(ground.counted):
        if variant.key == key:
            return variant
    raise UnknownChoiceError("tolerance")


def _with_figures(ground: Ground, counted: tuple[RankedMetric, ...]) -> Figures:
    """With those of metrics that the declared ranking does not count."""
    scores = {
        row.team: {(task.id, each.name): each.value for task in row.tasks for each in task.metrics} for row in ground.board.rows
    }
    teams, known = ground.figures.teams, ground.figures.values
    more = {each.figure: [scores[team].get(each.key) for team in teams] for each in counted if each.figure not in known}
    return Figures(teams, {**known, **Figures.of(teams, more).values})


def _metrics(figures: Figures, counted: tuple[RankedMetric, ...]) -> Figures:
    return Figures(figures.teams, {each.figure: figures.values[each.figure] for each in counted})


def _without_cases(counted: tuple[RankedMetric, ...], teams: tuple[str, ...]) -> CaseTable:
    """What a scheme over means asks of a table: the tasks, and of which metrics less is better."""
    lower: dict[str, set[str]] = {}
    for each in counted:
        lower.setdefault(each.task.id, set()).update({each.metric.key} if each.less_is_better else set())
    return CaseTable(teams, tuple(TaskTable(task, (), (), {}, frozenset(keys)) for task, keys in lower.items()))


def _unknown(choice: Choice, made: Turned) -> tuple[str, ...]:
    known = {knob.key for knob in made.knobs}
    return tuple(key for key, factor in choice.factors.items() if key not in known and factor != 1)


def _board(ground: Ground, result: RankingResult, scheme: Scheme) -> Leaderboard:
    rows = {row.team: row for row in ground.board.rows}
    placed = tuple(
        rows[each.team].model_copy(
            update={
                "rank": each.rank,
                "score": each.score,
                "performance": _performance(each, scheme.tree),
                "efficiency": each.efficiency,
                "rank_low": None,
                "rank_high": None,
            }
        )
        for each in result.rows
    )
    weights = {"performance_weight": result.weights.performance, "efficiency_weight": result.weights.efficiency}
    return ground.board.model_copy(update={"rows": placed, "scheme": scheme.name, **weights})


def _performance(row: RankedTeam, tree: Group) -> float | None:
    """Where a scheme ranks performance alone, its score is that."""
    return row.score if row.performance is None and not any(child.name for child in tree.children) else row.performance


def _sensitivity(result: RankingResult, share: float) -> WeightSensitivity | None:
    ranked = [row for row in result.rows if row.rank is not None]
    there = lines_of(result)
    if not there or len(there) < len(ranked):
        return None
    performance = np.array([row.performance for row in there], dtype=np.float64)
    efficiency = np.array([row.efficiency for row in there], dtype=np.float64)
    front = _front(performance, efficiency)
    teams = [row.team for row, stays in zip(there, front, strict=True) if stays]
    return weight_sensitivity(teams, performance[front], efficiency[front], declared=share)


def _front(performance: FloatArray, efficiency: FloatArray) -> BoolArray:
    """Who can win at some weight between the ends: nobody is as good in both parts and better in one.

    With the others out of the way, hundreds of teams take no longer than a few.
    """
    as_good = (performance >= performance[:, np.newaxis]) & (efficiency >= efficiency[:, np.newaxis])
    better = (performance > performance[:, np.newaxis]) | (efficiency > efficiency[:, np.newaxis])
    return np.asarray(~(as_good & better).any(axis=1))
