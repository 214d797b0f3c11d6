"""Scores by subgroup: six cases at two sites, one that says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.bca import acceleration, bca_interval
from sonobench_eval.statistics.interval import ConfidenceInterval, Sample
from sonobench_eval.statistics.resampled import ONE_UNIT
from sonobench_eval.statistics.resampling import Resampling
from sonobench_eval.statistics.subgroups import (
    NOT_STATED,
    Subgroup,
    by_subgroup,
    generalisation_gap,
    heterogeneity,
    restricted,
    subgroup_interval,
)

SCORES = np.array([0.2, 0.4, 0.9, 0.6, 0.7, 0.8])
SITES = ["B", "B", None, "A", "A", "A"]


def mean(positions: np.ndarray, counts: np.ndarray) -> np.ndarray:
    total = counts.sum(axis=1)
    return np.divide(counts @ SCORES[positions], total, out=np.full(len(total), np.nan), where=total > 0)


def plan(units: str = "uvwxyz") -> Resampling:
    return Resampling(list(units), resamples=300, seed=3, task_id="T")


class TestBySubgroup:
    def test_scores_each_and_those_that_say_nothing_last(self) -> None:
        found = by_subgroup(mean, SITES, plan(), confidence=0.95, fewest_cases=1)
        assert [each.name for each in found] == ["A", "B", NOT_STATED]
        assert [each.positions.tolist() for each in found] == [[3, 4, 5], [0, 1], [2]]
        assert [each.score.value for each in found if each.score] == pytest.approx([0.7, 0.3, 0.9])

    def test_names_small_ones_with_their_number_instead_of_scoring_them(self) -> None:
        found = by_subgroup(mean, SITES, plan(), confidence=0.95, fewest_cases=3)
        assert [each.too_few for each in found] == [
            None,
            "too few: 2 cases, fewer than 3",
            "too few: 1 case, fewer than 3",
        ]
        assert [each.score is None for each in found] == [False, True, True]

    def test_one_unit_has_a_value_without_interval(self) -> None:
        found = by_subgroup(mean, SITES, plan(), confidence=0.95, fewest_cases=1)[-1].score
        assert found is not None
        assert (found.value, found.low, found.why_none) == (0.9, None, ONE_UNIT)


class TestSubgroupInterval:
    def test_comes_from_the_tasks_resamples_and_says_so(self) -> None:
        found = subgroup_interval(mean, np.array([3, 4, 5]), plan(), confidence=0.95)
        assert found.method == "percentile bootstrap, 300 resamples of the task's 6 cases, restricted to the 3 cases here"
        assert (found.sample.cases, found.sample.units) == (3, 3)
        assert found.undefined == np.sum(plan().counts()[:, 3:].sum(axis=1) == 0) > 0

    def test_of_all_cases_is_simply_the_tasks(self) -> None:
        found = subgroup_interval(mean, np.arange(6), plan(), confidence=0.95)
        assert found.method == "percentile bootstrap, 300 resamples of 6 cases"

    def test_bca_leaves_out_only_units_that_are_there(self) -> None:
        here = np.array([0, 1, 2])
        found = subgroup_interval(mean, here, plan(), confidence=0.95, kind="bca")
        replicates = restricted(mean, here)(plan().counts())
        without_one = np.array([(0.4 + 0.9) / 2, (0.2 + 0.9) / 2, (0.2 + 0.4) / 2])
        expected = bca_interval(replicates, 0.5, acceleration(without_one), confidence=0.95)
        assert expected is not None
        assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
        assert found.method.startswith("BCa bootstrap, ")


class TestRestricted:
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_takes_counts_in_either_order(self, order: str) -> None:
        counts = np.array(plan().counts(), order=order)
        here = np.array([4, 1])
        np.testing.assert_array_equal(restricted(mean, here)(counts), mean(here, counts[:, here]))


class TestGeneralisationGap:
    def test_is_external_minus_internal(self) -> None:
        found = generalisation_gap(
            mean, internal=np.array([3, 4, 5]), external=np.array([0, 1]), resampling=plan(), confidence=0.95
        )
        assert found.value == pytest.approx(0.3 - 0.7)
        assert found.low is not None
        assert found.high is not None
        assert -0.6 <= found.low < -0.4 < found.high <= -0.2
        assert found.sample == Sample(5, 2, "the task's 6 cases, restricted to the 5 cases here")

    def test_has_no_interval_where_one_side_is_a_single_unit(self) -> None:
        found = generalisation_gap(
            mean, internal=np.array([3, 4, 5]), external=np.array([0, 1]), resampling=plan("uuwxyz"), confidence=0.95
        )
        assert (found.value, found.low, found.why_none) == (pytest.approx(-0.4), None, ONE_UNIT)


def scored(name: str, value: float, error: float | None) -> Subgroup:
    interval = ConfidenceInterval(value, 0.0, 1.0, 0.95, "by hand", Sample(9, 9, "9 cases"), standard_error=error)
    return Subgroup(name, np.arange(9), interval, None)


class TestHeterogeneity:
    def test_weighs_each_group_by_its_precision(self) -> None:
        # Weights 100 and 25, mean (100 * 0.9 + 25 * 0.5) / 125 = 0.82; Q = 100 * 0.08^2 + 25 * 0.32^2 = 3.2.
        found = heterogeneity([scored("A", 0.9, 0.1), scored("B", 0.5, 0.2)])
        assert found is not None
        assert (found.lowest, found.highest, found.range) == ("B", "A", pytest.approx(0.4))
        assert (found.q, found.degrees) == (pytest.approx(3.2), 1)
        assert found.p == pytest.approx(0.0736, abs=1e-4)  # 2 Phi(-sqrt(3.2))
        assert found.i_squared == pytest.approx(2.2 / 3.2)

    def test_of_equal_groups_is_nothing(self) -> None:
        found = heterogeneity([scored("A", 0.5, 0.1), scored("B", 0.5, 0.2), scored("C", 0.5, 0.1)])
        assert found is not None
        assert (found.range, found.q, found.p, found.i_squared) == (0.0, 0.0, 1.0, 0.0)

    def test_names_what_it_leaves_out(self) -> None:
        small = Subgroup("D", np.arange(2), None, "too few: 2 cases, fewer than 10")
        found = heterogeneity([scored("A", 0.9, 0.1), scored("B", 0.5, 0.2), scored("C", 1.0, 0.0), small])
        assert found is not None
        assert found.left_out == ("C", "D")

    def test_needs_two_groups(self) -> None:
        assert heterogeneity([scored("A", 0.9, 0.1), scored("C", 1.0, None)]) is None
