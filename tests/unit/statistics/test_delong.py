"""DeLong's and Obuchowski's variances, by hand.

Positives score 3 and 2, negatives 2, 1 and 0. The positives beat shares of the negatives of 1 and (1/2 + 1 + 1) / 3 = 5/6; the
negatives are beaten by shares of the positives of (1 + 1/2) / 2 = 3/4, 1 and 1. Area: 11/12.
"""

from __future__ import annotations

from math import erfc, exp, log, sqrt

import numpy as np
import pytest

from sonobench_eval.statistics.delong import (
    NO_SPREAD,
    ONE_CLASS,
    TOO_FEW,
    NoAucError,
    auc_covariance,
    auc_interval,
    delong_test,
    placements,
)

POSITIVE = np.array([True, True, False, False, False])
SCORES = np.array([3.0, 2.0, 2.0, 1.0, 0.0])
ALONE = list("abcde")
AUC = 11 / 12


class TestPlacements:
    def test_are_shares_of_the_other_class(self) -> None:
        found = placements(POSITIVE, SCORES[np.newaxis])
        assert found.auc == pytest.approx([AUC])
        assert found.wins[0] == pytest.approx([1, 5 / 6])
        assert found.losses[0] == pytest.approx([3 / 4, 1, 1])

    def test_refuse_what_is_no_number(self) -> None:
        with pytest.raises(ValueError, match="finite"):
            placements(POSITIVE, np.array([[3.0, np.nan, 2.0, 1.0, 0.0]]))

    @pytest.mark.parametrize("labels", [[True] * 5, [False] * 5])
    def test_refuse_a_single_class(self, labels: list[bool]) -> None:
        with pytest.raises(NoAucError, match=ONE_CLASS):
            placements(np.array(labels), SCORES[np.newaxis])


class TestAucCovariance:
    def test_of_independent_cases_is_delongs(self) -> None:
        # Wins: deviations +-1/12, sample variance 1/72, over 2. Losses: -1/6, 1/12, 1/12, sample variance 1/48, over 3.
        found = auc_covariance(POSITIVE, SCORES[np.newaxis], ALONE)
        assert found.covariance[0, 0] == pytest.approx(1 / 144 + 1 / 144)
        assert found.method == "DeLong, 5 cases"

    def test_of_subjects_is_obuchowskis(self) -> None:
        # Subjects: the first positive and negative; the second positive and third negative; the second negative.
        # The classes on their own as above. Across: 3/2 (1/12 * -1/6 + -1/12 * 1/12) / (2 * 3) = -1/192, twice.
        found = auc_covariance(POSITIVE, SCORES[np.newaxis], ["x", "y", "x", "z", "y"])
        assert found.covariance[0, 0] == pytest.approx(2 / 144 - 2 / 192)
        assert found.method == "Obuchowski's clustered form of DeLong, 3 subjects"

    def test_of_two_algorithms_shows_how_they_vary_together(self) -> None:
        # The second algorithm scores 1, 3 against 2, 1, 0: wins (0 + 1/2 + 1) / 3 = 1/2 and 1; losses 1/2, 3/4, 1; area 3/4.
        # Wins together: (1/12 * -1/4 + -1/12 * 1/4) / 1 / 2 = -1/48. Losses: (-1/6 * -1/4 + 0 + 1/12 * 1/4) / 2 / 3 = 1/96.
        found = auc_covariance(POSITIVE, np.array([SCORES, [1.0, 3.0, 2.0, 1.0, 0.0]]), ALONE)
        assert found.auc == pytest.approx([11 / 12, 3 / 4])
        assert found.covariance[0, 1] == pytest.approx(-1 / 48 + 1 / 96)
        assert found.covariance[1, 0] == found.covariance[0, 1]

    def test_refuses_a_class_of_one_subject(self) -> None:
        with pytest.raises(NoAucError, match=TOO_FEW):
            auc_covariance(POSITIVE, SCORES[np.newaxis], ["x", "x", "y", "z", "w"])


class TestAucInterval:
    def test_on_the_logit_scale(self) -> None:
        # Log odds log(11) -+ 1.959964 sqrt(1/72) / (11/12 * 1/12)
        reach = 1.959963985 * sqrt(1 / 72) / (AUC / 12)
        found = auc_interval(POSITIVE, SCORES, ALONE, confidence=0.95)
        bounds = [1 / (1 + exp(-(log(11) + side * reach))) for side in (-1, 1)]
        assert (found.low, found.high) == (pytest.approx(bounds[0]), pytest.approx(bounds[1]))
        assert (found.value, found.standard_error) == (pytest.approx(AUC), pytest.approx(sqrt(1 / 72)))
        assert (found.method, found.sample.units, found.resamples) == ("DeLong, 5 cases, on the logit scale", 5, 0)

    def test_on_the_plain_scale_is_cut_off(self) -> None:
        found = auc_interval(POSITIVE, SCORES, ALONE, confidence=0.95, scale="plain")
        assert (found.low, found.high) == (pytest.approx(AUC - 1.959963985 * sqrt(1 / 72)), 1.0)
        assert found.method == "DeLong, 5 cases, cut off at 0 and 1"

    def test_of_perfect_separation_says_that_there_is_none(self) -> None:
        found = auc_interval(POSITIVE, np.array([4.0, 3.0, 2.0, 1.0, 0.0]), ALONE, confidence=0.95)
        assert (found.value, found.low, found.why_none) == (1.0, None, NO_SPREAD)

    def test_of_one_class_says_that_there_is_no_value(self) -> None:
        found = auc_interval(np.array([True] * 5), SCORES, ALONE, confidence=0.95)
        assert (found.value, found.low, found.why_none) == (None, None, ONE_CLASS)

    def test_of_a_single_positive_has_a_value_without_interval(self) -> None:
        found = auc_interval(np.array([True, False, False]), np.array([2.0, 1.0, 3.0]), list("abc"), confidence=0.95)
        assert (found.value, found.low, found.why_none) == (0.5, None, TOO_FEW)


class TestDelongTest:
    BOTH = np.array([SCORES, [1.0, 3.0, 2.0, 1.0, 0.0]])

    def test_compares_two_areas(self) -> None:
        # The second's variance: wins 1/2, 1: 1/8 / 2 = 1/16; losses 1/2, 3/4, 1: 1/16 / 3 = 1/48. Together as above, -1/96.
        variance = 1 / 72 + 1 / 16 + 1 / 48 + 2 / 96
        found = delong_test(POSITIVE, self.BOTH, ALONE)
        assert found.difference == pytest.approx(1 / 6)
        assert found.statistic == pytest.approx((1 / 6) / sqrt(variance))
        assert found.p == pytest.approx(erfc((1 / 6) / sqrt(variance) / sqrt(2)))

    def test_one_sided_halves_add_up_to_one(self) -> None:
        greater = delong_test(POSITIVE, self.BOTH, ALONE, alternative="greater").p
        less = delong_test(POSITIVE, self.BOTH, ALONE, alternative="less").p
        assert greater is not None
        assert less is not None
        assert greater < 0.5
        assert greater + less == pytest.approx(1)

    def test_the_same_ranking_under_another_scale_is_no_difference(self) -> None:
        found = delong_test(POSITIVE, np.array([SCORES, np.exp(SCORES)]), ALONE)
        assert (found.difference, found.p) == (0.0, 1.0)

    def test_certain_and_different_cannot_be_tested(self) -> None:
        found = delong_test(POSITIVE, np.array([[4.0, 3, 2, 1, 0], [0.0, 1, 2, 3, 4]]), ALONE)
        assert (found.difference, found.p, found.why_none) == (1.0, None, NO_SPREAD)
