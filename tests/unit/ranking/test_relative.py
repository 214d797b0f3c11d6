"""Times in units of the reference container: what is ranked, what is shown, and when there is no ranking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sonobench_eval.challenge.model import Challenge, Measuring
from sonobench_eval.ranking import relative
from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.tables import leaderboard_csv

BOTH = {("Head", "dsc"): 0.5, ("Head", "nsd"): 0.5, ("Breast", "auc"): 0.5, ("Breast", "f1"): 0.5}


class TestInReferenceUnits:
    def test_it_is_the_ratio(self) -> None:
        assert relative.in_reference_units(12.0, 1.5) == 8.0

    @pytest.mark.parametrize(("time_s", "reference_s"), [(None, 1.0), (1.0, None), (1.0, 0.0)])
    def test_without_either_there_is_none(self, time_s: float | None, reference_s: float | None) -> None:
        assert relative.in_reference_units(time_s, reference_s) is None


@pytest.fixture
def board(challenge: Challenge, make_entry: Any) -> Any:
    """A board of two equal teams: A on a slow node, B on a fast one. A's time is longer, and fewer references."""

    def make(*, reference_a: float | None = 2.0, by_reference: bool = True, exact: bool = True) -> Leaderboard:
        by = challenge.model_copy(update={"measuring": Measuring(relative_to_reference=by_reference)})
        from sonobench_eval.challenge.digest import challenge_hash

        entries = [
            make_entry("A", BOTH, time_s=30.0, reference_s=reference_a),
            make_entry("B", BOTH, time_s=20.0, reference_s=1.0),
        ]
        return build_leaderboard(
            by,
            entries,
            dataset_hash="sha256:data",
            generated_at=datetime(2026, 1, 1, tzinfo=UTC),
            definition_hash=challenge_hash(challenge),
            exact=exact,
        )

    return make


class TestBoard:
    def test_fewer_references_rank_better_though_more_seconds(self, board: Any) -> None:
        first, second = board().rows
        assert (first.team, first.time_s, first.time_relative) == ("A", 30.0, 15.0)
        assert (second.team, second.time_s, second.time_relative) == ("B", 20.0, 20.0)
        assert relative.NOTE in board().notes

    def test_a_challenge_that_does_not_ask_for_it_ranks_seconds(self, board: Any) -> None:
        made = board(by_reference=False)
        assert [(row.team, row.time_relative) for row in made.rows] == [("B", None), ("A", None)]
        assert not any("reference" in note for note in made.notes)

    def test_where_one_run_has_no_reference_there_is_no_ranking_and_it_is_said_what_to_do(self, board: Any) -> None:
        made = board(reference_a=None)
        assert [row.rank for row in made.rows] == [None, None]
        assert any(
            "no time of the reference container beside the run of A" in note and "run again" in note for note in made.notes
        )

    def test_while_the_challenge_is_open_it_is_made_of_the_time_as_shown(self, board: Any) -> None:
        row = next(row for row in board(exact=False).rows if row.team == "A")
        assert row.time_relative == row.time_s / 2.0

    def test_a_table_has_a_column_for_it_only_then(self, board: Any) -> None:
        assert "time_relative" in leaderboard_csv(board()).splitlines()[0]
        assert "time_relative" not in leaderboard_csv(board(by_reference=False)).splitlines()[0]
