from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.case_figures import box_case_figures, instance_case_figures, point_case_figures
from sonobench_eval.metrics.detection_answers import Found, ToFind, detection_answers
from sonobench_eval.metrics.detection_pairs import Near
from sonobench_eval.metrics.instances import instance_answers, instance_overlaps, nothing_found
from sonobench_eval.metrics.keypoints import KeypointAnswers

SQUARE = (0, 0, 10, 10)


class TestBoxCaseFigures:
    ANSWERS = detection_answers(
        [[ToFind(0, SQUARE), ToFind(1, SQUARE)], [], [ToFind(0, SQUARE)]],
        [[Found(0, (0, 0, 10, 4), 0.9), Found(1, SQUARE, 0.2)], [Found(0, SQUARE)], None],
        classes=2,
    )

    def test_count_and_measure_each_case(self) -> None:
        assert box_case_figures(self.ANSWERS) == [
            {"tp": 1, "fp": 1, "fn": 1, "best_iou": 1.0},
            {"tp": 0, "fp": 1, "fn": 0},
            {"tp": 0, "fp": 1, "fn": 1, "best_iou": 0.0},
        ]

    def test_by_another_rule_and_confidence(self) -> None:
        first = box_case_figures(self.ANSWERS, near=Near("iou", 0.4, None), confidence=0.5)[0]
        assert first == {"tp": 1, "fp": 0, "fn": 1, "best_iou": 1.0}


class TestInstanceCaseFigures:
    def test_give_each_case_its_own_panoptic_quality(self) -> None:
        reference = np.array([[1, 1, 0, 2]])
        answers = instance_answers(
            [instance_overlaps(np.array([[1, 1, 0, 0]]), reference), nothing_found(np.zeros((1, 4), dtype=int)), None],
            [None, None, reference],
        )
        first, second, third = instance_case_figures(answers)
        # One of two found, exactly: 1 / (1 + 1/2).
        assert first == {"tp": 1, "fp": 0, "fn": 1, "pq": pytest.approx(2 / 3), "sq": 1.0, "rq": pytest.approx(2 / 3)}
        assert second == {"tp": 0, "fp": 0, "fn": 0}
        assert third == {"tp": 0, "fp": 1, "fn": 2, "pq": 0.0, "sq": 0.0, "rq": 0.0}


class TestPointCaseFigures:
    def test_tell_the_error_of_each_case_where_it_has_one(self) -> None:
        reference = np.array([[[0.0, 0], [1, 1]], [[np.nan] * 2] * 2])
        predicted = np.array([[[3.0, 4], [np.nan] * 2], [[0.0, 0]] * 2])
        size, spacing = np.tile([30.0, 40.0], (2, 1)), np.full((2, 2), 0.1)
        first, second = point_case_figures(KeypointAnswers(reference, predicted, size, spacing))
        # 5 px, and the diagonal of 50 px for the point that is lacking.
        assert first == {"points": 2, "points_missing": 1, "mre_px": 27.5, "mre_mm": pytest.approx(2.75)}
        assert second == {"points": 0, "points_missing": 0}

    def test_say_no_millimetres_where_nobody_knows_them(self) -> None:
        table = KeypointAnswers(np.zeros((1, 1, 2)), np.zeros((1, 1, 2)), np.ones((1, 2)))
        assert point_case_figures(table) == [{"points": 1, "points_missing": 0, "mre_px": 0.0}]
