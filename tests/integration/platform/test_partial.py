"""What a run that failed by the image's own fault had written is scored by the challenge's rule, or not."""

from __future__ import annotations

from typing import Any

import pytest

from sonobench_eval.evaluation import CaseScore, Evaluation
from sonobench_platform.core import Scores

FAILURES = [
    ({"exit_code": 1}, "crashed"),
    ({"exit_code": 137, "timed_out": True}, "time_limit"),
    ({"exit_code": 137, "oom_killed": True}, "memory_limit"),
    ({"output_full": True}, "output_limit"),
]


def _ended(world: Any, worlds: Any, **changes: Any) -> tuple[str, str]:
    submission_id = world.queued("A")
    claimed = world.claim()
    world.hand_back(claimed)
    assert world.tell(claimed, "finish", report=worlds.report(**changes)).status_code == 200
    return submission_id, claimed["run_id"]


def _cases(world: Any, monkeypatch: pytest.MonkeyPatch, *problems: str | None) -> None:
    """Let the evaluation have one case for each of these problems."""
    score = world.evaluator.score

    def with_cases(*arguments: Any, **named: Any) -> Scores:
        scores = score(*arguments, **named)
        made = {"task": "head", "center": "north", "scores": ()}
        cases = tuple(CaseScore.model_construct(id=f"c{n}", problem=each, **made) for n, each in enumerate(problems))
        evaluation: Evaluation = scores.evaluation.model_copy(update={"cases": cases})
        return Scores(evaluation=evaluation, save_replicates=scores.save_replicates)

    monkeypatch.setattr(world.evaluator, "score", with_cases)
    monkeypatch.setattr(Evaluation, "to_json", _without_cases(Evaluation.to_json))


def _without_cases(to_json: Any) -> Any:
    return lambda evaluation: to_json(evaluation.model_copy(update={"cases": ()}))


class TestScored:
    @pytest.mark.parametrize(("changes", "category"), FAILURES)
    def test_what_it_left_is_scored_and_the_team_reads_why_there_is_no_more(
        self, world: Any, worlds: Any, changes: dict[str, Any], category: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _cases(world, monkeypatch, None, "missing_result")
        submission_id, run_id = _ended(world, worlds, **changes)
        assert world.state(submission_id) == "scoring"
        world.platform.score_run(run_id)
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        assert (shown["state"], shown["failure"]["category"], shown["failure"]["blame"]) == ("scored", category, "participant")
        assert "1 of 2 cases have a result that can be used" in shown["failure"]["sentence"]
        assert shown["result"] is not None
        assert len(world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]) == 1

    def test_nothing_usable_is_a_failure_as_if_there_were_nothing(
        self, world: Any, worlds: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _cases(world, monkeypatch, "missing_result", "missing_result")
        submission_id, run_id = _ended(world, worlds, exit_code=1)
        world.platform.score_run(run_id)
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        assert (shown["state"], shown["failure"]["category"]) == ("failed", "crashed")
        assert world.anyone.get("/api/v1/challenges/tiny/leaderboard").status_code == 404

    def test_no_file_at_all_fails_at_once(self, world: Any, worlds: Any) -> None:
        submission_id, _ = _ended(world, worlds, exit_code=1, result_files=0)
        assert world.state(submission_id) == "failed"


class TestNotScored:
    def test_a_challenge_may_let_such_runs_fail(self, world: Any, worlds: Any) -> None:
        worlds.write_challenge(world.folder, partial="failed")
        world.platform.register_challenge(world.yaml)
        submission_id, _ = _ended(world, worlds, exit_code=1)
        assert world.state(submission_id) == "failed"

    def test_what_nobody_can_judge_waits_for_an_organiser(self, world: Any, worlds: Any) -> None:
        submission_id, _ = _ended(world, worlds, exit_code=137)
        assert (world.state(submission_id), world.submission(submission_id)["failure"]["blame"]) == ("failed", "undetermined")

    def test_a_start_that_failed_leaves_nothing_to_score(self, world: Any, worlds: Any) -> None:
        submission_id, _ = _ended(world, worlds, exit_code=127)
        assert world.state(submission_id) == "failed"
