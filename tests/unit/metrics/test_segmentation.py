from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.challenge.model import Metric, Task, UndefinedPolicy
from sonobench_eval.metrics.registry import EngineName, definition, engine_named
from sonobench_eval.metrics.segmentation import MaskScores, score_masks

POLICY = UndefinedPolicy(both_empty=0.9, prediction_empty=0.2, reference_empty=0.1)


def task(labels: dict[str, int | str], *metrics: Metric) -> Task:
    return Task(id="T", kind="segmentation", dataset_name="T", organ="T", labels=labels, metrics=metrics or (Metric(name="dsc"),))


def score(
    labels: dict[str, int | str], prediction: list[list[int]], reference: list[list[int]], *, engine: EngineName = "fast"
) -> MaskScores:
    images = (np.array(image, dtype=np.uint8) for image in (prediction, reference))
    return score_masks(task(labels), *images, pixel_size_mm=None, policy=POLICY, engine=engine_named(engine))


class TestScoreMasks:
    def test_nonzero_takes_any_value_above_zero_as_foreground(self) -> None:
        assert score({"a": "nonzero"}, [[1, 0]], [[255, 0]]) == MaskScores({"dsc": 1.0}, None)

    def test_a_label_value_takes_that_value_only(self) -> None:
        assert score({"a": 1}, [[2, 0, 1]], [[1, 0, 1]]).scores["dsc"] == pytest.approx(2 / 3)

    def test_averages_over_structures(self) -> None:
        # Structure 1 matches whole (1), structure 2 not at all (0).
        assert score({"a": 1, "b": 2}, [[1, 2, 0]], [[1, 0, 2]]) == MaskScores({"dsc": 0.5}, None)

    def test_each_empty_mask_counts_as_declared(self) -> None:
        assert score({"a": 1}, [[0]], [[0]]) == MaskScores({"dsc": 0.9}, "both_empty")
        assert score({"a": 1}, [[0]], [[1]]) == MaskScores({"dsc": 0.2}, "prediction_empty")
        assert score({"a": 1}, [[1]], [[0]]) == MaskScores({"dsc": 0.1}, "reference_empty")

    def test_a_structure_absent_on_both_sides_is_no_problem_beside_another(self) -> None:
        assert score({"a": 1, "b": 2}, [[1]], [[1]]) == MaskScores({"dsc": pytest.approx((1 + 0.9) / 2)}, None)

    def test_a_structure_the_answer_leaves_out_is_named(self) -> None:
        assert score({"a": 1, "b": 2}, [[1, 0]], [[1, 2]]).problem == "prediction_empty"

    @pytest.mark.parametrize("engine", ["fast", "reference"])
    def test_measures_in_mm_with_one_pixel_size_or_two(self, engine: EngineName) -> None:
        prediction, reference = (np.array(image, dtype=np.uint8) for image in ([[1], [0], [0]], [[0], [0], [1]]))
        in_mm = task({"a": 1}, Metric(name="nsd", convention="pixel", tolerance=1, unit="mm"))
        for size, expected in ((0.5, 1.0), (0.6, 0.0), ((0.5, 9.0), 1.0), ((0.6, 0.1), 0.0)):
            found = score_masks(in_mm, prediction, reference, pixel_size_mm=size, policy=POLICY, engine=engine_named(engine))
            assert found.scores == {"nsd": expected}

    def test_refuses_mm_without_a_pixel_size(self) -> None:
        image = np.ones((2, 2), dtype=np.uint8)
        in_mm = task({"a": 1}, Metric(name="nsd", convention="pixel", tolerance=1, unit="mm"))
        with pytest.raises(ValueError, match="needs the pixel size"):
            score_masks(in_mm, image, image, pixel_size_mm=None, policy=POLICY, engine=engine_named("fast"))

    def test_ignores_the_pixel_size_where_the_unit_is_pixels(self) -> None:
        prediction, reference = (np.array([row], dtype=np.uint8) for row in ([1, 0, 0], [0, 0, 1]))
        in_px = task({"a": 1}, Metric(name="nsd", convention="pixel", tolerance=1, unit="px"))
        found = score_masks(in_px, prediction, reference, pixel_size_mm=0.1, policy=POLICY, engine=engine_named("fast"))
        assert found.scores == {"nsd": 0.0}


class TestDefinition:
    def test_names_everything_that_defines_an_nsd(self) -> None:
        metric = Metric(name="nsd", convention="uusic25", tolerance=1.5, unit="mm")
        assert definition(metric, task({"a": 1}, metric)) == "nsd uusic25 1.5 mm"

    def test_tells_one_vs_rest_from_binary(self) -> None:
        metrics = (Metric(name="auc"), Metric(name="acc"))
        two = Task(id="T", kind="binary", dataset_name="T", organ="T", classes=("a", "b"), metrics=metrics)
        four = Task(id="T", kind="multiclass", dataset_name="T", organ="T", classes=("a", "b", "c", "d"), metrics=metrics)
        assert [definition(metric, two) for metric in metrics] == ["auc", "acc"]
        assert [definition(metric, four) for metric in metrics] == ["auc one-vs-rest macro", "acc multiclass"]
