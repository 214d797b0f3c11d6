"""From a leaderboard document to its page: the lead, the notes, what is said where there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import DroppedDimension, Leaderboard
from sonobench_platform.web.board import board_page
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.build import board_context
from sonobench_platform.web.contexts import Page
from sonobench_platform.web.contexts_board import BoardPage
from sonobench_platform.web.source import BesideBoard, PublicChallenge, PublishedBoard

Publish = Callable[[Leaderboard], PublishedBoard]
STATE = ViewState("/challenges/uusic25/leaderboard")


def changed(board: Leaderboard, number: int, **update: Any) -> Leaderboard:
    rows = list(board.rows)
    rows[number] = rows[number].model_copy(update=update)
    return board.model_copy(update={"rows": tuple(rows)})


def page_of(board: Leaderboard, publish: Publish, page: Page) -> BoardPage:
    return board_page(publish(board), page, STATE)


class TestNotes:
    def test_a_dropped_dimension_is_told_and_said_once(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        dropped = (DroppedDimension(dimension="GPU memory", reason="it was measured for no team"),)
        alone = page_of(board.model_copy(update={"dropped": dropped}), publish, page).notes
        assert "Gpu memory" not in alone[0]
        assert alone[0] == "GPU memory does not count in this ranking: it was measured for no team."
        note = "GPU memory does not count: it was measured for no team, so efficiency is time alone."
        told = page_of(board.model_copy(update={"dropped": dropped, "notes": (note,)}), publish, page).notes
        assert [each for each in told if "GPU" in each] == [note]

    def test_the_rank_range_is_explained(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        assert "how stable a rank is" in page_of(board, publish, page).notes[-1]


class TestLead:
    def test_it_names_the_leader_and_who_could_come_first(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        lead = page_of(board, publish, page).lead
        assert lead == "SMART leads with a score of 0.804. The 95\u00a0% rank range of one other team reaches the first place."

    def test_shared_first_ranks_are_said(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        assert page_of(changed(board, 1, rank=1), publish, page).lead == "2 teams share the first rank."

    def test_an_empty_board_says_so(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        context = page_of(board.model_copy(update={"rows": ()}), publish, page)
        assert context.lead.startswith("No algorithm has been scored yet.")
        assert (context.table.rows, context.efficiency, context.gap) == ((), None, None)
        assert context.table.nothing == "No algorithm has been scored yet."
        assert [tab.title for tab in context.views] == ["Overall"]


class TestFiles:
    def test_they_are_of_the_table_that_is_shown(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        state = ViewState(STATE.path, sort="auc", text="sm", page=1, phase="final")
        context = board_page(publish(board), page, state)
        assert context.csv_href == "/challenges/uusic25/leaderboard.csv?phase=final&q=sm&sort=auc"
        assert context.json_href == "/challenges/uusic25/leaderboard.json?phase=final&q=sm&sort=auc"


class TestScores:
    def test_one_without_a_value_says_why(self, board: Leaderboard, publish: Publish, page: Page) -> None:
        nothing = MetricScore(name="dsc", definition="dsc", value=None, n=0, units=0, undefined="only one class")
        context = page_of(changed(board, 0, means=(nothing, *board.rows[0].means[1:])), publish, page)
        at = [column.key for column in context.table.columns].index("dsc")
        cell = context.table.rows[0][at]
        assert cell.kind == "estimate"
        assert (cell.score.text, cell.score.why, cell.score.whisker) == ("–", "only one class", None)


class TestKeeping:
    def test_another_board_of_the_same_address_is_shown_as_it_is(
        self, board: Leaderboard, public_challenge: PublicChallenge, publish: Publish
    ) -> None:
        renamed = changed(board, 0, team="Renamed")
        for each in (board, renamed, board):
            context = board_context(public_challenge, publish(each), state=STATE)
            assert isinstance(context, BoardPage)
            team = context.table.rows[0][1]
            assert team.kind == "team"
            assert team.team == each.rows[0].team
            assert context.lead.startswith(each.rows[0].team)

    def test_pages_that_may_be_opened_from_now_on_are_links_at_once(
        self, board: Leaderboard, public_challenge: PublicChallenge, publish: Publish
    ) -> None:
        published = publish(changed(board, 0, submission="subm_1"))
        for pages in ({}, {"subm_1": "/submissions/subm_1"}, {}):
            context = board_context(public_challenge, published, state=STATE, beside=BesideBoard(pages=pages))
            assert isinstance(context, BoardPage)
            team = context.table.rows[0][1]
            assert team.kind == "team"
            assert team.href == pages.get("subm_1", "")
