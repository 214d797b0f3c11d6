from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.regression import LIMITS, bias, loa_width, mae, medae, r2, rmse
from sonobench_eval.metrics.regression_agreement import bland_altman
from sonobench_eval.metrics.regression_answers import OutOfRangeError, ValueAnswers
from sonobench_eval.metrics.regression_association import ccc, icc, pearson, spearman

NAN = np.nan


def values(reference: list[float], predicted: list[float], *, high: float = 10) -> ValueAnswers:
    return ValueAnswers(np.array(reference, dtype=float), np.array(predicted, dtype=float), 0.0, float(high))


TABLE = values([1, 2, 3, 6], [2, 2, 5, 6])
"""Differences 1, 0, 2, 0."""


def value(found: np.ndarray) -> float:
    return float(found[0])


class TestValueAnswers:
    def test_a_reference_outside_the_range_is_refused(self) -> None:
        with pytest.raises(OutOfRangeError, match="a reference value lies outside 0 to 10"):
            values([11], [1])

    def test_infinity_is_outside_any_range(self) -> None:
        with pytest.raises(OutOfRangeError, match="a predicted value"):
            values([1], [np.inf])


class TestErrors:
    def test_mean_root_mean_square_and_median(self) -> None:
        assert value(mae(TABLE, once(4))) == 0.75
        assert value(rmse(TABLE, once(4))) == pytest.approx(np.sqrt(5 / 4))
        # 0, 0, 1, 2: the mean of the two in the middle.
        assert value(medae(TABLE, once(4))) == 0.5
        # The case with an error of 2 three times: 0, 0, 1, 2, 2, 2.
        assert value(medae(TABLE, np.array([[1.0, 1, 3, 1]]))) == 1.5

    def test_a_missing_answer_errs_as_far_as_the_range_allows(self) -> None:
        # From 3 to 10.
        assert value(mae(values([3, 3], [3, NAN]), once(2))) == 3.5

    def test_r2_compares_with_the_mean(self) -> None:
        # Squared errors 5; around the mean 3: 4 + 1 + 0 + 9 = 14.
        assert value(r2(TABLE, once(4))) == pytest.approx(1 - 5 / 14)
        assert np.isnan(value(r2(values([2, 2], [2, 3]), once(2))))


class TestBlandAltman:
    def test_bias_is_the_mean_difference_without_its_sign(self) -> None:
        assert value(bias(TABLE, once(4))) == 0.75
        assert value(bias(values([2, 2], [1, 0]), once(2))) == 1.5

    def test_a_missing_answer_cannot_make_up_for_others(self) -> None:
        # One is 2 below. The other could be 4 above, mean 1, or 6 below, mean 4.
        assert value(bias(values([2, 6], [0, NAN]), once(2))) == 4.0

    def test_the_limits_are_1_96_deviations_either_way(self) -> None:
        # Deviations 0.25, -0.75, 1.25, -0.75: squares 2.75, over 3.
        assert value(loa_width(TABLE, once(4))) == pytest.approx(2 * LIMITS * np.sqrt(2.75 / 3))

    def test_a_missing_answer_widens_them_most(self) -> None:
        # Differences 0, 0 and either -2 or 8: 8 it is, squares 2 * (8/3)^2 + (16/3)^2 = 128/3, over 2.
        assert value(loa_width(values([1, 5, 2], [1, 5, NAN]), once(3))) == pytest.approx(2 * LIMITS * np.sqrt(64 / 3))

    def test_the_record_has_intervals(self) -> None:
        found = bland_altman(TABLE)
        assert found is not None
        sd = np.sqrt(2.75 / 3)
        assert (found.cases, found.unusable, found.bias.value) == (4, 0, 0.75)
        assert found.sd == pytest.approx(sd)
        # t of 3 degrees of freedom, 97.5 %: 3.182446.
        assert found.bias.ci_high - found.bias.value == pytest.approx(3.182446 * sd / 2, rel=1e-6)
        assert found.loa_high.value == pytest.approx(0.75 + LIMITS * sd)
        assert found.loa_high.ci_high - found.loa_high.value == pytest.approx(
            3.182446 * sd * np.sqrt(1 / 4 + LIMITS**2 / 6), rel=1e-6
        )

    def test_the_record_leaves_missing_answers_out_and_counts_them(self) -> None:
        found = bland_altman(values([1, 2, 3], [2, 2, NAN]))
        assert found is not None
        assert (found.cases, found.unusable) == (2, 1)
        assert bland_altman(values([1, 2], [2, NAN])) is None


class TestCorrelations:
    def test_pearson(self) -> None:
        # Around the means 3 and 3.75: products 3.5 + 1.75 + 0 + 6.75 = 12; squares 14 and 12.75.
        assert value(pearson(TABLE, once(4))) == pytest.approx(12 / np.sqrt(14 * 12.75))

    def test_spearman_shares_ranks_of_equals(self) -> None:
        # Ranks 1, 2, 3, 4 and 1.5, 1.5, 3, 4: products around 2.5: 1.5 + 0.5 + 0.25 + 2.25 = 4.5; squares 5 and 4.5.
        assert value(spearman(TABLE, once(4))) == pytest.approx(4.5 / np.sqrt(5 * 4.5))

    def test_spearman_ranks_anew_in_each_resample(self) -> None:
        # Without the case in the middle (1, 3), (5, 5): in order. With it (1, 3), (2, 9), (5, 5): ranks 1, 2, 3 and 1, 3, 2: 1/2.
        table = values([1, 2, 5], [3, 9, 5])
        np.testing.assert_allclose(spearman(table, np.array([[1.0, 0, 1], [1, 1, 1]])), [1.0, 0.5])

    def test_a_constant_answer_goes_along_with_nothing(self) -> None:
        constant = values([1, 2, 3], [4, 4, 4])
        for metric in (pearson, spearman, ccc, icc):
            assert value(metric(constant, once(3))) == pytest.approx(0.0, abs=1e-12)

    def test_a_constant_reference_leaves_no_value(self) -> None:
        for metric in (pearson, spearman, ccc, icc):
            assert np.isnan(value(metric(values([2, 2, 2], [1, 2, 3]), once(3))))

    def test_a_missing_answer_to_an_extreme_case_is_not_taken_for_a_good_one(self) -> None:
        # All references are low: the far end of the range, 10, for the highest of them would look like agreement.
        full, less = values([0, 1, 2], [0, 1, 2]), values([0, 1, 2], [0, 1, NAN])
        for metric in (pearson, spearman, ccc, icc):
            assert value(metric(less, once(3))) <= 0 < value(metric(full, once(3)))

    def test_concordance_punishes_a_constant_distance(self) -> None:
        # Moved by 2: covariance 2/3, variances 2/3, distance of means 2: (4/3) / (4/3 + 4).
        assert value(ccc(values([1, 2, 3], [3, 4, 5]), once(3))) == pytest.approx(0.25)


class TestIcc:
    # Shrout and Fleiss 1979, table 2, judges 1 and 4 of six subjects: 9 8, 6 2, 8 8, 7 6, 10 9, 6 7.
    # Rows' means 8.5, 4, 8, 6.5, 9.5, 6.5; grand mean 43/6. Between subjects: MSR = 2 * 18.8333... / 5 = 37.6667 / 5 = 7.5333;
    # judges: sums 46 and 40, MSC = 36 / 12 = 3; total sum of squares 47.6667, so MSE = (47.6667 - 37.6667 - 3) / 5 = 1.4.
    JUDGES = values([9, 6, 8, 7, 10, 6], [8, 2, 8, 6, 9, 7])

    def test_of_agreement_counts_a_distance_between_the_raters(self) -> None:
        msr, msc, mse = 37.666667 / 5, 3.0, 1.4
        expected = (msr - mse) / (msr + mse + 2 * (msc - mse) / 6)
        assert value(icc(self.JUDGES, once(6))) == pytest.approx(expected, rel=1e-6)

    def test_of_consistency_does_not(self) -> None:
        msr, mse = 37.666667 / 5, 1.4
        assert value(icc(self.JUDGES, once(6), form="3,1")) == pytest.approx((msr - mse) / (msr + mse), rel=1e-6)
        assert value(icc(values([1, 2, 3], [3, 4, 5]), once(3), form="3,1")) == pytest.approx(1.0)

    def test_needs_two_cases(self) -> None:
        assert np.isnan(value(icc(values([1], [1]), once(1))))
