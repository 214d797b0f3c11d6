from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.detection import f1, fppi, localization_acc, mean_iou, precision, recall
from sonobench_eval.metrics.detection_answers import DetectionAnswers, Found, ToFind, around, detection_answers
from sonobench_eval.metrics.spec import MetricSpecError

SQUARE = (0, 0, 10, 10)
HALF = (0, 0, 10, 5)  # IoU with the square: 50 / 100
THIRD = (5, 0, 15, 10)  # 50 / 150
FAR = (50, 50, 60, 60)


def one_case(to_find: Sequence[ToFind], found: Sequence[Found] | None, *, classes: int = 1) -> DetectionAnswers:
    return detection_answers([to_find], [found], classes=classes)


def value(metric: Any, answers: DetectionAnswers, **settings: Any) -> float:
    return float(metric(answers, once(answers.cases), **{"threshold": 0.5, **settings})[0])


class TestMatching:
    def test_exactly_the_threshold_is_near_enough(self) -> None:
        assert value(recall, one_case([ToFind(0, SQUARE)], [Found(0, HALF)])) == 1.0

    def test_less_than_the_threshold_is_not(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, THIRD)])
        assert value(recall, answers) == 0.0
        assert value(recall, answers, threshold=1 / 3) == 1.0

    def test_boxes_are_continuous_no_pixel_is_added(self) -> None:
        # 10 x 10 against 10 x 9: 0.9. With VOC 2007's extra pixel it would be 110 / 121 = 0.909.
        answers = one_case([ToFind(0, SQUARE)], [Found(0, (0, 0, 10, 9))])
        assert value(mean_iou, answers) == 0.9

    def test_a_second_box_of_one_reference_is_a_false_positive(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, SQUARE, 0.4), Found(0, HALF, 0.9)])
        assert value(precision, answers) == 0.5
        assert value(recall, answers) == 1.0
        assert value(f1, answers) == pytest.approx(2 / 3)
        # The surer box chooses first, although the other fits better.
        assert value(mean_iou, answers) == 0.5

    def test_a_box_of_another_class_or_case_matches_nothing(self) -> None:
        other_class = one_case([ToFind(0, SQUARE)], [Found(1, SQUARE)], classes=2)
        other_case = detection_answers([[ToFind(0, SQUARE)], []], [[], [Found(0, SQUARE)]], classes=1)
        assert value(recall, other_class) == 0.0
        assert value(recall, other_case) == 0.0

    def test_equally_sure_boxes_are_matched_alike_in_any_order(self) -> None:
        # COCO and VOC take the first of the file: HALF would match in one order and SQUARE in the other.
        boxes = [Found(0, SQUARE, 0.5), Found(0, HALF, 0.5)]
        for found in (boxes, boxes[::-1]):
            assert value(mean_iou, one_case([ToFind(0, SQUARE)], found)) == 1.0

    def test_optimal_matching_finds_pairs_that_greed_gives_away(self) -> None:
        # Reference A = (0,0,10,10), B = (0,5,10,15). The surer box (0,3,10,13) has IoU 70/130 with A and 80/120 with B, so
        # it takes B, which leaves nothing to the other, (0,6,10,16): 40/160 with A, 90/110 with B.
        refs = [ToFind(0, SQUARE), ToFind(0, (0, 5, 10, 15))]
        answers = one_case(refs, [Found(0, (0, 3, 10, 13), 0.9), Found(0, (0, 6, 10, 16), 0.8)])
        assert value(recall, answers) == 0.5
        assert value(recall, answers, matching="optimal") == 1.0
        # 70/130 and 90/110.
        assert value(mean_iou, answers, matching="optimal") == pytest.approx((7 / 13 + 9 / 11) / 2)

    def test_optimal_matching_is_made_among_boxes_that_are_sure_enough(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, SQUARE, 0.1), Found(0, HALF, 0.9)])
        assert value(mean_iou, answers, matching="optimal") == 1.0
        assert value(mean_iou, answers, matching="optimal", confidence=0.5) == 0.5

    def test_an_ignored_reference_counts_neither_way_however_often_it_is_found(self) -> None:
        refs = [ToFind(0, SQUARE), ToFind(0, FAR, ignored=True)]
        answers = one_case(refs, [Found(0, SQUARE, 0.9), Found(0, FAR, 0.8), Found(0, FAR, 0.7)])
        assert value(precision, answers) == 1.0
        assert value(recall, answers) == 1.0

    def test_a_real_reference_goes_before_an_ignored_one(self) -> None:
        # The box is nearer to the ignored reference, and still finds the real one, as in COCO.
        refs = [ToFind(0, SQUARE), ToFind(0, HALF, ignored=True)]
        assert value(recall, one_case(refs, [Found(0, HALF)])) == 1.0

    def test_by_center_distance_in_px_and_mm(self) -> None:
        # Centers (5, 5) and (8, 9): 5 px; with pixels of 0.2 mm across and 0.1 mm down sqrt(0.6^2 + 0.4^2) = 0.721 mm.
        found = [[Found(0, (7, 8, 9, 10))]]
        answers = detection_answers([[ToFind(0, SQUARE)]], found, classes=1, spacing_mm=np.array([[0.2, 0.1]]))
        near = {"criterion": "center_distance"}
        assert value(recall, answers, **near, unit="px", threshold=5) == 1.0
        assert value(recall, answers, **near, unit="px", threshold=4.99) == 0.0
        assert value(recall, answers, **near, unit="mm", threshold=0.722) == 1.0
        assert value(recall, answers, **near, unit="mm", threshold=0.721) == 0.0

    def test_by_share_of_the_radius_in_three_dimensions(self) -> None:
        # LUNA16: within the radius of the nodule. 3, 4, 0 from the center is 5 away, the radius is 5 or 4.9.
        for radius, found in ((5, 1.0), (4.9, 0.0)):
            answers = one_case([ToFind(0, around((20, 20, 20), radius))], [Found(0, around((23, 24, 20), 1))])
            assert value(recall, answers, criterion="center_radius", threshold=1) == found

    def test_a_threshold_of_no_distance_asks_for_the_very_center(self) -> None:
        answers = one_case([ToFind(0, SQUARE), ToFind(0, FAR)], [Found(0, (4, 4, 6, 6)), Found(0, (50, 50, 60, 61))])
        assert value(recall, answers, criterion="center_distance", unit="px", threshold=0) == 0.5

    def test_iobb_divides_by_the_predicted_box(self) -> None:
        # HALF lies within the square: 50 / 50.
        assert value(recall, one_case([ToFind(0, SQUARE)], [Found(0, HALF)]), criterion="iobb", threshold=1) == 1.0

    def test_a_box_without_an_inside_overlaps_nothing(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, (5, 5, 5, 5))])
        assert value(precision, answers, threshold=0.001) == 0.0
        assert value(precision, answers, criterion="iobb", threshold=0.001) == 0.0


class TestPrecision:
    def test_is_0_where_nothing_is_said_and_something_was_to_be_found(self) -> None:
        assert value(precision, one_case([ToFind(0, SQUARE)], [])) == 0.0

    def test_has_no_value_where_there_is_nothing_at_all(self) -> None:
        assert np.isnan(value(precision, one_case([], [])))

    def test_counts_boxes_that_are_at_least_so_sure(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, SQUARE, 0.7), Found(0, FAR, 0.5)])
        assert value(precision, answers) == 0.5
        assert value(precision, answers, confidence=0.5) == 0.5
        assert value(precision, answers, confidence=0.6) == 1.0

    def test_averages_over_classes_or_pools_them(self) -> None:
        # Class 0: 1 of 1; class 1: 1 of 3; class 2 is neither held nor said. Pooled: 2 of 4.
        refs = [ToFind(0, SQUARE), ToFind(1, SQUARE)]
        found = [Found(0, SQUARE), Found(1, SQUARE), Found(1, FAR), Found(1, FAR)]
        answers = one_case(refs, found, classes=3)
        assert value(precision, answers) == pytest.approx((1 + 1 / 3) / 2)
        assert value(precision, answers, average="micro") == 0.5
        assert value(precision, answers, of_class=1) == pytest.approx(1 / 3)
        assert value(precision, answers, of_class=1, average="micro") == pytest.approx(1 / 3)

    def test_an_unusable_case_is_one_false_positive_of_each_class(self) -> None:
        # One hit, and an image with nothing to find that has no answer: 1 of 2 in each class, pooled 2 of 3.
        answers = detection_answers(
            [[ToFind(0, SQUARE), ToFind(1, SQUARE)], []], [[Found(0, SQUARE), Found(1, SQUARE)], None], classes=2
        )
        assert value(precision, answers) == 0.5
        assert value(precision, answers, average="micro") == pytest.approx(2 / 3)
        # No confidence is high enough to leave it out.
        assert value(precision, answers, confidence=1) == 0.5


class TestFppi:
    def test_divides_by_all_images(self) -> None:
        found = [[Found(0, FAR), Found(1, FAR)], [], []]
        answers = detection_answers([[ToFind(0, SQUARE)], [], []], found, classes=2)
        assert value(fppi, answers) == pytest.approx(2 / 3)
        assert value(fppi, answers, of_class=1) == pytest.approx(1 / 3)

    def test_an_unusable_case_has_one(self) -> None:
        answers = detection_answers([[], []], [None, []], classes=2)
        assert value(fppi, answers) == 0.5


class TestMeanIou:
    def test_is_over_references_or_matched_pairs_or_all(self) -> None:
        # 0.5 matched, one reference missed, two false positives: 0.5 / 2, 0.5 / 1, 0.5 / 4.
        answers = one_case([ToFind(0, SQUARE), ToFind(0, FAR)], [Found(0, HALF), Found(0, THIRD), Found(0, THIRD)])
        assert value(mean_iou, answers) == 0.25
        assert value(mean_iou, answers, over="matched") == 0.5
        assert value(mean_iou, answers, over="all") == 0.125

    def test_no_match_at_all_is_0_not_nothing(self) -> None:
        assert value(mean_iou, one_case([ToFind(0, SQUARE)], []), over="matched") == 0.0

    def test_references_of_an_unusable_case_count_0_even_among_matched_pairs(self) -> None:
        answers = detection_answers([[ToFind(0, SQUARE)], [ToFind(0, SQUARE)]], [[Found(0, SQUARE)], None], classes=1)
        assert value(mean_iou, answers, over="matched") == 0.5

    def test_is_of_iou_where_centers_decide_who_matches(self) -> None:
        # The centers (5, 5) and (5, 2.5) are 2.5 apart.
        answers = one_case([ToFind(0, SQUARE)], [Found(0, HALF)])
        assert value(mean_iou, answers, criterion="center_distance", unit="px", threshold=3) == 0.5


class TestLocalizationAcc:
    def test_judges_the_surest_box_of_each_image_and_class(self) -> None:
        refs = [[ToFind(0, SQUARE)], [ToFind(0, SQUARE)], [ToFind(1, SQUARE)], []]
        found = [
            [Found(0, SQUARE, 0.9), Found(0, FAR, 0.1)],
            [Found(0, SQUARE, 0.1), Found(0, FAR, 0.9)],
            [Found(1, SQUARE, 0.2), Found(0, FAR, 0.9)],
            [Found(0, FAR, 0.9)],
        ]
        answers = detection_answers(refs, found, classes=2)
        # Class 0: 1 of 2; class 1: 1 of 1. Pooled: 2 of 3.
        assert value(localization_acc, answers) == 0.75
        assert value(localization_acc, answers, average="micro") == pytest.approx(2 / 3)

    def test_many_equally_sure_guesses_do_not_pay(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, SQUARE, 0.5), Found(0, FAR, 0.5)])
        assert value(localization_acc, answers) == 0.0

    def test_any_of_several_references_will_do(self) -> None:
        answers = one_case([ToFind(0, FAR), ToFind(0, SQUARE)], [Found(0, SQUARE)])
        assert value(localization_acc, answers) == 1.0

    def test_no_box_and_no_answer_are_wrong(self) -> None:
        for found in ([], None):
            assert value(localization_acc, one_case([ToFind(0, SQUARE)], found)) == 0.0

    def test_images_with_only_ignored_references_are_not_asked_about(self) -> None:
        assert np.isnan(value(localization_acc, one_case([ToFind(0, SQUARE, ignored=True)], [Found(0, SQUARE)])))


class TestRefusals:
    def test_of_thresholds_that_are_none(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, SQUARE)])
        for settings in ({"threshold": 0}, {"threshold": 1.1}, {"criterion": "center_radius", "threshold": -1}):
            with pytest.raises(MetricSpecError, match="threshold"):
                value(recall, answers, **settings)

    def test_of_a_unit_where_there_is_no_distance_and_of_a_distance_without_one(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, SQUARE)])
        for settings in ({"unit": "px"}, {"criterion": "center_distance", "threshold": 3}):
            with pytest.raises(MetricSpecError, match="unit"):
                value(recall, answers, **settings)

    def test_of_millimetres_that_nobody_knows(self) -> None:
        answers = one_case([ToFind(0, SQUARE)], [Found(0, SQUARE)])
        with pytest.raises(MetricSpecError, match="pixel size"):
            value(recall, answers, criterion="center_distance", unit="mm", threshold=3)

    def test_of_a_class_that_does_not_exist(self) -> None:
        with pytest.raises(MetricSpecError, match="there is no class 1"):
            value(recall, one_case([ToFind(0, SQUARE)], []), of_class=1)


class TestDetectionAnswers:
    def test_refuses_boxes_that_are_none(self) -> None:
        for box in ((10, 0, 0, 10), (0, 0, np.nan, 10), (0, 0, np.inf, 10)):
            with pytest.raises(ValueError, match="corners"):
                one_case([], [Found(0, box)])

    def test_refuses_confidences_and_classes_that_are_none(self) -> None:
        with pytest.raises(ValueError, match="confidences"):
            one_case([], [Found(0, SQUARE, np.nan)])
        with pytest.raises(ValueError, match="classes of boxes count from 0 to 0"):
            one_case([], [Found(1, SQUARE)])

    def test_refuses_more_answers_than_cases(self) -> None:
        with pytest.raises(ValueError, match="2 answers to 1 cases"):
            detection_answers([[]], [[], []], classes=1)

    def test_some_cases_bring_their_own_boxes_as_often_as_they_are_named(self) -> None:
        refs = [[ToFind(0, SQUARE)], [ToFind(0, FAR), ToFind(0, HALF)]]
        answers = detection_answers(refs, [[Found(0, SQUARE)], None], classes=1).take(np.array([1, 0, 1]))
        assert answers.reference.case.tolist() == [0, 0, 1, 2, 2]
        assert answers.reference.low[:, 0].tolist() == [50, 0, 0, 50, 0]
        assert answers.predicted.case.tolist() == [1]
        assert answers.unusable.tolist() == [True, False, True]

    def test_no_cases_have_no_values(self) -> None:
        answers = detection_answers([], [], classes=1)
        assert np.isnan(value(f1, answers))
