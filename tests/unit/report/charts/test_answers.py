"""Answers of a classification task, read back from an evaluation."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.evaluation import CaseScore, Evaluation, Provenance
from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION
from sonobench_eval.report.charts.answers import class_answers


def evaluation(**cases: dict[str, float]) -> Evaluation:
    made_from = Provenance(
        challenge="demo",
        challenge_hash="sha256:c",
        dataset_hash="sha256:d",
        evaluator_version="0",
        engine="fast",
        resamples=0,
        confidence=0.95,
        seed=1,
    )
    scored = tuple(CaseScore(id=name, task="T", center="A", scores=scores) for name, scores in cases.items())
    return Evaluation(made_from=made_from, tasks=(), cases=scored)


class TestClassAnswers:
    def test_cases_stand_in_the_order_of_the_labels(self) -> None:
        found = class_answers(
            evaluation(a={"p_0": 0.9, "p_1": 0.1}, b={"p_0": 0.2, "p_1": 0.8}), "T", {"b": 1, "a": 0}, classes=2
        )

        np.testing.assert_array_equal(found.probabilities, [[0.2, 0.8], [0.9, 0.1]])
        np.testing.assert_array_equal(found.labels, [1, 0])

    def test_decisions_are_the_teams_own_even_against_its_probabilities(self) -> None:
        scores = {"acc": 0.0, "decided": 2.0, "p_0": 0.5, "p_1": 0.4, "p_2": 0.1}

        assert class_answers(evaluation(a=scores), "T", {"a": 0}, classes=3).decisions.tolist() == [2]

    def test_an_abstention_is_one(self) -> None:
        found = class_answers(evaluation(a={"acc": 0.0, "abstained": 1.0, "p_0": 0.5, "p_1": 0.5}), "T", {"a": 0}, classes=2)

        assert found.decisions.tolist() == [ABSTAIN]

    def test_a_case_without_probabilities_is_unusable(self) -> None:
        found = class_answers(evaluation(a={"acc": 0.0}), "T", {"a": 0}, classes=2)

        assert found.decisions.tolist() == [NO_DECISION]
        assert np.isnan(found.probabilities).all()

    def test_a_case_that_the_evaluation_lacks_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            class_answers(evaluation(a={"acc": 1.0}), "T", {"b": 0}, classes=2)
