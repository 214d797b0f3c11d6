"""What may be changed about answers without changing a metric: units, names of classes, any rising scale of scores."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from answer_tables import answers_of
from hypothesis import given
from hypothesis import strategies as st

from sonobench_eval.metrics import class_decisions, class_ranks, multilabel, ordinal, regression, regression_association
from sonobench_eval.metrics.class_answers import ClassAnswers, once
from sonobench_eval.metrics.class_kappa import disagreement, kappa_of, marginals
from sonobench_eval.metrics.multilabel_answers import LabelAnswers
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.metrics.regression_answers import ValueAnswers

SOME = st.integers(0, 999)


def counts_for(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, size=(3, size)).astype(float)


def same(left: np.ndarray, right: np.ndarray) -> None:
    np.testing.assert_allclose(left, right, atol=1e-10, equal_nan=True)


class TestScores:
    @given(answers_of("classes"), SOME)
    def test_a_rising_scale_changes_no_ranking_metric(self, answers: ClassAnswers, seed: int) -> None:
        counts = counts_for(len(answers.labels), seed)
        bent = replace(answers, probabilities=answers.probabilities**3 / 2 + 0.1)
        for metric in (class_ranks.auc, class_ranks.auprc):
            same(metric(answers, counts), metric(bent, counts))
        same(class_ranks.pauc(answers, counts, max_fpr=0.4), class_ranks.pauc(bent, counts, max_fpr=0.4))

    @given(answers_of("classes", complete=True), SOME)
    def test_of_two_classes_the_auc_is_the_same_seen_from_either(self, answers: ClassAnswers, seed: int) -> None:
        if answers.classes == 2:
            counts = counts_for(len(answers.labels), seed)
            table = np.column_stack([1 - answers.probabilities[:, 1], answers.probabilities[:, 1]])
            sure = replace(answers, probabilities=np.round(table, 3))
            same(class_ranks.auc(sure, counts, of_class=0), class_ranks.auc(sure, counts, of_class=1))


class TestNamesOfClasses:
    @given(answers_of("classes"), SOME)
    def test_means_over_classes_do_not_know_them(self, answers: ClassAnswers, seed: int) -> None:
        if answers.classes == 2:
            return
        counts, names = counts_for(len(answers.labels), seed), np.random.default_rng(seed).permutation(answers.classes)
        decisions = np.where(answers.decisions < 0, answers.decisions, names[answers.decisions])
        renamed = ClassAnswers(names[answers.labels], answers.probabilities[:, np.argsort(names)], decisions)
        for metric in (
            class_ranks.auc,
            class_decisions.f1,
            class_decisions.balanced_acc,
            class_decisions.kappa,
            class_decisions.mcc,
        ):
            same(metric(answers, counts), metric(renamed, counts))

    @given(answers_of("labels"), SOME)
    def test_nor_do_means_over_labels(self, answers: LabelAnswers, seed: int) -> None:
        counts, order = counts_for(len(answers.reference), seed), np.random.default_rng(seed).permutation(answers.labels)
        moved = LabelAnswers(answers.reference[:, order], answers.probabilities[:, order], answers.decisions[:, order])
        for metric in (multilabel.auc, multilabel.f1, multilabel.label_acc, multilabel.subset_acc):
            same(metric(answers, counts), metric(moved, counts))


class TestUnits:
    @given(answers_of("values"), SOME, st.sampled_from([0.1, 25.4]), st.sampled_from([0.0, -40.0]))
    def test_errors_scale_and_correlations_stay(self, answers: ValueAnswers, seed: int, scale: float, shift: float) -> None:
        counts = counts_for(len(answers.reference), seed)
        low, high = answers.low * scale + shift, answers.high * scale + shift
        reference, predicted = answers.reference * scale + shift, answers.predicted * scale + shift
        scaled = ValueAnswers(np.clip(reference, low, high), np.clip(predicted, low, high), low, high)
        for error in (regression.mae, regression.rmse, regression.medae, regression.bias, regression.loa_width):
            np.testing.assert_allclose(error(answers, counts) * scale, error(scaled, counts), atol=1e-6, equal_nan=True)
        for metric in (regression_association.pearson, regression_association.ccc, regression_association.icc, regression.r2):
            same(metric(answers, counts), metric(scaled, counts))

    @given(answers_of("grades"), SOME)
    def test_weighted_kappa_is_the_same_counted_from_the_other_end(self, answers: GradeAnswers, seed: int) -> None:
        counts = counts_for(len(answers.reference), seed)
        said = np.where(answers.usable, answers.predicted_grades().astype(float), np.nan)
        plain = GradeAnswers(answers.reference_grades().astype(float), said, 0.0, answers.grades - 1.0)
        turned = GradeAnswers(plain.high - plain.reference, plain.high - plain.predicted, 0.0, plain.high)
        same(ordinal.kappa(plain, counts, weights="quadratic"), ordinal.kappa(turned, counts, weights="quadratic"))
        same(ordinal.kendall_tau(plain, counts), ordinal.kendall_tau(turned, counts))


class TestWorstKappa:
    @given(SOME, st.sampled_from(["none", "linear", "quadratic"]))
    def test_is_the_lowest_of_all_that_missing_decisions_could_have_been(self, seed: int, weights: str) -> None:
        rng = np.random.default_rng(seed)
        labels, decisions = rng.integers(4, size=7), rng.integers(4, size=7)
        decisions[:3] = -1
        costs = disagreement(4, weights)  # type: ignore[arg-type]
        worst = kappa_of(marginals(labels, decisions, once(7), costs=costs), costs)
        tried = []
        for chosen in product(range(4), repeat=3):
            complete = np.concatenate([chosen, decisions[3:]])
            tried.append(kappa_of(marginals(labels, complete, once(7), costs=costs), costs))
        same(worst, np.min(tried, axis=0))
