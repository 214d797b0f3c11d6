"""Our statistics against SciPy's and scikit-learn's, and against the definitions they shorten."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from sonobench_eval.statistics.delong import auc_covariance, auc_interval
from sonobench_eval.statistics.mcnemar import mcnemar_exact
from sonobench_eval.statistics.multiplicity import benjamini_hochberg
from sonobench_eval.statistics.paired import mid_ranks
from sonobench_eval.statistics.permutation import Draws, sign_flip_test
from sonobench_eval.statistics.proportions import proportion_interval
from sonobench_eval.statistics.readers import cohen_kappa
from sonobench_eval.statistics.resampled import CountsMeasure, bootstrap_interval, replicate
from sonobench_eval.statistics.resampling import Resampling
from sonobench_eval.statistics.signed_ranks import wilcoxon_over_resamples
from sonobench_eval.statistics.wilcoxon import wilcoxon_test


def units(cases: int) -> list[str]:
    return [f"{n:04d}" for n in range(cases)]


def mean_of(scores: np.ndarray) -> CountsMeasure:
    return lambda counts: counts @ scores / counts.sum(axis=1)


def scipys(
    samples: tuple[np.ndarray, ...], statistic: object, replicates: np.ndarray, method: str, *, paired: bool = False
) -> tuple[float, float]:
    """SciPy's interval from our resamples."""
    settings = {"vectorized": False, "paired": paired, "confidence_level": 0.9}
    theirs = stats.bootstrap(samples, statistic, n_resamples=2, method="percentile", **settings)
    ours = replace(theirs, bootstrap_distribution=replicates)
    found = stats.bootstrap(samples, statistic, n_resamples=0, bootstrap_result=ours, method=method, **settings)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


class TestBootstrap:
    @pytest.mark.parametrize(("kind", "method"), [("percentile", "percentile"), ("bca", "BCa")])
    def test_the_interval_of_a_skewed_mean_is_scipys(self, kind: str, method: str) -> None:
        scores = np.random.default_rng(1).exponential(size=40)
        plan = Resampling(units(40), resamples=500, seed=1, task_id="T")
        found = bootstrap_interval(mean_of(scores), plan, confidence=0.9, kind=kind)
        expected = scipys((scores,), np.mean, mean_of(scores)(plan.counts()), method)
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)

    def test_bca_of_a_ratio_is_scipys(self) -> None:
        rng = np.random.default_rng(2)
        above, below = rng.exponential(size=30), rng.uniform(1, 2, size=30)

        def ratio(counts: np.ndarray) -> np.ndarray:
            return (counts @ above) / (counts @ below)

        plan = Resampling(units(30), resamples=500, seed=1, task_id="T")
        found = bootstrap_interval(ratio, plan, confidence=0.9, kind="bca")
        samples, replicates = (above, below), ratio(plan.counts())
        expected = scipys(samples, lambda a, b: a.sum() / b.sum(), replicates, "BCa", paired=True)
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)

    def test_bca_of_two_strata_is_scipys_of_two_samples(self) -> None:
        rng = np.random.default_rng(3)
        first, second = rng.exponential(size=25), rng.exponential(3, size=35)
        scores, strata = np.concatenate([first, second]), ["a"] * 25 + ["b"] * 35

        def difference(counts: np.ndarray) -> np.ndarray:
            return mean_of(first)(counts[:, :25]) - mean_of(second)(counts[:, 25:])

        plan = Resampling(units(60), resamples=500, seed=1, task_id="T", stratum_of_case=strata)
        found = bootstrap_interval(difference, plan, confidence=0.9, kind="bca")
        expected = scipys((scores[:25], scores[25:]), lambda a, b: a.mean() - b.mean(), difference(plan.counts()), "BCa")
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)
        assert found.method == "BCa bootstrap, 500 resamples of 60 cases in 2 strata"

    def test_the_standard_error_of_a_mean_is_the_formulas(self) -> None:
        scores = np.random.default_rng(1).normal(size=200)
        found = bootstrap_interval(mean_of(scores), Resampling(units(200), resamples=4000, seed=1, task_id="T"), confidence=0.9)
        # Of 4,000 replicates the standard deviation is known to about 1.1 %.
        assert found.standard_error == pytest.approx(np.std(scores) / np.sqrt(200), rel=0.05)

    @pytest.mark.parametrize("kind", ["percentile", "bca"])
    def test_intervals_of_a_mean_cover_as_often_as_they_say(self, kind: str) -> None:
        # Of 400 sets of 60: a true 95 % gives 0.928 to 0.971 in all but one run of twenty.
        plan, rng = Resampling(units(60), resamples=500, seed=1, task_id="T"), np.random.default_rng(4)
        intervals = [bootstrap_interval(mean_of(rng.normal(size=60)), plan, confidence=0.95, kind=kind) for _ in range(400)]
        covered = np.mean([each.low <= 0 <= each.high for each in intervals])
        assert 0.90 < covered < 0.98

    def test_drawing_subjects_covers_where_drawing_their_cases_does_not(self) -> None:
        rng = np.random.default_rng(5)
        subjects = [f"{n // 4:03d}" for n in range(160)]  # 40 subjects, 4 cases each, half of the variance between subjects
        clustered = Resampling(subjects, resamples=300, seed=1, task_id="T")
        single = Resampling(units(160), resamples=300, seed=1, task_id="T")
        sets = [np.repeat(rng.normal(size=40), 4) + rng.normal(size=160) for _ in range(250)]

        def coverage(plan: Resampling) -> float:
            intervals = [bootstrap_interval(mean_of(scores), plan, confidence=0.95) for scores in sets]
            return float(np.mean([each.low <= 0 <= each.high for each in intervals]))

        assert 0.90 < coverage(clustered) < 0.98
        assert coverage(single) < 0.87  # sqrt(4 / 10) of the width: 1.96 becomes 1.24, which covers 0.785


def all_pairs_variance(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong's areas and covariance from the definition: every positive against every negative."""
    above = scores[:, positive][:, :, None]
    below = scores[:, ~positive][:, None, :]
    won = (above > below) + 0.5 * (above == below)
    covariance = np.cov(won.mean(axis=2)) / won.shape[1] + np.cov(won.mean(axis=1)) / won.shape[2]
    return won.mean(axis=(1, 2)), covariance


class TestDelong:
    @pytest.mark.parametrize("digits", [6, 1])
    def test_areas_and_covariance_are_those_of_the_definition(self, digits: int) -> None:
        rng = np.random.default_rng(1)
        positive = rng.random(90) < 0.3
        scores = np.round(rng.normal(size=(3, 90)) + positive, digits)  # one digit: many ties
        found = auc_covariance(positive, scores, units(90))
        auc, covariance = all_pairs_variance(positive, scores)
        np.testing.assert_allclose(found.auc, auc, atol=1e-12)
        np.testing.assert_allclose(found.auc, [roc_auc_score(positive, row) for row in scores], atol=1e-12)
        np.testing.assert_allclose(found.covariance, covariance, atol=1e-14)

    def test_subjects_of_one_case_each_in_any_names_change_nothing(self) -> None:
        rng = np.random.default_rng(2)
        positive, scores = rng.random(40) < 0.5, rng.normal(size=(2, 40))
        mixed = [str(name) for name in rng.permutation(40)]
        alone, named = auc_covariance(positive, scores, units(40)), auc_covariance(positive, scores, mixed)
        np.testing.assert_allclose(alone.covariance, named.covariance, atol=1e-15)

    def test_it_agrees_with_the_bootstrap(self) -> None:
        rng = np.random.default_rng(3)
        positive = rng.random(200) < 0.4
        scores = rng.normal(size=200) + positive
        won = np.subtract.outer(scores[positive], scores[~positive]) > 0

        def auc(counts: np.ndarray) -> np.ndarray:
            first, second = counts[:, positive], counts[:, ~positive]
            return np.einsum("bp,pn,bn->b", first, won, second, optimize=True) / (first.sum(axis=1) * second.sum(axis=1))

        replicates = replicate(auc, Resampling(units(200), resamples=2000, seed=1, task_id="T")).replicates
        variance = auc_covariance(positive, scores[None], units(200)).covariance[0, 0]
        assert np.sqrt(variance) == pytest.approx(np.std(replicates), rel=0.06)

    def test_obuchowskis_interval_covers_where_delongs_does_not(self) -> None:
        # 40 subjects of 5 lesions, each subject of one class, most of the variance between subjects. The area is that of
        # two normal distributions one total standard deviation apart.
        rng = np.random.default_rng(6)
        truth = stats.norm.cdf(1 / np.sqrt(2))
        subjects, positive = [f"{n // 5:03d}" for n in range(200)], np.arange(200) // 5 % 2 == 0

        def covers(scores: np.ndarray, names: list[str]) -> bool:
            found = auc_interval(positive, scores, names, confidence=0.95)
            return bool(found.low <= truth <= found.high)

        sets = [
            np.sqrt(0.7) * np.repeat(rng.normal(size=40), 5) + np.sqrt(0.3) * rng.normal(size=200) + positive for _ in range(300)
        ]
        assert 0.90 < np.mean([covers(scores, subjects) for scores in sets]) < 0.985
        assert np.mean([covers(scores, units(200)) for scores in sets]) < 0.85


class TestTests:
    @pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
    def test_wilcoxon_exact_is_scipys(self, alternative: str) -> None:
        differences = np.random.default_rng(1).normal(0.3, 1, size=25)
        ours = wilcoxon_test(differences, units(25), alternative=alternative)
        assert ours.p == pytest.approx(stats.wilcoxon(differences, alternative=alternative, method="exact").pvalue, abs=1e-14)

    @pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
    def test_wilcoxon_with_ties_and_zeros_is_scipys(self, alternative: str) -> None:
        differences = np.round(np.random.default_rng(1).normal(0.2, 1, size=60), 1)
        assert (differences == 0).any()
        theirs = stats.wilcoxon(differences, zero_method="wilcox", correction=True, alternative=alternative, method="asymptotic")
        assert wilcoxon_test(differences, units(60), alternative=alternative).p == pytest.approx(theirs.pvalue, abs=1e-14)

    @pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
    @pytest.mark.parametrize("digits", [8, 1, 0])
    def test_wilcoxon_over_resamples_is_scipys_of_each(self, digits: int, alternative: str) -> None:
        differences = np.round(np.random.default_rng(1).normal(0.2, 1, size=(4, 30)), digits)
        counts = Resampling(units(30), resamples=25, seed=1, task_id="T").counts()
        ours = wilcoxon_over_resamples(differences, counts, alternative=alternative)
        as_r = partial(stats.wilcoxon, zero_method="wilcox", correction=True, alternative=alternative, method="asymptotic")
        theirs = [[as_r(np.repeat(row, count.astype(int))).pvalue for row in differences] for count in counts]
        np.testing.assert_allclose(ours, theirs, atol=1e-12)

    @pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
    def test_the_permutation_test_is_scipys(self, alternative: str) -> None:
        differences = np.round(np.random.default_rng(1).normal(0.4, 1, size=9), 1)
        theirs = stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", alternative=alternative, n_resamples=np.inf, vectorized=False
        )
        ours = sign_flip_test(differences, units(9), Draws(1, "T"), alternative=alternative)
        assert ours.p == pytest.approx(theirs.pvalue, abs=1e-14)

    def test_mcnemar_is_the_binomial_test(self) -> None:
        rng = np.random.default_rng(1)
        first, second = rng.random(80) < 0.8, rng.random(80) < 0.6
        only = int((first & ~second).sum()), int((second & ~first).sum())
        expected = stats.binomtest(only[0], sum(only)).pvalue
        assert mcnemar_exact(first, second, units(80)).p == pytest.approx(expected, abs=1e-14)

    def test_benjamini_hochberg_is_scipys(self) -> None:
        raw = np.random.default_rng(1).random(40) ** 3
        np.testing.assert_allclose(benjamini_hochberg(raw), stats.false_discovery_control(raw), atol=1e-15)

    def test_false_findings_are_as_rare_as_the_tests_say(self) -> None:
        # 400 pairs without any difference: 5 % is 20; a binomial lies between 10 and 32 in all but one run of a hundred.
        noise = np.random.default_rng(7).normal(size=(400, 30))
        wilcoxon = sum(wilcoxon_test(row, units(30)).p <= 0.05 for row in noise)
        flips = sum(sign_flip_test(row, units(30), Draws(1, "T", 999)).p <= 0.05 for row in noise)
        assert 8 <= wilcoxon <= 34
        assert 8 <= flips <= 34


class TestShares:
    @pytest.mark.parametrize(("kind", "method"), [("wilson", "wilson"), ("exact", "exact")])
    @pytest.mark.parametrize(("hits", "cases"), [(0, 12), (1, 12), (7, 12), (12, 12), (300, 2479)])
    def test_intervals_are_scipys(self, kind: str, method: str, hits: int, cases: int) -> None:
        ours = proportion_interval(np.arange(cases) < hits, units(cases), confidence=0.95, kind=kind)
        theirs = stats.binomtest(hits, cases).proportion_ci(confidence_level=0.95, method=method)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-10)


class TestReaders:
    @pytest.mark.parametrize(("distance", "weights"), [("nominal", None), ("linear", "linear"), ("quadratic", "quadratic")])
    def test_cohens_kappa_is_scikit_learns_in_every_resample(self, distance: str, weights: str | None) -> None:
        rng = np.random.default_rng(1)
        first = rng.integers(0, 4, size=50)
        second = np.where(rng.random(50) < 0.6, first, rng.integers(0, 4, size=50))
        counts = Resampling(units(50), resamples=10, seed=1, task_id="T").counts()
        ours = cohen_kappa(first, second, counts, categories=4, distance=distance)
        theirs = [cohen_kappa_score(first, second, weights=weights, sample_weight=row, labels=range(4)) for row in counts]
        np.testing.assert_allclose(ours, theirs, atol=1e-12)

    def test_mid_ranks_are_scipys(self) -> None:
        values = np.random.default_rng(1).integers(0, 9, size=40).astype(float)
        np.testing.assert_array_equal(mid_ranks(values), stats.rankdata(values))
