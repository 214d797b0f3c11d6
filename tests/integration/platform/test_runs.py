"""Attempts: heartbeats, results, ends. Every write is fenced; a late worker changes nothing."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def claimed(world: Any) -> dict[str, Any]:
    world.queued("A")
    found = world.claim()
    assert found is not None
    return dict(found)


def _lose(world: Any) -> None:
    """The attempt's node dies, and the sweep takes the run back."""
    world.clock.advance(seconds=91)
    assert len(world.platform.sweep().lost) == 1


class TestHeartbeat:
    def test_it_keeps_the_lease_and_shows_the_phase(self, world: Any, claimed: dict[str, Any]) -> None:
        for _ in range(4):
            world.clock.advance(seconds=60)
            assert world.tell(claimed, "heartbeat", phase="run").json() == {"stop": False}
            assert world.platform.sweep().lost == ()
        shown = world.submission(claimed["submission_id"])
        assert shown["state"] == "running"
        assert shown["progress"]["phase"] == "run"
        assert shown["node"] == "n1"
        assert "n1" not in world.team("A").get(f"/api/v1/submissions/{claimed['submission_id']}").text

    def test_a_late_one_before_the_sweep_saves_the_run(self, world: Any, claimed: dict[str, Any]) -> None:
        world.clock.advance(seconds=91)
        assert world.tell(claimed, "heartbeat", phase="run").status_code == 200
        assert world.platform.sweep().lost == ()

    def test_after_a_cancel_it_says_stop(self, world: Any, claimed: dict[str, Any]) -> None:
        world.team("A").post(f"/api/v1/submissions/{claimed['submission_id']}/cancel")
        assert world.tell(claimed, "heartbeat", phase="run").json() == {"stop": True}

    @pytest.mark.parametrize("phase", ["", "Run!", "x" * 100, "<b>"])
    def test_a_phase_is_a_plain_word(self, world: Any, claimed: dict[str, Any], phase: str) -> None:
        assert world.tell(claimed, "heartbeat", phase=phase).status_code == 422


class TestLive:
    def test_a_node_learns_what_it_owns(self, world: Any, claimed: dict[str, Any]) -> None:
        live = lambda node: world.node.get("/internal/v1/runs/live", params={"node": node}).json()  # noqa: E731
        assert live("n1") == {"live": [[claimed["run_id"], 1]]}
        assert live("n2") == {"live": []}
        world.team("A").post(f"/api/v1/submissions/{claimed['submission_id']}/cancel")
        assert live("n1") == {"live": []}


class TestFence:
    """A worker that was thought dead comes back."""

    def test_everything_an_old_attempt_says_is_refused_and_changes_nothing(
        self, world: Any, worlds: Any, claimed: dict[str, Any]
    ) -> None:
        _lose(world)
        newer = world.claim("n2")
        assert (newer["run_id"], newer["attempt"]) == (claimed["run_id"], 2)
        before = world.submission(claimed["submission_id"])
        answers = [
            world.tell(claimed, "heartbeat", phase="run"),
            world.hand_back(claimed),
            world.tell(claimed, "finish", report=worlds.report()),
            world.tell(claimed, "release", reason="late"),
        ]
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "lease-lost")] * 4
        assert world.submission(claimed["submission_id"]) == before
        assert world.files("runs") == []
        assert world.tell(newer, "heartbeat", node="n2", phase="run").status_code == 200

    def test_another_node_cannot_speak_for_an_attempt(self, world: Any, worlds: Any, claimed: dict[str, Any]) -> None:
        for answer in (
            world.tell(claimed, "heartbeat", node="n2", phase="run"),
            world.hand_back(claimed, node="n2"),
            world.tell(claimed, "finish", node="n2", report=worlds.report()),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "lease-lost")

    def test_an_attempt_or_run_that_never_was(self, world: Any, claimed: dict[str, Any]) -> None:
        assert world.tell({**claimed, "attempt": 7}, "heartbeat", phase="run").status_code == 409
        for run_id in ("run-aaaaaaaaaaaaaaaa", "x"):
            assert world.tell({**claimed, "run_id": run_id}, "heartbeat", phase="run").status_code == 404

    def test_results_of_an_old_attempt_are_never_scored(self, world: Any, worlds: Any, claimed: dict[str, Any]) -> None:
        world.hand_back(claimed, b"old results")
        _lose(world)
        assert world.files("runs") == []
        newer = world.claim("n2")
        answer = world.tell(newer, "finish", node="n2", report=worlds.report())
        assert (answer.status_code, answer.json()["code"]) == (409, "results-missing")


class TestResults:
    def test_they_need_a_digest(self, world: Any, claimed: dict[str, Any]) -> None:
        answer = world.node.put(f"/internal/v1/runs/{claimed['run_id']}/results?attempt=1", content=b"x")
        assert (answer.status_code, answer.json()["code"]) == (400, "content-digest-needed")

    def test_a_damaged_body_keeps_nothing(self, world: Any, worlds: Any, claimed: dict[str, Any]) -> None:
        headers = {"Content-Digest": worlds.content_digest(b"other")}
        url = f"/internal/v1/runs/{claimed['run_id']}/results?attempt=1&node=n1"
        answer = world.node.put(url, content=b"body", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "digest-mismatch")
        assert world.files("runs") == []

    def test_more_than_the_challenge_allows_is_refused(self, world: Any, claimed: dict[str, Any]) -> None:
        answer = world.hand_back(claimed, b"\0" * (3 * 2**20))
        assert (answer.status_code, answer.json()["code"]) == (413, "results-too-large")

    def test_sending_them_again_replaces_them(self, world: Any, claimed: dict[str, Any]) -> None:
        assert world.hand_back(claimed, b"first").status_code == 204
        assert world.hand_back(claimed, b"second").status_code == 204
        assert world.platform.core.store.results(claimed["run_id"], 1).read_bytes() == b"second"


class TestFinish:
    def test_said_twice_it_is_one_end(self, world: Any, worlds: Any, claimed: dict[str, Any]) -> None:
        world.hand_back(claimed)
        first = world.tell(claimed, "finish", report=worlds.report())
        before = world.submission(claimed["submission_id"])
        second = world.tell(claimed, "finish", report=worlds.report(exit_code=1))
        assert first.json() == second.json() == {"state": "scoring"}
        assert world.submission(claimed["submission_id"]) == before
        assert len(world.wake.scores) == 1

    def test_results_must_come_first(self, world: Any, worlds: Any, claimed: dict[str, Any]) -> None:
        answer = world.tell(claimed, "finish", report=worlds.report())
        assert (answer.status_code, answer.json()["code"]) == (409, "results-missing")
        assert world.state(claimed["submission_id"]) == "running"

    @pytest.mark.parametrize(
        ("changes", "category"),
        [
            ({"exit_code": 1}, "crashed"),
            ({"exit_code": 127}, "cannot_start"),
            ({"exit_code": 137, "timed_out": True}, "time_limit"),
            ({"exit_code": 0, "oom_killed": True}, "memory_limit"),
            ({"output_full": True}, "output_limit"),
            ({"exit_code": 0, "result_files": 0}, "no_output"),
        ],
    )
    def test_the_teams_fault_ends_it_with_category_and_sentence(
        self, world: Any, worlds: Any, claimed: dict[str, Any], changes: dict[str, Any], category: str
    ) -> None:
        assert world.tell(claimed, "finish", report=worlds.report(**changes)).json() == {"state": "failed"}
        shown = world.team("A").get(f"/api/v1/submissions/{claimed['submission_id']}").json()
        assert (shown["failure"]["category"], shown["failure"]["blame"]) == (category, "participant")
        assert shown["failure"]["sentence"].endswith(".")

    def test_a_team_never_reads_what_its_container_wrote(self, world: Any, worlds: Any, claimed: dict[str, Any]) -> None:
        secret = "hidden pixels in base64"
        world.tell(claimed, "finish", report=worlds.report(exit_code=1, log_tail=secret, engine_error=""))
        assert secret not in world.team("A").get(f"/api/v1/submissions/{claimed['submission_id']}").text

    def test_nobodys_fault_that_is_known_goes_to_an_organiser(self, world: Any, worlds: Any, claimed: dict[str, Any]) -> None:
        world.tell(claimed, "finish", report=worlds.report(exit_code=137))
        assert world.submission(claimed["submission_id"])["failure"]["blame"] == "undetermined"

    @pytest.mark.parametrize("changes", [{"exit_code": None}, {"cancelled": True, "exit_code": 137}])
    def test_the_platforms_fault_queues_it_again(
        self, world: Any, worlds: Any, claimed: dict[str, Any], changes: dict[str, Any]
    ) -> None:
        assert world.tell(claimed, "finish", report=worlds.report(**changes)).json() == {"state": "queued"}
        assert world.claim()["attempt"] == 2

    def test_after_a_cancel_it_is_heard_and_changes_nothing(self, world: Any, worlds: Any, claimed: dict[str, Any]) -> None:
        world.team("A").post(f"/api/v1/submissions/{claimed['submission_id']}/cancel")
        answer = world.tell(claimed, "finish", report=worlds.report(cancelled=True, exit_code=137))
        assert (answer.status_code, answer.json()) == (200, {"state": "cancelled"})

    @pytest.mark.parametrize("odd", ["\\ud800", "\\u0000", "a\\udfffb"])
    def test_odd_characters_in_what_a_node_tells_do_not_lose_the_run(
        self, world: Any, worlds: Any, claimed: dict[str, Any], odd: str
    ) -> None:
        import json

        world.hand_back(claimed)
        body = json.dumps({"node": "n1", "attempt": 1, "report": worlds.report(log_tail="ODD")}).replace("ODD", odd)
        answer = world.node.post(
            f"/internal/v1/runs/{claimed['run_id']}/finish", content=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()) == (200, {"state": "scoring"})

    @pytest.mark.parametrize("wall_time", ["NaN", "Infinity", "-1", "1e999"])
    def test_a_measurement_that_is_no_number_is_refused(self, world: Any, claimed: dict[str, Any], wall_time: str) -> None:
        import json

        import platform_world

        report = json.dumps(platform_world.report()).replace("12.5}", f"{wall_time}}}").replace("12.5,", f"{wall_time},")
        body = f'{{"node": "n1", "attempt": 1, "report": {report}}}'
        answer = world.node.post(
            f"/internal/v1/runs/{claimed['run_id']}/finish", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422
        assert world.state(claimed["submission_id"]) == "running"


class TestRelease:
    def test_a_run_goes_back_at_no_cost(self, world: Any, claimed: dict[str, Any]) -> None:
        assert world.tell(claimed, "release", reason="the disk of n1 is full").json() == {"state": "queued"}
        shown = world.team("A").get(f"/api/v1/submissions/{claimed['submission_id']}").json()
        assert "n1" not in str(shown["trouble"])
        assert "the disk of n1 is full" in world.submission(claimed["submission_id"])["trouble"]
        assert world.wake.runs == 2

    def test_said_twice_it_is_one_release(self, world: Any, claimed: dict[str, Any]) -> None:
        world.tell(claimed, "release", reason="x")
        assert world.tell(claimed, "release", reason="x").status_code == 200
        assert world.claim()["attempt"] == 2
        assert world.tell(claimed, "release", reason="x").status_code == 200
        assert world.state(claimed["submission_id"]) == "running"

    def test_after_three_lost_attempts_the_platform_takes_the_blame(self, world: Any, claimed: dict[str, Any]) -> None:
        world.tell(claimed, "release", reason="one")
        world.claim()
        _lose(world)
        world.tell(world.claim(), "release", reason="three")
        shown = world.submission(claimed["submission_id"])
        assert (shown["state"], shown["failure"]["blame"]) == ("failed", "platform")
        assert shown["trouble"] == "three"
        assert world.claim() is None

    def test_a_node_that_is_shut_down_never_uses_up_attempts(self, world: Any, claimed: dict[str, Any]) -> None:
        world.tell(claimed, "release", reason="drain")
        for _ in range(5):
            world.tell(world.claim(), "release", reason="drain")
        assert world.state(claimed["submission_id"]) == "queued"


class TestCancel:
    @pytest.mark.parametrize("reach", ["create", "uploaded", "queued", "running", "scoring"])
    def test_in_every_open_state_it_ends_the_submission(self, world: Any, reach: str) -> None:
        submission_id = _reach(world, reach)
        answer = world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        assert answer.json()["history"][-1]["cause"] == "cancelled by the team"
        assert world.files("uploads") == []
        assert world.claim() is None

    def test_twice_is_harmless(self, world: Any) -> None:
        submission_id = world.queued("A")
        for _ in range(2):
            assert world.organiser.post(f"/api/v1/submissions/{submission_id}/cancel").status_code == 200
        assert world.submission(submission_id)["history"][-1]["cause"] == "cancelled by an organiser"

    def test_what_has_ended_cannot_be_cancelled(self, world: Any) -> None:
        answer = world.team("A").post(f"/api/v1/submissions/{world.scored('A')}/cancel")
        assert (answer.status_code, answer.json()["code"]) == (409, "already-ended")


def _reach(world: Any, state: str) -> str:
    if state == "create":
        return str(world.create("A")["id"])
    if state == "running":
        submission_id = world.queued("A")
        world.claim()
        return str(submission_id)
    if state == "scoring":
        return str(world.scoring("A")[0])
    return str(getattr(world, state)("A"))
