from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.instances import InstanceAnswers, Overlaps, instance_answers, instance_overlaps, nothing_found
from sonobench_eval.metrics.panoptic import f1, instance_dsc, pq, precision, recall, sq
from sonobench_eval.metrics.spec import MetricSpecError


def image(*runs: tuple[int, int, int], width: int = 40) -> np.ndarray:
    """One row of pixels; each run is (number, from, to)."""
    row = np.zeros((1, width), dtype=np.int64)
    for number, start, stop in runs:
        row[0, start:stop] = number
    return row


def case(prediction: np.ndarray, reference: np.ndarray) -> Overlaps:
    return instance_overlaps(prediction, reference)


def value(metric: Any, answers: InstanceAnswers, **settings: Any) -> float:
    return float(metric(answers, once(len(answers.overlaps)), **settings)[0])


# One match of IoU 8/10 (Dice 16/18), one reference missed, two predictions of nothing.
MIXED = case(image((1, 0, 8), (2, 30, 32), (3, 35, 36)), image((1, 0, 10), (2, 20, 24)))
PERFECT = case(image((1, 0, 10)), image((1, 0, 10)))
EMPTY = nothing_found(image())


class TestPq:
    def test_is_overlap_over_all_instances_missed_and_false_ones_half(self) -> None:
        # 0.8 / (1 + 2/2 + 1/2).
        assert value(pq, instance_answers([MIXED])) == pytest.approx(0.8 / 2.5)

    def test_is_segmentation_quality_times_recognition_quality(self) -> None:
        answers = instance_answers([MIXED, PERFECT])
        assert value(pq, answers) == pytest.approx(value(sq, answers) * value(f1, answers))

    def test_pools_cases_or_takes_their_mean(self) -> None:
        # Pooled (0.8 + 1) / (2 + 2/2 + 1/2); apart 0.32 and 1.
        answers = instance_answers([MIXED, PERFECT])
        assert value(pq, answers) == pytest.approx(1.8 / 3.5)
        assert value(pq, answers, pooling="case_mean") == pytest.approx((0.32 + 1) / 2)

    def test_an_iou_of_exactly_one_half_does_not_match(self) -> None:
        # Two predictions share the reference evenly: at >= 0.5 both would match.
        answers = instance_answers([case(image((1, 0, 5), (2, 5, 10)), image((1, 0, 10)))])
        assert value(pq, answers) == 0.0

    def test_a_case_with_nothing_in_either_image_changes_pooled_values_not_and_is_right_by_itself(self) -> None:
        answers = instance_answers([MIXED, EMPTY])
        assert value(pq, answers) == pytest.approx(0.32)
        assert value(pq, answers, pooling="case_mean") == pytest.approx((0.32 + 1) / 2)
        assert np.isnan(value(pq, instance_answers([EMPTY])))

    def test_a_case_without_an_answer_misses_all_and_alarms_once(self) -> None:
        # Pooled 1 / (1 + 1/2 + 1/2); its own value is 0, also where there was nothing to find.
        answers = instance_answers([PERFECT, None], [None, image((1, 0, 10))])
        assert value(pq, answers) == 0.5
        assert value(pq, answers, pooling="case_mean") == 0.5
        assert value(pq, instance_answers([PERFECT, None], [None, image()]), pooling="case_mean") == 0.5

    def test_refuses_thresholds_that_are_no_iou(self) -> None:
        for threshold in (-0.1, 1.0):
            with pytest.raises(MetricSpecError, match="IoU"):
                value(pq, instance_answers([MIXED]), threshold=threshold)


class TestSq:
    def test_is_the_mean_iou_of_matched_pairs(self) -> None:
        assert value(sq, instance_answers([MIXED, PERFECT])) == pytest.approx(0.9)

    def test_is_0_where_nothing_matches(self) -> None:
        assert value(sq, instance_answers([nothing_found(image((1, 0, 10)))])) == 0.0

    def test_references_of_a_case_without_an_answer_count_0(self) -> None:
        assert value(sq, instance_answers([PERFECT, None], [None, image((1, 0, 10))])) == 0.5


class TestCounts:
    def test_f1_precision_and_recall(self) -> None:
        # TP 1, FP 2, FN 1.
        answers = instance_answers([MIXED])
        assert value(f1, answers) == pytest.approx(2 / 5)
        assert value(precision, answers) == pytest.approx(1 / 3)
        assert value(recall, answers) == 0.5

    def test_recall_by_case_leaves_out_cases_with_nothing_to_find(self) -> None:
        assert value(recall, instance_answers([MIXED, EMPTY]), pooling="case_mean") == 0.5

    def test_above_the_threshold_matches(self) -> None:
        answers = instance_answers([MIXED])
        assert value(recall, answers, threshold=0.79) == 0.5
        assert value(recall, answers, threshold=0.8) == 0.0

    def test_below_one_half_as_many_as_possible_match_or_the_nearest_first(self) -> None:
        # References A 0-10, B 10-20. Prediction 1 is 4-14: IoU 6/14 with A, 4/16 with B. Prediction 2 is 0-4: 4/10 with A.
        # The nearest first: 1-A, and 2 is left alone. As many as possible: 1-B and 2-A.
        answers = instance_answers([case(image((1, 4, 14), (2, 0, 4)), image((1, 0, 10), (2, 10, 20)))])
        assert value(recall, answers, threshold=0.2, matching="greedy") == 0.5
        assert value(recall, answers, threshold=0.2, matching="optimal") == 1.0


class TestInstanceDsc:
    def test_is_over_all_or_references_or_matched_pairs(self) -> None:
        # Dice 16/18 of one pair; 2 references; 4 instances with the false ones.
        answers = instance_answers([MIXED])
        assert value(instance_dsc, answers) == pytest.approx(16 / 18 / 4)
        assert value(instance_dsc, answers, over="references") == pytest.approx(16 / 18 / 2)
        assert value(instance_dsc, answers, over="matched") == pytest.approx(16 / 18)

    def test_is_no_dice_of_all_pixels(self) -> None:
        # A large lesion outlined well does not hide a small one that is missed: Dice of pixels 60/62, of lesions 1/2.
        answers = instance_answers([case(image((1, 0, 30)), image((1, 0, 30), (2, 35, 37)))])
        assert value(instance_dsc, answers) == 0.5

    def test_by_case(self) -> None:
        assert value(instance_dsc, instance_answers([MIXED, PERFECT, EMPTY]), pooling="case_mean") == pytest.approx(
            (16 / 18 / 4 + 1 + 1) / 3
        )
