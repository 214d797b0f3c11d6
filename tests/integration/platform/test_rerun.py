"""Runs again: a new run, the old kept; the board never loses a team; failures that an organiser has to judge."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.db.models import AuditRow, RunRow
from sonobench_platform.runs.rerun import rerun

REASON = {"reason": "the node was too hot"}


def _rerun(world: Any, submission_id: str) -> Any:
    return world.organiser.post(f"/api/v1/submissions/{submission_id}/rerun", json=REASON)


def _board(world: Any) -> list[tuple[str, float]]:
    rows = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
    return [(row["team"], row["time_s"]) for row in rows]


def _run(world: Any, worlds: Any, **changes: Any) -> dict[str, Any]:
    claimed = world.claim()
    world.hand_back(claimed)
    world.tell(claimed, "finish", report=worlds.report(**changes))
    return dict(claimed)


def _runs(world: Any, submission_id: str) -> list[tuple[int, bool, str]]:
    query = select(RunRow).where(RunRow.submission_id == submission_id).order_by(RunRow.number)
    with world.platform.core.database.read() as session:
        return [(row.number, row.is_current, row.purpose) for row in session.scalars(query)]


SLOWER = {"measurement": {"wall_time_s": 99.0, "peak_host_memory_bytes": 1000, "host_memory_method": "sampled"}}


class TestOne:
    def test_the_board_keeps_the_old_result_until_the_new_one_is_scored(self, world: Any, worlds: Any) -> None:
        submission_id = world.scored("A")
        before = _board(world)
        assert _rerun(world, submission_id).status_code == 202
        assert world.state(submission_id) == "queued"
        assert world.team("A").get(f"/api/v1/submissions/{submission_id}").json()["result"] is not None
        claimed = world.claim()
        assert claimed["submission_id"] == submission_id
        assert _board(world) == before
        world.hand_back(claimed)
        world.tell(claimed, "finish", report=worlds.report(**SLOWER))
        assert _board(world) == before
        assert _runs(world, submission_id) == [(1, True, "first"), (2, False, "again")]
        world.platform.score_run(claimed["run_id"])
        ((team, time_s),) = _board(world)
        assert (team, time_s) == ("A", pytest.approx(99, rel=0.01))
        assert _runs(world, submission_id) == [(1, False, "first"), (2, True, "again")]
        assert world.state(submission_id) == "scored"

    def test_another_teams_score_meanwhile_does_not_drop_the_team_from_the_board(self, world: Any) -> None:
        submission_id = world.scored("A")
        _, run_id = world.scoring("B")
        _rerun(world, submission_id)
        world.platform.score_run(run_id)
        assert sorted(team for team, _ in _board(world)) == ["A", "B"]

    def test_the_team_reads_why_and_pays_nothing(self, world: Any) -> None:
        submission_id = world.scored("A")
        _rerun(world, submission_id)
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        assert "run again by the organisers, at no cost" in shown["history"][-1]["cause"]
        assert "too hot" not in str(shown)
        assert shown["queue_position"] == 1

    def test_one_that_brings_nothing_leaves_the_old_result(self, world: Any, worlds: Any) -> None:
        submission_id = world.scored("A")
        before = _board(world)
        _rerun(world, submission_id)
        world.tell(world.claim(), "finish", report=worlds.report(exit_code=1, result_files=0))
        shown = world.submission(submission_id)
        assert (shown["state"], shown["failure"]) == ("scored", None)
        assert "The earlier result stays." in shown["history"][-1]["cause"]
        assert _board(world) == before

    def test_one_that_the_platform_loses_too_often_leaves_the_old_result(self, world: Any) -> None:
        submission_id = world.scored("A")
        _rerun(world, submission_id)
        for _ in range(3):
            world.tell(world.claim(), "release", reason="the disk is full")
        assert world.state(submission_id) == "scored"

    def test_twice_in_a_row_is_refused_while_it_is_under_way(self, world: Any) -> None:
        submission_id = world.scored("A")
        _rerun(world, submission_id)
        answer = _rerun(world, submission_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "not-to-be-rerun")

    def test_a_failed_one_can_be_run_again_and_then_counts(self, world: Any, worlds: Any) -> None:
        submission_id = world.queued("A")
        world.tell(world.claim(), "finish", report=worlds.report(exit_code=1, result_files=0))
        _rerun(world, submission_id)
        assert world.submission(submission_id)["failure"] is None
        claimed = _run(world, worlds)
        world.platform.score_run(claimed["run_id"])
        assert (world.state(submission_id), world.submission(submission_id)["failure"]) == ("scored", None)
        assert [team for team, _ in _board(world)] == ["A"]

    @pytest.mark.parametrize("reach", ["queued", "uploaded"])
    def test_what_has_not_ended_cannot_be(self, world: Any, reach: str) -> None:
        assert _rerun(world, getattr(world, reach)("A")).status_code == 409

    def test_without_its_image_it_cannot_be(self, world: Any) -> None:
        submission_id = world.scored("A")
        for image in (world.platform.settings.home / "images").iterdir():
            image.unlink()
        assert _rerun(world, submission_id).json()["code"] == "image-gone"

    def test_who_asked_and_why_is_in_the_audit_log(self, world: Any) -> None:
        submission_id = world.scored("A")
        _rerun(world, submission_id)
        with world.platform.core.database.read() as session:
            row = session.scalars(select(AuditRow).where(AuditRow.action == "submission.rerun")).one()
        assert (row.subject, row.reason) == (submission_id, REASON["reason"])


class TestCancel:
    def test_an_organiser_stops_the_further_run_and_the_score_stays(self, world: Any) -> None:
        submission_id = world.scored("A")
        _rerun(world, submission_id)
        claimed = world.claim()
        assert world.organiser.post(f"/api/v1/submissions/{submission_id}/cancel").json()["state"] == "scored"
        assert world.tell(claimed, "heartbeat", phase="run").json() == {"stop": True}

    def test_a_team_cannot_stop_it(self, world: Any) -> None:
        submission_id = world.scored("A")
        _rerun(world, submission_id)
        answer = world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel")
        assert (answer.status_code, answer.json()["code"]) == (409, "run-again")


class TestAll:
    def test_everything_scored_is_queued_and_fair_between_teams(self, world: Any) -> None:
        scored = [world.scored(team) for team in ("A", "A", "B")]
        failed = world.queued("C")
        answer = world.organiser.post("/api/v1/challenges/tiny/rerun", json=REASON)
        assert answer.status_code == 202
        assert sorted(answer.json()["submissions"]) == sorted(scored)
        assert failed not in answer.json()["submissions"]
        teams = [world.submission(world.claim(f"n{n}")["submission_id"])["team"]["name"] for n in range(3)]
        assert sorted(teams) == ["A", "B", "C"]

    def test_two_organisers_at_once_start_each_once(self, world: Any) -> None:
        submission_id = world.scored("A")
        core = world.platform.core
        with core.database.write() as work:
            rerun(core, work, SERVER, submission_id, reason="first")
        assert world.organiser.post("/api/v1/challenges/tiny/rerun", json=REASON).json()["submissions"] == []
        assert len(_runs(world, submission_id)) == 2


class TestDecide:
    @pytest.fixture
    def open_case(self, world: Any, worlds: Any) -> str:
        submission_id = world.queued("A")
        claimed = world.claim()
        world.hand_back(claimed)
        world.tell(claimed, "finish", report=worlds.report(exit_code=137))
        assert world.submission(submission_id)["failure"]["blame"] == "undetermined"
        return str(submission_id)

    def _decide(self, world: Any, submission_id: str, decision: str) -> Any:
        body = {"decision": decision, "reason": "looked at the node's journal"}
        return world.organiser.post(f"/api/v1/submissions/{submission_id}/decide", json=body)

    def test_run_again(self, world: Any, open_case: str) -> None:
        assert self._decide(world, open_case, "rerun").status_code == 204
        assert world.state(open_case) == "queued"

    def test_the_platforms_fault_says_so_and_gives_the_attempt_back(self, world: Any, open_case: str) -> None:
        self._decide(world, open_case, "platform")
        shown = world.team("A").get(f"/api/v1/submissions/{open_case}").json()
        assert (shown["state"], shown["failure"]["blame"]) == ("failed", "platform")

    def test_the_images_fault_lets_what_it_left_be_scored(self, world: Any, open_case: str) -> None:
        self._decide(world, open_case, "team")
        assert world.state(open_case) == "scoring"
        world.platform.score_run(world.wake.scores[-1])
        assert (world.state(open_case), world.submission(open_case)["failure"]["blame"]) == ("scored", "participant")

    def test_what_is_decided_stays_so(self, world: Any, open_case: str) -> None:
        self._decide(world, open_case, "platform")
        answer = self._decide(world, open_case, "team")
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-decide")

    def test_a_plain_failure_is_nothing_to_decide(self, world: Any, worlds: Any) -> None:
        submission_id = world.queued("A")
        world.tell(world.claim(), "finish", report=worlds.report(exit_code=1, result_files=0))
        assert self._decide(world, submission_id, "platform").status_code == 409
