"""From upload to board through the API, with the evaluator faked; and the real evaluator once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


class TestLifeOfASubmission:
    def test_from_upload_to_board(self, world: Any) -> None:
        submission_id = world.scored("A")
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        steps = [(step["from"], step["to"]) for step in shown["history"]]
        assert steps == [
            (None, "uploading"),
            ("uploading", "checking"),
            ("checking", "queued"),
            ("queued", "running"),
            ("running", "scoring"),
            ("scoring", "scored"),
        ]
        assert (shown["result"]["time_s"], shown["result"]["exact"]) == (12.5207, False)
        assert shown["result"]["gpu_memory_bytes"] is None
        assert shown["result"]["gpu_memory_method"] == "not measured"
        board = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()
        assert [(row["team"], row["submission"]) for row in board["rows"]] == [("A", submission_id)]

    def test_each_step_announces_the_next_and_nothing_is_left_behind(self, world: Any) -> None:
        submission_id, run_id = world.scoring("A")
        assert world.wake.checks == [submission_id]
        assert world.wake.runs == 1
        assert world.wake.scores == [run_id]
        assert world.files("uploads") == []
        assert len(world.files("images")) == 1

    def test_a_broken_broker_changes_nothing_but_the_announcement(self, world: Any) -> None:
        world.wake.broken = True
        submission_id, run_id = world.scoring("A")
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scored"
        assert world.wake.checks == world.wake.scores == []

    def test_the_last_handed_in_counts_even_when_it_is_scored_first(self, world: Any) -> None:
        first, second = world.queued("A"), world.queued("A")
        claimed = [world.claim(), world.claim()]
        for each in reversed(claimed):
            world.hand_back(each)
            world.tell(each, "finish", report=_report(world))
            world.platform.score_run(each["run_id"])
        board = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()
        assert [claimed[0]["submission_id"], claimed[1]["submission_id"]] == [first, second]
        assert [row["submission"] for row in board["rows"]] == [second]


class TestWithTheRealEvaluator:
    @pytest.mark.parametrize("left", ["nothing that is asked for", "a mask that is none"])
    def test_where_no_result_can_be_used_it_is_scored_and_told(
        self, make_world: Callable[..., Any], worlds: Any, left: str
    ) -> None:
        from sonobench_platform.wiring import SonobenchEvaluator

        world = make_world(evaluator=_RealScores(SonobenchEvaluator()))
        submission_id = world.queued("A")
        claimed = world.claim()
        name = "notes.txt" if left.startswith("nothing") else "head/mask/1.png"
        assert world.hand_back(claimed, worlds.tar_of({name: b"no picture"})).status_code == 204
        assert world.tell(claimed, "finish", report=_report(world)).status_code == 200
        world.platform.score_run(claimed["run_id"])
        shown = world.submission(submission_id)
        assert (shown["state"], shown["failure"]["category"]) == ("scored", "bad_output")
        assert "none of its results can be used" in shown["failure"]["sentence"]
        assert [row["team"] for row in world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]] == ["A"]

    def test_predictions_are_scored_and_ranked(self, make_world: Callable[..., Any], worlds: Any) -> None:
        from sonobench_platform.wiring import SonobenchEvaluator

        world = make_world(evaluator=_RealScores(SonobenchEvaluator()))
        submission_id = world.queued("A")
        claimed = world.claim()
        assert world.hand_back(claimed, worlds.right_answers(claimed)).status_code == 204
        assert world.tell(claimed, "finish", report=_report(world)).status_code == 200
        world.platform.score_run(claimed["run_id"])
        shown = world.submission(submission_id)
        assert (shown["state"], shown["failure"]) == ("scored", None), shown["trouble"]
        means = {mean["name"]: mean["value"] for mean in shown["result"]["means"]}
        assert means == pytest.approx({"dsc": 1.0, "nsd": 1.0, "auc": 1.0, "acc": 1.0})
        board = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()
        (row,) = board["rows"]
        # 12.5 s is nearest to the step 1.01^254 of what is shown while a challenge is open.
        assert (row["rank"], row["score"], row["time_s"], board["exact"]) == (1, 1.0, 12.5207, False)
        assert board["challenge_hash"] == world.summary.hash


class _RealScores:
    """Everything real but intake, which wants a real image."""

    def __init__(self, real: Any) -> None:
        import platform_fakes  # loaded by conftest

        self.verify_image = platform_fakes.FakeEvaluator().verify_image
        self.score = real.score
        self.build_leaderboard = real.build_leaderboard


def _report(world: Any) -> dict[str, Any]:
    import platform_world  # loaded by conftest

    assert world
    return dict(platform_world.report())
