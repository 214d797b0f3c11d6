from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonobench_eval.statistics.difficulty import TIERS, difficulty_tiers, own_tiers
from sonobench_eval.statistics.mcnemar import mcnemar_exact, mcnemar_mid_p
from sonobench_eval.statistics.multiplicity import benjamini_hochberg, bonferroni, hochberg, holm
from sonobench_eval.statistics.paired import effect_size
from sonobench_eval.statistics.permutation import Draws, sign_flip_test
from sonobench_eval.statistics.readers import cohen_kappa, fleiss_kappa, krippendorff_alpha
from sonobench_eval.statistics.signed_ranks import signed_ranks, wilcoxon_over_resamples
from sonobench_eval.statistics.wilcoxon import wilcoxon_test

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)
DIFFERENCES = st.lists(st.integers(-9, 9), min_size=1, max_size=30).map(lambda values: np.array(values, dtype=np.float64))
NAMED = st.lists(st.tuples(st.integers(-9, 9), st.sampled_from("abcdefghijklmnop")), min_size=1, max_size=30)
DRAWS = Draws(seed=1, name="T", permutations=200)
ADJUSTERS = st.sampled_from([holm, hochberg, benjamini_hochberg, bonferroni])


def units(differences: np.ndarray) -> list[str]:
    return [f"{n:02d}" for n in range(len(differences))]


class TestAdjusted:
    @given(P_VALUES, ADJUSTERS)
    def test_are_no_smaller_than_raw_ones_and_in_their_order(self, raw: list[float], adjust: object) -> None:
        adjusted = adjust(raw)
        assert (adjusted >= np.array(raw)).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(raw, kind="stable")]) >= 0).all()

    @given(P_VALUES, ADJUSTERS, st.randoms(use_true_random=False))
    def test_do_not_depend_on_the_order_of_tests(self, raw: list[float], adjust: object, random: object) -> None:
        order = list(range(len(raw)))
        random.shuffle(order)
        np.testing.assert_array_equal(adjust([raw[each] for each in order]), adjust(raw)[order])

    @given(P_VALUES)
    def test_the_stricter_the_larger(self, raw: list[float]) -> None:
        assert (bonferroni(raw) >= holm(raw)).all()
        assert (holm(raw) >= hochberg(raw)).all()
        assert (hochberg(raw) >= benjamini_hochberg(raw) - 1e-15).all()


class TestSignFlips:
    @given(NAMED, st.randoms(use_true_random=False), st.sampled_from(["two-sided", "greater", "less"]))
    def test_do_not_depend_on_order_or_names_or_scale(
        self, cases: list[tuple[int, str]], random: object, alternative: str
    ) -> None:
        differences, names = np.array([case[0] for case in cases], dtype=np.float64), [case[1] for case in cases]
        found = sign_flip_test(differences, names, DRAWS, alternative=alternative).p
        order = list(range(len(cases)))
        random.shuffle(order)
        # Another name for each subject, in reverse alphabetical order, and another unit of measurement.
        moved = [chr(ord("z") - ord(names[each]) + ord("a")) for each in order]
        assert sign_flip_test(differences[order] / 4, moved, DRAWS, alternative=alternative).p == found

    @given(DIFFERENCES)
    def test_do_not_depend_on_who_is_first(self, differences: np.ndarray) -> None:
        found = sign_flip_test(differences, units(differences), DRAWS)
        assert sign_flip_test(-differences, units(differences), DRAWS).p == found.p
        assert found.p is not None
        assert 0 < found.p <= 1

    @given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
    def test_of_right_and_wrong_are_mcnemars_exact_test(self, answers: list[tuple[bool, bool]]) -> None:
        first, second = np.array(answers).T
        names = units(first)
        flips = sign_flip_test(first.astype(float) - second, names, Draws(1, "T", permutations=2**12))
        assert flips.p == pytest.approx(mcnemar_exact(first, second, names).p)
        mid_p = mcnemar_mid_p(first, second, names).p
        assert mid_p is not None
        assert 0 < mid_p <= flips.p + 1e-12


class TestSignedRanks:
    @given(DIFFERENCES, st.integers(0, 99))
    def test_of_counts_are_those_of_the_repeated_cases(self, differences: np.ndarray, seed: int) -> None:
        counts = np.random.default_rng(seed).integers(0, 4, size=(5, len(differences))).astype(np.float64)
        found = signed_ranks(differences[None], counts)
        for row in range(5):
            repeated = np.repeat(differences, counts[row].astype(int))
            alone = signed_ranks(repeated[None], np.ones((1, len(repeated))))
            assert found.excess[row, 0] == alone.excess[0, 0]
            assert found.spread[row, 0] == alone.spread[0, 0]

    @given(DIFFERENCES, st.integers(0, 99), st.randoms(use_true_random=False))
    def test_do_not_depend_on_order_scale_or_memory(self, differences: np.ndarray, seed: int, random: object) -> None:
        counts = np.random.default_rng(seed).integers(0, 4, size=(5, len(differences))).astype(np.float64)
        order = list(range(len(differences)))
        random.shuffle(order)
        found = wilcoxon_over_resamples(differences[None], counts)
        moved = wilcoxon_over_resamples(differences[order][None] / 4, np.asfortranarray(counts[:, order]))
        np.testing.assert_array_equal(found, moved)

    @given(DIFFERENCES)
    def test_turn_with_the_sign(self, differences: np.ndarray) -> None:
        found, turned = (wilcoxon_test(each, units(differences), alternative="greater").p for each in (differences, -differences))
        assert wilcoxon_test(differences, units(differences), alternative="less").p == pytest.approx(turned)
        both = wilcoxon_test(differences, units(differences)).p
        assert both == pytest.approx(min(1, 2 * min(found, turned)))


class TestEffectSize:
    @given(DIFFERENCES)
    def test_turns_with_the_sign_and_stays_in_range(self, differences: np.ndarray) -> None:
        found, turned = effect_size(differences), effect_size(-differences)
        assert 0 <= found.share_better <= 1
        assert found.share_better == pytest.approx(1 - turned.share_better)
        assert (found.rank_biserial is None) == (turned.rank_biserial is None) == (not differences.any())
        if found.rank_biserial is not None:
            assert -1 <= found.rank_biserial <= 1
            assert found.rank_biserial == pytest.approx(-turned.rank_biserial)


class TestDifficulty:
    @given(st.integers(2, 6), st.integers(0, 20), st.integers(0, 99))
    def test_tiers_divide_all_cases_and_grow_harder(self, algorithms: int, cases: int, seed: int) -> None:
        solved = np.random.default_rng(seed).random((algorithms, cases)) < 0.6
        tiers = difficulty_tiers(solved)
        assert [tier.name for tier in tiers] == list(TIERS)
        assert sorted(np.concatenate([tier.positions for tier in tiers]).tolist()) == list(range(cases))
        shares = [np.mean(tier.accuracy) for tier in tiers if tier.n]
        assert shares == sorted(shares, reverse=True)
        for own, row in zip(own_tiers(solved), solved, strict=True):
            assert (own.cases.sum(), own.solved.sum()) == (cases, row.sum())


class TestReaders:
    @settings(max_examples=60)
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=20), st.permutations(range(4)))
    def test_names_of_categories_and_order_of_readers_do_not_matter(self, pairs: list[tuple[int, int]], names: list[int]) -> None:
        ratings, once = np.array(pairs).T, np.ones((1, len(pairs)))
        renamed = np.array(names)[ratings]
        for agreement in (
            lambda each: cohen_kappa(each[0], each[1], once, categories=4),
            lambda each: fleiss_kappa(each, once, categories=4),
            lambda each: krippendorff_alpha(each, once, categories=4),
        ):
            found = agreement(ratings)
            np.testing.assert_allclose(agreement(renamed), found, atol=1e-12)
            np.testing.assert_allclose(agreement(ratings[::-1]), found, atol=1e-12)
            assert not (found > 1 + 1e-12).any()

    @settings(max_examples=60)
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=20))
    def test_alpha_of_full_ratings_is_fleiss_kappa_corrected_for_their_number(self, pairs: list[tuple[int, int]]) -> None:
        # With n ratings in all: 1 - alpha = (1 - kappa) (n - 1) / n.
        ratings, once = np.array(pairs).T, np.ones((1, len(pairs)))
        kappa, alpha = fleiss_kappa(ratings, once, categories=4), krippendorff_alpha(ratings, once, categories=4)
        np.testing.assert_allclose(1 - alpha, (1 - kappa) * (1 - 1 / ratings.size), atol=1e-12)
