"""Which of a team's submissions is on the board: by its phase's rule, what the team chose, and what it took back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import phased_world as phased
import platform_fakes
import pytest

from sonobench_platform.core import Contender


def choose(world: Any, submission_id: str, team: str = "A") -> Any:
    return world.team(team).post(f"/api/v1/submissions/{submission_id}/choose")


def withdraw(world: Any, submission_id: str, team: str = "A") -> Any:
    return world.team(team).post(f"/api/v1/submissions/{submission_id}/withdraw")


class TestLast:
    def test_the_one_handed_in_last_counts_whichever_was_scored_first(self, world: Any) -> None:
        phased.with_rules(world, counts="last")
        first, last = phased.queued(world), phased.queued(world)
        phased.run_again(world)
        assert phased.board_teams(world) == {"A": first}
        phased.run_again(world)
        assert phased.board_teams(world) == {"A": last}


@dataclass
class RankingEvaluator(platform_fakes.FakeEvaluator):
    """Ranks the contenders of a board as `best_first` has their submissions; those that it does not name come last."""

    best_first: list[str] = field(default_factory=list)

    def build_leaderboard(self, challenge: Any, contenders: Sequence[Contender], **options: Any) -> Any:
        board = super().build_leaderboard(challenge, contenders, **options)
        order = {submission: place for place, submission in enumerate(self.best_first, start=1)}
        rows = [row.model_copy(update={"rank": order.get(row.submission or "", len(order) + 1)}) for row in board.rows]
        return board.model_copy(update={"rows": tuple(rows)})


class TestBest:
    @pytest.fixture
    def world(self, make_world: Callable[..., Any]) -> Any:
        world = make_world(evaluator=RankingEvaluator())
        phased.with_rules(world, counts="best")
        return world

    def test_the_first_of_the_teams_own_counts(self, world: Any) -> None:
        good, bad = phased.scored(world), phased.scored(world)
        world.evaluator.best_first = [good, bad]
        third = phased.scored(world)
        assert phased.board_teams(world) == {"A": good}
        world.evaluator.best_first = [third, good, bad]
        phased.scored(world, "B")
        assert phased.board_teams(world)["A"] == third

    def test_of_equals_the_earlier(self, world: Any) -> None:
        first = phased.scored(world)
        phased.scored(world)
        assert phased.board_teams(world) == {"A": first}


class TestChosen:
    @pytest.fixture
    def world(self, make_world: Callable[..., Any]) -> Any:
        world = make_world()
        phased.with_rules(world, counts="chosen", closes="2026-01-02T00:00:00Z")
        return world

    def test_the_last_counts_until_the_team_chooses_and_then_that_one(self, world: Any) -> None:
        first, last = phased.scored(world), phased.scored(world)
        assert phased.board_teams(world) == {"A": last}
        assert choose(world, first).json()["chosen"] is True
        assert phased.board_teams(world) == {"A": first}
        phased.scored(world)
        assert phased.board_teams(world) == {"A": first}

    def test_the_last_choice_counts_and_twice_is_harmless(self, world: Any) -> None:
        first, last = phased.scored(world), phased.scored(world)
        for each in (first, last, last):
            assert choose(world, each).status_code == 200
        assert [world.submission(each)["chosen"] for each in (first, last)] == [False, True]
        assert phased.board_teams(world) == {"A": last}

    def test_a_choice_is_for_one_phase_and_one_team(self, world: Any) -> None:
        mine, theirs = phased.scored(world), phased.scored(world, "B")
        choose(world, mine)
        choose(world, theirs, "B")
        assert [world.submission(each)["chosen"] for each in (mine, theirs)] == [True, True]

    def test_not_once_the_phase_has_closed(self, world: Any) -> None:
        first, last = phased.scored(world), phased.scored(world)
        world.clock.advance(days=1)
        refused = choose(world, first)
        assert (refused.status_code, refused.json()["code"]) == (409, "phase-closed")
        assert phased.board_teams(world) == {"A": last}

    def test_not_what_has_no_score(self, world: Any) -> None:
        assert choose(world, phased.queued(world)).json()["code"] == "not-scored"

    def test_not_anothers(self, world: Any) -> None:
        assert choose(world, phased.scored(world), "B").status_code == 404

    def test_not_where_the_rule_is_another(self, world: Any) -> None:
        phased.with_rules(world, counts="last")
        refused = choose(world, phased.scored(world))
        assert (refused.status_code, refused.json()["code"]) == (409, "not-for-choosing")
        assert refused.json()["detail"] == "In test a team does not choose: its last submission counts."


class TestWithdrawn:
    def test_the_board_is_made_without_it(self, world: Any) -> None:
        phased.with_rules(world, counts="last")
        first, last = phased.scored(world), phased.scored(world)
        assert withdraw(world, last).json()["state"] == "withdrawn"
        assert phased.board_teams(world) == {"A": first}
        assert withdraw(world, first).status_code == 200
        assert phased.board_teams(world) == {}

    def test_twice_is_harmless_and_not_anothers(self, world: Any) -> None:
        submission_id = phased.scored(world)
        assert withdraw(world, submission_id, "B").status_code == 404
        assert [withdraw(world, submission_id).status_code for _ in range(2)] == [200, 200]
        assert [step["to"] for step in world.submission(submission_id)["history"]].count("withdrawn") == 1

    def test_not_before_it_is_scored(self, world: Any) -> None:
        assert withdraw(world, phased.queued(world)).json()["code"] == "not-scored"

    def test_a_team_cannot_pick_among_its_results_once_the_phase_has_closed_an_organiser_can(self, world: Any) -> None:
        phased.with_rules(world, closes="2026-01-02T00:00:00Z")
        submission_id = phased.scored(world)
        world.clock.advance(days=1)
        assert withdraw(world, submission_id).json()["code"] == "phase-closed"
        answer = world.organiser.post(f"/api/v1/submissions/{submission_id}/withdraw?reason=asked+by+mail")
        assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
        assert answer.json()["history"][-1]["cause"] == "withdrawn by an organiser: asked by mail"

    def test_what_was_chosen_and_is_withdrawn_is_chosen_no_more(self, world: Any) -> None:
        phased.with_rules(world, counts="chosen")
        first, last = phased.scored(world), phased.scored(world)
        choose(world, first)
        withdraw(world, first)
        assert phased.board_teams(world) == {"A": last}
