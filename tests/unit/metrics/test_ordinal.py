from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.ordinal import acc, grade_confusion, kappa, kendall_tau, mae, rmse, spearman, within_one
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.metrics.regression_answers import OutOfRangeError

PLANES = (0.0, 4.0, 6.0, 8.0, 10.0)
"""Bins of the quality score of abdominal planes."""


def graded(
    reference: list[float], predicted: list[float], *, high: float = 4, edges: tuple[float, ...] | None = None
) -> GradeAnswers:
    return GradeAnswers(np.array(reference, dtype=float), np.array(predicted, dtype=float), 0.0, float(high), edges)


def value(values: np.ndarray) -> float:
    return float(values[0])


class TestGradeAnswers:
    def test_bins_hold_their_lower_edge_and_the_last_one_both(self) -> None:
        table = graded([0, 3.9, 4, 6, 8, 10], [0] * 6, high=10, edges=PLANES)
        assert table.reference_grades().tolist() == [0, 0, 1, 2, 3, 3]
        assert table.grades == 4

    def test_without_bins_a_score_has_the_nearest_grade_and_halves_go_up(self) -> None:
        assert graded([0, 0, 0, 0], [0.4, 0.5, 3.5, 4.0]).predicted_grades().tolist() == [0, 1, 4, 4]

    def test_grades_need_not_begin_at_0(self) -> None:
        table = GradeAnswers(np.array([1.0, 6.0]), np.array([2.0, np.nan]), 1.0, 6.0)
        assert table.grades == 6
        assert table.reference_grades().tolist() == [0, 5]
        assert table.predicted_grades().tolist() == [1, -1]

    def test_a_value_outside_the_range_is_refused(self) -> None:
        with pytest.raises(OutOfRangeError, match="a predicted value lies outside 0 to 4"):
            graded([1], [5])

    @pytest.mark.parametrize("edges", [(0.0, 4.0), (1.0, 10.0), (0.0, 5.0, 5.0, 10.0), (0.0,)])
    def test_bins_that_do_not_make_up_the_range_are_refused(self, edges: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match="bins"):
            graded([1], [1], high=10, edges=edges)


class TestKappa:
    def test_quadratic_punishes_far_mistakes(self) -> None:
        # References and predictions (0, 1, 2), (0, 1, 1): cost 1. By chance the mean over all nine pairs times 3:
        # (0+1+1 + 1+0+0 + 4+1+1) / 3 = 3. 1 - 1/3.
        assert value(kappa(graded([0, 1, 2], [0, 1, 1], high=2), once(3), weights="quadratic")) == pytest.approx(2 / 3)

    def test_distances_do_not_shrink_where_a_grade_does_not_occur(self) -> None:
        # References 0, 1, 4, predictions 0, 4, 4, of grades 0 to 4: cost 3; by chance (0+4+4 + 1+3+3 + 4+0+0) / 3 = 19 / 3.
        # Numbered 0, 1, 2, as if there were no others, they would cost 1 of 3.
        assert value(kappa(graded([0, 1, 4], [0, 4, 4]), once(3), weights="linear")) == pytest.approx(1 - 9 / 19)

    def test_has_no_value_where_all_have_one_grade(self) -> None:
        assert np.isnan(value(kappa(graded([2, 2], [2, 1]), once(2), weights="quadratic")))

    def test_a_missing_answer_has_the_grade_that_hurts_most(self) -> None:
        known = [value(kappa(graded([0, 1, 3, 4], [0, 1, 3, each]), once(4), weights="quadratic")) for each in range(5)]
        assert value(kappa(graded([0, 1, 3, 4], [0, 1, 3, np.nan]), once(4), weights="quadratic")) == pytest.approx(min(known))


class TestErrors:
    def test_are_of_scores_as_given(self) -> None:
        # Off by 0.5 and 2.
        table = graded([1, 1], [1.5, 3])
        assert value(mae(table, once(2))) == 1.25
        assert value(rmse(table, once(2))) == pytest.approx(np.sqrt((0.25 + 4) / 2))

    def test_a_missing_answer_errs_as_far_as_the_range_goes(self) -> None:
        assert value(mae(graded([1], [np.nan]), once(1))) == 3.0


class TestAcc:
    def test_counts_right_grades_and_near_ones(self) -> None:
        table = graded([0, 1, 2, 3, 4], [0, 2, 4, 3, np.nan])
        assert value(acc(table, once(5))) == pytest.approx(2 / 5)
        assert value(within_one(table, once(5))) == pytest.approx(3 / 5)


class TestRankCorrelations:
    def test_kendall_counts_pairs_and_corrects_for_ties(self) -> None:
        # References 0, 1, 2; predictions 0, 0, 1: two pairs in order, one tied in the prediction: 2 / sqrt(3 * 2).
        assert value(kendall_tau(graded([0, 1, 2], [0, 0, 1]), once(3))) == pytest.approx(2 / np.sqrt(6))

    def test_a_missing_answer_is_in_the_wrong_order_with_all(self) -> None:
        # Of three pairs one in order, two lost: -1/3.
        assert value(kendall_tau(graded([0, 1, 2], [0, 1, np.nan]), once(3))) == pytest.approx(-1 / 3)

    def test_spearman_is_that_of_the_scores(self) -> None:
        assert value(spearman(graded([0, 1, 2], [0.1, 0.2, 0.3]), once(3))) == pytest.approx(1.0)


class TestGradeConfusion:
    def test_takes_scores_by_bins(self) -> None:
        found = grade_confusion(graded([3, 5, 9, 10], [4, 5.9, 7, np.nan], high=10), edges=PLANES)
        assert found.edges == PLANES
        assert found.matrix.cases.tolist() == [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
        assert found.matrix.unusable.tolist() == [0, 0, 0, 1]

    def test_has_the_grades_of_the_answers_where_no_bins_are_named(self) -> None:
        found = grade_confusion(graded([0, 1], [0, 0], high=1))
        assert found.edges == (-0.5, 0.5, 1.5)
        assert found.matrix.cases.tolist() == [[1, 0], [1, 0]]

    def test_refuses_bins_that_do_not_hold_the_range(self) -> None:
        with pytest.raises(ValueError, match="do not hold 0 to 10"):
            grade_confusion(graded([1], [1], high=10), edges=(0.0, 4.0, 8.0))
