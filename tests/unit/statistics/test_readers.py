"""Agreement of human readers: published examples, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.readers import arbitrate, cohen_kappa, fleiss_kappa, krippendorff_alpha

# Votes of 14 raters on 10 subjects in 5 categories: the worked example of Fleiss' kappa in the literature, 0.210.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
# Krippendorff 2011, example C: four observers, twelve units, values 1 to 5, some missing; here from 0, -1 where missing.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
) - 1  # fmt: skip


def once(cases: int) -> np.ndarray:
    return np.ones((1, cases))


class TestArbitrate:
    def test_the_arbitrator_decides_where_the_two_differ(self) -> None:
        found = arbitrate(np.array([0, 1, 1, 2]), np.array([0, 2, 0, 2]), np.array([-1, 2, 3, 0]))
        assert found.answers.tolist() == [0, 2, 3, 2]
        assert (found.agreed, found.arbitrated, found.open) == (2, 2, 0)

    def test_without_a_word_a_case_stays_open(self) -> None:
        found = arbitrate(np.array([0, -1, -1]), np.array([1, 1, -1]), np.array([-1, 1, -1]))
        assert found.answers.tolist() == [-1, 1, -1]
        assert (found.agreed, found.arbitrated, found.open) == (0, 1, 2)


class TestCohenKappa:
    # 20 both yes, 5 yes and no, 10 no and yes, 15 both no: agreement 0.7, by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    FIRST = np.repeat([1, 1, 0, 0], [20, 5, 10, 15])
    SECOND = np.repeat([1, 0, 1, 0], [20, 5, 10, 15])

    def test_of_fifty_cases(self) -> None:
        assert cohen_kappa(self.FIRST, self.SECOND, once(50), categories=2) == pytest.approx([0.4])

    def test_counts_stand_for_cases(self) -> None:
        counts = np.array([[20.0, 5, 10, 15], [1, 0, 0, 1], [2, 0, 0, 0]])
        found = cohen_kappa(np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0]), counts, categories=2)
        assert found == pytest.approx([0.4, 1.0, np.nan], nan_ok=True)

    def test_a_step_weighs_less_than_two(self) -> None:
        # Grades 0 1 2 against 0 1 1: squared steps 1; by chance, of 9 pairs, 0-0 0, 0-1 1 twice; 1: 1 0 0; 2: 4 1 1: 9 in all.
        found = cohen_kappa(np.array([0, 1, 2]), np.array([0, 1, 1]), once(3), categories=3, distance="quadratic")
        assert found == pytest.approx([1 - 1 * 3 / 9])

    def test_refuses_a_case_that_somebody_did_not_rate(self) -> None:
        with pytest.raises(ValueError, match="take alpha"):
            cohen_kappa(np.array([0, -1]), np.array([0, 1]), once(2), categories=2)

    def test_refuses_an_unknown_category(self) -> None:
        with pytest.raises(ValueError, match="from 0 to 1"):
            cohen_kappa(np.array([0, 2]), np.array([0, 1]), once(2), categories=2)


class TestFleissKappa:
    RATINGS = np.array([np.repeat(np.arange(5), votes) for votes in FLEISS]).T

    def test_of_the_published_example(self) -> None:
        assert fleiss_kappa(self.RATINGS, once(10), categories=5) == pytest.approx([0.210], abs=5e-4)

    def test_of_one_category_has_no_value(self) -> None:
        assert np.isnan(fleiss_kappa(np.zeros((3, 4), dtype=int), once(4), categories=2)).all()

    def test_refuses_a_case_that_somebody_did_not_rate(self) -> None:
        with pytest.raises(ValueError, match="every reader"):
            fleiss_kappa(np.array([[0, -1], [0, 1]]), once(2), categories=2)


class TestKrippendorffAlpha:
    @pytest.mark.parametrize(("distance", "alpha"), [("nominal", 0.743), ("quadratic", 0.849)])
    def test_of_the_published_example(self, distance: str, alpha: float) -> None:
        found = krippendorff_alpha(KRIPPENDORFF, once(12), categories=5, distance=distance)
        assert found == pytest.approx([alpha], abs=5e-4)

    def test_a_case_with_one_rating_says_nothing(self) -> None:
        # The twelfth unit has the second observer's rating only.
        without = krippendorff_alpha(KRIPPENDORFF[:, :11], once(11), categories=5)
        assert krippendorff_alpha(KRIPPENDORFF, once(12), categories=5) == pytest.approx(without)
