from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from sonobench_eval.metrics import reference_classes as reference
from sonobench_eval.metrics.classification import ClassAnswers, acc, auc, auprc, f1, once

NAMES = st.sampled_from(["auc", "acc", "f1", "auprc"])
FAST = {"auc": auc, "acc": acc, "f1": f1, "auprc": auprc}
REFERENCE = {"auc": reference.auc, "acc": reference.acc, "f1": reference.f1, "auprc": reference.auprc}


@st.composite
def tables(draw: st.DrawFn, *, classes: tuple[int, ...] = (2, 3, 4), absent: bool = True) -> ClassAnswers:
    """Answers with ties (one decimal) and, where asked for, cases without an answer."""
    k, n = draw(st.sampled_from(classes)), draw(st.integers(1, 25))
    rows = draw(st.lists(st.lists(st.integers(0, 10), min_size=k, max_size=k), min_size=n, max_size=n))
    labels = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    decisions = draw(st.lists(st.integers(-1 if absent else 0, k - 1), min_size=n, max_size=n))
    probabilities = np.array(rows, dtype=float) / 10
    probabilities[np.array(decisions) == -1] = np.nan
    return ClassAnswers(np.array(labels), probabilities, np.array(decisions))


def counts_for(answers: ClassAnswers, seed: int, resamples: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, size=(resamples, len(answers.labels))).astype(float)


class TestClassMetrics:
    @given(tables(), NAMES, st.integers(0, 99))
    def test_lie_between_0_and_1_or_have_no_value(self, answers: ClassAnswers, name: str, seed: int) -> None:
        values = FAST[name](answers, counts_for(answers, seed))
        assert (np.isnan(values) | ((values >= 0) & (values <= 1 + 1e-12))).all()

    @given(tables(), NAMES, st.integers(0, 99))
    @settings(max_examples=60)
    def test_are_those_of_the_reference_engine(self, answers: ClassAnswers, name: str, seed: int) -> None:
        counts = counts_for(answers, seed)
        np.testing.assert_allclose(FAST[name](answers, counts), REFERENCE[name](answers, counts), atol=1e-12, equal_nan=True)

    @given(tables(), NAMES, st.integers(0, 99))
    def test_a_count_is_the_same_as_repeating_the_case(self, answers: ClassAnswers, name: str, seed: int) -> None:
        counts = counts_for(answers, seed, resamples=1)
        repeated = answers.take(np.repeat(np.arange(len(answers.labels)), counts[0].astype(int)))
        alone = FAST[name](repeated, once(len(repeated.labels)))
        np.testing.assert_allclose(FAST[name](answers, counts), alone, atol=1e-12, equal_nan=True)

    @given(tables(classes=(2,), absent=False), st.integers(0, 99))
    def test_weighted_auc_and_auprc_are_scikit_learns_on_repeated_samples(self, answers: ClassAnswers, seed: int) -> None:
        counts = counts_for(answers, seed, resamples=1)
        repeated = np.repeat(np.arange(len(answers.labels)), counts[0].astype(int))
        labels, scores = answers.labels[repeated], answers.probabilities[repeated, 1]
        if len(set(labels.tolist())) < 2:
            assert np.isnan(auc(answers, counts)).all()
            return
        assert auc(answers, counts)[0] == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
        assert auprc(answers, counts)[0] == pytest.approx(average_precision_score(labels, scores), abs=1e-12)

    @given(tables(absent=False), st.sampled_from([auc, acc, f1, auprc]), st.data())
    def test_taking_an_answer_away_is_never_better_than_the_worst_answer(
        self, answers: ClassAnswers, metric: object, data: st.DataObject
    ) -> None:
        assert callable(metric)
        case = data.draw(st.integers(0, len(answers.labels) - 1))
        probabilities, decisions = answers.probabilities.copy(), answers.decisions.copy()
        probabilities[case], decisions[case] = np.nan, -1
        left_out = metric(ClassAnswers(answers.labels, probabilities, decisions), once(len(decisions)))[0]
        given_answer = metric(answers, once(len(decisions)))[0]
        assert np.isnan(given_answer) or left_out <= given_answer + 1e-12
