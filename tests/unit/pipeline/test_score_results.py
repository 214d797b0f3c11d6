from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.model import UndefinedPolicy
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.pipeline import Scored, UnusableReferenceError, score_results

if TYPE_CHECKING:
    from tests.unit.pipeline.conftest import Bench

Pixels = Callable[[int], np.ndarray]


def values(scored: Scored, task: str) -> dict[str, float | None]:
    return {metric.name: metric.value for metric in scored.evaluation.task(task).metrics}


def case(scored: Scored, case_id: str) -> tuple[dict[str, float], str | None]:
    found = next(each for each in scored.evaluation.cases if each.id == case_id)
    return found.scores, found.problem


class TestPerfectResults:
    def test_score_1_everywhere(self, bench: Bench) -> None:
        scored = bench.score()
        assert values(scored, "Head") == {"dsc": 1.0, "nsd": 1.0}
        assert values(scored, "Breast") == {"auc": 1.0, "acc": 1.0, "f1": 1.0, "auprc": 1.0}
        assert scored.evaluation.findings == ()
        assert {each.problem for each in scored.evaluation.cases} == {None}

    def test_cases_stand_in_the_order_of_the_challenge(self, bench: Bench) -> None:
        assert [each.id for each in bench.score().evaluation.cases] == [each.id for each in bench.challenge().challenge.cases]

    def test_classification_cases_show_what_was_written(self, bench: Bench) -> None:
        bench.classes({n: {"probability": [0.25, 0.75], "prediction": 1} for n in range(4)})
        assert case(bench.score(), "cls/img/0.png") == ({"acc": 0.0, "decided": 1.0, "p_0": 0.25, "p_1": 0.75}, None)

    def test_the_evaluation_says_what_it_was_made_from(self, bench: Bench) -> None:
        made_from = bench.score(engine="reference").evaluation.made_from
        assert made_from.challenge_hash == bench.challenge().hash
        assert made_from.dataset_hash.startswith("sha256:")
        assert (made_from.engine, made_from.resamples, made_from.seed) == ("reference", 50, 3)

    def test_the_evaluation_survives_json(self, bench: Bench) -> None:
        evaluation = bench.score().evaluation
        assert Evaluation.from_json(evaluation.to_json()) == evaluation

    def test_scoring_again_gives_the_same_numbers(self, bench: Bench) -> None:
        first, second = bench.score(), bench.score()
        assert first.evaluation == second.evaluation
        for key, vector in first.replicates.items():
            np.testing.assert_array_equal(vector, second.replicates[key])

    def test_replicates_are_kept_for_every_metric(self, bench: Bench) -> None:
        replicates = bench.score().replicates
        names = [("Head", "dsc"), ("Head", "nsd"), *(("Breast", name) for name in ("auc", "acc", "f1", "auprc"))]
        assert list(replicates) == names
        assert replicates.resamples == 50

    def test_progress_counts_cases_of_all_tasks(self, bench: Bench) -> None:
        heard: list[tuple[int, int]] = []
        bench.score(progress=lambda done, total: heard.append((done, total)))
        assert heard == [(done, 8) for done in range(1, 9)]


class TestBrokenResults:
    def test_a_missing_mask_scores_as_declared_and_stays_in_the_mean(self, bench: Bench) -> None:
        bench.mask(0, None)
        scored = bench.score(policy=UndefinedPolicy(missing=0.2))
        assert case(scored, "seg/img/0.png") == ({"dsc": 0.2, "nsd": 0.2}, "missing_result")
        assert values(scored, "Head") == {"dsc": pytest.approx(0.8), "nsd": pytest.approx(0.8)}
        assert scored.evaluation.task("Head").metrics[0].n == 4
        assert [(found.code, found.count, found.examples) for found in scored.evaluation.findings] == [
            ("missing_result", 1, ("seg/img/0.png",))
        ]

    def test_each_kind_of_unusable_mask_scores_as_declared(self, bench: Bench) -> None:
        bench.mask(0, b"not a png")
        bench.mask(1, np.zeros((3, 3), dtype=np.uint8))
        scored = bench.score(policy=UndefinedPolicy(unreadable=0.1, wrong_size=0.3))
        assert case(scored, "seg/img/0.png") == ({"dsc": 0.1, "nsd": 0.1}, "unreadable_image")
        assert case(scored, "seg/img/1.png") == ({"dsc": 0.3, "nsd": 0.3}, "wrong_size")

    def test_an_empty_mask_is_an_outcome_and_no_finding(self, bench: Bench) -> None:
        bench.mask(0, np.zeros((10, 12), dtype=np.uint8))
        scored = bench.score(policy=UndefinedPolicy(prediction_empty=0.25))
        assert case(scored, "seg/img/0.png") == ({"dsc": 0.25, "nsd": 0.25}, "prediction_empty")
        assert scored.evaluation.findings == ()

    def test_odd_values_are_noted_and_count_as_foreground(self, bench: Bench, pixels: Pixels) -> None:
        bench.mask(0, pixels(7))
        scored = bench.score()
        assert case(scored, "seg/img/0.png") == ({"dsc": 1.0, "nsd": 1.0}, None)
        assert [found.code for found in scored.evaluation.findings] == ["unexpected_values"]

    def test_no_classification_file_is_wrong_everywhere(self, bench: Bench) -> None:
        (bench.results / "classification.json").unlink()
        scored = bench.score()
        # Positives without an answer are found at no threshold.
        assert values(scored, "Breast") == {"auc": 0.0, "acc": 0.0, "f1": 0.0, "auprc": 0.0}
        assert case(scored, "cls/img/0.png") == ({"acc": 0.0}, "missing_result")

    def test_nothing_at_all_still_counts_every_case(self, bench: Bench) -> None:
        for number in range(4):
            bench.mask(number, None)
        (bench.results / "classification.json").unlink()
        scored = bench.score()
        assert [task.n for task in scored.evaluation.tasks] == [4, 4]
        assert scored.evaluation.findings[0].count == 8

    def test_an_unnormalised_answer_counts_as_written_or_not_at_all(self, bench: Bench) -> None:
        answers: dict[int, object] = {n: {"probability": [0.1, 0.2 + 0.7 * (n % 2)], "prediction": n % 2} for n in range(3)}
        bench.classes({**answers, 3: {"probability": [0.9, 0.9], "prediction": 1}})
        accepted, refused = bench.score(), bench.score(policy=UndefinedPolicy(probabilities_not_normalised="invalid"))
        assert case(accepted, "cls/img/3.png") == ({"acc": 1.0, "decided": 1.0, "p_0": 0.9, "p_1": 0.9}, None)
        assert case(refused, "cls/img/3.png") == ({"acc": 0.0}, "sum_not_one")


class TestEngines:
    def test_agree(self, bench: Bench, pixels: Pixels) -> None:
        bench.mask(0, np.roll(pixels(255), 2, axis=1))
        bench.mask(1, None)
        bench.classes({n: {"probability": [0.4, 0.6], "prediction": 1} for n in range(3)})
        fast, reference = bench.score(), bench.score(engine="reference")
        for task in ("Head", "Breast"):
            assert values(fast, task) == pytest.approx(values(reference, task), abs=1e-12)
        for key, vector in fast.replicates.items():
            np.testing.assert_allclose(vector, reference.replicates[key], atol=1e-12, equal_nan=True)


class TestOrganisersTrouble:
    def test_a_missing_reference_stops_and_says_which(self, bench: Bench) -> None:
        (bench.folder / "truth/2.png").unlink()
        with pytest.raises(UnusableReferenceError, match=r"seg/img/2\.png: the reference .*2\.png is missing; put it there"):
            bench.score()

    def test_a_broken_reference_stops(self, bench: Bench) -> None:
        (bench.folder / "truth/2.png").write_bytes(b"x")
        with pytest.raises(UnusableReferenceError, match=r"seg/img/2\.png: the reference .*2\.png cannot be used"):
            bench.score()

    def test_a_missing_image_stops(self, bench: Bench) -> None:
        (bench.folder / "images/seg/img/1.png").unlink()
        with pytest.raises(ChallengeError, match=r"images/seg/img/1\.png"):
            bench.score()

    def test_a_challenge_without_references_cannot_score(self, bench: Bench) -> None:
        loaded = bench.challenge()
        hidden = type(loaded)(loaded.challenge.without_references(), loaded.path, loaded.folder, loaded.hash)
        with FolderResults(bench.results) as source, pytest.raises(UnusableReferenceError, match="declares no reference"):
            score_results(hidden, source)
