"""Sign flips and swaps of whole subjects."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.classification import Question
from sonobench_eval.statistics import permutation
from sonobench_eval.statistics.permutation import NO_VALUE, Draws, sign_flip_test, sign_flip_tests, swap_test

DRAWS = Draws(seed=1, name="T", permutations=999)


def units(cases: int) -> list[str]:
    return [f"{n:03d}" for n in range(cases)]


class TestSignFlipTest:
    @pytest.mark.parametrize(("alternative", "p"), [("two-sided", 2 / 8), ("greater", 1 / 8), ("less", 1.0)])
    def test_few_units_are_flipped_in_every_way(self, alternative: str, p: float) -> None:
        # Of the 8 sums +-1 +-2 +-3 only 6 itself and -6 are as far from 0.
        found = sign_flip_test(np.array([1.0, 2.0, 3.0]), units(3), DRAWS, alternative=alternative)
        assert (found.difference, found.p) == (2.0, p)
        assert (found.method, found.draws, found.seed) == ("paired permutation, all 8 sign flips of 3 cases", 0, None)

    def test_ties_count_although_sums_are_rounded(self) -> None:
        # 0.1 + 0.2 - 0.3 is 5.6e-17 and stands for 0: every flip is as extreme.
        assert sign_flip_test(np.array([0.1, 0.2, -0.3]), units(3), DRAWS).p == 1.0

    def test_a_subjects_cases_are_flipped_together(self) -> None:
        found = sign_flip_test(np.array([1.0, 1.0, 1.0, 1.0]), ["x", "x", "y", "y"], DRAWS)
        assert found.p == 2 / 4
        assert found.method == "paired permutation, all 4 sign flips of 2 subjects"

    def test_units_that_do_not_differ_leave_the_rest_exact(self) -> None:
        assert sign_flip_test(np.array([0.0] * 40 + [1.0, 2.0, 3.0]), units(43), DRAWS).p == 2 / 8

    def test_nothing_differs(self) -> None:
        assert sign_flip_test(np.zeros(40), units(40), DRAWS).p == 1.0

    def test_many_units_are_flipped_at_random_and_p_is_never_nothing(self) -> None:
        found = sign_flip_test(np.ones(60), units(60), DRAWS)
        assert found.p == 1 / 1000
        assert (found.draws, found.seed) == (999, 1)
        assert found.method == "paired permutation, 999 random permutations of 60 cases"

    def test_random_flips_are_the_same_on_every_machine(self) -> None:
        differences = np.random.default_rng(3).normal(0.2, 1, size=40)
        found = sign_flip_test(differences, units(40), DRAWS)
        assert found.p == sign_flip_test(differences, units(40), DRAWS).p
        assert found.p != sign_flip_test(differences, units(40), DRAWS._replace(seed=2)).p

    def test_random_flips_come_close_to_every_flip(self) -> None:
        differences = np.random.default_rng(3).normal(0.4, 1, size=12)
        exact = sign_flip_test(differences, units(12), Draws(1, "T", permutations=4096)).p
        random = sign_flip_test(differences, units(12), Draws(1, "T", permutations=4095)).p
        assert exact is not None
        # Standard error of a share of 4095 draws: at most 0.0078.
        assert random == pytest.approx(exact, abs=4 * 0.0078)
        assert random != exact

    def test_blocks_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        differences = np.random.default_rng(3).normal(0.2, 1, size=40)
        whole = sign_flip_test(differences, units(40), DRAWS).p
        monkeypatch.setattr(permutation, "NUMBERS_AT_ONCE", 40 * 100)
        assert sign_flip_test(differences, units(40), DRAWS).p == whole

    def test_refuses_what_is_no_number(self) -> None:
        with pytest.raises(ValueError, match="finite"):
            sign_flip_test(np.array([0.1, np.nan]), units(2), DRAWS)


class TestSignFlipTests:
    def test_of_several_pairs_are_those_of_each(self) -> None:
        rng = np.random.default_rng(1)
        differences = np.stack([rng.normal(0.2, 1, 30), np.r_[np.zeros(25), np.ones(5)], rng.normal(0, 1, 30), np.zeros(30)])
        together = sign_flip_tests(differences, units(30), DRAWS)
        assert [test.p for test in together] == [sign_flip_test(row, units(30), DRAWS).p for row in differences]


def auc_of(question: Question) -> object:
    def measure(counts: np.ndarray) -> np.ndarray:
        won = np.greater.outer(question.score, question.score) + 0.5 * np.equal.outer(question.score, question.score)
        positives, negatives = counts * question.positive, counts * ~question.positive
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        above = np.einsum("bi,ij,bj->b", positives, won, negatives)
        return np.divide(above, pairs, out=np.full(len(counts), np.nan), where=pairs > 0)

    return measure


class TestSwapTest:
    def test_of_means_is_the_sign_flip_test(self) -> None:
        first, second = np.array([0.9, 0.8, 0.4, 0.7]), np.array([0.5, 0.9, 0.1, 0.2])
        scores = np.concatenate([first, second])
        found = swap_test(lambda counts: counts @ scores / counts.sum(axis=1), units(4), DRAWS)
        flipped = sign_flip_test(first - second, units(4), DRAWS)
        assert (found.p, found.difference) == (flipped.p, pytest.approx(flipped.difference))
        assert found.method == "paired permutation, all 16 swaps of 4 cases"

    def test_swaps_answers_under_any_metric(self) -> None:
        # Two positives, two negatives. The first algorithm is right throughout (ranks 4 3 2 1), the second wrong (1 2 3 4).
        positive = np.array([True, True, False, False] * 2)
        scores = np.array([4.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 4.0])
        found = swap_test(auc_of(Question(positive, scores, positive)), units(4), DRAWS)
        # All 16 by hand: only all four as they are, and all four swapped, differ by 1.
        assert (found.difference, found.p) == (1.0, 2 / 16)

    def test_many_units_are_swapped_at_random(self) -> None:
        scores = np.concatenate([np.ones(20), np.zeros(20)])
        found = swap_test(lambda counts: counts @ scores / counts.sum(axis=1), units(20), DRAWS)
        assert (found.p, found.draws, found.seed) == (1 / 1000, 999, 1)

    def test_has_no_p_where_a_swap_has_no_value(self) -> None:
        found = swap_test(lambda counts: np.where(counts[:, 0] > 0, 1.0, np.nan), units(3), DRAWS)
        assert (found.p, found.why_none) == (None, NO_VALUE)
