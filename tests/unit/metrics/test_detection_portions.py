"""Large tables are worked through in portions, which must not show."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics import detection_curve, detection_pairs
from sonobench_eval.metrics.average_precision import ap
from sonobench_eval.metrics.detection import mean_iou
from sonobench_eval.metrics.detection_answers import DetectionAnswers, Found, ToFind, detection_answers
from sonobench_eval.metrics.froc import froc

COUNTS = np.array([[1.0, 1, 1], [2, 0, 1], [0, 1, 2], [0, 0, 3], [3, 0, 0]])


def answers() -> DetectionAnswers:
    boxes = [(0, 0, 10, 10), (4, 0, 14, 10), (30, 30, 40, 42)]
    refs = [[ToFind(0, boxes[0]), ToFind(0, boxes[2])], [ToFind(0, boxes[1])], []]
    found = [[Found(0, box, 0.9 - 0.1 * place - 0.02 * case) for place, box in enumerate(boxes)] for case in range(3)]
    return detection_answers(refs, found, classes=1)


def measured() -> list[list[float]]:
    table = answers()  # a new one, since matches are kept with it
    return [metric(table, COUNTS, threshold=0.4).tolist() for metric in (ap, froc, mean_iou)]


class TestPortions:
    def test_of_pairs_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = measured()
        monkeypatch.setattr(detection_pairs, "PAIRS_AT_ONCE", 1)
        np.testing.assert_array_equal(measured(), expected)

    def test_of_resamples_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = measured()
        monkeypatch.setattr(detection_curve, "NUMBERS_AT_ONCE", 1)
        np.testing.assert_array_equal(measured(), expected)


class TestTake:
    def test_gives_the_same_table_again_so_that_matches_are_made_once(self) -> None:
        table = answers()
        assert table.take(np.array([2, 0])) is table.take(np.array([2, 0]))
        assert table.take(np.arange(3)) is table
        assert table.take(np.array([2, 0])) is not table.take(np.array([0, 2]))
