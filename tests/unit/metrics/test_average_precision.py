from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonobench_eval.metrics.average_precision import ap, mean_ap, thresholds
from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.detection_answers import DetectionAnswers, Found, ToFind, detection_answers
from sonobench_eval.metrics.spec import MetricSpecError

SQUARE = (0, 0, 10, 10)
FAR = (50, 50, 60, 60)


def called(hits: str, confidences: list[float], *, missed: int = 0) -> DetectionAnswers:
    """One image each with one box: `+` hits the only reference, `-` is a false alarm; and images where all is missed."""
    refs = [[ToFind(0, SQUARE)] if hit == "+" else [] for hit in hits] + [[ToFind(0, SQUARE)]] * missed
    found = [[Found(0, SQUARE, confidence)] for confidence in confidences] + [[]] * missed
    return detection_answers(refs, found, classes=1)


def value(answers: DetectionAnswers, **settings: Any) -> float:
    return float(ap(answers, once(answers.cases), **{"threshold": 0.5, **settings})[0])


class TestAp:
    # By falling confidence: hit, false alarm, hit; three to find. Precision 1 at recall 1/3, 2/3 at recall 2/3.
    ANSWERS = called("+-+", [0.9, 0.8, 0.7], missed=1)

    def test_by_steps_is_precision_times_the_recall_gained(self) -> None:
        assert value(self.ANSWERS, interpolation="step") == pytest.approx((1 + 2 / 3) / 3)

    def test_at_101_recalls(self) -> None:
        # 0.00 to 0.33 are 34 recalls at precision 1, 0.34 to 0.66 are 33 at 2/3, the rest are never reached.
        assert value(self.ANSWERS) == pytest.approx((34 + 33 * 2 / 3) / 101)

    def test_at_11_recalls(self) -> None:
        # 0, 0.1, 0.2, 0.3 at precision 1; 0.4, 0.5, 0.6 at 2/3.
        assert value(self.ANSWERS, interpolation="voc11") == pytest.approx((4 + 3 * 2 / 3) / 11)

    def test_with_all_points_raises_precision_to_the_best_at_a_larger_recall(self) -> None:
        # False alarm, hit, hit: precision 1/2, then 2/3, which is better and so counts for both.
        answers = called("-++", [0.9, 0.8, 0.7])
        assert value(answers, interpolation="step") == pytest.approx((1 / 2 + 2 / 3) / 2)
        assert value(answers, interpolation="all_points") == pytest.approx(2 / 3)

    def test_boxes_of_one_confidence_share_one_threshold(self) -> None:
        # pycocotools gives 1 or 1/2, as the hit or the false alarm stands first in the file.
        for hits in ("+-", "-+"):
            for interpolation in ("step", "all_points", "coco101", "voc11"):
                assert value(called(hits, [0.5, 0.5]), interpolation=interpolation) == pytest.approx(0.5)

    def test_false_alarms_behind_the_last_hit_change_nothing(self) -> None:
        assert value(called("+--", [0.9, 0.8, 0.7])) == pytest.approx(1.0)

    def test_a_class_with_nothing_to_find_is_left_out_not_minus_1(self) -> None:
        # pycocotools and torchmetrics report -1 for class 1; a mean with it would be 0.
        answers = detection_answers([[ToFind(0, SQUARE)]], [[Found(0, SQUARE), Found(1, FAR)]], classes=2)
        assert value(answers) == pytest.approx(1.0)
        assert np.isnan(value(answers, of_class=1))

    def test_pooled_classes_are_one_list(self) -> None:
        # Class 0 finds its box, class 1 alarms first: apart (1 + 0) / 2, together precision 1/2 at the only hit, one missed.
        answers = detection_answers(
            [[ToFind(0, SQUARE), ToFind(1, SQUARE)]], [[Found(0, SQUARE, 0.5), Found(1, FAR, 0.9)]], classes=2
        )
        assert value(answers, interpolation="step") == 0.5
        assert value(answers, interpolation="step", average="micro") == 0.25

    def test_a_second_box_of_one_reference_is_a_false_alarm(self) -> None:
        # Hit, its double, hit: 1/2 (1 + 2/3).
        answers = detection_answers(
            [[ToFind(0, SQUARE), ToFind(0, FAR)]],
            [[Found(0, SQUARE, 0.9), Found(0, SQUARE, 0.8), Found(0, FAR, 0.7)]],
            classes=1,
        )
        assert value(answers, interpolation="step") == pytest.approx((1 + 2 / 3) / 2)

    def test_boxes_of_ignored_references_are_not_there(self) -> None:
        answers = detection_answers(
            [[ToFind(0, SQUARE), ToFind(0, FAR, ignored=True)]], [[Found(0, FAR, 0.9), Found(0, SQUARE, 0.8)]], classes=1
        )
        assert value(answers, interpolation="step") == 1.0

    def test_an_unusable_case_alarms_before_all_others_and_its_references_are_missed(self) -> None:
        # Alarm, hit; two to find: 1/2 * 1/2.
        answers = detection_answers([[ToFind(0, SQUARE)], [ToFind(0, SQUARE)]], [[Found(0, SQUARE)], None], classes=1)
        assert value(answers, interpolation="step") == 0.25

    def test_nothing_found_is_0_and_nothing_to_find_has_no_value(self) -> None:
        assert value(detection_answers([[ToFind(0, SQUARE)]], [[]], classes=1)) == 0.0
        assert np.isnan(value(detection_answers([[]], [[Found(0, SQUARE)]], classes=1)))

    def test_each_resample_is_judged_on_its_own(self) -> None:
        # Without the alarm 1; the alarm twice: 1/2 (1 + 2/4) of three to find, one of them missed.
        counts = np.array([[1.0, 0, 1, 0], [1, 2, 1, 1], [0, 1, 0, 0]])
        found = ap(self.ANSWERS, counts, threshold=0.5, interpolation="step")
        assert found[:2].tolist() == pytest.approx([1.0, (1 + 2 / 4) / 3])
        assert np.isnan(found[2])


class TestMeanAp:
    def test_is_the_mean_over_iou_thresholds(self) -> None:
        # IoU 0.72: near enough at 0.5, 0.55, 0.6, 0.65, 0.7, five of ten thresholds.
        answers = detection_answers([[ToFind(0, SQUARE)]], [[Found(0, (0, 0, 10, 7.2))]], classes=1)
        assert mean_ap(answers, once(1)).tolist() == pytest.approx([0.5])

    def test_exactly_a_threshold_is_near_enough_at_every_one(self) -> None:
        # IoU 0.5, 0.55, ... 0.95 of boxes whose areas are exact: each reaches one threshold more than the one before.
        for number in range(10):
            answers = detection_answers([[ToFind(0, (0, 0, 20, 20))]], [[Found(0, (0, 0, 20, 10 + number))]], classes=1)
            assert mean_ap(answers, once(1)).tolist() == pytest.approx([(number + 1) / 10])

    def test_the_thresholds_may_be_others(self) -> None:
        answers = detection_answers([[ToFind(0, SQUARE)]], [[Found(0, (0, 0, 10, 4))]], classes=1)
        assert mean_ap(answers, once(1), lowest=0.1, highest=0.5, step=0.1).tolist() == pytest.approx([4 / 5])


class TestThresholds:
    def test_are_cocos(self) -> None:
        assert thresholds(0.5, 0.95, 0.05) == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]

    def test_may_be_a_single_one(self) -> None:
        assert thresholds(0.5, 0.5, 0.05) == [0.5]

    @pytest.mark.parametrize("asked", [(0.0, 0.5, 0.1), (0.6, 0.5, 0.1), (0.5, 1.1, 0.1), (0.5, 0.9, 0.0)])
    def test_are_refused_where_they_are_none(self, asked: tuple[float, float, float]) -> None:
        with pytest.raises(MetricSpecError, match="IoU thresholds"):
            thresholds(*asked)
