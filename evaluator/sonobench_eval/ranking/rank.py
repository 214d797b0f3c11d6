"""A ranking from figures and a scheme: who is ranked, what counts, the places, and what must be said beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.ranking_rules import EFFICIENCY, PERFORMANCE, Group
from sonobench_eval.ranking.leaderboard import DroppedDimension
from sonobench_eval.ranking.order import shared_ranks
from sonobench_eval.ranking.records import Figures, RankedTeam, RankingResult, Scheme, TeamFigures, Weights
from sonobench_eval.ranking.tree import Lost, Pruned, Scores, counting_leaves, pruned, scores

FloatArray = NDArray[np.float64]
_NOBODY = "it was measured for no team"
_SHOWN = ("segmentation_rank", "classification_rank", "time_s", "gpu_memory_bytes")


@dataclass(frozen=True, slots=True)
class Field:
    """Who takes part in a ranking and what it counts.

    `figures` are those of the ranked teams alone; `absent` says of every other team why it is not ranked. `obstacle` says
    why no ranking can be made, or is None.
    """

    figures: Figures
    pruned: Pruned
    absent: dict[str, str]
    obstacle: str | None

    @property
    def tree(self) -> Group:
        """What to score with. Only where there is no obstacle."""
        if self.pruned.tree is None:
            raise ValueError(self.obstacle or "nothing is left of the scheme")
        return self.pruned.tree


def rescore(figures: Figures, scheme: Scheme, *, disqualified: Set[str] = frozenset()) -> RankingResult:
    """Rank the teams. Pure and quick: made for what-if weights too.

    Args:
        figures: of every team.
        scheme: how to rank.
        disqualified: teams that are shown without a rank; the others are ranked as if they were not there.
    """
    if not figures.teams:
        return RankingResult((), weights_of(scheme.tree))
    field = field_of(figures, scheme, disqualified=disqualified)
    if field.obstacle is not None:
        return _unranked(figures, field, scheme)
    return _ranked(figures, field)


def field_of(figures: Figures, scheme: Scheme, *, disqualified: Set[str] = frozenset()) -> Field:
    """Settle by the declared rules who is ranked and what counts."""
    absent = {team: "disqualified" for team in figures.teams if team in disqualified}
    for leaf in counting_leaves(scheme.tree):
        if leaf.if_missing == "unranked" and leaf.of in figures.values:
            missing = np.isnan(figures.values[leaf.of])
            absent.update({team: f"without {leaf.title}" for team, gone in zip(figures.teams, missing, strict=True) if gone})
    there = figures.at([number for number, team in enumerate(figures.teams) if team not in absent])
    there = _without_idle_gaps(there, scheme.tree)
    cut = pruned(scheme.tree, there.values)
    return Field(there, cut, absent, _obstacle(there, cut))


def weights_of(tree: Group) -> Weights:
    """What efficiency weighs in the whole, and what all the rest does."""
    total = sum(child.weight for child in tree.children)
    efficiency = sum(child.weight for child in tree.children if child.name == EFFICIENCY) / total
    return Weights(round(1 - efficiency, 12), efficiency)


def _without_idle_gaps(figures: Figures, tree: Group) -> Figures:
    """What weighs nothing and is known for some teams only is left out."""
    counting = {leaf.of for leaf in counting_leaves(tree)}
    idle = {leaf.of for leaf in tree.leaves() if leaf.of not in counting and leaf.if_missing == "no-ranking"}
    values = {name: row for name, row in figures.values.items() if name not in idle or not np.isnan(row).any()}
    return Figures(figures.teams, values)


def _obstacle(figures: Figures, cut: Pruned) -> str | None:
    if not figures.teams:
        return "There is no ranking: no team can be ranked."
    if cut.tree is None or not list(counting_leaves(cut.tree)):
        lost = {each.group.title for each in cut.lost}
        what = f"only {lost.pop()} counts, and it" if len(lost) == 1 else "what counts"
        return f"There is no ranking: {what} was measured for no team."
    for leaf in counting_leaves(cut.tree):
        gaps = np.isnan(figures.values[leaf.of])
        if leaf.if_missing == "no-ranking" and gaps.any():
            teams = [team for team, gap in zip(figures.teams, gaps, strict=True) if gap]
            return f"There is no ranking: {leaf.title} was not measured for {_listed(teams)}, but for other teams it was."
    return None


def _unranked(figures: Figures, field: Field, scheme: Scheme) -> RankingResult:
    """Every team in the order of its name; performance is still shown where it can be had."""
    shown: dict[str, float] = {}
    if field.pruned.tree is not None and field.figures.teams:
        of_teams = scores(field.pruned.tree, field.figures.values).parts.get(PERFORMANCE)
        shown = {} if of_teams is None else dict(zip(field.figures.teams, of_teams.tolist(), strict=True))
    rows = [RankedTeam(None, None, shown.get(team), None, _shown(figures, number)) for number, team in enumerate(figures.teams)]
    return RankingResult(tuple(sorted(rows, key=_place)), weights_of(scheme.tree), notes=(field.obstacle or "",))


def _ranked(figures: Figures, field: Field) -> RankingResult:
    found = scores(field.tree, field.figures.values)
    ranks = shared_ranks(found.score, higher_is_better=True)
    position = {team: number for number, team in enumerate(figures.teams)}
    of_team = _parts_of(found)
    rows = [
        _row(_shown(figures, position[team]), int(ranks[number]), float(found.score[number]), of_team(number))
        for number, team in enumerate(field.figures.teams)
    ]
    absent = [RankedTeam(None, None, None, None, _shown(figures, position[team])) for team in field.absent]
    return RankingResult(
        (*sorted(rows, key=_place), *sorted(absent, key=_place)),
        weights_of(field.tree),
        dropped=tuple(DroppedDimension(dimension=lost.leaf.title, reason=_NOBODY) for lost in field.pruned.lost),
        notes=(*_lost_notes(field), *_absent_notes(field)),
    )


def _row(figures: TeamFigures, rank: int, score: float, parts: dict[str, float]) -> RankedTeam:
    return RankedTeam(rank, score, parts.get(PERFORMANCE), parts.get(EFFICIENCY), figures, parts)


def _parts_of(found: Scores) -> Callable[[int], dict[str, float]]:
    columns = {name: np.broadcast_to(part, found.score.shape).tolist() for name, part in found.parts.items()}
    return lambda number: {name: column[number] for name, column in columns.items()}


def _shown(figures: Figures, number: int) -> TeamFigures:
    known = {name: float(figures.values[name][number]) for name in _SHOWN if name in figures.values}
    return TeamFigures(figures.teams[number], **{name: value for name, value in known.items() if not np.isnan(value)})


def _lost_notes(field: Field) -> Iterable[str]:
    for lost in field.pruned.lost:
        name = lost.leaf.title
        yield f"{name[0].upper()}{name[1:]} does not count: {_NOBODY}, so {_what_is_left(lost, field.tree)}."


def _what_is_left(lost: Lost, tree: Group) -> str:
    if len(lost.left) == 1:
        return f"{lost.group.title} is {lost.left[0]} alone"
    if lost.left:
        return "its weight goes to the others"
    remaining = [child for child in tree.children if child.weight]
    return f"the ranking is by {remaining[0].title} alone" if len(remaining) == 1 else "its weight goes to the other parts"


def _absent_notes(field: Field) -> Iterable[str]:
    for reason in sorted(set(field.absent.values())):
        teams = [team for team, why in field.absent.items() if why == reason]
        were = "it was" if len(teams) == 1 else "they were"
        yield f"Not ranked, {reason}: {_listed(teams)}. The others are ranked as if {were} not there."


def _place(row: RankedTeam) -> tuple[bool, int, str, str]:
    return (row.rank is None, row.rank or 0, row.team.casefold(), row.team)


def _listed(names: Sequence[str], most: int = 5) -> str:
    named = sorted(names, key=str.casefold)
    if len(named) > most:
        return f"{', '.join(named[:most])} and {len(named) - most} more"
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
