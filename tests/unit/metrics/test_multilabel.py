from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.multilabel import auc, auprc, f1, label_acc, ppv, sensitivity, specificity, subset_acc
from sonobench_eval.metrics.multilabel_answers import UNCERTAIN, LabelAnswers
from sonobench_eval.metrics.spec import MetricSpecError

NAN = np.nan


def labelled(reference: list[list[float]], probabilities: list[list[float]]) -> LabelAnswers:
    """Decided at 0.5."""
    scores = np.array(probabilities, dtype=float)
    return LabelAnswers(np.array(reference, dtype=float), scores, np.where(np.isnan(scores), -1, scores >= 0.5).astype(np.intp))


# Label 0: scores 0.9, 0.4 there, 0.6 not: one of two pairs. Label 1: 0.8 there, 0.2, 0.1 not: both pairs.
TABLE = labelled([[1, 0], [1, 0], [0, 1]], [[0.9, 0.2], [0.4, 0.1], [0.6, 0.8]])
UNSURE = labelled([[1, UNCERTAIN], [0, 1], [0, 0]], [[0.9, 0.1], [0.6, 0.8], [0.2, 0.3]])


def value(values: np.ndarray) -> float:
    return float(values[0])


class TestAuc:
    def test_is_the_mean_over_labels(self) -> None:
        assert value(auc(TABLE, once(3))) == pytest.approx((1 / 2 + 1) / 2)

    def test_can_be_weighted_by_cases_or_pooled_or_of_one_label(self) -> None:
        assert value(auc(TABLE, once(3), average="weighted")) == pytest.approx((2 * 1 / 2 + 1 * 1) / 3)
        # There: 0.9, 0.4, 0.8; not: 0.6, 0.2, 0.1. All pairs but 0.4 against 0.6: 8 of 9.
        assert value(auc(TABLE, once(3), average="micro")) == pytest.approx(8 / 9)
        assert value(auc(TABLE, once(3), of_label=0)) == 0.5

    def test_refuses_a_label_that_does_not_exist(self) -> None:
        with pytest.raises(MetricSpecError, match="there is no label 2; the 2 labels count from 0"):
            auc(TABLE, once(3), of_label=2)

    def test_uncertain_labels_count_for_nothing_or_yes_or_no_as_declared(self) -> None:
        assert value(auc(UNSURE, once(3), of_label=1)) == 1.0
        # As yes: 0.8 and 0.1 against 0.3. As no: 0.8 against 0.1 and 0.3.
        assert value(auc(UNSURE, once(3), of_label=1, uncertain="positive")) == 0.5
        assert value(auc(UNSURE, once(3), of_label=1, uncertain="negative")) == 1.0

    def test_a_label_that_is_nowhere_leaves_no_value_unless_it_is_left_out(self) -> None:
        nowhere = labelled([[1, 0], [0, 0]], [[0.9, 0.2], [0.4, 0.1]])
        assert np.isnan(value(auc(nowhere, once(2))))
        assert value(auc(nowhere, once(2), absent="left_out")) == 1.0


class TestAuprc:
    def test_is_the_mean_over_labels(self) -> None:
        # Label 0 by falling score: +, -, +: (1 + 2/3) / 2. Label 1: 1.
        assert value(auprc(TABLE, once(3))) == pytest.approx((5 / 6 + 1) / 2)


class TestLabelAcc:
    def test_is_the_share_of_labels_decided_right(self) -> None:
        # Label 0 of the second case is missed, that of the third a false alarm.
        assert value(label_acc(TABLE, once(3))) == pytest.approx(4 / 6)

    def test_over_labels_weighs_those_with_fewer_known_cases_the_same(self) -> None:
        # Label 0: 2 of 3; label 1: 2 of 2 known.
        assert value(label_acc(UNSURE, once(3))) == pytest.approx(4 / 5)
        assert value(label_acc(UNSURE, once(3), average="macro")) == pytest.approx((2 / 3 + 1) / 2)

    def test_a_missing_answer_is_wrong(self) -> None:
        assert value(label_acc(labelled([[1, 0]], [[NAN, NAN]]), once(1))) == 0.0


class TestSubsetAcc:
    def test_is_the_share_of_cases_without_a_mistake(self) -> None:
        assert value(subset_acc(TABLE, once(3))) == pytest.approx(1 / 3)

    def test_looks_at_known_labels_only_and_at_cases_that_have_some(self) -> None:
        # Case 0 has an unlabelled one and is right; case 1 is not labelled at all; case 2 is wrong.
        table = labelled([[1, NAN], [NAN, NAN], [0, 1]], [[0.9, 0.9], [0.1, 0.1], [0.9, 0.9]])
        assert value(subset_acc(table, once(3))) == 0.5


class TestF1:
    def test_is_the_mean_over_labels_or_pooled(self) -> None:
        # Label 0: TP 1, FN 1, FP 1: 1/2. Label 1: 1. Pooled: TP 2, FN 1, FP 1: 4/6.
        assert value(f1(TABLE, once(3))) == 0.75
        assert value(f1(TABLE, once(3), average="weighted")) == pytest.approx((2 * 0.5 + 1) / 3)
        assert value(f1(TABLE, once(3), average="micro")) == pytest.approx(4 / 6)

    def test_over_cases_rewards_finding_nothing_where_nothing_is(self) -> None:
        # Cases: TP 1; FN 1; TP 1, FP 1: 1, 0, 2/3. A fourth has nothing and nothing is found: 1.
        assert value(f1(TABLE, once(3), average="samples")) == pytest.approx((1 + 0 + 2 / 3) / 3)
        table = labelled([*TABLE.reference.tolist(), [0, 0]], [*TABLE.probabilities.tolist(), [0.1, 0.1]])
        assert value(f1(table, once(4), average="samples")) == pytest.approx((1 + 0 + 2 / 3 + 1) / 4)


class TestShares:
    def test_follow_from_the_four_outcomes(self) -> None:
        # Label 0: TP 1, FN 1, FP 1, TN 0. Label 1: TP 1, TN 2.
        assert value(sensitivity(TABLE, once(3))) == pytest.approx((1 / 2 + 1) / 2)
        assert value(specificity(TABLE, once(3))) == pytest.approx((0 + 1) / 2)
        assert value(ppv(TABLE, once(3))) == pytest.approx((1 / 2 + 1) / 2)
        assert value(ppv(TABLE, once(3), average="micro")) == pytest.approx(2 / 3)
