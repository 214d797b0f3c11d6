from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import ClassAnswers, Question, once
from sonobench_eval.metrics.class_ranks import auc, auprc, pauc, sensitivity_at, specificity_at
from sonobench_eval.metrics.roc import auc_of, auc_of_many
from sonobench_eval.metrics.roc_curve import pr_curve, roc_curve
from sonobench_eval.metrics.spec import MetricSpecError


def binary(labels: list[int], scores: list[float | None]) -> ClassAnswers:
    rows = [(np.nan, np.nan) if score is None else (1 - score, score) for score in scores]
    decisions = [-1 if score is None else int(score >= 0.5) for score in scores]
    return ClassAnswers(np.array(labels), np.array(rows, dtype=float), np.array(decisions))


THREE = ClassAnswers(
    np.array([0, 1, 2, 2]),
    np.array([[0.6, 0.2, 0.2], [0.5, 0.3, 0.2], [0.2, 0.4, 0.4], [0.1, 0.3, 0.6]]),
    np.array([0, 0, 2, 2]),
)


def value(values: np.ndarray) -> float:
    return float(values[0])


class TestAuc:
    def test_one_versus_one_takes_pairs_of_classes_among_their_own_cases(self) -> None:
        # 0 against 1: by p0 0.6 > 0.5: 1; by p1 0.3 > 0.2: 1. 0 against 2: 1 and 1. 1 against 2: by p1 0.3 against 0.4 and 0.3:
        # (0 + 1/2) / 2 = 1/4; by p2 0.4 and 0.6 against 0.2: 1. Means 1, 1, 5/8.
        assert value(auc(THREE, once(4), multiclass="ovo")) == pytest.approx((1 + 1 + 5 / 8) / 3)
        # Weighted by the cases of the pairs: 2, 3 and 3.
        weighted = auc(THREE, once(4), multiclass="ovo", average="weighted")
        assert value(weighted) == pytest.approx((2 * 1 + 3 * 1 + 3 * 5 / 8) / 8)

    def test_one_versus_one_is_not_pooled(self) -> None:
        with pytest.raises(MetricSpecError, match="say macro or weighted"):
            auc(THREE, once(4), multiclass="ovo", average="micro")

    def test_a_class_that_is_not_there_leaves_no_value_unless_it_is_left_out(self) -> None:
        two = THREE.take(np.array([0, 2, 3]))
        assert np.isnan(value(auc(two, once(3))))
        # Class 0: 0.6 beats 0.2 and 0.1. Class 2: 0.4 and 0.6 beat 0.2.
        assert value(auc(two, once(3), absent="left_out")) == 1.0

    def test_one_class_can_be_asked_about(self) -> None:
        # Class 1: 0.3 against 0.2, 0.4, 0.3: (1 + 0 + 1/2) / 3.
        assert value(auc(THREE, once(4), of_class=1)) == pytest.approx(0.5)

    def test_of_many_algorithms_is_that_of_each(self) -> None:
        rng = np.random.default_rng(5)
        positive, scores = rng.random(60) < 0.4, np.round(rng.random((3, 60)), 1)
        for resamples in (5, 100):
            counts = rng.integers(0, 4, size=(resamples, 60)).astype(float)
            each = [auc_of(Question(positive, row, positive), counts) for row in scores]
            np.testing.assert_array_equal(auc_of_many(positive, scores, counts), each)

    def test_of_a_long_chain_of_ties_counts_each_half(self) -> None:
        # Scores 1, 2, 3 each held by a positive and a negative: of 9 pairs 3 are won, 3 tied: 4.5 / 9, in any of many resamples.
        question = Question(np.array([True, False] * 3), np.repeat([1.0, 2, 3], 2), np.zeros(6, dtype=bool))
        assert auc_of(question, np.ones((64, 6))).tolist() == [0.5] * 64


class TestAuprc:
    def test_gives_nothing_for_a_positive_without_an_answer(self) -> None:
        # The other positive is alone at the top: precision 1 for half the recall.
        assert value(auprc(binary([1, 1, 0], [0.9, None, 0.1]), once(3))) == 0.5

    def test_an_answer_that_is_left_out_cannot_raise_it(self) -> None:
        # By falling score a negative, 1 positive, 3 alike: 1/4 * 1/2 + 3/4 * 4/5 = 0.725. Ranked last, the single one would leave
        # the three at 3/4 and itself have 4/5: 3/4 * 3/4 + 1/4 * 4/5 = 0.7625.
        counts = np.array([[1.0, 1, 3]])
        assert value(auprc(binary([0, 1, 1], [0.9, 0.5, 0.1]), counts)) == pytest.approx(0.725)
        assert value(auprc(binary([0, 1, 1], [0.9, None, 0.1]), counts)) == pytest.approx(3 / 4 * 3 / 4)


class TestPauc:
    def test_is_half_by_chance_and_one_at_best(self) -> None:
        assert value(pauc(binary([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1]), once(4), max_fpr=0.5)) == 1.0
        assert value(pauc(binary([1, 1, 0, 0], [0.5, 0.5, 0.5, 0.5]), once(4), max_fpr=0.5)) == 0.5

    def test_is_cut_within_a_segment(self) -> None:
        # One tie of all: the curve is the diagonal; up to 0.3 its area is 0.045, which is chance.
        assert value(pauc(binary([1, 0, 0], [0.5, 0.5, 0.5]), once(3), max_fpr=0.3)) == pytest.approx(0.5)
        # Positive below one of two negatives: 0 up to 1/2, then 1. Up to 0.75: area 0.25; chance 0.28125, best 0.75.
        expected = 0.5 * (1 + (0.25 - 0.28125) / (0.75 - 0.28125))
        assert value(pauc(binary([1, 0, 0], [0.5, 0.9, 0.1]), once(3), max_fpr=0.75)) == pytest.approx(expected)


class TestOperatingPoints:
    ANSWERS = binary([1, 1, 1, 1] + [0] * 10, [0.9, 0.8, 0.5, 0.3] + [0.85, 0.5] + [0.1] * 8)

    def test_sensitivity_is_the_highest_that_keeps_the_specificity(self) -> None:
        # One false alarm of ten is allowed: from 0.8 up two of four positives and the negative at 0.85.
        assert value(sensitivity_at(self.ANSWERS, once(14), specificity=0.9)) == 2 / 4
        assert value(sensitivity_at(self.ANSWERS, once(14), specificity=1.0)) == 1 / 4

    def test_a_tie_is_called_together_and_not_interpolated(self) -> None:
        # At 0.5 a positive and a negative are tied: with two false alarms, three positives, then the one at 0.3.
        assert value(sensitivity_at(self.ANSWERS, once(14), specificity=0.8)) == 4 / 4
        assert value(sensitivity_at(self.ANSWERS, once(14), specificity=0.85)) == 2 / 4

    def test_specificity_is_the_highest_that_keeps_the_sensitivity(self) -> None:
        # Half the positives need 0.8 and cost one alarm, three quarters cost two.
        assert value(specificity_at(self.ANSWERS, once(14), sensitivity=0.5)) == 9 / 10
        assert value(specificity_at(self.ANSWERS, once(14), sensitivity=0.75)) == 8 / 10

    def test_nothing_specific_enough_is_0(self) -> None:
        assert value(sensitivity_at(binary([1, 0], [0.1, 0.9]), once(2), specificity=0.5)) == 0.0


class TestCurves:
    def test_roc_has_a_point_for_each_score(self) -> None:
        curve = roc_curve(binary([1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1]).questions()[0])
        assert curve is not None
        assert curve.thresholds.tolist() == [np.inf, 0.9, 0.6, 0.1]
        assert curve.false_positive_rate.tolist() == [0, 0, 0.5, 1]
        assert curve.true_positive_rate.tolist() == [0, 0.5, 1, 1]

    def test_pr_begins_with_the_highest_score(self) -> None:
        curve = pr_curve(binary([1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1]).questions()[0])
        assert curve is not None
        assert curve.precision.tolist() == [1, pytest.approx(2 / 3), 0.5]
        assert curve.recall.tolist() == [0.5, 1, 1]

    def test_one_class_has_none(self) -> None:
        assert roc_curve(binary([1, 1], [0.9, 0.1]).questions()[0]) is None
        assert pr_curve(binary([0, 0], [0.9, 0.1]).questions()[0]) is None
