"""What holds for every metric of classes, labels, grades and values; made from the catalogues, so that none is forgotten."""

from __future__ import annotations

from functools import partial
from typing import get_args

import numpy as np
import pytest
from answer_tables import OURS, Answers, Asked, answers_of, every_metric, size_of, without
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonobench_eval.metrics.class_answers import once
from sonobench_eval.metrics.spec import Family

BY_FAMILY = {family: every_metric((family,)) for family in OURS}
CASES = st.sampled_from(OURS).flatmap(lambda family: st.tuples(answers_of(family), st.just(family)))
SLACK = 1e-9
few = partial(settings, suppress_health_check=[HealthCheck.too_slow], max_examples=40)


def drawn(size: int, seed: int, resamples: int = 4, most: int = 3) -> np.ndarray:
    """Counts in Fortran order, as the bootstrap makes them."""
    return np.asfortranarray(np.random.default_rng(seed).integers(0, most + 1, size=(resamples, size)).astype(float))


def repeated(answers: Answers, counts: np.ndarray) -> Answers:
    return answers.take(np.repeat(np.arange(size_of(answers)), counts.astype(int)))


def equal(left: np.ndarray, right: np.ndarray, asked: Asked) -> None:
    np.testing.assert_allclose(left, right, atol=1e-12, rtol=1e-12, equal_nan=True, err_msg=repr(asked))


class TestEveryMetric:
    @given(CASES, st.integers(0, 999))
    @few()
    def test_a_count_is_the_same_as_repeating_the_case(self, case: tuple[Answers, Family], seed: int) -> None:
        answers, family = case
        counts = drawn(size_of(answers), seed)
        resamples = [repeated(answers, row) for row in counts]
        for asked in BY_FAMILY[family]:
            alone = [asked.measure(each, once(size_of(each)))[0] for each in resamples]
            equal(asked.measure(answers, counts), np.array(alone), asked)

    @given(CASES, st.integers(0, 999))
    @few()
    def test_many_resamples_are_measured_as_few_are_and_memory_order_does_not_matter(
        self, case: tuple[Answers, Family], seed: int
    ) -> None:
        answers, family = case
        counts = drawn(size_of(answers), seed, resamples=60)
        for asked in BY_FAMILY[family]:
            many = asked.measure(answers, counts)
            equal(many, asked.measure(answers, np.ascontiguousarray(counts)), asked)
            equal(many[:5], asked.measure(answers, counts[:5]), asked)

    @given(CASES, st.integers(0, 999))
    @few()
    def test_lies_within_its_declared_bounds_or_has_no_value(self, case: tuple[Answers, Family], seed: int) -> None:
        answers, family = case
        for asked in BY_FAMILY[family]:
            values = asked.measure(answers, drawn(size_of(answers), seed))
            assert values.dtype == np.float64
            assert values.shape == (4,)
            assert not np.isinf(values).any(), asked
            inside = (values >= asked.spec.low - SLACK) & (values <= asked.spec.high + SLACK)
            assert (np.isnan(values) | inside).all(), (asked, values)

    @given(CASES, st.integers(0, 999))
    @few()
    def test_does_not_depend_on_the_order_of_the_cases(self, case: tuple[Answers, Family], seed: int) -> None:
        answers, family = case
        counts = drawn(size_of(answers), seed)
        order = np.random.default_rng(seed).permutation(size_of(answers))
        for asked in BY_FAMILY[family]:
            equal(asked.measure(answers.take(order), counts[:, order]), asked.measure(answers, counts), asked)

    @given(CASES, st.integers(0, 999), st.integers(0, 13))
    @few(max_examples=80)
    def test_leaving_an_answer_out_never_pays(self, case: tuple[Answers, Family], seed: int, which: int) -> None:
        answers, family = case
        counts = np.vstack([once(size_of(answers)), drawn(size_of(answers), seed)])
        less = without(answers, which % size_of(answers))
        for asked in BY_FAMILY[family]:
            before, after = asked.goodness(answers, counts), asked.goodness(less, counts)
            # Where there was a value there still is one: a metric cannot be switched off by silence.
            assert (np.isnan(before) | (after <= before + SLACK)).all(), (asked, before, after)

    @given(CASES)
    @few()
    def test_a_resample_without_cases_has_no_value(self, case: tuple[Answers, Family]) -> None:
        answers, family = case
        for asked in BY_FAMILY[family]:
            assert np.isnan(asked.measure(answers, np.zeros((1, size_of(answers))))).all(), asked
            assert asked.measure(answers, np.zeros((0, size_of(answers)))).shape == (0,), asked

    @given(CASES, st.integers(0, 999))
    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    def test_is_what_other_peoples_software_says(self, case: tuple[Answers, Family], seed: int) -> None:
        answers, family = case
        counts = drawn(size_of(answers), seed, resamples=2)
        for asked in BY_FAMILY[family]:
            if asked.spec.reference is None:
                continue
            fast, reference = asked.measure(answers, counts), asked.measure(answers, counts, engine="reference")
            known = ~np.isnan(reference)
            np.testing.assert_allclose(fast[known], reference[known], atol=1e-10, err_msg=repr(asked))
            if is_complete(answers):
                assert (np.isnan(fast) == np.isnan(reference)).all(), asked


class TestCatalogue:
    @pytest.mark.parametrize("family", OURS)
    def test_has_metrics_each_once(self, family: Family) -> None:
        names = [asked.spec.name for asked in BY_FAMILY[family]]
        assert len(set(names)) >= 8

    @pytest.mark.parametrize("spec", {id(asked.spec): asked.spec for family in OURS for asked in BY_FAMILY[family]}.values())
    def test_says_what_each_metric_is(self, spec: object) -> None:
        from sonobench_eval.metrics.spec import MetricSpec

        assert isinstance(spec, MetricSpec)
        assert spec.family in get_args(Family)
        assert spec.title
        assert spec.summary
        assert spec.source
        assert spec.why_undefined
        assert spec.low < spec.high
        assert spec.load().__doc__


def is_complete(answers: Answers) -> bool:
    predicted = getattr(answers, "predicted", None)
    if predicted is not None:
        return not np.isnan(predicted).any()
    return bool((answers.decisions >= 0).all() and not np.isnan(answers.probabilities).any())  # type: ignore[union-attr]
