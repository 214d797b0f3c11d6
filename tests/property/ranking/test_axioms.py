"""What each scheme can be relied on for, and with what it cannot: kept axioms as properties, broken ones as counter-examples.

`docs/ranking.md` tells the same in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonobench_eval.challenge.ranking_rules import Group, LinearScale, LogScale, MinMaxScale, Ranking, Span, ZScale
from sonobench_eval.challenge.ranking_rules import Leaf as FigureLeaf
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.records import Figures, RankingResult, Scheme, Weights
from sonobench_eval.ranking.sonobench_70_30 import between, part_of_values, sonobench_70_30
from sonobench_eval.ranking.uusic25 import part_of_ranks, uusic25

GIB = 2**30
Row = tuple[int, int, int, int]
"""DSC and AUC in hundredths, seconds, GiB."""

ROW = st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(1, 200), st.integers(0, 40))
ROWS = st.lists(ROW, min_size=1, max_size=6)
DSC, AUC = FigureLeaf(of="head.dsc"), FigureLeaf(of="breast.auc")
UUSIC25 = uusic25(
    [part_of_ranks("segmentation", [[DSC]]), part_of_ranks("classification", [[AUC]])], Weights(performance=0.7, efficiency=0.3)
)
SONOBENCH = sonobench_70_30(
    [
        part_of_values("segmentation", [[between(DSC, Span(worst=0, best=1))]]),
        part_of_values("classification", [[between(AUC, Span(worst=0.5, best=1))]]),
    ],
    Ranking(scheme="sonobench-70-30"),
    LogScale(floor=2, worst=150),
)
BOTH = pytest.mark.parametrize("scheme", [UUSIC25, SONOBENCH], ids=["uusic25", "sonobench-70-30"])
quick = settings(max_examples=60)


def ranked(scheme: Scheme, teams: Mapping[str, Row], *, seconds: float = 1.0) -> RankingResult:
    rows = list(teams.values())
    values = {
        "head.dsc": [row[0] / 100 for row in rows],
        "breast.auc": [row[1] / 100 for row in rows],
        "time_s": [row[2] * seconds for row in rows],
        "gpu_memory_bytes": [row[3] * GIB for row in rows],
    }
    return rescore(Figures.of(list(teams), values), scheme)


def ranks(scheme: Scheme, teams: Mapping[str, Row], **more: float) -> dict[str, int]:
    return {row.team: row.rank or 0 for row in ranked(scheme, teams, **more).rows}


def order(scheme: Scheme, teams: Mapping[str, Row], of: str) -> list[str]:
    """Some teams, first to last."""
    return [row.team for row in ranked(scheme, teams).rows if row.team in of]


def named(rows: list[Row]) -> dict[str, Row]:
    return {f"team {number}": row for number, row in enumerate(rows)}


def at_least_as_good(one: Row, other: Row) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


class TestAnonymity:
    @BOTH
    @quick
    @given(rows=ROWS, random=st.randoms())
    def test_neither_names_nor_the_order_of_teams_matter(self, scheme: Scheme, rows: list[Row], random: Random) -> None:
        teams = named(rows)
        other_names = {f"{99 - number} others": row for number, row in enumerate(rows)}
        shuffled = list(teams.items())
        random.shuffle(shuffled)
        assert ranks(scheme, teams) == ranks(scheme, dict(shuffled))
        assert list(ranks(scheme, teams).values()) == pytest.approx(sorted(ranks(scheme, other_names).values()))


class TestMonotonicity:
    @BOTH
    @quick
    @given(rows=ROWS, data=st.data())
    def test_getting_better_in_anything_never_costs_a_place(self, scheme: Scheme, rows: list[Row], data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(rows) - 1))
        dsc, auc, seconds, memory = rows[number]
        better = data.draw(
            st.tuples(st.integers(dsc, 100), st.integers(auc, 100), st.integers(1, seconds), st.integers(0, memory))
        )
        improved = [*rows[:number], better, *rows[number + 1 :]]
        assert ranks(scheme, named(improved))[f"team {number}"] <= ranks(scheme, named(rows))[f"team {number}"]


class TestPareto:
    @BOTH
    @quick
    @given(rows=ROWS)
    def test_nobody_is_behind_a_team_that_is_no_better_in_anything(self, scheme: Scheme, rows: list[Row]) -> None:
        teams = named(rows)
        found = ranks(scheme, teams)
        for one in teams:
            for other in teams:
                if at_least_as_good(teams[one], teams[other]):
                    assert found[one] <= found[other]

    @quick
    @given(rows=ROWS)
    def test_uusic25_puts_a_team_that_is_better_in_everything_ahead(self, rows: list[Row]) -> None:
        teams = named(rows)
        found = ranks(UUSIC25, teams)
        for one, (dsc, auc, seconds, memory) in teams.items():
            for other, beaten in teams.items():
                if dsc > beaten[0] and auc > beaten[1] and seconds < beaten[2] and memory < beaten[3]:
                    assert found[one] < found[other]

    def test_sonobench_70_30_ties_what_lies_beyond_the_ends_of_its_scales(self) -> None:
        # B is worse in all that differs. But no skill is no skill (AUC 0.4, 0.3), and up to 2 s and 2 GiB all is well.
        assert ranks(SONOBENCH, {"A": (0, 40, 1, 1), "B": (0, 30, 2, 2)}) == {"A": 1, "B": 1}


class TestIndependenceOfIrrelevantAlternatives:
    @quick
    @given(rows=st.lists(ROW, min_size=2, max_size=6), decoy=ROW)
    def test_sonobench_70_30_gives_everybody_the_same_score_whoever_else_enters(self, rows: list[Row], decoy: Row) -> None:
        teams = named(rows)
        alone = {row.team: row.score for row in ranked(SONOBENCH, teams).rows}
        joined = {row.team: row.score for row in ranked(SONOBENCH, {**teams, "decoy": decoy}).rows}
        assert {team: joined[team] for team in alone} == alone

    def test_in_uusic25_hopeless_entries_turn_first_and_second_round(self) -> None:
        # A leads both parts, B is twice as fast, memory is equal. With D: A 0.7 * 1 + 0.3 * 0.5 = 0.85, and
        # B 0.7 * 0.5 + 0.3 * 1 = 0.65. Three more that are worse than both make B's second place worth 1 - 1/5, and change
        # nothing else: 0.7 * 0.8 + 0.3 = 0.86.
        teams: dict[str, Row] = {"A": (90, 90, 20, 4), "B": (80, 80, 10, 4), "D": (10, 60, 15, 4)}
        decoys: dict[str, Row] = dict.fromkeys(("E", "F", "G"), (5, 55, 15, 4))
        assert order(UUSIC25, teams, "AB") == ["A", "B"]
        assert order(UUSIC25, {**teams, **decoys}, "AB") == ["B", "A"]
        assert order(SONOBENCH, teams, "AB") == order(SONOBENCH, {**teams, **decoys}, "AB")

    def test_in_uusic25_one_heavy_entry_makes_memory_count_for_nothing(self) -> None:
        # 2 and 4 GiB are the whole range before, a hundredth of it after: B's lead in memory melts, and A's in time decides.
        teams: dict[str, Row] = {"A": (80, 80, 10, 4), "B": (80, 80, 11, 2), "C": (10, 10, 20, 3)}
        assert order(UUSIC25, teams, "AB") == ["B", "A"]
        assert order(UUSIC25, {**teams, "decoy": (5, 5, 15, 200)}, "AB") == ["A", "B"]

    @pytest.mark.parametrize("scale", [MinMaxScale(), ZScale()], ids=["min-max", "z"])
    def test_any_scale_that_looks_at_the_teams_breaks_it(self, scale: MinMaxScale | ZScale) -> None:
        leaves = (FigureLeaf(of="x", scale=scale), FigureLeaf(of="y", scale=scale))
        scheme = Scheme("custom", Group(children=leaves))

        def first(**teams: tuple[float, float]) -> str:
            values = {"x": [row[0] for row in teams.values()], "y": [row[1] for row in teams.values()]}
            return next(row.team for row in rescore(Figures.of(list(teams), values), scheme).rows if row.team in "AB")

        assert first(A=(3, 0), B=(0, 2), C=(0, 0.5), D=(3, -1)) != first(A=(3, 0), B=(0, 2), C=(0, 0.5), D=(3, -1), E=(99, 2))


class TestScaleInvariance:
    @quick
    @given(rows=ROWS, doublings=st.integers(-4, 4))
    def test_in_uusic25_the_unit_of_time_does_not_matter(self, rows: list[Row], doublings: int) -> None:
        assert ranks(UUSIC25, named(rows)) == ranks(UUSIC25, named(rows), seconds=2.0**doublings)

    def test_sonobench_70_30_has_a_unit_so_a_slower_node_can_change_the_order(self) -> None:
        # On a node that is four times as fast both are within the floor of 2 s, and time no longer tells them apart.
        teams: dict[str, Row] = {"A": (81, 80, 8, 2), "B": (80, 80, 4, 2)}
        assert order(SONOBENCH, teams, "AB") == ["B", "A"]
        assert ranks(SONOBENCH, teams, seconds=0.25) == {"A": 1, "B": 2}

    @quick
    @given(rows=ROWS, doublings=st.integers(-4, 4))
    def test_sonobench_70_30_in_units_of_a_reference_is_the_same_on_every_node(self, rows: list[Row], doublings: int) -> None:
        slower = 2.0**doublings
        fast = SONOBENCH
        efficiency = fast.tree.children[1]
        assert isinstance(efficiency, Group)
        time = efficiency.children[0].model_copy(update={"scale": LogScale(reference=slower, floor=2, worst=150)})
        moved = efficiency.model_copy(update={"children": (time, *efficiency.children[1:])})
        slow = Scheme(fast.name, fast.tree.model_copy(update={"children": (fast.tree.children[0], moved)}))
        assert ranks(fast, named(rows)) == ranks(slow, named(rows), seconds=slower)


class TestGate:
    @quick
    @given(seconds=st.integers(1, 200), memory=st.integers(0, 40))
    def test_an_answer_without_skill_scores_0_however_fast(self, seconds: int, memory: int) -> None:
        assert ranked(SONOBENCH, {"A": (0, 50, seconds, memory)}).rows[0].score == 0

    def test_in_uusic25_an_instant_empty_answer_earns_its_whole_30_percent(self) -> None:
        found = ranked(UUSIC25, {"A": (90, 90, 100, 8), "empty": (0, 50, 1, 0)})
        assert {row.team: row.score for row in found.rows}["empty"] == pytest.approx(0.3)

    def test_sonobench_70_30_is_not_continuous_at_its_gate(self) -> None:
        # Performance 0.25 and 0.245: DSC 0.50 and 0.49, AUC without skill.
        high, low = (ranked(SONOBENCH, {"A": (dsc, 50, 1, 0)}).rows[0].score for dsc in (50, 49))
        assert (high, low) == (pytest.approx(0.7 * 0.25 + 0.3), pytest.approx(0.7 * 0.245))


class TestLinearScale:
    def test_is_what_makes_the_difference(self) -> None:
        # The same tree with declared ends in place of the teams' own range: no decoy matters.
        leaf = FigureLeaf(of="x", scale=LinearScale(worst=0, best=10))
        scheme = Scheme("custom", Group(children=(leaf,)))
        alone = rescore(Figures.of(["A"], {"x": [4]}), scheme).rows[0].score
        joined = rescore(Figures.of(["A", "B"], {"x": [4, 1000]}), scheme)
        assert [row.score for row in joined.rows if row.team == "A"] == [alone]
