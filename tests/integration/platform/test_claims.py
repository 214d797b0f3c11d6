"""Claims: one node gets a run, fairly, with what it needs and nothing hidden."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from typing import Any

import pytest
from sqlalchemy import select

from sonobench_eval.challenge.model import Challenge
from sonobench_platform.db.models import ImageRow


class TestClaim:
    def test_an_assignment_has_what_a_node_needs(self, world: Any) -> None:
        submission_id = world.queued("A", b"image")
        claimed = world.claim()
        assert claimed["submission_id"] == submission_id
        assert (claimed["attempt"], claimed["lease_s"], claimed["heartbeat_s"]) == (1, 40, 4)
        assert claimed["challenge_hash"] == world.summary.hash
        assert claimed["inputs"]["hash"] == world.summary.dataset_hash
        image = world.node.get(claimed["image_url"])
        assert image.content == b"verified image"
        assert claimed["image"]["size_bytes"] == len(image.content)

    def test_an_assignment_names_the_image_as_either_image_store_does(self, world: Any) -> None:
        world.queued("A", b"image")
        named = world.claim()["image"]
        assert named["manifest_digest"] == f"sha256:{hashlib.sha256(named['config_digest'].encode()).hexdigest()}"

    def test_an_image_verified_before_manifests_were_kept_is_assigned_all_the_same(self, world: Any) -> None:
        world.queued("A", b"image")
        with world.platform.core.database.write() as work:
            (image,) = work.session.scalars(select(ImageRow))
            image.description = json.dumps({"diff_ids": [image.config_digest]})
        assert world.claim()["image"]["manifest_digest"] is None

    def test_no_reference_reaches_a_node(self, world: Any) -> None:
        world.queued("A")
        claimed = world.claim()
        challenge = Challenge.model_validate(claimed["challenge"])
        assert challenge.truth is None
        assert all(case.mask is None and case.label is None and case.subject is None for case in challenge.cases)
        with tarfile.open(fileobj=io.BytesIO(world.node.get(claimed["inputs"]["url"]).content)) as tar:
            assert tar.getnames() == sorted(case.id for case in challenge.cases)
            assert all(member.isreg() and member.mtime == 0 for member in tar)

    def test_nothing_due_is_204(self, world: Any) -> None:
        world.report_node("n1")
        answer = world.node.post("/internal/v1/claims", json={"node": "n1", "gpus": 0})
        assert (answer.status_code, answer.content) == (204, b"")

    def test_a_challenge_that_needs_a_gpu_waits_for_a_node_that_has_one(self, world: Any, worlds: Any) -> None:
        worlds.write_challenge(world.folder, limits={"gpus": 1})
        world.platform.register_challenge(world.yaml)
        world.queued("A")
        assert world.claim(gpus=0) is None
        assert world.claim(gpus=1) is not None

    @pytest.mark.parametrize("body", [{"node": "../x", "gpus": 0}, {"node": "n", "gpus": -1}, {"node": "n", "x": 1}, []])
    def test_a_malformed_claim_is_422(self, world: Any, body: Any) -> None:
        assert world.node.post("/internal/v1/claims", json=body).status_code == 422


class TestAdmission:
    def claim(self, world: Any, node: str = "n1") -> Any:
        return world.node.post("/internal/v1/claims", json={"node": node, "gpus": 0})

    def test_a_node_that_never_said_how_it_is_gets_nothing(self, world: Any) -> None:
        world.queued("A")
        answer = self.claim(world)
        assert (answer.status_code, answer.json()["code"]) == (403, "node-unknown")

    def test_a_node_that_only_told_its_speed_has_not_said_how_it_is(self, world: Any) -> None:
        assert world.node.post("/internal/v1/nodes/n1/reference", json={"seconds": 1.5}).status_code == 204
        assert self.claim(world).json()["code"] == "node-unknown"

    def test_a_node_that_is_not_safe_gets_nothing_and_is_told_what_says_why(self, world: Any) -> None:
        submission_id = world.queued("A")
        world.report_node("n1", is_safe=False)
        answer = self.claim(world)
        assert (answer.status_code, answer.json()["code"]) == (403, "node-unsafe")
        assert "sonobench doctor" in answer.json()["detail"]
        assert world.state(submission_id) == "queued"

    def test_its_last_word_counts(self, world: Any) -> None:
        world.queued("A")
        world.report_node("n1", is_safe=True)
        world.report_node("n1", is_safe=False)
        assert self.claim(world).status_code == 403
        world.report_node("n1", is_safe=True)
        assert self.claim(world).status_code == 200

    def test_an_operators_word_lets_it_have_runs_and_organisers_see_it(self, world: Any) -> None:
        world.queued("A")
        world.report_node("n1", is_safe=False, accepted_unsafe=True)
        assert self.claim(world).status_code == 200
        node = world.organiser.get("/api/v1/nodes").json()["items"][0]
        assert (node["is_safe"], node["report"]["accepted_unsafe"]) == (False, True)

    @pytest.mark.parametrize("word", ["true", 1, None, {}])
    def test_nothing_but_true_is_such_a_word(self, world: Any, word: Any) -> None:
        world.report_node("n1", is_safe=False, accepted_unsafe=word)
        assert self.claim(world).status_code == 403


class TestFairness:
    def test_teams_take_turns(self, world: Any) -> None:
        a1, a2, a3 = world.queued("A"), world.queued("A"), world.queued("A")
        b1 = world.queued("B")
        assert [world.submission(each)["queue_position"] for each in (a1, a2, a3, b1)] == [1, 3, 4, 2]
        order = [world.claim(f"n{number}")["submission_id"] for number in range(4)]
        assert order == [a1, b1, a2, a3]

    def test_a_run_that_was_given_back_keeps_its_place(self, world: Any) -> None:
        first = world.queued("A")
        claimed = world.claim()
        second = world.queued("B")
        world.tell(claimed, "release", reason="no disk")
        assert [world.claim()["submission_id"] for _ in range(2)] == [first, second]


class TestConcurrency:
    def test_a_run_is_claimed_once_however_many_ask(self, world: Any) -> None:
        submissions = {world.queued(team) for team in ("A", "B", "C")}
        claimed: list[dict[str, Any]] = []
        barrier = threading.Barrier(10)

        def ask(number: int) -> None:
            barrier.wait()
            if (found := world.claim(f"n{number}")) is not None:
                claimed.append(found)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {each["submission_id"] for each in claimed} == submissions
        assert len(claimed) == 3
        assert all(each["attempt"] == 1 for each in claimed)

    def test_a_cancel_and_a_claim_at_once_leave_one_story(self, world: Any) -> None:
        for _ in range(5):
            submission_id = world.queued("A")
            claimed: list[Any] = []
            cancel = f"/api/v1/submissions/{submission_id}/cancel"
            threads = [
                threading.Thread(target=lambda found=claimed: found.append(world.claim())),
                threading.Thread(target=world.team("A").post, args=(cancel,)),
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            history = [step["to"] for step in world.submission(submission_id)["history"]]
            assert history[-1] == "cancelled"
            assert ("running" in history) == (claimed[0] is not None)


class TestImagesAndInputs:
    @pytest.mark.parametrize(
        "url", ["images/sha256:" + "0" * 64, "images/..", "images/x%00y", "inputs/sha256:" + "0" * 64, "inputs/nonsense"]
    )
    def test_what_is_not_there_is_404(self, world: Any, url: str) -> None:
        answer = world.node.get(f"/internal/v1/{url}")
        assert answer.status_code == 404
        assert json.loads(answer.content)["status"] == 404
