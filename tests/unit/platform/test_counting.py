"""Which of a team's submissions counts, by each rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sonobench_platform.domain.counting import Countable, best_scored, chosen, eligible, last_scored

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def submission(name: str, minute: int, *, team: str = "A", is_chosen: bool = False) -> Countable:
    return Countable(name, f"run of {name}", team, NOON + timedelta(minutes=minute), is_chosen)


def disqualified(name: str) -> Countable:
    return replace(submission(name, 2), is_disqualified=True)


def places(**of: float) -> dict[str, float]:
    return of


class TestBest:
    def counted(self, submissions: Sequence[Countable], places: dict[str, float]) -> list[str]:
        return [each.submission_id for each in best_scored(submissions, lambda own: [places[each.submission_id] for each in own])]

    def test_of_each_team_the_one_with_the_best_place(self) -> None:
        handed_in = [submission("a", 1), submission("b", 2), submission("c", 3), submission("z", 1, team="B")]
        assert self.counted(handed_in, places(a=2, b=1, c=3)) == ["b", "z"]

    def test_of_equals_the_earlier_in_whichever_order_they_are_given(self) -> None:
        handed_in = [submission("late", 2), submission("early", 1)]
        assert self.counted(handed_in, places(early=1, late=1)) == ["early"]

    def test_one_that_is_not_ranked_comes_after_all_others(self) -> None:
        assert self.counted([submission("a", 1), submission("b", 2)], places(a=float("inf"), b=7)) == ["b"]

    def test_a_team_with_one_is_not_asked_about(self) -> None:
        assert self.counted([submission("only", 1)], {}) == ["only"]


class TestChosen:
    def test_the_chosen_one_counts_and_the_last_where_none_is(self) -> None:
        handed_in = [
            submission("a", 1, is_chosen=True),
            submission("b", 2),
            submission("x", 1, team="B"),
            submission("y", 2, team="B"),
        ]
        assert [each.submission_id for each in chosen(handed_in)] == ["a", "y"]


class TestLast:
    def test_a_choice_makes_no_difference(self) -> None:
        assert [each.submission_id for each in last_scored([submission("a", 1, is_chosen=True), submission("b", 2)])] == ["b"]


class TestEligible:
    def test_a_disqualified_one_does_not_count_where_the_team_has_another(self) -> None:
        fine, out = submission("fine", 1), disqualified("out")
        assert eligible([fine, out]) == [fine]

    def test_a_team_all_of_whose_submissions_are_out_keeps_them(self) -> None:
        out = [disqualified(each) for each in ("a", "b")]
        assert eligible(out) == out

    def test_other_teams_change_nothing(self) -> None:
        out, other = disqualified("out"), submission("other", 1, team="B")
        assert eligible([out, other]) == [out, other]
