from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from sonobench_eval.challenge.model import Case, Metric, MetricUndefined, Task, UndefinedPolicy
from sonobench_eval.contract.port import MaskAnswer
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.kinds.masks import MaskScorer, MaskScores
from sonobench_eval.kinds.port import Asked
from sonobench_eval.kinds.spacing import spacing_of
from sonobench_eval.metrics.named import EngineName

POLICY = UndefinedPolicy(both_empty=0.9, prediction_empty=0.2, reference_empty=0.1, missing=0.3, unreadable=0.4, wrong_size=0.5)
HD_PX = Metric(name="hd", convention="pixel", unit="px")


def task(labels: dict[str, int | str], *metrics: Metric, undefined: UndefinedPolicy | None = None) -> Task:
    return Task(
        id="T",
        kind="segmentation",
        dataset_name="T",
        organ="T",
        labels=labels,
        metrics=metrics or (Metric(name="dsc"),),
        undefined=undefined,
    )


def score(
    asked: Task,
    prediction: Sequence[object] | MaskAnswer,
    reference: Sequence[object],
    *,
    engine: EngineName = "fast",
    size: float | tuple[float, ...] | None = None,
) -> MaskScores:
    case = Case(id="a.png", task="T", center="C", pixel_size_mm=size)
    scorer = MaskScorer(Asked(asked, [case], engine), POLICY)
    answer = prediction if isinstance(prediction, MaskAnswer) else MaskAnswer(np.array(prediction, dtype=np.uint8))
    labels = np.array(reference, dtype=np.uint8)
    return scorer.score(answer, scorer.reference(labels, spacing_of(case, labels.ndim)))


def broken(code: FindingCode) -> MaskAnswer:
    return MaskAnswer(None, code)


class TestMaskScorer:
    def test_nonzero_takes_any_value_above_zero_as_foreground(self) -> None:
        assert score(task({"a": "nonzero"}), [[1, 0]], [[255, 0]]) == MaskScores({"dsc": 1.0}, None)

    def test_a_label_value_takes_that_value_only(self) -> None:
        assert score(task({"a": 1}), [[2, 0, 1]], [[1, 0, 1]]).scores["dsc"] == pytest.approx(2 / 3)

    def test_averages_over_structures(self) -> None:
        # Structure 1 matches whole (1), structure 2 not at all (0).
        assert score(task({"a": 1, "b": 2}), [[1, 2, 0]], [[1, 0, 2]]) == MaskScores({"dsc": 0.5}, None)

    def test_volumes_are_scored_as_images_are(self) -> None:
        # Two voxels of three planes: one shared of 2 + 1.
        assert score(task({"a": 1}), [[[1]], [[1]], [[0]]], [[[0]], [[1]], [[0]]]).scores["dsc"] == pytest.approx(2 / 3)

    def test_each_empty_mask_counts_as_declared(self) -> None:
        assert score(task({"a": 1}), [[0]], [[0]]) == MaskScores({"dsc": 0.9}, "both_empty")
        assert score(task({"a": 1}), [[0]], [[1]]) == MaskScores({"dsc": 0.2}, "prediction_empty")
        assert score(task({"a": 1}), [[1]], [[0]]) == MaskScores({"dsc": 0.1}, "reference_empty")

    def test_a_structure_absent_on_both_sides_is_no_problem_beside_another(self) -> None:
        assert score(task({"a": 1, "b": 2}), [[1]], [[1]]) == MaskScores({"dsc": pytest.approx((1 + 0.9) / 2)}, None)

    def test_a_structure_the_answer_leaves_out_is_named(self) -> None:
        assert score(task({"a": 1, "b": 2}), [[1, 0]], [[1, 2]]).problem == "prediction_empty"

    @pytest.mark.parametrize("engine", ["fast", "reference"])
    def test_measures_in_mm_with_one_pixel_size_or_two(self, engine: EngineName) -> None:
        in_mm = task({"a": 1}, Metric(name="nsd", convention="pixel", tolerance=1, unit="mm"))
        for size, expected in ((0.5, 1.0), (0.6, 0.0), ((0.5, 9.0), 1.0), ((0.6, 0.1), 0.0)):
            assert score(in_mm, [[1], [0], [0]], [[0], [0], [1]], size=size, engine=engine).scores == {"nsd": expected}

    def test_ignores_the_pixel_size_where_the_unit_is_pixels(self) -> None:
        in_px = task({"a": 1}, Metric(name="nsd", convention="pixel", tolerance=1, unit="px"))
        assert score(in_px, [[1, 0, 0]], [[0, 0, 1]], size=0.1).scores == {"nsd": 0.0}

    def test_two_tolerances_of_one_metric_are_told_apart_by_id(self) -> None:
        near, far = (Metric(name="nsd", id=f"nsd{at}", convention="pixel", tolerance=at, unit="px") for at in (1, 2))
        assert score(task({"a": 1}, near, far), [[1, 0, 0]], [[0, 0, 1]]).scores == {"nsd1": 0.0, "nsd2": 1.0}


class TestUnusableMasks:
    @pytest.mark.parametrize(
        ("code", "share"),
        [
            (FindingCode.MISSING_RESULT, 0.3),
            (FindingCode.UNREADABLE_IMAGE, 0.4),
            (FindingCode.FILE_TOO_LARGE, 0.4),
            (FindingCode.WRONG_SIZE, 0.5),
        ],
    )
    def test_each_counts_as_declared(self, code: FindingCode, share: float) -> None:
        assert score(task({"a": 1}), broken(code), [[1]]) == MaskScores({"dsc": share}, code.value)

    def test_a_missing_distance_is_the_diagonal_by_default(self) -> None:
        # 0 of the policy's share is the worst: sqrt(3^2 + 4^2) = 5 px; 0.3 of the way to 0 is 3.5.
        image = np.ones((3, 4), dtype=int).tolist()
        assert score(task({"a": 1}, HD_PX), broken(FindingCode.MISSING_RESULT), image).scores["hd"] == pytest.approx(3.5)
        strict = task({"a": 1}, HD_PX, undefined=UndefinedPolicy())
        assert score(strict, broken(FindingCode.MISSING_RESULT), image).scores["hd"] == pytest.approx(5.0)

    def test_no_answer_is_worse_than_a_missing_one(self) -> None:
        # One corner against the other is the largest distance there is: sqrt(2^2 + 3^2) between centers, below the diagonal.
        reference, prediction = np.zeros((3, 4), dtype=int), np.zeros((3, 4), dtype=int)
        reference[0, 0] = prediction[2, 3] = 1
        strict = task({"a": 1}, HD_PX, undefined=UndefinedPolicy())
        found = score(strict, prediction.tolist(), reference.tolist()).scores["hd"]
        assert found == pytest.approx(math.hypot(2, 3))
        assert found <= score(strict, broken(FindingCode.MISSING_RESULT), reference.tolist()).scores["hd"]

    def test_a_tasks_own_policy_goes_before_the_challenges(self) -> None:
        own = task({"a": 1}, undefined=UndefinedPolicy(prediction_empty=0.7))
        assert score(own, [[0]], [[1]]).scores["dsc"] == 0.7

    def test_a_metrics_own_word_goes_before_both_and_is_in_its_unit(self) -> None:
        metric = Metric(name="hd", convention="pixel", unit="px", undefined=MetricUndefined(prediction_empty=42.0))
        assert score(task({"a": 1}, metric), [[0]], [[1]]).scores["hd"] == 42.0


class TestDefinition:
    def test_names_everything_that_defines_an_nsd(self) -> None:
        metric = Metric(name="nsd", convention="uusic25", tolerance=1.5, unit="mm")
        assert task({"a": 1}, metric).definition(metric) == "nsd uusic25 1.5 mm"

    def test_a_metric_without_settings_is_its_name(self) -> None:
        assert task({"a": 1}).definition(Metric(name="dsc")) == "dsc"

    def test_tells_one_vs_rest_from_binary(self) -> None:
        metrics = (Metric(name="auc"), Metric(name="acc"))
        two = Task(id="T", kind="binary", dataset_name="T", organ="T", classes=("a", "b"), metrics=metrics)
        four = Task(id="T", kind="multiclass", dataset_name="T", organ="T", classes=("a", "b", "c", "d"), metrics=metrics)
        assert [two.definition(metric) for metric in metrics] == ["auc", "acc"]
        assert [four.definition(metric) for metric in metrics] == ["auc one-vs-rest macro", "acc multiclass"]

    def test_grades_and_measurements_are_told_apart_by_their_range_and_unit(self) -> None:
        mae = Metric(name="mae")
        base = {"id": "T", "dataset_name": "T", "organ": "T", "metrics": (mae,)}
        grades = Task(kind="ordinal", range=(0, 10), **base)
        lengths = Task(kind="regression", range=(0, 90), value_unit="mm", **base)
        plain = Task(kind="regression", range=(0, 1), **base)
        assert [task.definition(mae) for task in (grades, lengths, plain)] == [
            "mae grades 0 to 10",
            "mae mm",
            "mae values 0 to 1",
        ]

    def test_numbers_say_what_they_are(self) -> None:
        metric = Metric(name="f1", threshold=0.5, confidence=0.25)
        boxes = Task(id="T", kind="detection", dataset_name="T", organ="T", classes=("a",), metrics=(metric,))
        assert boxes.definition(metric) == "f1 iou threshold 0.5 confidence 0.25 greedy macro"
