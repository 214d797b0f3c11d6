from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.detection_answers import DetectionAnswers, Found, ToFind, detection_answers
from sonobench_eval.metrics.froc import froc, sensitivity_at_fppi

SQUARE = (0, 0, 10, 10)
OTHER = (20, 20, 30, 30)
FAR = (50, 50, 60, 60)


def at(answers: DetectionAnswers, rate: float, **settings: Any) -> float:
    return float(sensitivity_at_fppi(answers, once(answers.cases), rate=rate, **{"threshold": 0.5, **settings})[0])


def score(answers: DetectionAnswers, **settings: Any) -> float:
    return float(froc(answers, once(answers.cases), **{"threshold": 0.5, **settings})[0])


# Two images, two references. Falling: hit, alarm, alarm, hit. Sensitivity 1/2 up to 1 alarm an image, then 1.
ANSWERS = detection_answers(
    [[ToFind(0, SQUARE)], [ToFind(0, OTHER)]],
    [[Found(0, SQUARE, 0.9), Found(0, FAR, 0.8)], [Found(0, FAR, 0.7), Found(0, OTHER, 0.6)]],
    classes=1,
)


class TestSensitivityAtFppi:
    def test_is_what_is_found_before_there_are_more_alarms(self) -> None:
        assert [at(ANSWERS, rate) for rate in (0, 0.5, 0.99, 1, 8)] == [0.5, 0.5, 0.5, 1.0, 1.0]

    def test_between_tied_detections_a_line_is_drawn_or_the_surer_threshold_taken(self) -> None:
        # One threshold with two hits and two alarms in two images: the line from (0, 0) to (1, 1).
        answers = detection_answers(
            [[ToFind(0, SQUARE)], [ToFind(0, OTHER)]],
            [[Found(0, SQUARE), Found(0, FAR)], [Found(0, FAR), Found(0, OTHER)]],
            classes=1,
        )
        assert at(answers, 0.25) == 0.25
        assert at(answers, 0.25, between="step") == 0.0
        assert at(answers, 1, between="step") == 1.0

    def test_images_with_nothing_to_find_count(self) -> None:
        refs = [[ToFind(0, SQUARE)], [], [], []]
        answers = detection_answers(refs, [[Found(0, SQUARE, 0.5)], [Found(0, FAR, 0.9)], [], []], classes=1)
        # One alarm in four images before the hit.
        assert [at(answers, 0.24), at(answers, 0.25)] == [0.0, 1.0]

    def test_a_second_detection_is_an_alarm_or_nothing(self) -> None:
        answers = detection_answers(
            [[ToFind(0, SQUARE), ToFind(0, OTHER)]],
            [[Found(0, SQUARE, 0.9), Found(0, SQUARE, 0.8), Found(0, OTHER, 0.7)]],
            classes=1,
        )
        assert at(answers, 0.5) == 0.5
        assert at(answers, 0.5, duplicates="ignored") == 1.0

    def test_an_unusable_case_alarms_before_all_others(self) -> None:
        answers = detection_answers([[ToFind(0, SQUARE)], []], [[Found(0, SQUARE)], None], classes=1)
        assert [at(answers, 0.49), at(answers, 0.5)] == [0.0, 1.0]

    def test_each_resample_has_its_own_images(self) -> None:
        # The first image twice: 1/2 alarm an image comes from two alarms in four, behind the hits.
        counts = np.array([[1.0, 1], [2, 0], [0, 1], [0, 0]])
        found = sensitivity_at_fppi(ANSWERS, counts, rate=0.5, threshold=0.5)
        assert found[:3].tolist() == [0.5, 1.0, 0.0]
        assert np.isnan(found[3])


class TestFroc:
    def test_is_the_mean_at_seven_rates(self) -> None:
        # 1/8, 1/4, 1/2: 1/2 each; 1, 2, 4, 8: 1 each.
        assert score(ANSWERS) == pytest.approx((3 * 0.5 + 4) / 7)

    def test_camelyon_leaves_out_the_lowest(self) -> None:
        assert score(ANSWERS, rates="camelyon16") == pytest.approx((2 * 0.5 + 4) / 6)

    def test_counts_a_lesion_that_is_found_at_the_lowest_threshold(self) -> None:
        # MONAI's curve drops that threshold where every lesion is found: (fps, sensitivity) ends at (1, 1/2) and the score
        # is 1/2 everywhere.
        assert score(ANSWERS) > 0.5

    def test_is_the_mean_over_classes_that_are_held(self) -> None:
        answers = detection_answers([[ToFind(0, SQUARE), ToFind(1, OTHER)]], [[Found(0, SQUARE), Found(2, FAR)]], classes=3)
        assert score(answers) == 0.5

    def test_has_no_value_where_there_is_nothing_to_find(self) -> None:
        assert np.isnan(score(detection_answers([[]], [[Found(0, FAR)]], classes=1)))
