from __future__ import annotations

import math

import numpy as np
import pytest

from sonobench_eval.metrics.calibration import brier, ece, log_loss, reliability
from sonobench_eval.metrics.class_abstention import (
    abstention,
    acc_at_coverage,
    aurc,
    coverage,
    risk_coverage_curve,
    selective_acc,
)
from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers, once

ABSENT = [np.nan, np.nan]


def answers(labels: list[int], rows: list[list[float]], decisions: list[int] | None = None) -> ClassAnswers:
    table = np.array(rows, dtype=float)
    said = [NO_DECISION if np.isnan(row).any() else int(np.argmax(row)) for row in table] if decisions is None else decisions
    return ClassAnswers(np.array(labels), table, np.array(said))


def value(values: np.ndarray) -> float:
    return float(values[0])


class TestBrier:
    def test_of_two_classes_is_the_squared_error_of_class_1(self) -> None:
        # (0.8 - 1)^2 = 0.04 and (0.3 - 0)^2 = 0.09.
        assert value(brier(answers([1, 0], [[0.2, 0.8], [0.7, 0.3]]), once(2))) == pytest.approx(0.065)

    def test_of_more_is_half_the_sum_over_classes(self) -> None:
        # (0.5 - 1)^2 + 0.3^2 + 0.2^2 = 0.38.
        assert value(brier(answers([0], [[0.5, 0.3, 0.2]]), once(1))) == pytest.approx(0.19)

    def test_a_missing_answer_costs_1(self) -> None:
        assert value(brier(answers([1, 0], [[0, 1], ABSENT]), once(2))) == 0.5

    def test_probabilities_that_do_not_sum_to_1_cost_no_more(self) -> None:
        assert value(brier(answers([0], [[0.0, 1.0, 1.0, 1.0]]), once(1))) == 1.0


class TestLogLoss:
    def test_is_the_mean_surprise(self) -> None:
        expected = -(math.log(0.8) + math.log(0.7)) / 2
        assert value(log_loss(answers([1, 0], [[0.2, 0.8], [0.7, 0.3]]), once(2))) == pytest.approx(expected)

    def test_is_finite_for_the_surest_mistake_and_for_a_missing_answer(self) -> None:
        surest = -math.log(2.0**-52)
        assert value(log_loss(answers([1], [[1.0, 0.0]]), once(1))) == pytest.approx(surest)
        assert value(log_loss(answers([1], [ABSENT]), once(1))) == pytest.approx(surest)

    def test_can_be_clipped_earlier(self) -> None:
        assert value(log_loss(answers([1], [[1.0, 0.0]]), once(1), clip=0.01)) == pytest.approx(-math.log(0.01))


class TestEce:
    def test_is_the_mean_distance_of_confidence_and_accuracy(self) -> None:
        # Bins of 0.1. At 0.95 one of two right: 0.45 apart. At 0.65 one of one: 0.35. (2 * 0.45 + 1 * 0.35) / 3.
        table = answers([1, 0, 1], [[0.05, 0.95], [0.05, 0.95], [0.35, 0.65]])
        assert value(ece(table, once(3), bins=10)) == pytest.approx((0.9 + 0.35) / 3)

    def test_a_confidence_on_an_edge_belongs_to_the_bin_below(self) -> None:
        # 0.75 is the upper edge of (0.5, 0.75], with 0.7: right and wrong, |0.5 - 0.725| = 0.225; apart they would give 0.475.
        table = answers([1, 0], [[0.25, 0.75], [0.3, 0.7]])
        assert value(ece(table, once(2), bins=4)) == pytest.approx(0.225)

    def test_a_missing_answer_is_a_sure_mistake_in_a_bin_of_its_own(self) -> None:
        # One right at 0.9 (0.1 too modest); sharing its bin, the mistake would even out: |1/2 - 1.9/2| * 2 = 0.9, not 1.1.
        assert value(ece(answers([1, 1], [[0.1, 0.9], ABSENT]), once(2), bins=1)) == pytest.approx((0.1 + 1) / 2)

    def test_the_diagram_has_the_bins(self) -> None:
        found = reliability(answers([1, 0, 1], [[0.05, 0.95], [0.05, 0.95], ABSENT]), bins=2)
        assert found.edges.tolist() == [0, 0.5, 1]
        assert found.cases.tolist() == [0, 2]
        assert found.accuracy.tolist() == [pytest.approx(np.nan, nan_ok=True), 0.5]
        assert found.confidence[1] == pytest.approx(0.95)
        assert found.unusable == 1


class TestSelectiveAnswers:
    # By confidence: right at 0.9, wrong at 0.8, right at 0.7; one abstained.
    TABLE = answers([1, 0, 1, 1], [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.5, 0.5]], [1, 1, 1, ABSTAIN])

    def test_abstention_and_coverage_are_shares_of_cases(self) -> None:
        assert value(abstention(self.TABLE, once(4))) == 0.25
        assert value(coverage(self.TABLE, once(4))) == 0.75

    def test_a_missing_answer_is_neither(self) -> None:
        table = answers([1, 1], [ABSENT, [0, 1]])
        assert value(abstention(table, once(2))) == 0.0
        assert value(coverage(table, once(2))) == 0.5

    def test_selective_accuracy_is_among_the_answered(self) -> None:
        assert value(selective_acc(self.TABLE, once(4))) == pytest.approx(2 / 3)

    def test_selective_accuracy_counts_a_missing_answer_as_wrong(self) -> None:
        assert value(selective_acc(answers([1, 1], [ABSENT, [0, 1]]), once(2))) == 0.5

    def test_always_abstaining_is_worth_nothing(self) -> None:
        assert value(selective_acc(answers([1], [[0, 1]], [ABSTAIN]), once(1))) == 0.0

    def test_accuracy_at_a_coverage_is_that_of_the_most_confident(self) -> None:
        assert value(acc_at_coverage(self.TABLE, once(4), coverage=0.25)) == 1.0
        assert value(acc_at_coverage(self.TABLE, once(4), coverage=0.5)) == 0.5
        # ceil(0.6 * 4) = 3 cases.
        assert value(acc_at_coverage(self.TABLE, once(4), coverage=0.6)) == pytest.approx(2 / 3)
        assert value(acc_at_coverage(self.TABLE, once(4), coverage=1.0)) == 0.5

    def test_cases_of_one_confidence_are_accepted_in_random_order(self) -> None:
        # A right and a wrong one at 0.9: the first of them is right half the time.
        table = answers([1, 0], [[0.1, 0.9], [0.1, 0.9]])
        assert value(acc_at_coverage(table, once(2), coverage=0.5)) == 0.5

    def test_the_area_is_the_mean_risk_over_all_coverages(self) -> None:
        # Risks 0, 1/2, 1/3, 2/4.
        assert value(aurc(self.TABLE, once(4))) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)

    def test_a_missing_answer_comes_first_and_is_wrong(self) -> None:
        # Risks 1, 1/2.
        assert value(aurc(answers([1, 1], [[0, 1], ABSENT]), once(2))) == pytest.approx((1 + 1 / 2) / 2)

    def test_the_curve_has_a_point_for_each_confidence(self) -> None:
        curve = risk_coverage_curve(self.TABLE)
        assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
        assert curve.risk.tolist() == [0, 0.5, pytest.approx(1 / 3), 0.5]
        assert curve.confidence.tolist() == [0.9, 0.8, 0.7, -np.inf]
