from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ranking_world import BREAST, HEAD, SUBTYPE, World, make_world

from sonobench_eval.ranking.comparison import Comparison, PairedScore, compare
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.statistics.multiplicity import holm
from sonobench_eval.statistics.replicates import Replicates


@pytest.fixture(scope="module")
def world() -> World:
    return make_world({"good": 2.0, "poor": 0.0}, tasks=(HEAD, BREAST, SUBTYPE))


@pytest.fixture(scope="module")
def comparison(world: World) -> Comparison:
    return compare(world.challenge, world.entries)


def of(comparison: Comparison, task: str, metric: str) -> PairedScore:
    return next(each for each in comparison.scores if (each.task, each.metric) == (task, metric))


class TestCompare:
    def test_every_metric_of_every_task_is_there(self, comparison: Comparison) -> None:
        assert [(each.task, each.metric) for each in comparison.scores] == [
            *(("Head", "dsc"), ("Head", "nsd")),
            *(("Breast", "auc"), ("Breast", "acc"), ("Breast", "f1")),
            *(("Subtype", "auc"), ("Subtype", "acc")),
        ]

    @pytest.mark.parametrize(
        ("task", "metric", "test"),
        [
            ("Head", "dsc", "Wilcoxon signed-rank"),
            ("Breast", "auc", "DeLong"),
            ("Breast", "acc", "McNemar, mid-p"),
            ("Subtype", "auc", "permutation"),
        ],
    )
    def test_the_test_fits_the_metric(self, comparison: Comparison, task: str, metric: str, test: str) -> None:
        found = of(comparison, task, metric)
        assert test in found.test
        assert found.p is not None

    def test_a_clear_difference_is_found(self, comparison: Comparison) -> None:
        dsc = of(comparison, "Head", "dsc")
        assert dsc.first_value is not None
        assert dsc.second_value is not None
        assert dsc.difference == dsc.first_value - dsc.second_value
        assert dsc.ci_low is not None
        assert 0 < dsc.ci_low < dsc.difference < (dsc.ci_high or 0)
        assert (dsc.better, dsc.share_better) == ("good", pytest.approx(1, abs=0.2))

    def test_holm_is_over_all_tests_together(self, comparison: Comparison) -> None:
        tested = [each for each in comparison.scores if each.p is not None]
        expected = holm([each.p for each in tested if each.p is not None])
        assert [each.p_adjusted for each in tested] == pytest.approx(expected.tolist())
        assert len(tested) == 6

    def test_what_cannot_be_made_again_from_cases_says_so(self, comparison: Comparison) -> None:
        f1 = of(comparison, "Breast", "f1")
        assert (f1.p, f1.p_adjusted, f1.ci_low, f1.better) == (None, None, None, None)
        assert "it is none of single cases" in f1.why_none

    def test_kept_replicates_give_it_an_interval_all_the_same(self, world: World) -> None:
        draws = np.random.default_rng(0).random((2, 100))
        entries: list[Entry] = [
            replace(entry, replicates=Replicates({("Breast", "f1"): draws[number]})) for number, entry in enumerate(world.entries)
        ]
        f1 = of(compare(world.challenge, entries), "Breast", "f1")
        expected = np.quantile(draws[0] - draws[1], [0.025, 0.975])
        assert [f1.ci_low, f1.ci_high] == pytest.approx(expected.tolist())

    def test_the_other_way_round_only_the_signs_change(self, world: World, comparison: Comparison) -> None:
        turned = compare(world.challenge, world.entries[::-1])
        for one, other in zip(comparison.scores, turned.scores, strict=True):
            assert (one.first, one.p) == (other.second, pytest.approx(other.p, abs=0.02))
            assert one.difference == -(other.difference or 0)
            assert one.better == other.better

    def test_three_teams_are_three_pairs(self) -> None:
        three = make_world({"A": 1.0, "B": 0.5, "C": 0.0}, tasks=(HEAD,))
        found = compare(three.challenge, three.entries)
        assert [(each.first, each.second) for each in found.scores[:3]] == [("A", "B"), ("A", "C"), ("B", "C")]

    def test_the_same_results_twice_differ_in_nothing(self, world: World) -> None:
        twins = [world.entries[0], replace(world.entries[0], team="twin")]
        for each in compare(world.challenge, twins).scores:
            assert each.difference == 0
            assert each.p in {None, 1}
            assert each.better is None

    def test_subjects_with_several_cases_are_swapped_as_one(self) -> None:
        grouped = make_world({"A": 1.0, "B": 0.0}, tasks=(BREAST,), per_subject=4)
        acc = of(compare(grouped.challenge, grouped.entries), "Breast", "acc")
        assert (acc.cases, acc.units) == (60, 15)
        assert "permutation" in acc.test

    def test_without_references_areas_have_no_test(self, world: World) -> None:
        auc = of(compare(world.challenge.without_references(), world.entries), "Breast", "auc")
        assert (auc.p, auc.difference is None) == (None, False)

    def test_comes_back_from_its_json(self, comparison: Comparison) -> None:
        assert Comparison.model_validate_json(comparison.to_json()) == comparison
