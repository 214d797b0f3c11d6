from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.classification import ClassAnswers, acc, auc, auprc, f1, once

ABSENT = (np.nan, np.nan)


def binary(labels: list[int], scores: list[float | None], decisions: list[int] | None = None) -> ClassAnswers:
    rows = [ABSENT if score is None else (1 - score, score) for score in scores]
    said = decisions if decisions is not None else [-1 if score is None else int(score >= 0.5) for score in scores]
    return ClassAnswers(np.array(labels), np.array(rows, dtype=float), np.array(said))


def value(metric: object, answers: ClassAnswers) -> float:
    assert callable(metric)
    return float(metric(answers, once(len(answers.labels)))[0])


class TestAuc:
    def test_is_the_share_of_pairs_in_the_right_order(self) -> None:
        # Positives 0.8, 0.4; negatives 0.6, 0.2: (0.8>0.6)+(0.8>0.2)+(0.4<0.6: 0)+(0.4>0.2) = 3 of 4.
        assert value(auc, binary([1, 1, 0, 0], [0.8, 0.4, 0.6, 0.2])) == 0.75

    def test_a_tie_counts_half(self) -> None:
        # One positive at 0.5 against negatives at 0.5 and 0.1: (1/2 + 1) / 2.
        assert value(auc, binary([1, 0, 0], [0.5, 0.5, 0.1])) == 0.75

    def test_has_no_value_where_a_class_is_missing(self) -> None:
        assert np.isnan(value(auc, binary([1, 1], [0.2, 0.9])))

    def test_an_absent_answer_ranks_worst_for_its_label(self) -> None:
        # The absent positive loses against both negatives, the other wins twice: 2 of 4.
        assert value(auc, binary([1, 1, 0, 0], [None, 1.0, 0.0, 0.0])) == 0.5
        # The absent negative beats both positives: 2 of 4.
        assert value(auc, binary([1, 1, 0, 0], [1.0, 1.0, None, 0.0])) == 0.5

    def test_all_absent_is_as_bad_as_it_gets(self) -> None:
        assert value(auc, binary([1, 0, 0], [None, None, None])) == 0.0

    def test_with_more_classes_is_the_mean_over_each_against_the_rest(self) -> None:
        answers = ClassAnswers(
            np.array([0, 1, 2]),
            np.array([[0.6, 0.2, 0.2], [0.5, 0.3, 0.2], [0.2, 0.4, 0.4]]),
            np.array([0, 0, 2]),
        )
        # Class 0: 0.6 against 0.5, 0.2: 1. Class 1: 0.3 against 0.2, 0.4: 1/2. Class 2: 0.4 against 0.2, 0.2: 1.
        assert value(auc, answers) == pytest.approx((1 + 0.5 + 1) / 3)


class TestAcc:
    def test_counts_the_teams_own_decisions(self) -> None:
        # Decided 1, 0, 1 for labels 1, 1, 1, whatever the probabilities say.
        assert value(acc, binary([1, 1, 1], [0.1, 0.9, 0.9], [1, 0, 1])) == pytest.approx(2 / 3)

    def test_an_absent_decision_is_wrong(self) -> None:
        assert value(acc, binary([1, 0], [0.9, None])) == 0.5

    def test_weighs_cases_by_their_counts(self) -> None:
        # The right case three times, the wrong one once.
        assert acc(binary([1, 1], [0.9, 0.1]), np.array([[3.0, 1.0]])).tolist() == [0.75]


class TestF1:
    def test_is_twice_the_hits_over_hits_and_slips(self) -> None:
        # TP 1, FN 1, FP 1: 2 / (2 + 1 + 1).
        assert value(f1, binary([1, 1, 0, 0], [0.9, 0.1, 0.9, 0.1])) == 0.5

    def test_an_absent_answer_to_a_negative_is_a_false_alarm(self) -> None:
        # TP 1, FP 1: 2 / 3. Leaving the negative out must not be better than calling it wrong.
        assert value(f1, binary([1, 0], [0.9, None])) == pytest.approx(2 / 3)
        assert value(f1, binary([1, 0], [0.9, None])) == value(f1, binary([1, 0], [0.9, 0.9]))

    def test_has_no_value_without_positives_by_reference_or_answer(self) -> None:
        assert np.isnan(value(f1, binary([0, 0], [0.1, 0.2])))

    def test_leaves_out_classes_that_do_not_occur(self) -> None:
        # Class 2 is neither held nor said. Class 0: 1; class 1: 1.
        answers = ClassAnswers(np.array([0, 1]), np.eye(3)[:2], np.array([0, 1]))
        assert value(f1, answers) == 1.0

    def test_an_absent_answer_is_wrong_for_every_class(self) -> None:
        # Labels 0, 1, 2; the last is absent. Class 0: TP 1, FP 1 -> 2/3; class 1 likewise; class 2: FN 1 -> 0.
        table = np.vstack([np.eye(3)[:2], [np.nan] * 3])
        assert value(f1, ClassAnswers(np.array([0, 1, 2]), table, np.array([0, 1, -1]))) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


class TestAuprc:
    def test_averages_precision_over_the_recall_gained(self) -> None:
        # By falling score: + - + -. Precision at the first positive 1, at the second 2/3; each gains half the recall.
        assert value(auprc, binary([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])) == pytest.approx((1 + 2 / 3) / 2)

    def test_ties_share_one_threshold(self) -> None:
        # One positive and one negative at 0.5: precision 1/2 at the only threshold.
        assert value(auprc, binary([1, 0], [0.5, 0.5])) == 0.5

    def test_has_no_value_without_positives(self) -> None:
        assert np.isnan(value(auprc, binary([0, 0], [0.1, 0.2])))

    def test_is_one_where_all_are_positive(self) -> None:
        assert value(auprc, binary([1, 1], [0.1, 0.2])) == 1.0


class TestCounts:
    @pytest.mark.parametrize("metric", [auc, acc, f1, auprc])
    def test_a_resample_without_cases_has_no_value(self, metric: object) -> None:
        assert callable(metric)
        assert np.isnan(metric(binary([1, 0], [0.9, 0.1]), np.zeros((1, 2)))).all()

    @pytest.mark.parametrize("metric", [auc, acc, f1, auprc])
    def test_each_resample_is_judged_on_its_own(self, metric: object) -> None:
        assert callable(metric)
        answers = binary([1, 0, 1, 0, 1], [0.9, 0.8, 0.7, 0.6, 0.1])
        counts = np.array([[1.0, 1, 1, 1, 1], [2, 0, 1, 1, 1], [0, 3, 1, 0, 1]])
        alone = [metric(answers, row[np.newaxis])[0] for row in counts]
        assert metric(answers, counts).tolist() == alone
