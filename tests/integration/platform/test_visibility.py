"""Who sees scores, boards and challenges: what is not for someone is not told in any other place either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import phased_world as phased
import pytest

BOARDS = (
    "/api/v1/challenges/tiny/leaderboard",
    "/challenges/tiny/leaderboard",
    "/challenges/tiny/leaderboard.json",
    "/challenges/tiny/leaderboard.csv",
)
SEALED = {"scores": "sealed", "sealed_until": "2026-01-02T00:00:00Z"}


def statuses(caller: Any) -> set[int]:
    """What every way to the board answers."""
    return {caller.get(url).status_code for url in BOARDS}


def scores_seen(world: Any, submission_id: str, team: str = "A") -> tuple[bool, int]:
    """Whether the team sees its result, and what the route of its evaluation answers."""
    http = world.team(team)
    shown = http.get(f"/api/v1/submissions/{submission_id}").json()
    listed = next(each for each in http.get("/api/v1/submissions").json()["items"] if each["id"] == submission_id)
    assert (shown["result"] is None) == (listed["result"] is None) == (shown["result_hidden"] is not None)
    return shown["result"] is not None, http.get(f"/api/v1/submissions/{submission_id}/evaluation").status_code


class TestScores:
    @pytest.mark.parametrize(
        ("rules", "own", "board"),
        [
            ({"scores": "all"}, True, True),
            ({"scores": "own"}, True, False),
            ({"scores": "organisers"}, False, False),
            (SEALED, False, False),
        ],
        ids=["all", "own", "organisers", "sealed"],
    )
    def test_they_are_shown_to_those_whom_the_phase_names(
        self, world: Any, rules: Mapping[str, str], own: bool, board: bool
    ) -> None:
        phased.with_rules(world, **rules)
        submission_id = phased.scored(world)
        assert scores_seen(world, submission_id) == ((True, 200) if own else (False, 404))
        expected = {200} if board else {404}
        assert statuses(world.anyone) == statuses(world.team("A")) == expected
        assert statuses(world.organiser) == {200}
        assert world.submission(submission_id)["result"] is not None
        assert world.organiser.get(f"/api/v1/submissions/{submission_id}/evaluation").status_code == 200

    def test_a_seal_opens_by_itself(self, world: Any) -> None:
        phased.with_rules(world, **SEALED)
        submission_id = phased.scored(world)
        world.clock.time = world.clock.time.replace(day=1, hour=23, minute=59, second=59)
        assert (scores_seen(world, submission_id), statuses(world.anyone)) == ((False, 404), {404})
        world.clock.advance(seconds=1)
        assert (scores_seen(world, submission_id), statuses(world.anyone)) == ((True, 200), {200})

    def test_a_hidden_board_says_why_and_when(self, world: Any) -> None:
        phased.with_rules(world, **SEALED)
        phased.scored(world)
        answer = world.anyone.get(BOARDS[0])
        assert (answer.status_code, answer.json()["code"]) == (404, "board-not-shown")
        assert answer.json()["detail"] == "Scores of this phase are sealed until 2026-01-02 00:00 UTC."
        assert "sealed until 2026-01-02 00:00 UTC" in world.anyone.get(BOARDS[1]).text

    def test_an_etag_of_a_hidden_board_tells_nothing(self, world: Any) -> None:
        phased.with_rules(world, scores="organisers")
        phased.scored(world)
        etag = world.organiser.get(BOARDS[0]).headers["ETag"]
        assert world.anyone.get(BOARDS[0], headers={"If-None-Match": etag}).status_code == 404

    def test_the_list_of_challenges_names_no_leader_of_a_hidden_board(self, world: Any) -> None:
        phased.with_rules(world, scores="organisers")
        phased.scored(world, "Secretive")
        for page in ("/", "/challenges/tiny"):
            assert world.anyone.get(page).status_code == 200
            assert "Secretive" not in world.anyone.get(page).text


class TestLogs:
    def test_they_go_to_the_team_in_a_sample_phase_alone(self, world: Any) -> None:
        phased.in_two_phases(world, {"kind": "sample"})
        sample, final = phased.scored(world, "A", "first"), phased.scored(world, "A", "final")
        read = [world.team("A").get(f"/api/v1/submissions/{each}/log").status_code for each in (sample, final)]
        assert read == [200, 404]

    def test_a_phase_may_give_them_against_the_challenge(self, world: Any) -> None:
        phased.in_two_phases(world, {"logs": "organisers"}, {"logs": "team"}, logs="organisers")
        first, final = phased.scored(world, "A", "first"), phased.scored(world, "A", "final")
        read = [world.team("A").get(f"/api/v1/submissions/{each}/log").status_code for each in (first, final)]
        assert read == [404, 200]


class TestHiddenChallenges:
    URLS = ("", "/public", "/leaderboard")

    def test_there_is_none_for_all_but_its_organisers(self, world: Any) -> None:
        phased.scored(world)
        assert world.organiser.post("/api/v1/challenges/tiny/hide").json()["hidden"] is True
        for caller, status in ((world.anyone, 404), (world.team("A"), 404), (world.organiser, 200)):
            assert {caller.get(f"/api/v1/challenges/tiny{each}").status_code for each in self.URLS} == {status}
            assert {caller.get(url).status_code for url in ("/challenges/tiny", *BOARDS[1:])} == {status}
            assert len(caller.get("/api/v1/challenges").json()["items"]) == (status == 200)
        assert "Tiny challenge" not in world.anyone.get("/").text

    def test_it_answers_as_one_that_never_was(self, world: Any) -> None:
        world.organiser.post("/api/v1/challenges/tiny/hide")
        hidden, never = (world.anyone.get(f"/api/v1/challenges/{name}").json() for name in ("tiny", "none"))
        assert {**hidden, "instance": ""} == {**never, "instance": ""}

    def test_nobody_hands_in_to_it_and_nobody_learns_of_its_quota(self, world: Any) -> None:
        world.organiser.post("/api/v1/challenges/tiny/hide")
        assert phased.hand_in(world).json()["code"] == "no-such-challenge"
        assert world.team("A").get("/api/v1/challenges/tiny/quota").status_code == 404

    def test_it_is_shown_again(self, world: Any) -> None:
        world.organiser.post("/api/v1/challenges/tiny/hide")
        assert world.organiser.post("/api/v1/challenges/tiny/show").json()["hidden"] is False
        assert world.anyone.get("/api/v1/challenges/tiny").status_code == 200

    def test_a_team_keeps_what_it_handed_in(self, world: Any) -> None:
        submission_id = phased.opened(world)
        world.organiser.post("/api/v1/challenges/tiny/hide")
        assert world.team("A").get(f"/api/v1/submissions/{submission_id}").status_code == 200
