"""Random answers of every family, with ties, one-class tables and cases without an answer; and every way to ask a metric."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers
from sonobench_eval.metrics.multilabel_answers import UNCERTAIN, LabelAnswers
from sonobench_eval.metrics.named import FAMILIES, specs_of
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.metrics.regression_answers import ValueAnswers
from sonobench_eval.metrics.spec import Family, MetricSpec, Parameter

OURS: tuple[Family, ...] = ("classes", "labels", "grades", "values")
Answers = ClassAnswers | LabelAnswers | GradeAnswers | ValueAnswers
NUMBERS = {
    "max_fpr": (0.3, 1.0),
    "specificity": (0.5, 0.9),
    "sensitivity": (0.5, 0.9),
    "threshold": (0.5,),
    "coverage": (0.3, 1.0),
}
WHOLES = {"of_class": (0, 1), "of_label": (0, 1), "k": (1, 2), "bins": (1, 10)}
SOME_REQUIRED = 2


class Asked(NamedTuple):
    """A metric with settings."""

    spec: MetricSpec
    settings: dict[str, Any]

    def __repr__(self) -> str:
        said = " ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.spec.family} {self.spec.name} {said}".strip()

    def measure(self, answers: Answers, counts: np.ndarray, *, engine: Any = "fast") -> np.ndarray:
        found = self.spec.load(engine=engine)(answers, counts, **self.spec.arguments(self.settings))
        return np.asarray(found)

    def goodness(self, answers: Answers, counts: np.ndarray) -> np.ndarray:
        return self.measure(answers, counts) * (1 if self.spec.higher_is_better else -1)


def every_metric(families: tuple[Family, ...] = OURS) -> list[Asked]:
    """Each metric of the catalogues, with each combination of a few values of each of its parameters."""
    return [Asked(spec, said) for family in families for spec in specs_of(family).values() for said in _settings(spec)]


def _settings(spec: MetricSpec) -> Iterator[dict[str, Any]]:
    for values in product(*(_values(parameter) for parameter in spec.parameters)):
        said = {each.name: value for each, value in zip(spec.parameters, values, strict=True) if value is not None}
        if not (said.get("multiclass") == "ovo" and said.get("average") == "micro"):
            yield said


def _values(parameter: Parameter) -> tuple[Any, ...]:
    off = () if parameter.required else (None,)
    if parameter.kind == "choice":
        return (*off, *(each for each in parameter.choices if each != parameter.default))
    if parameter.kind == "whole":
        return (*off, *WHOLES[parameter.name])
    return (*off, *NUMBERS.get(parameter.name, ()))


@st.composite
def answers_of(draw: st.DrawFn, family: Family, *, complete: bool = False, least: int = 1, most: int = 14) -> Answers:
    """A table of a family; `complete` has an answer to every case."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(least, most))
    missing = rng.random(n) < (0.0 if complete else draw(st.sampled_from([0.0, 0.1, 0.4, 1.0])))
    if family == "classes":
        return _classes(rng, n, missing, classes=draw(st.sampled_from([2, 2, 3, 4])), complete=complete)
    if family == "labels":
        return _labels(rng, n, missing, unsure=draw(st.sampled_from([0.0, 0.3])))
    if family == "grades":
        edges = draw(st.sampled_from([None, (0.0, 4.0, 6.0, 8.0, 10.0)]))
        reference, predicted = _pairs(rng, n, missing, step=draw(st.sampled_from([1.0, 2.0, 0.5])))
        return GradeAnswers(np.floor(reference), predicted, 0.0, 10.0, edges)
    reference, predicted = _pairs(rng, n, missing, step=draw(st.sampled_from([0.1, 1.0, 5.0])))
    return ValueAnswers(reference, predicted, 0.0, 10.0)


def _classes(rng: np.random.Generator, n: int, missing: np.ndarray, *, classes: int, complete: bool) -> ClassAnswers:
    labels = rng.integers(classes, size=n)
    probabilities = np.round(rng.dirichlet(np.full(classes, 0.7), size=n), 1)
    decisions = np.where(rng.random(n) < 0.6, labels, rng.integers(classes, size=n))
    decisions[(rng.random(n) < 0.15) & (not complete)] = ABSTAIN
    probabilities[missing], decisions[missing] = np.nan, NO_DECISION
    return ClassAnswers(labels, probabilities, decisions)


def _labels(rng: np.random.Generator, n: int, missing: np.ndarray, *, unsure: float) -> LabelAnswers:
    number = int(rng.integers(2, 4))
    reference = rng.integers(2, size=(n, number)).astype(float)
    reference[rng.random((n, number)) < unsure] = UNCERTAIN
    reference[rng.random((n, number)) < unsure / 3] = np.nan
    probabilities, decisions = np.round(rng.random((n, number)), 1), rng.integers(2, size=(n, number))
    probabilities[missing], decisions[missing] = np.nan, NO_DECISION
    return LabelAnswers(reference, probabilities, decisions)


def _pairs(rng: np.random.Generator, n: int, missing: np.ndarray, *, step: float) -> tuple[np.ndarray, np.ndarray]:
    reference = np.round(rng.beta(1, rng.choice([1.0, 4.0]), size=n) * 10 / step) * step
    noise = rng.normal(0, rng.choice([0.5, 5.0]), size=n)
    predicted = np.clip(np.round((rng.choice([1, -1]) * (reference - 5) + 5 + noise) / step) * step, 0, 10)
    predicted[missing] = np.nan
    return reference, predicted


def size_of(answers: Answers) -> int:
    return len(answers.labels) if isinstance(answers, ClassAnswers) else len(answers.reference)


def without(answers: Answers, case: int) -> Answers:
    """The same answers with one taken away."""
    if isinstance(answers, ClassAnswers):
        return ClassAnswers(answers.labels, _nan_at(answers.probabilities, case), _put(answers.decisions, case, NO_DECISION))
    if isinstance(answers, LabelAnswers):
        return LabelAnswers(answers.reference, _nan_at(answers.probabilities, case), _put(answers.decisions, case, NO_DECISION))
    predicted = _nan_at(answers.predicted, case)
    if isinstance(answers, GradeAnswers):
        return GradeAnswers(answers.reference, predicted, answers.low, answers.high, answers.edges)
    return ValueAnswers(answers.reference, predicted, answers.low, answers.high)


def _nan_at(values: np.ndarray, case: int) -> np.ndarray:
    return _put(values, case, np.nan)


def _put(values: np.ndarray, case: int, value: float) -> np.ndarray:
    changed = values.copy()
    changed[case] = value
    return changed


assert set(OURS) <= set(FAMILIES)
