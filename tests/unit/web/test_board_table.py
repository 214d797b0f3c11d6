"""The board's table: cells as they are written, and the rows, order and columns that an address asks for."""

from __future__ import annotations

from typing import Any

import pytest

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.board_table import board_table
from sonobench_platform.web.contexts_board import BoardTable

PATH = "/challenges/uusic25/leaderboard"


def changed(board: Leaderboard, number: int, **update: Any) -> Leaderboard:
    rows = list(board.rows)
    rows[number] = rows[number].model_copy(update=update)
    return board.model_copy(update={"rows": tuple(rows)})


def table_of(board: Leaderboard, **state: Any) -> BoardTable:
    return board_table(board, ViewState(PATH, **state))


def column(table: BoardTable, key: str) -> list[Any]:
    at = [each.key for each in table.columns].index(key)
    return [row[at] for row in table.rows]


def teams(table: BoardTable) -> list[str]:
    return [cell.team for cell in column(table, "team")]


def many(board: Leaderboard, count: int) -> Leaderboard:
    rows = [board.rows[n % 15].model_copy(update={"team": f"team {n + 1:03}", "rank": n + 1}) for n in range(count)]
    return board.model_copy(update={"rows": tuple(rows)})


class TestCells:
    def test_a_score_has_the_digits_its_interval_supports_and_its_exact_value(self, board: Leaderboard) -> None:
        table = table_of(board)
        dsc, auc = column(table, "dsc")[0].score, column(table, "auc")[0].score
        assert (dsc.text, dsc.interval, float(dsc.exact)) == ("0.854", "0.848 to 0.860", 0.854)
        assert (auc.text, auc.interval) == ("0.77", "0.72 to 0.81")

    def test_the_best_of_a_column_is_marked_once(self, board: Leaderboard) -> None:
        table = table_of(board)
        best = {key: [at for at, cell in enumerate(column(table, key)) if cell.score.best] for key in ("dsc", "auc")}
        assert {key: [teams(table)[at] for at in found] for key, found in best.items()} == {"dsc": ["SMART"], "auc": ["flamingo"]}

    def test_the_best_of_a_metric_that_is_better_low_is_its_smallest(self, board: Leaderboard) -> None:
        rows = []
        for at, row in enumerate(board.rows):
            distance = MetricScore(name="hd", definition="hd", value=5.0 + at, n=9, units=9, higher_is_better=False, unit="px")
            rows.append(row.model_copy(update={"means": (distance,)}))
        table = table_of(board.model_copy(update={"rows": tuple(rows)}))
        assert [at for at, cell in enumerate(column(table, "hd")) if cell.score.best] == [0]
        assert next(each.href for each in table.columns if each.key == "hd") == f"{PATH}?sort=hd"
        assert teams(table_of(board.model_copy(update={"rows": tuple(rows)}), sort="hd"))[0] == "SMART"

    def test_memory_that_was_not_measured_is_a_dash_with_a_reason_never_zero(self, board: Leaderboard) -> None:
        cell = column(table_of(board), "gpu")[-1].figure
        assert (cell.text, cell.exact, cell.why) == ("–", "", "not measured")

    def test_no_failures_are_a_zero(self, board: Leaderboard) -> None:
        cells = column(table_of(board), "failures")
        assert (cells[0].figure.text, cells[-1].figure.text) == ("0", "12")

    def test_a_time_in_units_of_the_reference_container_stands_behind_the_seconds(self, board: Leaderboard) -> None:
        table = table_of(changed(board, 0, time_relative=30.5))
        cell = column(table, "time")[0].figure
        assert (cell.text, cell.exact) == ("36.0 (30.5)", "36.03")
        assert "In parentheses" in table.caption
        assert "In parentheses" not in table_of(board).caption

    def test_a_row_without_a_rank_is_told_in_words(self, board: Leaderboard) -> None:
        unranked = {"rank": None, "rank_low": None, "rank_high": None, "score": None, "performance": None, "efficiency": None}
        table = table_of(changed(board, 3, **unranked))
        rank, team, reach = (column(table, key)[3] for key in ("rank", "team", "range"))
        assert (rank.text, reach.range, team.remark) == ("", None, "scored, not ranked")

    def test_teams_that_share_a_rank_are_marked(self, board: Leaderboard) -> None:
        assert [cell.tied for cell in column(table_of(changed(board, 1, rank=1)), "rank")[:3]] == [True, True, False]

    def test_teams_without_a_rank_share_none(self, board: Leaderboard) -> None:
        table = table_of(changed(changed(board, 0, rank=None), 1, rank=None))
        assert not any(cell.tied for cell in column(table, "rank"))

    def test_the_bar_adds_up_to_the_score_and_its_parts_stand_below(self, board: Leaderboard) -> None:
        for row, cell in zip(board.rows, column(table_of(board), "score"), strict=True):
            assert row.score is not None
            assert abs(cell.performance_width + cell.efficiency_width - 80 * row.score) < 0.02
            assert cell.parts == f"{row.performance:.3f} / {row.efficiency:.3f}"

    def test_a_range_is_drawn_from_its_low_to_its_high_end(self, board: Leaderboard) -> None:
        reach = column(table_of(board), "range")[7].range
        assert (reach.text, reach.words) == ("5–11", "ranks 5 to 11")
        assert reach.x_low < reach.x_rank < reach.x_high

    def test_a_column_that_was_measured_for_nobody_is_left_out(self, board: Leaderboard) -> None:
        rows = tuple(row.model_copy(update={"gpu_memory_bytes": None}) for row in board.rows)
        choices = [each.key for each in table_of(board.model_copy(update={"rows": rows})).controls.columns]
        assert "gpu" not in choices
        assert "host" in choices

    def test_without_ranges_there_is_no_column_of_them(self, board: Leaderboard) -> None:
        rows = tuple(row.model_copy(update={"rank_low": None, "rank_high": None}) for row in board.rows)
        assert "range" not in [each.key for each in table_of(board.model_copy(update={"rows": rows})).columns]


class TestOrder:
    def test_a_heading_asks_for_the_best_first_and_then_for_the_other_end(self, board: Leaderboard) -> None:
        heads = {each.key: each for each in table_of(board).columns}
        assert heads["dsc"].href == f"{PATH}?sort=dsc"
        assert heads["time"].href == f"{PATH}?sort=time"
        sorted_heads = {each.key: each for each in table_of(board, sort="dsc").columns}
        assert (sorted_heads["dsc"].aria_sort, sorted_heads["dsc"].href) == ("descending", f"{PATH}?sort=dsc&order=asc")
        assert sorted_heads["rank"].aria_sort == ""
        assert sorted_heads["rank"].href == PATH

    def test_one_heading_says_what_the_rows_are_sorted_by(self, board: Leaderboard) -> None:
        for sort in ("", "dsc", "team", "time", "nonsense"):
            active = [each.key for each in table_of(board, sort=sort).columns if each.aria_sort]
            assert active == [sort if sort in {"dsc", "team", "time"} else "rank"]

    def test_rows_follow(self, board: Leaderboard) -> None:
        assert teams(table_of(board, sort="dsc"))[:3] == ["SMART", "SDFMU", "FDBMELAB"]
        assert teams(table_of(board, sort="time"))[0] == "flamingo"
        assert teams(table_of(board, sort="time", order="desc"))[0] == "cvhci"
        assert teams(table_of(board, sort="team"))[:2] == ["AImageLab-zip", "Anidiot"]

    def test_what_has_no_value_comes_last_in_either_order(self, board: Leaderboard) -> None:
        assert teams(table_of(board, sort="gpu"))[-1] == "U-Vision"
        assert teams(table_of(board, sort="gpu", order="desc"))[-1] == "U-Vision"

    def test_teams_that_are_alike_stay_in_the_order_of_ranks(self, board: Leaderboard) -> None:
        assert teams(table_of(board, sort="failures"))[:14] == teams(table_of(board))[:14]


class TestSearch:
    def test_it_finds_parts_of_names_whatever_their_case_and_accents(self, board: Leaderboard) -> None:
        named = changed(changed(board, 3, team="Zürich"), 4, team="ZUERI")
        assert teams(table_of(named, text="zur")) == ["Zürich"]
        assert teams(table_of(board, text="sM")) == ["SMART"]

    def test_ranks_digits_and_ranges_stay_those_of_the_whole_board(self, board: Leaderboard) -> None:
        alone = table_of(board, text="U-Vision")
        assert column(alone, "rank")[0].text == "15"
        assert column(alone, "dsc") == column(table_of(board), "dsc")[-1:]

    def test_what_it_found_is_said(self, board: Leaderboard) -> None:
        table = table_of(board, text="smart")
        assert table.pager.words == "1 of 15 teams has this in its name"
        assert table.controls.all_href == PATH

    def test_what_it_did_not_find_is_said(self, board: Leaderboard) -> None:
        table = table_of(board, text="\u202enobody")
        assert table.rows == ()
        assert table.nothing == "No team has “\ufffdnobody” in its name."


class TestColumns:
    def test_those_that_were_chosen_are_shown_beside_rank_and_team(self, board: Leaderboard) -> None:
        table = table_of(board, columns=("host", "dsc"))
        assert [each.key for each in table.columns] == ["rank", "team", "dsc", "host"]
        assert [each.key for each in table.controls.columns if each.is_shown] == ["dsc", "host"]
        assert table.controls.default_columns_href == PATH

    def test_without_a_choice_or_with_one_of_unknown_names_they_are_the_usual_ones(self, board: Leaderboard) -> None:
        usual = ["rank", "team", "range", "score", "dsc", "nsd", "auc", "acc", "time", "gpu", "failures"]
        for columns in ((), ("nonsense",)):
            table = table_of(board, columns=columns)
            assert [each.key for each in table.columns] == usual
            assert table.controls.default_columns_href == ""

    def test_without_bars_their_colours_are_not_explained(self, board: Leaderboard) -> None:
        assert table_of(board).weights == ("70\u00a0%", "30\u00a0%")
        assert table_of(board, columns=("dsc",)).weights == ()


class TestPages:
    def test_500_teams_are_ten_pages(self, board: Leaderboard) -> None:
        table = table_of(many(board, 500), page=2)
        assert teams(table)[0] == "team 051"
        assert len(table.rows) == 50
        assert table.pager.words == "Teams 51 to 100 of 500"
        assert (table.pager.previous, table.pager.next) == (PATH, f"{PATH}?page=3")
        assert [tab.title for tab in table.pager.pages if tab.is_current] == ["2"]

    def test_a_page_that_is_not_there_is_the_last_one(self, board: Leaderboard) -> None:
        table = table_of(many(board, 120), page=99)
        assert teams(table)[-1] == "team 120"
        assert table.pager.next == ""

    def test_a_search_goes_over_all_pages(self, board: Leaderboard) -> None:
        assert teams(table_of(many(board, 500), text="499")) == ["team 499"]

    @pytest.mark.parametrize("count", [0, 1, 50])
    def test_few_teams_need_no_pages(self, board: Leaderboard, count: int) -> None:
        assert table_of(many(board, count)).pager.pages == ()


class TestOfficialRanks:
    def test_each_rank_says_how_far_it_is_from_the_official_one(self, board: Leaderboard) -> None:
        official = {row.team: row.rank for row in board.rows if row.rank is not None}
        other = changed(changed(board, 0, rank=3), 2, rank=1)
        cells = column(board_table(other, ViewState(PATH), official=official), "rank")
        assert [cell.moved for cell in cells[:3]] == ["▼2", "", "▲2"]
        assert cells[2].moved_words == "2 places above the official rank 3"
        assert cells[0].moved_words == "2 places below the official rank 1"

    def test_without_official_ranks_nothing_is_said(self, board: Leaderboard) -> None:
        assert {cell.moved for cell in column(table_of(board), "rank")} == {""}
