"""The canary: an image runs on public samples before hidden data is touched, and what fails there costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from sonobench_platform.db.models import CanaryRow, QuotaRow
from sonobench_platform.node.records import Assignment

SAMPLE = {"id": "head/img/9.png", "task": "head", "center": "north"}


@pytest.fixture
def watched(world: Any, worlds: Any) -> Any:
    """The tiny challenge with one public sample for a warm-up, which is then its canary too."""
    worlds._picture(world.folder / "images" / SAMPLE["id"])
    worlds.write_challenge(world.folder, warm_up=[SAMPLE], name="tiny")
    summary = world.platform.register_challenge(world.yaml)
    world.evaluator.dataset_hash = summary.dataset_hash
    return world


def _canary(world: Any, claimed: dict[str, Any], report: dict[str, Any], node: str = "n1") -> Any:
    return world.tell(claimed, "canary", node=node, report=report)


class TestAssignment:
    def test_the_samples_come_with_the_claim_and_hold_nothing_hidden(self, watched: Any) -> None:
        watched.queued("A")
        claimed = watched.claim()
        Assignment.model_validate(claimed)  # a run worker can read it
        canary = claimed["canary"]
        assert [case["id"] for case in canary["challenge"]["cases"]] == [SAMPLE["id"]]
        assert "mask" not in canary["challenge"]["cases"][0] or canary["challenge"]["cases"][0]["mask"] is None
        assert canary["inputs"]["hash"] != claimed["inputs"]["hash"]
        tar = watched.node.get(canary["inputs"]["url"])
        assert tar.status_code == 200
        assert b"head/img/9.png" in tar.content
        assert b"head/img/1.png" not in tar.content

    def test_a_time_limit_of_its_own_is_never_longer_than_the_challenges(self, watched: Any) -> None:
        watched.queued("A")
        claimed = watched.claim()
        assert claimed["canary"]["challenge"]["limits"]["time_s"] <= claimed["challenge"]["limits"]["time_s"]

    def test_without_public_samples_there_is_none(self, world: Any, worlds: Any) -> None:
        world.queued("A")
        claimed = world.claim()
        assert claimed["canary"] is None
        answer = _canary(world, claimed, worlds.report())
        assert (answer.status_code, answer.json()["code"]) == (409, "no-canary")


class TestPassed:
    def test_the_attempt_goes_on_and_the_same_image_need_not_do_it_again(self, watched: Any, worlds: Any) -> None:
        submission_id = watched.queued("A", b"one image")
        claimed = watched.claim()
        assert _canary(watched, claimed, worlds.report()).json() == {"proceed": True}
        assert _canary(watched, claimed, worlds.report()).json() == {"proceed": True}
        assert watched.state(submission_id) == "running"
        watched.tell(claimed, "release", reason="the disk of n1 is full")
        assert watched.claim()["canary"] is None
        watched.queued("A", b"one image")
        watched.queued("A", b"another image")
        assert [watched.claim(node)["canary"] is None for node in ("n2", "n3")] == [True, False]
        with watched.platform.core.database.read() as session:
            assert session.scalar(select(func.count()).select_from(CanaryRow)) == 1


class TestFailed:
    @pytest.mark.parametrize(
        ("changes", "category"),
        [
            ({"exit_code": 1}, "crashed"),
            ({"exit_code": 137, "timed_out": True}, "time_limit"),
            ({"exit_code": 137, "oom_killed": True}, "memory_limit"),
            ({"result_files": 0}, "no_output"),
        ],
    )
    def test_the_submission_ends_at_once_and_says_where(
        self, watched: Any, worlds: Any, changes: dict[str, Any], category: str
    ) -> None:
        submission_id = watched.queued("A")
        claimed = watched.claim()
        assert _canary(watched, claimed, worlds.report(**changes)).json() == {"proceed": False}
        shown = watched.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        assert (shown["state"], shown["failure"]["category"], shown["failure"]["blame"]) == ("failed", category, "participant")
        assert shown["failure"]["sentence"].startswith("On the public sample images, before any hidden image was touched:")
        assert watched.claim() is None
        assert _canary(watched, claimed, worlds.report(**changes)).json() == {"proceed": False}

    def test_its_team_reads_the_whole_log_and_no_other_team_does(self, watched: Any, worlds: Any) -> None:
        submission_id = watched.queued("A")
        log = "loading weights\nRuntimeError: no such layer"
        _canary(watched, watched.claim(), worlds.report(exit_code=1, log_tail=log))
        url = f"/api/v1/submissions/{submission_id}/log"
        assert watched.team("A").get(url).json()["text"] == log
        assert watched.team("B").get(url).status_code == 404

    def test_a_log_of_hidden_data_stays_with_the_organisers(self, watched: Any, worlds: Any) -> None:
        submission_id = watched.queued("A")
        claimed = watched.claim()
        _canary(watched, claimed, worlds.report(log_tail="public"))
        watched.tell(claimed, "finish", report=worlds.report(exit_code=1, log_tail="hidden", result_files=0))
        assert watched.team("A").get(f"/api/v1/submissions/{submission_id}/log").status_code == 404
        assert watched.organiser.get(f"/api/v1/submissions/{submission_id}/log").json()["text"] == "hidden"

    def test_the_attempt_is_given_back_once(self, watched: Any, worlds: Any) -> None:
        submission_id = watched.queued("A")
        claimed = watched.claim()
        for _ in range(3):
            _canary(watched, claimed, worlds.report(exit_code=1))
        with watched.platform.core.database.read() as session:
            rows = session.scalars(select(QuotaRow).where(QuotaRow.submission_id == submission_id)).all()
        assert [(row.amount, row.reason) for row in rows if row.amount < 0] == [(-1, "canary")]

    def test_trouble_of_the_node_queues_it_again(self, watched: Any, worlds: Any) -> None:
        submission_id = watched.queued("A")
        answer = _canary(watched, watched.claim(), worlds.report(exit_code=None, engine_error="toomanyrequests"))
        assert answer.status_code == 200
        assert answer.json() == {"proceed": False}
        assert watched.state(submission_id) in {"queued", "failed"}

    def test_a_node_that_lost_the_run_is_told_so(self, watched: Any, worlds: Any) -> None:
        watched.queued("A")
        claimed = watched.claim()
        watched.clock.advance(seconds=91)
        watched.platform.sweep()
        answer = _canary(watched, claimed, worlds.report(exit_code=1))
        assert (answer.status_code, answer.json()["code"]) == (409, "lease-lost")


class TestPhases:
    def test_a_sample_phase_needs_none_and_a_phase_may_go_without(self, make_world: Any, worlds: Any, tmp_path: Path) -> None:
        world = make_world()
        cases = [{**case, "phase": "try" if "/1." in case["id"] else "test"} for case in worlds.CHALLENGE["cases"]]
        for name, canary in (("strict", True), ("lax", False)):
            phases = [{"id": "try", "kind": "sample"}, {"id": "test", "kind": "test", "canary": canary}]
            folder = tmp_path / name
            world.platform.register_challenge(worlds.write_challenge(folder, name=name, phases=phases, cases=cases))
        found = {}
        for challenge, phase in (("strict", "test"), ("strict", "try"), ("lax", "test")):
            body = f"image for {challenge} {phase}".encode()
            asked = {"size_bytes": len(body), "phase": phase}
            made = world.team("A").post(f"/api/v1/challenges/{challenge}/submissions", json=asked)
            assert made.status_code == 201, made.text
            submission_id = made.json()["submission"]["id"]
            world.team("A").put(f"/api/v1/submissions/{submission_id}/image", content=body)
            world.platform.check_submission(submission_id)
            claimed = world.claim(f"n{len(found)}")
            assert claimed["submission_id"] == submission_id
            Assignment.model_validate(claimed)
            found[challenge, phase] = claimed["canary"]
        assert [case["id"] for case in found["strict", "test"]["challenge"]["cases"]] == ["head/img/1.png", "breast/img/1.png"]
        assert found["strict", "try"] is None
        assert found["lax", "test"] is None
