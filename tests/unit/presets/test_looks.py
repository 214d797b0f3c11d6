"""Closer looks at small tables whose figures are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.presets.looks import COVERAGES, difficulty, grade_matrix, long_tail, rejection


def decided(labels: list[int], decisions: list[int], classes: int) -> ClassAnswers:
    """Answers that are sure of what they decide."""
    probabilities = np.array([[float(decision == number) for number in range(classes)] for decision in decisions])
    return ClassAnswers(np.array(labels), probabilities, np.array(decisions))


class TestLongTail:
    def test_classes_weigh_the_same_within_a_band(self) -> None:
        # a: 1 case, found. b: 1 case, missed. c: 3 cases, 2 found. d: none.
        labels = [0, 1, 2, 2, 2]
        found = long_tail("t", "abcd", {"x": decided(labels, [0, 0, 2, 2, 3], 4)})
        assert [(band.fewest, band.most, band.classes, band.cases) for band in found.bands] == [(1, 1, 2, 2), (3, 9, 1, 3)]
        assert [band.sensitivity["x"] for band in found.bands] == [0.5, pytest.approx(2 / 3)]

    def test_classes_stand_from_the_rarest_on_and_those_without_a_case_have_no_value(self) -> None:
        found = long_tail("t", "abcd", {"x": decided([0, 1, 2, 2, 2], [0, 0, 2, 2, 3], 4)})
        assert [(row.name, row.cases) for row in found.classes] == [("d", 0), ("a", 1), ("b", 1), ("c", 3)]
        assert found.classes[0].sensitivity == {"x": None}
        assert found.classes[0].auc == {"x": None}


class TestGradeMatrix:
    def test_rows_are_the_reference_and_a_missing_answer_has_a_column_of_its_own(self) -> None:
        # Bins [0, 4), [4, 6), [6, 8), [8, 10]: 3.9 and 4 are of two grades, 8 and 10 of one.
        answers = GradeAnswers(
            np.array([3.9, 4.0, 8.0, 10.0]), np.array([4.0, 4.0, 7.9, np.nan]), 0, 10, edges=(0.0, 4.0, 6.0, 8.0, 10.0)
        )
        found = grade_matrix("quality", "x", answers, ("0-4", "4-6", "6-8", "8-10"))
        assert found.cases == ((0, 1, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0), (0, 0, 1, 0))
        assert found.unusable == (0, 0, 0, 1)


class TestRejection:
    def test_leaving_the_least_sure_to_a_human_raises_accuracy_where_they_are_wrong(self) -> None:
        probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6], [0.5, 0.5]])
        answers = ClassAnswers(np.array([0, 1, 0, 0, 1]), probabilities, np.array([0, 1, 0, 1, ABSTAIN]))
        found = rejection("t", "x", answers)
        assert found.abstained == 0.2
        # By falling confidence right, right, right, wrong, then the abstention, which is wrong where all are answered.
        assert found.curve == tuple(
            (share / 5, pytest.approx(right)) for share, right in enumerate((1, 1, 1, 0.75, 0.6), start=1)
        )
        # The first ceil(share * 5): 3, 3, 4, 4, 5, 5.
        assert found.at_coverage == pytest.approx((1, 1, 0.75, 0.75, 0.6, 0.6))
        assert len(found.at_coverage) == len(COVERAGES)

    def test_a_case_without_an_answer_is_the_surest_mistake(self) -> None:
        answers = ClassAnswers(np.array([0, 0]), np.array([[0.9, 0.1], [np.nan, np.nan]]), np.array([0, NO_DECISION]))
        found = rejection("t", "x", answers)
        assert found.curve == ((0.5, 0.0), (1.0, 0.5))


class TestDifficulty:
    def test_nobody_is_measured_on_tiers_it_helped_to_make(self) -> None:
        solved = {
            "a": np.array([True, True, True, False]),
            "b": np.array([True, True, False, False]),
            "c": np.array([True, False, False, False]),
        }
        found = difficulty("t", solved)
        assert [(tier.name, tier.cases) for tier in found.tiers] == [("all", 1), ("most", 1), ("few", 1), ("none", 1)]
        # The others of c solve both of the first two cases, of which c solves one; the third is solved by one other.
        by_name = {tier.name: tier.solved for tier in found.tiers}
        assert by_name["all"]["c"] == 0.5
        assert by_name["few"]["c"] == 0
        # The others of a: both solve the first, one the second, none the last two, of which a solves one.
        assert [by_name[name]["a"] for name in ("all", "most", "few", "none")] == [1, None, 1, 0.5]
