from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sonobench_eval.statistics.aggregation import weighted_mean
from sonobench_eval.statistics.bca import acceleration, bca_interval
from sonobench_eval.statistics.bootstrap import percentile_interval
from sonobench_eval.statistics.delong import auc_covariance, auc_interval
from sonobench_eval.statistics.proportions import exact, wilson
from sonobench_eval.statistics.resampled import CountsMeasure, bootstrap_interval
from sonobench_eval.statistics.resampling import Resampling
from sonobench_eval.statistics.subgroups import by_subgroup

WHOLE = st.integers(-20, 20)
"""Scores that add up without rounding, so that invariances hold to the last digit."""
CASES = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xy"), WHOLE), min_size=2, max_size=25)
GRADED = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.sampled_from("abcdefghij")), min_size=4, max_size=30)


def mean_of(scores: np.ndarray) -> CountsMeasure:
    return partial(weighted_mean(scores), np.arange(len(scores)))


class TestResampling:
    @given(CASES, st.integers(0, 99))
    def test_strata_keep_their_units_and_subjects_their_cases(self, cases: list[tuple[str, str, int]], seed: int) -> None:
        units, strata = [case[0] for case in cases], [case[1] for case in cases]
        plan = Resampling(units, resamples=9, seed=seed, task_id="T", stratum_of_case=strata)
        drawn = plan.counts()
        first = [units.index(unit) for unit in sorted(set(units))]
        assert (drawn == drawn[:, np.array(first)[plan.unit_index]]).all()
        for stratum in plan.strata:
            assert (drawn[:, np.array(first)[stratum.units]].sum(axis=1) == len(stratum.units)).all()

    @given(CASES, st.randoms(use_true_random=False))
    def test_the_order_of_cases_does_not_matter(self, cases: list[tuple[str, str, int]], random: object) -> None:
        order = list(range(len(cases)))
        random.shuffle(order)

        def counts(of: list[tuple[str, str, int]]) -> np.ndarray:
            strata = [case[1] for case in of]
            return Resampling([case[0] for case in of], resamples=5, seed=1, task_id="T", stratum_of_case=strata).counts()

        np.testing.assert_array_equal(counts([cases[position] for position in order]), counts(cases)[:, order])

    @given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=20), st.integers(0, 99))
    def test_every_algorithm_meets_the_same_resamples(self, units: list[str], seed: int) -> None:
        one, other = (Resampling(list(units), resamples=7, seed=seed, task_id="T").counts() for _ in range(2))
        np.testing.assert_array_equal(one, other)


class TestBca:
    @given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.floats(0.6, 0.99))
    def test_is_the_percentile_interval_where_bias_and_acceleration_are_nothing(self, off: list[int], confidence: float) -> None:
        replicates = np.array([*off, *(-each for each in off)], dtype=np.float64)
        plain, found = (
            percentile_interval(replicates, confidence=confidence),
            bca_interval(replicates, 0.0, 0.0, confidence=confidence),
        )
        assert plain is not None
        assert found is not None
        assert (found.low, found.high) == (pytest.approx(plain.low, abs=1e-9), pytest.approx(plain.high, abs=1e-9))

    @given(st.lists(WHOLE, min_size=3, max_size=30))
    def test_acceleration_turns_with_the_sign_and_ignores_scale_and_place(self, values: list[int]) -> None:
        without_one = np.array(values, dtype=np.float64)
        found = acceleration(without_one)
        assume(found is not None)
        assert acceleration(-without_one) == pytest.approx(-found, abs=1e-12)
        assert acceleration(4 * without_one + 7) == pytest.approx(found, abs=1e-12)

    @given(CASES, st.sampled_from(["percentile", "bca"]))
    def test_an_interval_scales_with_the_score_and_lies_within_it(self, cases: list[tuple[str, str, int]], kind: str) -> None:
        scores = np.array([case[2] for case in cases], dtype=np.float64)
        plan = Resampling([case[0] for case in cases], resamples=40, seed=1, task_id="T")
        found = bootstrap_interval(mean_of(scores), plan, confidence=0.9, kind=kind)
        scaled = bootstrap_interval(mean_of(4 * scores), plan, confidence=0.9, kind=kind)
        assume(found.low is not None)
        assert scores.min() - 1e-9 <= found.low <= found.high <= scores.max() + 1e-9
        assert (scaled.low, scaled.high) == (pytest.approx(4 * found.low, abs=1e-9), pytest.approx(4 * found.high, abs=1e-9))


class TestShares:
    @given(st.integers(1, 60), st.integers(0, 60), st.floats(0.6, 0.99))
    def test_intervals_hold_the_share_and_mirror_each_other(self, cases: int, hits: int, confidence: float) -> None:
        assume(hits <= cases)
        for interval in (wilson, exact):
            low, high = interval(hits, cases, confidence=confidence)
            assert 0 <= low <= hits / cases <= high <= 1
            assert interval(cases - hits, cases, confidence=confidence) == (pytest.approx(1 - high), pytest.approx(1 - low))


class TestAuc:
    @settings(max_examples=60)
    @given(GRADED, st.randoms(use_true_random=False))
    def test_depends_on_ranks_alone_and_not_on_order_or_names(self, cases: list[tuple[bool, int, str]], random: object) -> None:
        positive, scores = np.array([case[0] for case in cases]), np.array([case[1] for case in cases], dtype=np.float64)
        units = [case[2] for case in cases]
        assume(len({unit for unit, yes in zip(units, positive, strict=True) if yes}) > 1)
        assume(len({unit for unit, yes in zip(units, positive, strict=True) if not yes}) > 1)
        found = auc_covariance(positive, scores[None], units)
        order = list(range(len(cases)))
        random.shuffle(order)
        moved = auc_covariance(positive[order], np.exp(scores[order])[None], [f"z{units[each]}"[::-1] for each in order])
        np.testing.assert_allclose([moved.auc, moved.covariance[0]], [found.auc, found.covariance[0]], atol=1e-12)
        # Asking for the other class with scores turned round is the same question.
        other = auc_covariance(~positive, -scores[None], units)
        np.testing.assert_allclose([other.auc, other.covariance[0]], [found.auc, found.covariance[0]], atol=1e-12)

    @settings(max_examples=60)
    @given(GRADED, st.sampled_from(["logit", "plain"]))
    def test_intervals_hold_the_area_and_stay_in_range(self, cases: list[tuple[bool, int, str]], scale: str) -> None:
        positive, scores = np.array([case[0] for case in cases]), np.array([case[1] for case in cases], dtype=np.float64)
        found = auc_interval(positive, scores, [case[2] for case in cases], confidence=0.9, scale=scale)
        assert (found.low is None) == (found.why_none is not None)
        assume(found.low is not None)
        assert 0 <= found.low <= found.value <= found.high <= 1


class TestSubgroups:
    @settings(max_examples=60)
    @given(CASES, st.integers(1, 5))
    def test_every_case_is_in_one_and_none_is_dropped(self, cases: list[tuple[str, str, int]], fewest: int) -> None:
        scores = np.array([case[2] for case in cases], dtype=np.float64)
        groups = [None if case[2] > 10 else case[1] for case in cases]

        def mean(positions: np.ndarray, counts: np.ndarray) -> np.ndarray:
            total = counts.sum(axis=1)
            return np.divide(counts @ scores[positions], total, out=np.full(len(total), np.nan), where=total > 0)

        plan = Resampling([case[0] for case in cases], resamples=10, seed=1, task_id="T")
        found = by_subgroup(mean, groups, plan, confidence=0.9, fewest_cases=fewest)
        assert sorted(np.concatenate([each.positions for each in found]).tolist()) == list(range(len(cases)))
        for each in found:
            assert (each.score is None) == (len(each.positions) < fewest) == (each.too_few is not None)
