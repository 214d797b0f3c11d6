from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sonobench_eval.ranking.uusic25 import TeamFigures, Weights, rank_table

RANKS, AMOUNTS = st.integers(1, 6), st.integers(0, 5)
ROWS = st.lists(st.tuples(RANKS, RANKS, AMOUNTS, AMOUNTS), min_size=1, max_size=6)
WEIGHTS = Weights(0.7, 0.3)
Row = tuple[int, int, int, int]


def placed(rows: list[Row], names: list[str], *, memory_unit: float = 1.0) -> dict[str, tuple[int | None, float | None]]:
    figures = [TeamFigures(name, *row[:3], row[3] * memory_unit) for name, row in zip(names, rows, strict=True)]
    return {row.team: (row.rank, row.score) for row in rank_table(figures, WEIGHTS).rows}


def names_for(rows: list[Row]) -> list[str]:
    return [f"team {number}" for number in range(len(rows))]


class TestRankTable:
    @given(ROWS, st.randoms())
    def test_the_order_of_teams_does_not_matter(self, rows: list[Row], random: Random) -> None:
        teams = list(zip(rows, names_for(rows), strict=True))
        shuffled = list(teams)
        random.shuffle(shuffled)
        assert placed(*map(list, zip(*teams, strict=True))) == placed(*map(list, zip(*shuffled, strict=True)))

    @given(ROWS)
    def test_names_do_not_matter(self, rows: list[Row]) -> None:
        others = [f"{99 - number} others" for number in range(len(rows))]
        for name, other in zip(names_for(rows), others, strict=True):
            assert placed(rows, names_for(rows))[name] == placed(rows, others)[other]

    @given(ROWS)
    def test_the_unit_of_a_measurement_does_not_change_ranks(self, rows: list[Row]) -> None:
        in_bytes, in_gb = placed(rows, names_for(rows)), placed(rows, names_for(rows), memory_unit=2.0**-30)
        assert {team: rank for team, (rank, _) in in_bytes.items()} == {team: rank for team, (rank, _) in in_gb.items()}

    @given(ROWS)
    def test_ranks_follow_scores_and_ties_share_the_smaller(self, rows: list[Row]) -> None:
        found = placed(rows, names_for(rows)).values()
        for rank, score in found:
            assert rank is not None
            assert score is not None
            assert rank == 1 + sum(other > score + 1e-11 for _, other in found if other is not None)

    @given(ROWS, st.data())
    def test_being_faster_never_costs_a_place(self, rows: list[Row], data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(rows) - 1))
        seg, cls, _, memory = rows[number]
        faster = [*rows[:number], (seg, cls, 0, memory), *rows[number + 1 :]]
        name = names_for(rows)[number]
        assert placed(faster, names_for(rows))[name][0] <= placed(rows, names_for(rows))[name][0]
