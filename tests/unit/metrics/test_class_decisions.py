from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers, once
from sonobench_eval.metrics.class_decisions import acc, balanced_acc, f1, kappa, mcc, npv, ppv, sensitivity, specificity, top_k
from sonobench_eval.metrics.class_table import class_table, rare_classes
from sonobench_eval.metrics.confusion import confusion_matrix
from sonobench_eval.metrics.spec import MetricSpecError


def decided(labels: list[int], decisions: list[int], classes: int = 2) -> ClassAnswers:
    """Probabilities are 0.8 for the decision; even where there is none."""
    probabilities = np.full((len(labels), classes), 0.2 / (classes - 1))
    for row, decision in zip(probabilities, decisions, strict=True):
        row[decision if decision >= 0 else 0] = 0.8
    return ClassAnswers(np.array(labels), probabilities, np.array(decisions))


def value(values: np.ndarray) -> float:
    return float(values[0])


class TestRatios:
    # Positives 1, 1, 1, 0 called (TP 3, FN 1), negatives 1, 0, 0, 0, 0, 0 called (FP 1, TN 5).
    ANSWERS = decided([1] * 4 + [0] * 6, [1, 1, 1, 0, 1, 0, 0, 0, 0, 0])

    def test_of_two_classes_ask_about_class_1(self) -> None:
        every = once(10)
        assert value(sensitivity(self.ANSWERS, every)) == 3 / 4
        assert value(specificity(self.ANSWERS, every)) == 5 / 6
        assert value(ppv(self.ANSWERS, every)) == 3 / 4
        assert value(npv(self.ANSWERS, every)) == 5 / 6
        assert value(f1(self.ANSWERS, every)) == 6 / 8
        assert value(balanced_acc(self.ANSWERS, every)) == pytest.approx((3 / 4 + 5 / 6) / 2)

    def test_can_ask_about_class_0(self) -> None:
        assert value(sensitivity(self.ANSWERS, once(10), of_class=0)) == 5 / 6

    def test_refuse_a_class_that_does_not_exist(self) -> None:
        with pytest.raises(MetricSpecError, match="there is no class 2; the 2 classes count from 0"):
            sensitivity(self.ANSWERS, once(10), of_class=2)

    def test_a_threshold_takes_the_place_of_the_teams_decision_and_is_reached_by_equals(self) -> None:
        # Probabilities of class 1 are 0.8 or 0.2: at 0.8 as decided, above it nobody is called.
        assert value(sensitivity(self.ANSWERS, once(10), threshold=0.8)) == 3 / 4
        assert value(sensitivity(self.ANSWERS, once(10), threshold=0.81)) == 0.0
        assert value(specificity(self.ANSWERS, once(10), threshold=0.2)) == 0.0

    def test_the_predictive_value_of_calls_never_made_is_0_where_there_was_something_to_call(self) -> None:
        assert value(ppv(decided([1, 0], [0, 0]), once(2))) == 0.0
        assert np.isnan(value(ppv(decided([0, 0], [0, 0]), once(2))))
        assert value(npv(decided([1, 0], [1, 1]), once(2))) == 0.0

    def test_pooled_over_classes_are_the_accuracy_and_a_missing_decision_is_one_mistake(self) -> None:
        # 3 of 5 right; one wrong, one missing. Pooled: TP 3, FN 2, FP 2.
        answers = decided([0, 1, 2, 3, 0], [0, 1, 2, 0, NO_DECISION], classes=4)
        for metric in (sensitivity, ppv, f1):
            assert value(metric(answers, once(5), average="micro")) == pytest.approx(3 / 5)

    def test_macro_leaves_out_a_class_the_reference_lacks_and_weighted_weighs_by_cases(self) -> None:
        # Class 0: 2 of 3; class 1: 0 of 1; class 2 is not there.
        answers = decided([0, 0, 0, 1], [0, 0, 1, 0], classes=3)
        assert value(sensitivity(answers, once(4))) == pytest.approx((2 / 3 + 0) / 2)
        assert value(sensitivity(answers, once(4), average="weighted")) == pytest.approx(2 / 4)


class TestAbstention:
    def test_is_wrong_where_answers_are_counted(self) -> None:
        # Right, abstained, right, wrong.
        assert value(acc(decided([1, 1, 0, 0], [1, ABSTAIN, 0, 1]), once(4))) == 2 / 4


class TestMcc:
    def test_is_the_correlation_of_two_yes_or_no_answers(self) -> None:
        # TP 3, FN 1, FP 1, TN 5: (3 * 5 - 1 * 1) / sqrt(4 * 4 * 6 * 6) = 14 / 24.
        assert value(mcc(TestRatios.ANSWERS, once(10))) == pytest.approx(14 / 24)

    def test_is_0_where_all_decisions_are_for_one_class(self) -> None:
        assert value(mcc(decided([1, 0], [1, 1]), once(2))) == 0.0

    def test_has_no_value_where_the_reference_has_one_class(self) -> None:
        assert np.isnan(value(mcc(decided([1, 1], [1, 0]), once(2))))

    def test_of_two_classes_takes_a_missing_decision_for_the_wrong_one(self) -> None:
        labels = [1, 1, 0, 0, 0]
        missing, wrong = decided(labels, [1, NO_DECISION, 0, 0, 0]), decided(labels, [1, 0, 0, 0, 0])
        assert value(mcc(missing, once(5))) == pytest.approx(value(mcc(wrong, once(5))))


class TestKappa:
    def test_is_the_agreement_beyond_chance(self) -> None:
        # Observed 8 / 10. By chance 0.4 * 0.4 + 0.6 * 0.6 = 0.52. (0.8 - 0.52) / 0.48.
        assert value(kappa(TestRatios.ANSWERS, once(10))) == pytest.approx(0.28 / 0.48)

    def test_weights_mistakes_by_their_distance(self) -> None:
        # References 0, 1, 2; decisions 0, 2, 2: one mistake by 1. Quadratic cost 1; by chance the mean over all nine pairs of
        # references (0, 1, 2) and decisions (0, 2, 2): (0+4+4 + 1+1+1 + 4+0+0) / 9 * 3 = 15 / 3 = 5. 1 - 1 / 5.
        assert value(kappa(decided([0, 1, 2], [0, 2, 2], classes=3), once(3), weights="quadratic")) == pytest.approx(0.8)

    def test_gives_a_missing_decision_the_class_that_hurts_most(self) -> None:
        labels = [0, 0, 1, 1, 2, 2, 2]
        answers = [decided(labels, [0, 0, 1, 2, 2, 2, said], classes=3) for said in (NO_DECISION, 0, 1, 2)]
        missing, *chosen = (value(kappa(each, once(7), weights="quadratic")) for each in answers)
        assert missing == pytest.approx(min(chosen))


class TestTopK:
    def test_counts_ties_against_the_answer(self) -> None:
        # The true class 0 shares its probability with class 1: it is second.
        answers = ClassAnswers(np.array([0]), np.array([[0.4, 0.4, 0.2]]), np.array([0]))
        assert value(top_k(answers, once(1), k=1)) == 0.0
        assert value(top_k(answers, once(1), k=2)) == 1.0

    def test_a_missing_answer_is_wrong_even_among_all_classes(self) -> None:
        answers = ClassAnswers(np.array([0]), np.full((1, 3), np.nan), np.array([NO_DECISION]))
        assert value(top_k(answers, once(1), k=3)) == 0.0


class TestConfusionMatrix:
    def test_counts_pairs_and_keeps_missing_and_abstained_apart(self) -> None:
        found = confusion_matrix(decided([0, 0, 1, 1, 1], [0, 1, 1, NO_DECISION, ABSTAIN]))
        assert found.cases.tolist() == [[1, 1], [0, 1]]
        assert found.unusable.tolist() == [0, 1]
        assert found.abstained.tolist() == [0, 1]
        assert found.held.tolist() == [2, 3]
        assert found.shares.tolist() == [[0.5, 0.5], [0.0, pytest.approx(1 / 3)]]

    def test_has_one_matrix_for_each_resample(self) -> None:
        found = confusion_matrix(decided([0, 1], [0, 0]), np.array([[2.0, 0], [0, 3]]))
        assert found.cases.tolist() == [[[2, 0], [0, 0]], [[0, 0], [3, 0]]]


class TestClassTable:
    def test_shows_the_rarest_class_first_with_its_number_of_cases(self) -> None:
        # Class 2 has no case, class 1 one (missed), class 0 three.
        rows = class_table(decided([0, 0, 0, 1], [0, 0, 1, 0], classes=3))
        assert [(row.number, row.support, row.called) for row in rows] == [(2, 0, 0), (1, 1, 1), (0, 3, 3)]
        assert [row.sensitivity for row in rows] == [None, 0.0, pytest.approx(2 / 3)]
        assert rows[0].auc is None

    def test_tells_auc_of_one_class_against_the_rest(self) -> None:
        # Class 1 has probability 0.1 where it is and 0.1, 0.1, 0.8 where it is not: two ties and a loss, (0.5 + 0.5 + 0) / 3.
        rows = class_table(decided([0, 0, 0, 1], [0, 0, 1, 0], classes=3))
        assert rows[1].auc == pytest.approx(1 / 3)

    def test_rare_classes_are_those_with_few_cases_but_some(self) -> None:
        rows = class_table(decided([0, 0, 0, 1], [0, 0, 1, 0], classes=3))
        assert [row.number for row in rare_classes(rows, fewer_than=3)] == [1]
