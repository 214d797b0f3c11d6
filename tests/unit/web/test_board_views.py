"""The views of a board: which there are, what each is made of, and that the UUSIC25 tables are the paper's, column for column."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from sonobench_eval.evaluation import CenterScore, MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.paper import paper_csv
from sonobench_eval.report.paper_uusic25 import uusic25_tables
from sonobench_platform.leaderboards.study import TeamCenters
from sonobench_platform.web.board_choice import choice_of, chosen_view
from sonobench_platform.web.board_choice import parts_of as parts_of_choice
from sonobench_platform.web.board_choice import views_of as views_of_choice
from sonobench_platform.web.board_files import view_csv, view_json
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.board_table import table_of
from sonobench_platform.web.board_views import BoardSource
from sonobench_platform.web.build import board_source
from sonobench_platform.web.contexts import Tab
from sonobench_platform.web.contexts_board import BoardTable
from sonobench_platform.web.source import PublicChallenge, PublishedBoard

PATH = "/challenges/uusic25/leaderboard"


def state(**changes: Any) -> ViewState:
    return ViewState(PATH, **changes)


def shown(source: BoardSource, **changes: Any) -> BoardTable:
    return table_of(source.board, chosen_view(source, state(**changes)), state(**changes))


def views_of(source: BoardSource, asked: ViewState) -> tuple[Tab, ...]:
    return views_of_choice(choice_of(source, asked), asked)


def parts_of(source: BoardSource, asked: ViewState) -> tuple[Tab, ...]:
    return parts_of_choice(choice_of(source, asked), asked).tabs


def headings(table: BoardTable) -> list[tuple[str, str]]:
    return [(column.heading, column.detail) for column in table.columns]


def score(name: str, value: float | None, undefined: str | None = None) -> MetricScore:
    return MetricScore(name=name, definition=name, value=value, n=40, units=40, undefined=undefined)


@pytest.fixture
def source(board: Leaderboard) -> BoardSource:
    return BoardSource(board)


class TestViews:
    def test_each_is_a_link_and_one_of_them_is_current(self, source: BoardSource) -> None:
        tabs = views_of(source, state(view="task", of="kidney", text="s", page=2))
        assert [tab.title for tab in tabs if tab.is_current] == ["Task by task"]
        assert {tab.title: tab.href for tab in tabs} == {
            "Overall": f"{PATH}?q=s",
            "All tasks": f"{PATH}?view=tasks&q=s",
            "Task by task": f"{PATH}?view=task&q=s",
            "Centers": f"{PATH}?view=centers&q=s",
            "UUSIC25 Table 1": f"{PATH}?view=table1&q=s",
            "UUSIC25 Table 2": f"{PATH}?view=table2&q=s",
        }

    def test_an_unknown_view_or_part_is_the_first_one(self, source: BoardSource) -> None:
        assert shown(source, view="<script>").heading == "Ranking"
        assert shown(source, view="task", of="../etc").heading == "Breast lesion"

    def test_a_board_without_the_papers_kinds_of_tasks_has_no_such_tables(self, board: Leaderboard) -> None:
        rows = tuple(row.model_copy(update={"tasks": row.tasks[:2]}) for row in board.rows)
        source = BoardSource(board.model_copy(update={"rows": rows}))
        assert [tab.title for tab in views_of(source, state())] == ["Overall", "All tasks", "Task by task"]
        assert shown(source, view="table1").heading == "Ranking"


class TestTasks:
    def test_a_metric_stands_over_all_tasks_that_declare_it(self, source: BoardSource) -> None:
        assert [tab.title for tab in parts_of(source, state(view="tasks"))] == ["DSC", "NSD", "AUC", "ACC"]
        table = shown(source, view="tasks", of="auc")
        assert [heading for heading, _ in headings(table)][2:] == [
            "Breast malignancy",
            "Fatty liver",
            "Appendicitis",
            "Breast molecular subtype",
        ]

    def test_the_definition_is_told_where_it_has_parameters(self, source: BoardSource) -> None:
        assert "nsd pixel 2 px" in shown(source, view="tasks", of="nsd").caption
        assert "Definition" not in shown(source, view="tasks", of="dsc").caption

    def test_a_task_shows_each_metric_everywhere_inside_outside_and_the_gap(self, source: BoardSource) -> None:
        table = shown(source, view="task", of="fatty_liver")
        assert headings(table)[2:] == [("AUC", ""), ("AUC", "internal"), ("AUC", "external"), ("AUC", "gap"), ("ACC", "")]

    def test_a_gap_has_its_sign_and_none_is_the_best(self, source: BoardSource) -> None:
        table = shown(source, view="task", of="fatty_liver")
        gaps = [row[5].score for row in table.rows]  # type: ignore[union-attr]
        assert all(gap.text.startswith(("+", "\u2212")) for gap in gaps if gap.text.strip("0."))
        assert {gap.text[0] for gap in gaps} >= {"+", "\u2212"}
        assert not any(gap.best for gap in gaps)

    def test_a_team_that_lacks_the_task_has_a_dash(self, board: Leaderboard) -> None:
        rows = (board.rows[0], board.rows[1].model_copy(update={"tasks": ()}))
        table = shown(BoardSource(board.model_copy(update={"rows": rows})), view="task", of="breast")
        cell = table.rows[1][2]
        assert cell.kind == "estimate"
        assert (cell.score.text, cell.score.why) == ("–", "no result")


class TestCenters:
    def test_each_center_stands_with_its_title_and_role(self, board: Leaderboard) -> None:
        centers = (
            CenterScore(id="zch", role="internal", metrics=(score("auc", 0.8),)),
            CenterScore(id="nki", role="external", metrics=(score("auc", None, "too few: 3 cases, fewer than 10"),)),
        )
        known = (TeamCenters(team="SMART", task="fatty_liver", centers=centers),)
        source = BoardSource(board, known, {"zch": "Zhejiang"})
        table = shown(source, view="centers", of="fatty_liver")
        assert headings(table)[2:] == [
            ("Zhejiang", "AUC, internal"),
            ("nki", "AUC, external"),
            ("All internal centers", "AUC, internal"),
            ("All external centers", "AUC, external"),
        ]
        first = [cell.score for cell in table.rows[0][2:4]]  # type: ignore[union-attr]
        assert [cell.text for cell in first] == ["0.800", "–"]
        assert first[1].why == "too few: 3 cases, fewer than 10"
        assert table.notes == ()

    def test_without_figures_of_centers_it_says_when_they_come(self, source: BoardSource) -> None:
        table = shown(source, view="centers")
        assert [detail for _, detail in headings(table)[2:]] == ["AUC, internal", "AUC, external"]
        assert "once the phase is closed" in table.notes[0]

    def test_roles_of_too_few_cases_are_held_back(
        self, board: Leaderboard, public_challenge: PublicChallenge, publish: Any
    ) -> None:
        definition = public_challenge.definition
        strict = definition.model_copy(update={"subgroups": definition.subgroups.model_copy(update={"fewest_cases": 60})})
        challenge = PublicChallenge(strict, public_challenge.hash, is_open=False)
        table = shown(board_source(challenge, publish(board)), view="task", of="appendicitis")
        assert headings(table)[2:] == [("AUC", ""), ("AUC", "internal"), ("AUC", "external"), ("ACC", "")]
        cell = table.rows[0][3]
        assert cell.kind == "estimate"
        assert cell.score.why.startswith("too few")


class TestPaperTables:
    def test_table_1_is_that_of_the_paper_column_for_column(self, source: BoardSource) -> None:
        table = shown(source, view="table1")
        assert [heading for heading, _ in headings(table)] == [
            "Rank",
            "Team",
            "Seg. rank",
            "Cls. rank",
            "Time (s)",
            "GPU memory (GB)",
            "Mean DSC",
            "Mean AUC, binary",
            "Mean AUC, subtype",
        ]
        seg, cls, time, memory, dsc = table.rows[0][2:7]
        assert [cell.figure.text for cell in (seg, cls, time, memory)] == ["1", "5", "36.03", "0.59"]  # type: ignore[union-attr]
        assert dsc.kind == "estimate"
        assert (dsc.score.text, dsc.score.interval, dsc.score.best) == ("0.854", "0.848 to 0.860", True)

    def test_table_2_is_internal_external_and_gap(self, source: BoardSource) -> None:
        table = shown(source, view="table2")
        assert [heading for heading, _ in headings(table)] == ["Rank", "Team", "AUC, internal", "AUC, external", "Gap"]

    def test_their_files_are_those_of_the_paper_character_by_character(self, source: BoardSource) -> None:
        for table in uusic25_tables(source.board):
            assert view_csv(source, state(view=table.name)) == paper_csv(table)

    def test_a_file_of_some_columns_in_another_order_is_the_same_figures(self, source: BoardSource) -> None:
        found = view_csv(source, state(view="table1", columns=("time_s",), sort="time_s", text="s"))
        lines = list(csv.reader(io.StringIO(found)))
        assert lines[0] == ["rank", "team", "time_s"]
        assert lines[1] == ["1", "SMART", "36.03"]

    def test_only_as_many_tables_are_made_as_there_are_tasks_for_it(self, source: BoardSource) -> None:
        assert len(parts_of(source, state(view="table2"))) == 1


class TestFiles:
    def test_csv_has_all_rows_that_were_found_in_the_order_of_the_table(self, source: BoardSource) -> None:
        lines = list(csv.DictReader(io.StringIO(view_csv(source, state(sort="dsc", columns=("dsc", "gpu"))))))
        assert list(lines[0]) == ["rank", "team", "dsc", "dsc_low", "dsc_high", "gpu_memory_bytes"]
        assert [line["team"] for line in lines[:2]] == ["SMART", "SDFMU"]
        assert float(lines[0]["dsc"]) == 0.854
        assert lines[-1]["gpu_memory_bytes"] == ""

    def test_a_team_name_that_is_a_formula_is_guarded(self, board: Leaderboard) -> None:
        rows = (board.rows[0].model_copy(update={"team": "=cmd()"}),)
        found = view_csv(BoardSource(board.model_copy(update={"rows": rows})), state(columns=("dsc",)))
        assert next(csv.DictReader(io.StringIO(found)))["team"] == "'=cmd()"

    def test_a_search_without_a_hit_leaves_the_header(self, source: BoardSource) -> None:
        assert view_csv(source, state(text="nobody", columns=("dsc",))).strip() == "rank,team,dsc,dsc_low,dsc_high"

    def test_json_says_which_view_of_which_snapshot_it_is(self, source: BoardSource) -> None:
        said = json.loads(view_json(source, state(view="task", of="breast", text="smart"), snapshot="sha256:5b"))
        rows = said.pop("rows")
        assert said == {
            "schema": "sonobench.leaderboard-view/1",
            "challenge": "uusic25",
            "snapshot": "sha256:5b",
            "view": "task",
            "title": "Breast lesion",
        }
        assert [row["team"] for row in rows] == ["SMART"]
        assert rows[0]["dsc_low"] < rows[0]["dsc"] < rows[0]["dsc_high"]


class TestPublishedBoard:
    def test_it_is_equal_to_itself_alone(self, board: Leaderboard) -> None:
        one, other = PublishedBoard(board, "{}", "sha256:1"), PublishedBoard(board, "{}", "sha256:1")
        assert one == one
        assert one != other
