"""Metrics of an organiser's own image: what it is given, what its values become, and whose fault its failures are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.io.sources import FolderResults
from sonobench_eval.pipeline import score_results
from sonobench_eval.sandbox.fake import FakeSandbox, NeedsMemory
from sonobench_eval.sandbox.port import EngineMissing, SandboxTrouble
from sonobench_eval.scoring_image.run import ImageScorer
from sonobench_eval.scoring_image.trouble import ScoringImageTrouble

ScoresWith = Callable[..., Any]


def metric(scored: Any, task: str, name: str) -> Any:
    return next(each for each in scored.evaluation.task(task).metrics if each.name == name)


def refusal(scores_with: ScoresWith, **given: Any) -> str:
    with pytest.raises(ScoringImageTrouble) as error:
        scores_with(**given)
    return str(error.value)


class TestWhatItIsGiven:
    def test_answers_and_references_by_the_cases_own_names(self, scores_with: ScoresWith) -> None:
        seen: dict[str, Any] = {}
        sandbox = FakeSandbox()

        def look(predictions: Path, output: Path) -> int:
            ((truth, at),) = sandbox.ran[-1].mounts.beside
            seen.update(at=at, truth=json.loads((truth / "truth.json").read_text()))
            seen["predictions"] = json.loads((predictions / "predictions.json").read_text())
            seen["masks"] = [
                np.array(Image.open(folder / seen[name]["cases"][0]["mask"]))
                for name, folder in (("truth", truth), ("predictions", predictions))
            ]
            seen["names"] = {str(path.relative_to(truth)) for path in truth.rglob("*")}
            return 1

        with pytest.raises(ScoringImageTrouble, match="exit code 1"):
            scores_with(program=look, sandbox=sandbox)
        assert seen["at"] == "/truth"
        head, breast = seen["predictions"]["cases"][0], seen["predictions"]["cases"][4]
        assert head == {"id": "seg/img/0.png", "task": "head", "problem": None, "mask": "masks/000001.png"}
        assert breast["id"] == "cls/img/1.png"
        assert (breast["prediction"], breast["probabilities"], breast["abstains"]) == (1, [0, 1], False)
        assert seen["truth"]["cases"][4] == {"id": "cls/img/1.png", "task": "breast", "center": "far", "label": 1}
        assert (seen["masks"][0] == seen["masks"][1]).all()
        assert "images" not in seen["names"]

    def test_images_where_the_challenge_says_so(self, scores_with: ScoresWith) -> None:
        sandbox, seen = FakeSandbox(), []

        def look(_predictions: Path, _output: Path) -> int:
            ((truth, _at),) = sandbox.ran[-1].mounts.beside
            case = json.loads((truth / "truth.json").read_text())["cases"][0]
            seen.append((case["image"], (truth / case["image"]).is_file()))
            return 1

        with pytest.raises(ScoringImageTrouble):
            scores_with(program=look, sandbox=sandbox, with_images=True)
        assert seen == [("images/seg/img/0.png", True)]

    def test_nothing_that_the_submission_wrote_as_it_wrote_it(self, own: Any, scores_with: ScoresWith) -> None:
        (own.results / "seg/mask/0.png").write_bytes(b"hostile")
        (own.results / "payload.pkl").write_bytes(b"hostile")
        found: list[bytes] = []

        def look(predictions: Path, _output: Path) -> int:
            found.extend(path.read_bytes() for path in predictions.rglob("*") if path.is_file())
            return 1

        with pytest.raises(ScoringImageTrouble):
            scores_with(program=look)
        assert len(found) == 3  # the list, and two masks that could be read
        assert not any(b"hostile" in each for each in found)

    def test_copies_that_are_gone_afterwards_and_its_own_limits(self, scores_with: ScoresWith, tmp_path: Path) -> None:
        sandbox = FakeSandbox()
        scores_with(sandbox=sandbox)
        (spec,) = sandbox.ran
        assert (spec.limits.time_s, spec.limits.memory_bytes, spec.limits.cpus, spec.limits.gpus) == (30, 64 * 2**20, 1, 0)
        assert spec.node == "scoring-of-test"
        assert list((tmp_path / "staging").iterdir()) == []


class TestWhatItsValuesBecome:
    def test_a_value_per_case_is_averaged_and_resampled(self, scores_with: ScoresWith) -> None:
        score = metric(scores_with(), "head", "clinic_score")
        assert score.value == pytest.approx(7)
        assert score.ci_low is not None
        assert 6 <= score.ci_low < 7 < score.ci_high <= 8
        assert score.definition == "clinic_score of the scoring image, 0 to 10, higher is better"

    def test_centers_and_cases_have_their_own(self, scores_with: ScoresWith) -> None:
        evaluation = scores_with().evaluation
        near, far = evaluation.task("head").centers
        assert [next(m.value for m in part.metrics if m.name == "clinic_score") for part in (near, far)] == [7, 7]
        assert [case.scores.get("clinic_score") for case in evaluation.cases] == [6, 7, 8, None, None, None]

    def test_a_value_per_task_stands_alone(self, scores_with: ScoresWith) -> None:
        evaluation = scores_with().evaluation
        score = next(each for each in evaluation.task("breast").metrics if each.name == "fairness")
        assert (score.value, score.ci_low, score.ci_method) == (0.75, None, None)
        assert all(
            each.value is None for part in evaluation.task("breast").centers for each in part.metrics if each.name == "fairness"
        )

    def test_built_in_metrics_are_as_without_it(self, scores_with: ScoresWith) -> None:
        scored = scores_with()
        assert metric(scored, "head", "dsc").value == 1
        assert metric(scored, "breast", "acc").value == 1

    def test_its_image_is_in_the_provenance(self, scores_with: ScoresWith, own: Any) -> None:
        assert scores_with().evaluation.made_from.scoring_image == f"sha256:{'5' * 64}"
        with FolderResults(own.results) as source:
            without = score_results(own.write(), source).evaluation
        assert without.made_from.scoring_image is None
        assert next(each for each in without.task("head").metrics if each.name == "clinic_score").value is None

    def test_an_unusable_answer_counts_by_the_policy_whatever_the_image_says(self, own: Any, scores_with: ScoresWith) -> None:
        (own.results / "seg/mask/0.png").unlink()
        (own.results / "classification.json").write_text("{}")
        scored = scores_with()
        assert metric(scored, "head", "clinic_score").value == pytest.approx((0 + 7 + 8) / 3)
        # Lower is better: what is missing counts the upper end.
        assert metric(scored, "breast", "regret").value == 4

    def test_an_empty_mask_may_have_a_value_or_none(self, own: Any, scores_with: ScoresWith, right_scores: Any) -> None:
        Image.fromarray(np.zeros((10, 12), np.uint8)).save(own.results / "seg/mask/0.png")
        assert metric(scores_with(), "head", "clinic_score").value == pytest.approx(7)
        scores = right_scores()
        scores["cases"]["seg/img/0.png"]["clinic_score"] = None
        assert metric(scores_with(scores=scores), "head", "clinic_score").value == pytest.approx((0 + 7 + 8) / 3)

    def test_a_phase_without_such_metrics_does_not_run_it(self, own: Any) -> None:
        def never() -> Any:
            raise AssertionError("the engine was asked for")

        loaded = own.write()
        tasks = tuple(task.without_image_metrics for task in loaded.challenge.tasks)
        plain = replace(loaded, challenge=loaded.challenge.model_copy(update={"tasks": tasks}))
        with FolderResults(own.results) as source:
            evaluation = score_results(plain, source, own_metrics=ImageScorer(never, node="test")).evaluation
        assert evaluation.made_from.scoring_image is None


class TestWhatItWritesIsReadAsHostile:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "ended without writing /scores.json"),
            ("{", "not usable JSON"),
            ("[]", "and nothing else"),
            ('{"cases": {}, "total": 1}', "and nothing else"),
            ('{"cases": {}, "cases": {}}', "stands twice"),
            ('{"cases": {"seg/img/0.png": {"clinic_score": NaN}}}', "not a number in JSON"),
            ('{"cases": {"seg/img/0.png": {"clinic_score": 1e999}}}', "too large"),
            ('{"cases": []}', "cases is not an object"),
            ('{"cases": {"other.png": {}}}', "which the challenge has not"),
        ],
    )
    def test_a_file_that_makes_no_sense_is_refused(self, scores_with: ScoresWith, text: str, told: str) -> None:
        assert told in refusal(scores_with, scores=text)

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            (None, "is null, though there is an answer to score"),
            (11, "lies outside its range of 0 to 10"),
            (-0.1, "lies outside its range"),
            (True, "is not a number"),
            ("7", "is not a number"),
            ([7], "is not a number"),
        ],
    )
    def test_a_value_that_is_none_of_the_metric_is_refused(
        self, scores_with: ScoresWith, right_scores: Any, value: object, told: str
    ) -> None:
        scores = right_scores()
        scores["cases"]["seg/img/0.png"]["clinic_score"] = value
        assert f"cases.seg/img/0.png.clinic_score {told}" in refusal(scores_with, scores=scores)

    def test_a_case_that_is_missing_and_a_metric_that_is_not_its_own(self, scores_with: ScoresWith, right_scores: Any) -> None:
        scores = right_scores()
        del scores["cases"]["seg/img/1.png"]
        scores["cases"]["cls/img/0.png"]["clinic_score"] = 1
        told = refusal(scores_with, scores=scores)
        assert "cases.seg/img/1.png.clinic_score is missing" in told
        assert "cases.cls/img/0.png has 'clinic_score', which is none of its metrics" in told

    def test_a_link_is_no_file(self, scores_with: ScoresWith) -> None:
        def link(_predictions: Path, output: Path) -> int:
            (output / "scores.json").symlink_to("/etc/passwd")
            return 0

        assert "ended without writing" in refusal(scores_with, program=link)


class TestWhoseFaultItIs:
    def test_a_crash_is_the_organisers(self, scores_with: ScoresWith) -> None:
        assert "ended with exit code 3" in refusal(scores_with, program=lambda _inputs, _output: 3)

    def test_too_much_memory_and_time_are_the_organisers(self, scores_with: ScoresWith) -> None:
        def greedy(_inputs: Path, _output: Path) -> int:
            raise NeedsMemory

        assert "raise scoring_image.memory_bytes" in refusal(scores_with, program=greedy)
        assert "ran longer than its 30 s" in refusal(scores_with, sandbox=FakeSandbox(takes_s=31))

    def test_no_engine_is_told_with_what_to_do(self, own: Any) -> None:
        def nobody() -> Any:
            raise EngineMissing("No Docker Engine answers.")

        with (
            FolderResults(own.results) as source,
            pytest.raises(ScoringImageTrouble, match=r"no Docker Engine here.*-image"),
        ):
            score_results(own.write(), source, own_metrics=ImageScorer(nobody, node="test"))

    def test_an_archive_that_is_not_there_or_is_no_image(self, own: Any, scores_with: ScoresWith) -> None:
        assert "There is no file" in refusal(scores_with, archive="scorer.tar")
        (own.folder / "scorer.tar").write_bytes(b"no tar")
        assert "cannot be used" in refusal(scores_with, archive="scorer.tar")

    def test_the_engines_own_trouble_is_the_platforms(self, scores_with: ScoresWith) -> None:
        def broken(_inputs: Path, _output: Path) -> int:
            raise SandboxTrouble("The engine went away.")

        with pytest.raises(SandboxTrouble):
            scores_with(program=broken)

    def test_truth_is_never_handed_over_beside_a_submission(self, scores_with: ScoresWith) -> None:
        sandbox = FakeSandbox(left_behind={"sonobench-r1-a1": ("node-1", "r1", 1)})
        with pytest.raises(SandboxTrouble, match="engine of its own"):
            scores_with(sandbox=sandbox)
        assert sandbox.ran == []

    def test_what_a_killed_scoring_left_on_the_engine_goes_first(self, scores_with: ScoresWith) -> None:
        sandbox = FakeSandbox(left_behind={"sonobench-dead-a1": ("scoring-of-test", "dead", 1)})
        scores_with(sandbox=sandbox)
        assert sandbox.left_behind == {}
