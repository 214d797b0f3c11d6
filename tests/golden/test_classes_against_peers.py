"""Metrics of classes, labels, grades and values against scikit-learn, torchmetrics and SciPy, called as their users call them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn import metrics as sk
from torchmetrics import functional as tm

from sonobench_eval.metrics import (
    calibration,
    class_decisions,
    class_ranks,
    multilabel,
    ordinal,
    regression,
    regression_association,
)
from sonobench_eval.metrics.class_answers import ClassAnswers, once
from sonobench_eval.metrics.confusion import confusion_matrix
from sonobench_eval.metrics.multilabel_answers import UNCERTAIN, LabelAnswers
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.metrics.regression_answers import ValueAnswers
from sonobench_eval.metrics.roc import auc_of_many
from sonobench_eval.metrics.roc_curve import pr_curve, roc_curve

N = 300
SEEDS = range(4)


def class_answers(seed: int, classes: int) -> ClassAnswers:
    """Answers that lean the right way, rounded so that there are ties; every row sums to 1."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=N)
    tenths = rng.multinomial(20, rng.dirichlet(np.full(classes, 2.0), size=N))
    tenths[np.arange(N), labels] += 5
    probabilities = tenths / 25
    decisions = np.where(rng.random(N) < 0.9, probabilities.argmax(axis=1), rng.integers(classes, size=N))
    return ClassAnswers(labels, probabilities, decisions)


def label_answers(seed: int, labels: int = 5) -> LabelAnswers:
    rng = np.random.default_rng(seed)
    reference = (rng.random((N, labels)) < rng.uniform(0.1, 0.5, labels)).astype(float)
    probabilities = np.round(np.clip(rng.normal(0.3 + 0.3 * reference, 0.25), 0, 1), 2)
    return LabelAnswers(reference, probabilities, (probabilities >= 0.5).astype(np.intp))


def value_answers(seed: int) -> ValueAnswers:
    rng = np.random.default_rng(seed)
    reference = np.round(rng.uniform(0, 80, N), 0)
    return ValueAnswers(reference, np.round(np.clip(0.8 * reference + rng.normal(12, 9, N), 0, 100), 0), 0.0, 100.0)


def grade_answers(seed: int) -> GradeAnswers:
    rng = np.random.default_rng(seed)
    reference = rng.integers(0, 6, N).astype(float)
    return GradeAnswers(reference, np.clip(reference + rng.integers(-2, 3, N), 0, 5), 0.0, 5.0)


def one(values: np.ndarray) -> float:
    assert values.shape == (1,)
    return float(values[0])


def close(value: float) -> object:
    return pytest.approx(value, abs=1e-12)


def near(value: object) -> object:
    """torchmetrics counts in single precision."""
    return pytest.approx(float(value), abs=2e-6)  # type: ignore[arg-type]


def concordance(covariance: np.ndarray, apart: float) -> float:
    return float(2 * covariance[0, 1] / (np.trace(covariance) + apart**2))


EVERY = once(N)


@pytest.mark.parametrize("seed", SEEDS)
class TestBinaryAgainstScikitLearn:
    def test_ranking(self, seed: int) -> None:
        answers = class_answers(seed, 2)
        y, p = answers.labels, answers.probabilities[:, 1]
        assert one(class_ranks.auc(answers, EVERY)) == close(sk.roc_auc_score(y, p))
        assert one(class_ranks.auprc(answers, EVERY)) == close(sk.average_precision_score(y, p))
        for max_fpr in (0.05, 0.1, 0.37, 1.0):
            assert one(class_ranks.pauc(answers, EVERY, max_fpr=max_fpr)) == close(sk.roc_auc_score(y, p, max_fpr=max_fpr))

    def test_curves(self, seed: int) -> None:
        question = class_answers(seed, 2).questions()[0]
        ours, theirs = roc_curve(question), sk.roc_curve(question.positive, question.score, drop_intermediate=False)
        assert ours is not None
        for mine, other in zip((ours.false_positive_rate, ours.true_positive_rate, ours.thresholds), theirs, strict=True):
            np.testing.assert_allclose(mine, other, atol=1e-12)
        precision, recall, thresholds = sk.precision_recall_curve(question.positive, question.score)
        points = pr_curve(question)
        assert points is not None
        np.testing.assert_allclose(points.precision, precision[:-1][::-1], atol=1e-12)
        np.testing.assert_allclose(points.recall, recall[:-1][::-1], atol=1e-12)
        np.testing.assert_allclose(points.thresholds, thresholds[::-1])

    def test_decisions(self, seed: int) -> None:
        answers = class_answers(seed, 2)
        y, d = answers.labels, answers.decisions
        assert one(class_decisions.acc(answers, EVERY)) == close(sk.accuracy_score(y, d))
        assert one(class_decisions.balanced_acc(answers, EVERY)) == close(sk.balanced_accuracy_score(y, d))
        assert one(class_decisions.f1(answers, EVERY)) == close(sk.f1_score(y, d))
        assert one(class_decisions.sensitivity(answers, EVERY)) == close(sk.recall_score(y, d))
        assert one(class_decisions.specificity(answers, EVERY)) == close(sk.recall_score(y, d, pos_label=0))
        assert one(class_decisions.ppv(answers, EVERY)) == close(sk.precision_score(y, d))
        assert one(class_decisions.npv(answers, EVERY)) == close(sk.precision_score(y, d, pos_label=0))
        assert one(class_decisions.mcc(answers, EVERY)) == close(sk.matthews_corrcoef(y, d))

    def test_calibration(self, seed: int) -> None:
        answers = class_answers(seed, 2)
        p = answers.probabilities[:, 1]
        assert one(calibration.brier(answers, EVERY)) == close(sk.brier_score_loss(answers.labels, p))
        assert one(calibration.log_loss(answers, EVERY)) == close(sk.log_loss(answers.labels, p))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("classes", [3, 6])
class TestMulticlassAgainstScikitLearn:
    @pytest.mark.parametrize(
        ("multiclass", "average"),
        [("ovr", "macro"), ("ovr", "weighted"), ("ovr", "micro"), ("ovo", "macro"), ("ovo", "weighted")],
    )
    def test_auc(self, seed: int, classes: int, multiclass: str, average: str) -> None:
        answers = class_answers(seed, classes)
        ours = one(class_ranks.auc(answers, EVERY, multiclass=multiclass, average=average))  # type: ignore[arg-type]
        assert ours == close(sk.roc_auc_score(answers.labels, answers.probabilities, multi_class=multiclass, average=average))

    @pytest.mark.parametrize("average", ["macro", "weighted", "micro"])
    def test_auprc_and_f1(self, seed: int, classes: int, average: str) -> None:
        answers = class_answers(seed, classes)
        theirs = sk.average_precision_score(np.eye(classes)[answers.labels], answers.probabilities, average=average)
        assert one(class_ranks.auprc(answers, EVERY, average=average)) == close(theirs)  # type: ignore[arg-type]
        theirs = sk.f1_score(answers.labels, answers.decisions, average=average)
        assert one(class_decisions.f1(answers, EVERY, average=average)) == close(theirs)  # type: ignore[arg-type]

    @pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
    def test_kappa(self, seed: int, classes: int, weights: str) -> None:
        answers = class_answers(seed, classes)
        theirs = sk.cohen_kappa_score(answers.labels, answers.decisions, weights=None if weights == "none" else weights)
        assert one(class_decisions.kappa(answers, EVERY, weights=weights)) == close(theirs)  # type: ignore[arg-type]

    def test_everything_else(self, seed: int, classes: int) -> None:
        answers = class_answers(seed, classes)
        y, d, p = answers.labels, answers.decisions, answers.probabilities
        assert one(class_decisions.mcc(answers, EVERY)) == close(sk.matthews_corrcoef(y, d))
        assert one(class_decisions.balanced_acc(answers, EVERY)) == close(sk.balanced_accuracy_score(y, d))
        assert one(class_decisions.ppv(answers, EVERY)) == close(sk.precision_score(y, d, average="macro"))
        assert one(calibration.brier(answers, EVERY)) == close(sk.brier_score_loss(y, p, scale_by_half=True))
        assert one(calibration.log_loss(answers, EVERY)) == close(sk.log_loss(y, p))
        assert confusion_matrix(answers).cases.tolist() == sk.confusion_matrix(y, d).tolist()

    def test_top_k_where_there_are_no_ties(self, seed: int, classes: int) -> None:
        probabilities = np.random.default_rng(seed).dirichlet(np.ones(classes), size=N)
        answers = ClassAnswers(class_answers(seed, classes).labels, probabilities, probabilities.argmax(axis=1))
        theirs = sk.top_k_accuracy_score(answers.labels, probabilities, k=2)
        assert one(class_decisions.top_k(answers, EVERY, k=2)) == close(theirs)


@pytest.mark.parametrize("seed", SEEDS)
class TestClassesAgainstTorchmetrics:
    def test_binary(self, seed: int) -> None:
        answers = class_answers(seed, 2)
        p, y, d = torch.tensor(answers.probabilities[:, 1]), torch.tensor(answers.labels), torch.tensor(answers.decisions)
        assert one(class_ranks.auc(answers, EVERY)) == near(tm.auroc(p, y, task="binary"))
        assert one(class_ranks.auprc(answers, EVERY)) == near(tm.average_precision(p, y, task="binary"))
        assert one(class_ranks.pauc(answers, EVERY, max_fpr=0.2)) == near(tm.auroc(p, y, task="binary", max_fpr=0.2))
        assert one(class_decisions.specificity(answers, EVERY)) == near(tm.specificity(d, y, task="binary"))
        assert one(class_decisions.mcc(answers, EVERY)) == near(tm.matthews_corrcoef(d, y, task="binary"))
        at_60 = class_decisions.sensitivity(answers, EVERY, threshold=0.6)
        assert one(at_60) == near(tm.recall(p, y, task="binary", threshold=np.nextafter(0.6, 0)))
        told, _ = tm.classification.binary_sensitivity_at_specificity(p, y, min_specificity=0.9)
        assert one(class_ranks.sensitivity_at(answers, EVERY, specificity=0.9)) == near(told)
        told, _ = tm.classification.binary_specificity_at_sensitivity(p, y, min_sensitivity=0.9)
        assert one(class_ranks.specificity_at(answers, EVERY, sensitivity=0.9)) == near(told)

    def test_multiclass(self, seed: int) -> None:
        answers = class_answers(seed, 4)
        p, y, d = torch.tensor(answers.probabilities), torch.tensor(answers.labels), torch.tensor(answers.decisions)
        assert one(class_ranks.auc(answers, EVERY)) == near(tm.auroc(p, y, task="multiclass", num_classes=4))
        weighted = class_ranks.auc(answers, EVERY, average="weighted")
        assert one(weighted) == near(tm.auroc(p, y, task="multiclass", num_classes=4, average="weighted"))
        theirs = tm.f1_score(d, y, task="multiclass", num_classes=4, average="macro")
        assert one(class_decisions.f1(answers, EVERY)) == near(theirs)
        theirs = tm.specificity(d, y, task="multiclass", num_classes=4, average="macro")
        assert one(class_decisions.specificity(answers, EVERY)) == near(theirs)
        theirs = tm.cohen_kappa(d, y, task="multiclass", num_classes=4, weights="quadratic")
        assert one(class_decisions.kappa(answers, EVERY, weights="quadratic")) == near(theirs)

    def test_calibration_error_where_no_confidence_lies_on_an_edge(self, seed: int) -> None:
        # They have bins [low, high), we have (low, high].
        probabilities = np.random.default_rng(seed).dirichlet(np.ones(3), size=N)
        answers = ClassAnswers(class_answers(seed, 3).labels, probabilities, probabilities.argmax(axis=1))
        theirs = tm.calibration_error(
            torch.tensor(probabilities), torch.tensor(answers.labels), task="multiclass", num_classes=3, n_bins=15
        )
        assert one(calibration.ece(answers, EVERY)) == near(theirs)


@pytest.mark.parametrize("seed", SEEDS)
class TestLabelsAgainstPeers:
    def test_scikit_learn(self, seed: int) -> None:
        answers = label_answers(seed)
        y, p, d = answers.reference.astype(int), answers.probabilities, answers.decisions
        for average in ("macro", "weighted", "micro"):
            assert one(multilabel.auc(answers, EVERY, average=average)) == close(sk.roc_auc_score(y, p, average=average))  # type: ignore[arg-type]
            theirs = sk.average_precision_score(y, p, average=average)
            assert one(multilabel.auprc(answers, EVERY, average=average)) == close(theirs)  # type: ignore[arg-type]
        for average in ("macro", "weighted", "micro", "samples"):
            theirs = sk.f1_score(y, d, average=average, zero_division=1.0)
            assert one(multilabel.f1(answers, EVERY, average=average)) == close(theirs)  # type: ignore[arg-type]
        assert one(multilabel.label_acc(answers, EVERY)) == close(1 - sk.hamming_loss(y, d))
        assert one(multilabel.subset_acc(answers, EVERY)) == close(sk.accuracy_score(y, d))

    def test_torchmetrics_with_ignored_labels(self, seed: int) -> None:
        answers = label_answers(seed)
        unsure = np.random.default_rng(seed + 100).random(answers.reference.shape) < 0.2
        reference = np.where(unsure, UNCERTAIN, answers.reference)
        answers = LabelAnswers(reference, answers.probabilities, answers.decisions)
        p, y = torch.tensor(answers.probabilities), torch.tensor(reference).long()
        theirs = tm.auroc(p, y, task="multilabel", num_labels=5, ignore_index=-1)
        assert one(multilabel.auc(answers, EVERY)) == near(theirs)
        below = np.nextafter(0.5, 0)  # they call what is above the threshold, we what is at it too
        for average in ("macro", "micro"):
            theirs = tm.accuracy(p, y, task="multilabel", num_labels=5, ignore_index=-1, threshold=below, average=average)
            assert one(multilabel.label_acc(answers, EVERY, average=average)) == near(theirs)  # type: ignore[arg-type]

    @pytest.mark.parametrize(("policy", "value"), [("positive", 1), ("negative", 0)])
    def test_policies_for_uncertain_labels(self, seed: int, policy: str, value: int) -> None:
        answers = label_answers(seed)
        unsure = np.random.default_rng(seed + 100).random(answers.reference.shape) < 0.2
        unread = LabelAnswers(np.where(unsure, UNCERTAIN, answers.reference), answers.probabilities, answers.decisions)
        read = np.where(unsure, value, answers.reference).astype(int)
        ours = one(multilabel.auc(unread, EVERY, uncertain=policy))  # type: ignore[arg-type]
        assert ours == close(sk.roc_auc_score(read, answers.probabilities))


@pytest.mark.parametrize("seed", SEEDS)
class TestValuesAndGradesAgainstPeers:
    def test_errors(self, seed: int) -> None:
        answers = value_answers(seed)
        x, y = answers.reference, answers.predicted
        assert one(regression.mae(answers, EVERY)) == close(sk.mean_absolute_error(x, y))
        assert one(regression.rmse(answers, EVERY)) == close(sk.root_mean_squared_error(x, y))
        assert one(regression.medae(answers, EVERY)) == close(sk.median_absolute_error(x, y))
        assert one(regression.r2(answers, EVERY)) == close(sk.r2_score(x, y))

    def test_correlations(self, seed: int) -> None:
        answers = value_answers(seed)
        x, y = answers.reference, answers.predicted
        assert one(regression_association.pearson(answers, EVERY)) == close(stats.pearsonr(x, y).statistic)
        assert one(regression_association.spearman(answers, EVERY)) == close(stats.spearmanr(x, y).statistic)
        # Theirs is of variances divided by n - 1, ours, as Lin's, of variances divided by n.
        theirs, lin = (concordance(np.cov(x, y, ddof=ddof), x.mean() - y.mean()) for ddof in (1, 0))
        assert theirs == near(tm.concordance_corrcoef(torch.tensor(y), torch.tensor(x)))
        assert one(regression_association.ccc(answers, EVERY)) == close(lin)

    def test_grades(self, seed: int) -> None:
        answers = grade_answers(seed)
        x, y = answers.reference.astype(int), answers.predicted.astype(int)
        for weights in ("linear", "quadratic"):
            ours = one(ordinal.kappa(answers, EVERY, weights=weights))  # type: ignore[arg-type]
            assert ours == close(sk.cohen_kappa_score(x, y, weights=weights))
        assert one(ordinal.kendall_tau(answers, EVERY)) == close(stats.kendalltau(x, y).statistic)
        assert one(ordinal.acc(answers, EVERY)) == close(sk.accuracy_score(x, y))


class TestBootstrapAgainstResampledIndices:
    @pytest.mark.parametrize("n", [40, 350])
    def test_auc_of_a_thousand_resamples_is_scikit_learns_on_the_drawn_cases(self, n: int) -> None:
        rng = np.random.default_rng(n)
        labels = (rng.random(n) < 0.4).astype(np.intp)
        scores = np.round(np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1), 2)
        drawn = rng.integers(n, size=(1000, n))
        counts = np.asfortranarray([np.bincount(row, minlength=n) for row in drawn], dtype=np.float64)
        ours = auc_of_many(labels == 1, scores[np.newaxis], counts)[0]
        some = range(0, 1000, 10)
        np.testing.assert_allclose(ours[some], [sk.roc_auc_score(labels[drawn[b]], scores[drawn[b]]) for b in some], atol=1e-12)
