"""BCa intervals, and when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.bca import NO_INFLUENCE, NO_JACKKNIFE, ONE_SIDED, TOO_FAST, acceleration, bca_interval
from sonobench_eval.statistics.bootstrap import Interval, percentile_interval


class TestAcceleration:
    def test_is_a_sixth_of_the_skewness_of_the_influence(self) -> None:
        # The mean of 0, 0, 3 without each: 1.5, 1.5, 0. Influence 2/3 (-1/2, -1/2, 1): squares sum to 2/3, cubes to 2/9.
        assert acceleration(np.array([1.5, 1.5, 0.0])) == pytest.approx((2 / 9) / (6 * (2 / 3) ** 1.5))

    def test_of_a_symmetric_sample_is_nothing(self) -> None:
        assert acceleration(np.array([1.0, 2.0, 3.0])) == pytest.approx(0, abs=1e-15)

    def test_adds_up_strata_each_around_its_own_mean(self) -> None:
        # Stratum 0 as above; the units of stratum 1 lie elsewhere, symmetrically: influence 1/2 (-1, 1), squares 1/2, cubes 0.
        found = acceleration(np.array([1.5, 9.0, 1.5, 11.0, 0.0]), np.array([0, 1, 0, 1, 0]))
        assert found == pytest.approx((2 / 9) / (6 * (2 / 3 + 1 / 2) ** 1.5))

    def test_a_stratum_of_one_unit_has_no_influence_even_where_it_cannot_be_left_out(self) -> None:
        found = acceleration(np.array([1.5, 1.5, 0.0, np.nan]), np.array([0, 0, 0, 1]))
        assert found == acceleration(np.array([1.5, 1.5, 0.0]))

    def test_there_is_none_where_no_unit_has_influence(self) -> None:
        assert acceleration(np.full(5, 0.7)) is None
        assert acceleration(np.array([])) is None

    def test_rounding_is_no_influence(self) -> None:
        assert acceleration(np.array([0.3, 0.1 + 0.2, 0.3])) is None

    def test_is_not_a_number_where_a_unit_cannot_be_left_out(self) -> None:
        assert np.isnan(acceleration(np.array([0.5, np.nan, 0.6])))


class TestBcaInterval:
    def test_without_bias_and_acceleration_is_the_percentile_interval(self) -> None:
        replicates = np.arange(101.0)  # 50 below the value 50, 50 above, and one that equals it
        plain = percentile_interval(replicates, confidence=0.95)
        found = bca_interval(replicates, 50.0, 0.0, confidence=0.95)
        assert found is not None
        assert plain is not None
        assert (found.low, found.high, found.kind) == (pytest.approx(plain.low), pytest.approx(plain.high), "bca")

    def test_bias_moves_both_ends(self) -> None:
        # 69.15 of 100 replicates below the value: bias 0.5. Ends at the quantiles Phi(2 * 0.5 -+ 1.96) = 0.1685 and 0.99846.
        replicates = np.linspace(0, 1, 100_001)
        found = bca_interval(replicates, 0.69146246, 0.0, confidence=0.95)
        assert found is not None
        assert (found.low, found.high) == (pytest.approx(0.16853, abs=2e-5), pytest.approx(0.99846, abs=2e-5))

    def test_acceleration_stretches_one_end(self) -> None:
        # Bias 0: ends at Phi(-1.96 / 1.196) = 0.05063 and Phi(1.96 / 0.804) = 0.99261.
        replicates = np.linspace(0, 1, 100_001)
        found = bca_interval(replicates, 0.5, 0.1, confidence=0.95)
        assert found is not None
        assert (found.low, found.high) == (pytest.approx(0.05063, abs=2e-5), pytest.approx(0.99261, abs=2e-5))

    @pytest.mark.parametrize(
        ("value", "accelerated", "reason"),
        [
            (0.5, None, NO_INFLUENCE),
            (0.5, np.nan, NO_JACKKNIFE),
            (1.5, 0.0, ONE_SIDED),
            (-0.5, 0.0, ONE_SIDED),
            (0.5, 0.6, TOO_FAST),
        ],
    )
    def test_falls_back_to_the_percentile_interval_and_says_why(
        self, value: float, accelerated: float | None, reason: str
    ) -> None:
        replicates = np.linspace(0, 1, 41)
        assert bca_interval(replicates, value, accelerated, confidence=0.95) == Interval(
            pytest.approx(0.025), pytest.approx(0.975), 0, kind="percentile", instead_because=reason
        )

    def test_leaves_out_and_counts_what_has_no_value(self) -> None:
        found = bca_interval(np.array([0.0, np.nan, 1.0, 2.0]), 1.0, 0.0, confidence=0.9)
        assert found is not None
        assert found.undefined == 1

    def test_is_none_where_nothing_has_a_value(self) -> None:
        assert bca_interval(np.array([np.nan]), 0.5, 0.0, confidence=0.95) is None
