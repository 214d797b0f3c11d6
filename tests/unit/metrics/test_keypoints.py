from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.keypoints import KeypointAnswers, errors, mre, pck
from sonobench_eval.metrics.spec import MetricSpecError

NOWHERE = [np.nan, np.nan]
SIZE = [30.0, 40.0]  # across, then down: the diagonal is 50


def answers(reference: list[Any], predicted: list[Any], *, spacing_mm: Any = None) -> KeypointAnswers:
    size = np.tile(SIZE, (len(reference), 1))
    spacing = None if spacing_mm is None else np.tile(np.asarray(spacing_mm, dtype=float), (len(reference), 1))
    return KeypointAnswers(np.array(reference, dtype=float), np.array(predicted, dtype=float), size, spacing)


def value(metric: Any, table: KeypointAnswers, **settings: Any) -> float:
    return float(metric(table, once(len(table.reference)), **settings)[0])


# Errors 5 and 0; 10 and (not annotated).
TABLE = answers([[[0, 0], [10, 10]], [[0, 0], NOWHERE]], [[[3, 4], [10, 10]], [[6, 8], [1, 1]]], spacing_mm=[0.5, 0.25])


class TestMre:
    def test_is_the_mean_distance_over_annotated_points(self) -> None:
        assert value(mre, TABLE, unit="px") == pytest.approx((5 + 0 + 10) / 3)

    def test_in_mm_each_axis_has_its_own_spacing(self) -> None:
        # (1.5, 1): sqrt(3.25); 0; (3, 2): twice that.
        assert value(mre, TABLE, unit="mm") == pytest.approx((13**0.5 / 2 + 0 + 13**0.5) / 3)

    def test_may_weigh_points_alike_or_ask_about_one(self) -> None:
        # Point 0: 7.5, point 1: 0.
        assert value(mre, TABLE, unit="px", average="macro") == 3.75
        assert value(mre, TABLE, unit="px", of_point=0) == 7.5
        assert value(mre, TABLE, unit="px", of_point=1) == 0.0

    def test_as_a_share_of_the_diagonal(self) -> None:
        table = answers([[[0, 0]]], [[[3, 4]]])
        assert value(mre, table, unit="diagonal") == 0.1

    def test_as_a_share_of_a_segment_of_the_reference(self) -> None:
        # Case 0: from (0, 0) to (0, 20), errors 5 and 0. Case 1 has no such segment and is left out.
        table = answers([[[0, 0], [0, 20]], [[0, 0], NOWHERE]], [[[3, 4], [0, 20]], [[9, 9], [9, 9]]])
        assert value(mre, table, unit="segment", from_point=0, to_point=1) == pytest.approx((0.25 + 0) / 2)

    def test_a_missing_point_errs_by_the_diagonal_of_the_image(self) -> None:
        assert value(mre, answers([[[0, 0], [1, 1]]], [[NOWHERE, [1, 1]]]), unit="px") == 25.0
        # 30 * 0.5 and 40 * 0.25 mm: sqrt(15^2 + 10^2).
        lacking = answers([[[0, 0]]], [[NOWHERE]], spacing_mm=[0.5, 0.25])
        assert value(mre, lacking, unit="mm") == pytest.approx(325**0.5)

    def test_no_point_errs_by_more_than_that_so_that_silence_does_not_pay(self) -> None:
        assert value(mre, answers([[[0, 0]]], [[[3000, 4000]]]), unit="px") == 50.0

    def test_has_no_value_where_nothing_is_annotated(self) -> None:
        assert np.isnan(value(mre, answers([[NOWHERE]], [[[1, 1]]]), unit="px"))

    def test_each_resample_is_judged_on_its_own(self) -> None:
        # Case 1 alone: 10. Case 0 twice and case 1: (2 (5 + 0) + 10) / 5.
        found = mre(TABLE, np.array([[0.0, 1], [2, 1], [0, 0]]), unit="px")
        assert found[:2].tolist() == [10.0, 4.0]
        assert np.isnan(found[2])


class TestPck:
    def test_exactly_the_threshold_is_right(self) -> None:
        assert value(pck, TABLE, threshold=5, unit="px") == pytest.approx(2 / 3)
        assert value(pck, TABLE, threshold=4.99, unit="px") == pytest.approx(1 / 3)

    def test_a_missing_point_is_never_right(self) -> None:
        assert value(pck, answers([[[0, 0]]], [[NOWHERE]]), threshold=1000, unit="px") == 0.0

    def test_of_half_a_head_as_mpii(self) -> None:
        # The segment is 10 long; errors 5 (right at 0.5) and 6.
        table = answers([[[0, 0], [10, 0]]], [[[0, 5], [10, 6]]])
        assert value(pck, table, threshold=0.5, unit="segment", from_point=0, to_point=1) == 0.5

    def test_in_three_dimensions_and_mm(self) -> None:
        table = KeypointAnswers(np.zeros((1, 1, 3)), np.array([[[2.0, 3, 6]]]), np.full((1, 3), 100.0), np.array([[1.0, 1, 0.5]]))
        # (2, 3, 3) mm: sqrt(22) = 4.690.
        assert [value(pck, table, threshold=each, unit="mm") for each in (4.69, 4.7)] == [0.0, 1.0]


class TestErrors:
    def test_are_of_each_case_and_point(self) -> None:
        assert np.array_equal(errors(TABLE, unit="px"), [[5, 0], [10, np.nan]], equal_nan=True)


class TestRefusals:
    def test_of_millimetres_that_nobody_knows(self) -> None:
        with pytest.raises(MetricSpecError, match="pixel size"):
            value(mre, answers([[[0, 0]]], [[[0, 0]]]), unit="mm")

    def test_of_a_segment_without_ends_and_of_ends_without_a_segment(self) -> None:
        for settings in ({"unit": "segment"}, {"unit": "segment", "from_point": 0}, {"unit": "px", "to_point": 1}):
            with pytest.raises(MetricSpecError, match="from_point and to_point"):
                value(mre, TABLE, **settings)

    def test_of_points_that_do_not_exist(self) -> None:
        for settings in ({"unit": "px", "of_point": 2}, {"unit": "segment", "from_point": 0, "to_point": 2}):
            with pytest.raises(MetricSpecError, match="there is no point 2"):
                value(mre, TABLE, **settings)

    def test_of_tables_that_do_not_fit(self) -> None:
        with pytest.raises(ValueError, match="shape"):
            KeypointAnswers(np.zeros((1, 2, 2)), np.zeros((1, 1, 2)), np.ones((1, 2)))
        with pytest.raises(ValueError, match="finite"):
            KeypointAnswers(np.zeros((1, 1, 2)), np.full((1, 1, 2), np.inf), np.ones((1, 2)))
