"""A challenge's own scoring image on the platform: never a team's loss, and what it prints is for organisers alone."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Callable
from typing import Any

import docker
import pytest
import sandbox_bench
from sandbox_bench import docker_api, engine

from sonobench_eval.scoring_image.trouble import ScoringImageTrouble
from sonobench_platform.domain.errors import DefinitionRefused

__all__ = ["docker_api", "engine"]


class TestAScoringImageThatFails:
    def test_leaves_the_submission_in_scoring_and_tells_the_organisers_alone(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")
        world.evaluator.trouble = ScoringImageTrouble("The scoring image ended with exit code 7.", log="printed from the truth")
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scoring"
        trouble = world.submission(submission_id)["trouble"]
        assert trouble == "organiser: The scoring image ended with exit code 7.\nprinted from the truth"
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").text
        assert "exit code 7" not in shown
        assert "printed" not in shown
        world.evaluator.trouble = None
        world.clock.advance(seconds=16)
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scored"

    def test_writes_nothing_that_it_printed_to_the_log(self, world: Any, caplog: pytest.LogCaptureFixture) -> None:
        _, run_id = world.scoring("A")
        world.evaluator.trouble = ScoringImageTrouble("The scoring image ended with exit code 7.", log="printed from the truth")
        world.platform.score_run(run_id)
        assert "exit code 7" in caplog.text
        assert "printed" not in caplog.text


class TestRegistering:
    def test_an_archive_that_is_not_there_is_refused_before_anyone_hands_in(self, world: Any, worlds: Any, tmp_path: Any) -> None:
        image = {"image": f"sha256:{'0' * 64}", "archive": "scorer.tar"}
        path = worlds.write_challenge(tmp_path / "other", name="other", scoring_image=image)
        with pytest.raises(DefinitionRefused, match=r"scorer\.tar"):
            world.platform.register_challenge(path)
        (path.parent / "scorer.tar").write_bytes(b"looked at when it is needed")
        world.platform.register_challenge(path)


@pytest.mark.docker
class TestWithTheRealEvaluator:
    def test_its_scores_are_on_the_board_with_its_provenance(
        self,
        engine: Any,
        docker_api: docker.APIClient,
        make_world: Callable[..., Any],
        worlds: Any,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Any,
    ) -> None:
        from sonobench_platform.wiring import SonobenchEvaluator

        cases = {case["id"]: {"clinic_score": 8} for case in worlds.CHALLENGE["cases"] if case["task"] == "head"}
        script = f"printf %s {shlex.quote(json.dumps({'cases': cases}))} > /scores.json"
        data, identity = sandbox_bench.image_tar(sandbox_bench.TestImage(script=script))
        (tmp_path / "challenge").mkdir()
        (tmp_path / "challenge" / "scorer.tar").write_bytes(data)
        tasks = copy.deepcopy(worlds.CHALLENGE["tasks"])
        tasks[0]["metrics"].append({"name": "clinic_score", "from_image": {"better": "higher", "range": [0, 10]}})
        monkeypatch.setitem(worlds.CHALLENGE, "tasks", tasks)
        monkeypatch.setitem(worlds.CHALLENGE, "scoring_image", {"image": identity.config_digest, "archive": "scorer.tar"})
        monkeypatch.setitem(worlds.CHALLENGE, "ranking", {"segmentation_metrics": ["dsc", "clinic_score"]})

        world = make_world(evaluator=_RealScores(SonobenchEvaluator(staging=tmp_path / "staging")))
        submission_id = world.queued("A")
        claimed = world.claim()
        world.hand_back(claimed, worlds.right_answers(claimed))
        world.tell(claimed, "finish", report=worlds.report())
        try:
            world.platform.score_run(claimed["run_id"])
        finally:
            docker_api.remove_image(identity.config_digest, force=True)
        shown = world.submission(submission_id)
        assert shown["state"] == "scored", shown["trouble"]
        evaluation = world.organiser.get(f"/api/v1/submissions/{submission_id}/evaluation").json()
        assert evaluation["made_from"]["scoring_image"] == identity.config_digest
        (row,) = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
        head = next(task for task in row["tasks"] if task["id"] == "head")
        assert {metric["name"]: metric["value"] for metric in head["metrics"]}["clinic_score"] == 8
        assert list((tmp_path / "staging").iterdir()) == []


class _RealScores:
    """Everything real but intake, which wants a real image."""

    def __init__(self, real: Any) -> None:
        import platform_fakes  # loaded by conftest

        self.verify_image = platform_fakes.FakeEvaluator().verify_image
        self.score = real.score
        self.build_leaderboard = real.build_leaderboard
