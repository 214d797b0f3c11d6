"""Any metric with its bootstrap interval, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.interval import Sample
from sonobench_eval.statistics.resampled import (
    NEVER_DEFINED,
    NO_RESAMPLES,
    NO_VALUE,
    ONE_UNIT,
    CountsMeasure,
    bootstrap_interval,
    replicate,
)
from sonobench_eval.statistics.resampling import Resampling

SCORES = np.array([0.1, 0.4, 0.5, 0.9])


def mean(counts: np.ndarray) -> np.ndarray:
    return counts @ SCORES / counts.sum(axis=1)


def resampling(units: str = "abcd", *, resamples: int = 200, strata: str | None = None) -> Resampling:
    return Resampling(list(units), resamples=resamples, seed=7, task_id="T", stratum_of_case=list(strata) if strata else None)


class TestReplicate:
    def test_leaves_out_one_unit_after_another(self) -> None:
        found = replicate(mean, resampling("aabc"), kind="bca")
        assert found.value == pytest.approx(0.475)
        assert found.without_one == pytest.approx([(0.5 + 0.9) / 2, (0.1 + 0.4 + 0.9) / 3, (0.1 + 0.4 + 0.5) / 3])

    def test_measures_every_resample(self) -> None:
        plan = resampling()
        np.testing.assert_array_equal(replicate(mean, plan).replicates, mean(plan.counts()))

    def test_asks_for_no_jackknife_where_none_is_needed(self) -> None:
        assert replicate(mean, resampling()).without_one.size == 0


class TestBootstrapInterval:
    def test_says_method_sample_seed_and_spread(self) -> None:
        found = bootstrap_interval(mean, resampling(), confidence=0.9)
        assert (found.method, found.confidence) == ("percentile bootstrap, 200 resamples of 4 cases", 0.9)
        assert (found.sample, found.resamples, found.seed, found.undefined) == (Sample(4, 4, "4 cases"), 200, 7, 0)
        assert found.value == pytest.approx(0.475)
        assert found.low is not None
        assert found.high is not None
        assert 0.1 <= found.low < 0.475 < found.high <= 0.9
        # Of one draw: variance (0.375^2 + 0.075^2 + 0.025^2 + 0.425^2) / 4 = 0.081875; of the mean of four a quarter.
        assert found.standard_error == pytest.approx((0.081875 / 4) ** 0.5, rel=0.15)

    def test_says_that_it_is_bca(self) -> None:
        found = bootstrap_interval(mean, resampling("aabc"), confidence=0.95, kind="bca")
        assert found.method == "BCa bootstrap, 200 resamples of 3 subjects"

    def test_says_why_it_is_not(self) -> None:
        found = bootstrap_interval(lambda counts: np.full(len(counts), 0.5), resampling(), confidence=0.95, kind="bca")
        assert found.method == (
            "percentile bootstrap (no BCa: leaving out any one unit changes nothing), 200 resamples of 4 cases"
        )
        assert (found.low, found.high) == (0.5, 0.5)

    def test_says_in_how_many_strata_was_drawn(self) -> None:
        found = bootstrap_interval(mean, resampling(strata="xxyy"), confidence=0.95)
        assert found.method == "percentile bootstrap, 200 resamples of 4 cases in 2 strata"

    def test_says_how_many_strata_cannot_vary(self) -> None:
        found = bootstrap_interval(mean, resampling(strata="xxyz"), confidence=0.95)
        assert found.method == "percentile bootstrap, 200 resamples of 4 cases in 3 strata, 2 of a single unit"

    def test_counts_resamples_without_a_value(self) -> None:
        def of_both_ends(counts: np.ndarray) -> np.ndarray:
            return np.where((counts[:, 0] > 0) & (counts[:, 3] > 0), mean(counts), np.nan)

        found = bootstrap_interval(of_both_ends, resampling(), confidence=0.95)
        drawn = resampling().counts()
        assert found.undefined == np.sum((drawn[:, 0] == 0) | (drawn[:, 3] == 0)) > 0

    @pytest.mark.parametrize(
        ("measure", "plan", "reason", "value"),
        [
            (lambda counts: np.full(len(counts), np.nan), resampling(), NO_VALUE, None),
            (mean, resampling("aaaa"), ONE_UNIT, pytest.approx(0.475)),
            (mean, resampling(resamples=0), NO_RESAMPLES, pytest.approx(0.475)),
            (
                lambda counts: np.full(len(counts), 1.0 if len(counts) == 1 else np.nan),
                resampling(resamples=3),
                NEVER_DEFINED,
                1.0,
            ),
        ],
        ids=["no value", "one unit", "no resamples", "never defined"],
    )
    def test_says_why_there_is_none(self, measure: CountsMeasure, plan: Resampling, reason: str, value: float | None) -> None:
        found = bootstrap_interval(measure, plan, confidence=0.95)
        assert (found.value, found.low, found.high, found.why_none) == (value, None, None, reason)
