"""From a leaderboard document to cells: what is written, drawn, and said where there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import DroppedDimension, Leaderboard
from sonobench_platform.web.board import board_page
from sonobench_platform.web.contexts import Page
from sonobench_platform.web.source import PublishedBoard

Publish = Callable[[Leaderboard], PublishedBoard]


def changed(board: Leaderboard, number: int, **update: Any) -> Leaderboard:
    rows = list(board.rows)
    rows[number] = rows[number].model_copy(update=update)
    return board.model_copy(update={"rows": tuple(rows)})


class TestRows:
    def test_a_score_has_the_digits_its_interval_supports_and_its_exact_value(
        self, board: Leaderboard, publish: Publish, page: Page
    ) -> None:
        dsc, _, auc, _ = board_page(publish(board), page).rows[0].means
        assert (dsc.text, dsc.interval, float(dsc.exact)) == ("0.854", "0.848 to 0.860", 0.854)
        assert (auc.text, auc.interval) == ("0.77", "0.72 to 0.81")

    def test_the_best_of_a_column_is_marked_once(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        rows = board_page(publish(board), page).rows
        assert [row.team for row in rows if row.means[0].best] == ["SMART"]
        assert [row.team for row in rows if row.means[2].best] == ["flamingo"]

    def test_memory_that_was_not_measured_is_a_dash_with_a_reason_never_zero(
        self, board: Leaderboard, publish: Publish, page: Page
    ) -> None:
        last = board_page(publish(board), page).rows[-1]
        assert (last.team, last.gpu_memory.text, last.gpu_memory.exact, last.gpu_memory.why) == (
            "U-Vision",
            "–",
            "",
            "not measured",
        )

    def test_a_time_in_units_of_the_reference_container_stands_behind_the_seconds(
        self, board: Leaderboard, publish: Publish, page: Page
    ) -> None:
        first, *others = board.rows
        relative = board.model_copy(update={"rows": (first.model_copy(update={"time_relative": 30.5}), *others)})
        made = board_page(publish(relative), page)
        assert made.rows[0].time.text == "36.0 (30.5)"
        assert made.rows[0].time.exact == "36.03"
        assert "In parentheses" in made.caption
        assert "In parentheses" not in board_page(publish(board), page).caption

    def test_a_score_without_a_value_says_why(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        nothing = MetricScore(name="dsc", definition="dsc", value=None, n=0, units=0, undefined="only one class")
        means = (nothing, *board.rows[0].means[1:])
        cell = board_page(publish(changed(board, 0, means=means)), page).rows[0].means[0]
        assert (cell.text, cell.why, cell.whisker) == ("–", "only one class", None)

    def test_a_row_without_a_rank_is_told_in_words(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        unranked = {"rank": None, "rank_low": None, "rank_high": None, "score": None, "performance": None, "efficiency": None}
        row = board_page(publish(changed(board, 3, **unranked, problems=1)), page).rows[3]
        assert row.rank == "–"
        assert row.range is None
        assert row.remark == "scored, not ranked; 1 result could not be used"

    def test_teams_that_share_a_rank_are_marked(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        rows = board_page(publish(changed(board, 1, rank=1)), page).rows
        assert [row.tied for row in rows[:3]] == [True, True, False]

    def test_the_bar_adds_up_to_the_score(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        for row, cells in zip(board.rows, board_page(publish(board), page).rows, strict=True):
            assert row.score is not None
            assert abs(cells.bar.performance_width + cells.bar.efficiency_width - 80 * row.score) < 0.02

    def test_a_column_that_was_measured_for_nobody_is_left_out(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        rows = tuple(row.model_copy(update={"gpu_memory_bytes": None}) for row in board.rows)
        context = board_page(publish(board.model_copy(update={"rows": rows})), page)
        assert context.gpu_unit is None
        assert context.host_unit == "GB"


class TestNotes:
    def test_a_dropped_dimension_is_told_and_said_once(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        dropped = (DroppedDimension(dimension="GPU memory", reason="it was measured for no team"),)
        alone = board_page(publish(board.model_copy(update={"dropped": dropped})), page).notes
        assert "Gpu memory" not in alone[0]
        assert alone[0] == "GPU memory does not count in this ranking: it was measured for no team."
        note = "GPU memory does not count: it was measured for no team, so efficiency is time alone."
        told = board_page(publish(board.model_copy(update={"dropped": dropped, "notes": (note,)})), page).notes
        assert [each for each in told if "GPU" in each] == [note]

    def test_the_rank_range_is_explained(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        assert "how stable a rank is" in board_page(publish(board), page).notes[-1]


class TestLead:
    def test_it_names_the_leader_and_who_could_come_first(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        lead = board_page(publish(board), page).lead
        assert lead == "SMART leads with a score of 0.804. The 95\u00a0% rank range of one other team reaches the first place."

    def test_shared_first_ranks_are_said(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        assert board_page(publish(changed(board, 1, rank=1)), page).lead == "2 teams share the first rank."

    def test_an_empty_board_says_so(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        context = board_page(publish(board.model_copy(update={"rows": ()})), page)
        assert context.lead.startswith("No algorithm has been scored yet.")
        assert (context.rows, context.tables, context.efficiency, context.gap) == ((), (), None, None)


class TestMetricTables:
    def test_each_metric_has_a_table_of_the_tasks_that_declare_it(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        tables = {table.title: table for table in board_page(publish(board), page).tables}
        assert list(tables) == ["DSC", "NSD", "AUC", "ACC"]
        assert len(tables["DSC"].columns) == 5
        assert tables["AUC"].columns == ("Breast malignancy", "Fatty liver", "Appendicitis", "Breast molecular subtype")

    def test_the_definition_is_told_where_it_has_parameters(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        tables = {table.title: table.caption for table in board_page(publish(board), page).tables}
        assert "nsd pixel 2 px" in tables["NSD"]
        assert "Definition" not in tables["DSC"]
