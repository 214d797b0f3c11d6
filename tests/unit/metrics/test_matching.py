from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.matching import Pairs, Tally, matched_greedily, matched_optimally


def pairs(*rows: tuple[int, int, float]) -> Pairs:
    """(prediction, reference, nearness) of each pair."""
    predicted, reference, nearness = zip(*rows, strict=True) if rows else ((), (), ())
    return Pairs(np.array(predicted, dtype=np.intp), np.array(reference, dtype=np.intp), np.array(nearness, dtype=float))


class TestMatchedGreedily:
    def test_lets_the_surest_prediction_choose_first(self) -> None:
        # Prediction 1 is surer, takes reference 0, which prediction 0 would have fitted better.
        assert matched_greedily(pairs((0, 0, 0.9), (1, 0, 0.6)), np.array([0.1, 0.8])).tolist() == [-1, 0]

    def test_gives_a_prediction_the_nearest_reference_that_is_free(self) -> None:
        assert matched_greedily(pairs((0, 0, 0.6), (0, 1, 0.7), (1, 1, 0.9)), np.array([0.8, 0.1])).tolist() == [1, -1]

    def test_goes_by_nearness_among_equally_sure_predictions(self) -> None:
        assert matched_greedily(pairs((0, 0, 0.6), (1, 0, 0.7)), np.array([0.5, 0.5])).tolist() == [-1, 0]

    def test_matches_nothing_where_nothing_is_near(self) -> None:
        assert matched_greedily(pairs(), np.array([0.5, 0.5])).tolist() == [-1, -1]


class TestMatchedOptimally:
    def test_finds_a_second_pair_where_greed_finds_one(self) -> None:
        # Greedy takes (0, 0) and leaves prediction 1 without its only reference.
        found = pairs((0, 0, 0.9), (0, 1, 0.6), (1, 0, 0.6))
        assert matched_greedily(found, np.array([0.9, 0.1])).tolist() == [0, -1]
        assert matched_optimally(found, 2).tolist() == [1, 0]

    def test_prefers_more_pairs_to_nearer_ones(self) -> None:
        # One pair of 1.0, or two of 0.01 each.
        assert matched_optimally(pairs((0, 0, 1.0), (0, 1, 0.01), (1, 0, 0.01)), 2).tolist() == [1, 0]

    def test_takes_the_nearest_of_equally_many(self) -> None:
        # 0-0 and 1-1 sum to 1.3, 0-1 and 1-0 to 1.2.
        found = pairs((0, 0, 0.6), (0, 1, 0.5), (1, 0, 0.7), (1, 1, 0.7))
        assert matched_optimally(found, 2).tolist() == [0, 1]

    def test_matches_nothing_where_nothing_is_near(self) -> None:
        assert matched_optimally(pairs(), 2).tolist() == [-1, -1]

    def test_keeps_groups_that_share_nothing_apart(self) -> None:
        assert matched_optimally(pairs((3, 0, 0.2), (1, 2, 0.9)), 4).tolist() == [-1, 2, -1, 0]


class TestTally:
    def test_precision_recall_and_f1(self) -> None:
        # TP 3, FN 1, FP 2: 3/5, 3/4, 6/9.
        tally = Tally(np.array([3.0]), np.array([1.0]), np.array([2.0]))
        assert [tally.precision[0], tally.recall[0], tally.f1[0]] == [0.6, 0.75, pytest.approx(6 / 9)]

    def test_silence_has_a_precision_of_0_where_there_was_something_to_find(self) -> None:
        tally = Tally(np.array([0.0]), np.array([2.0]), np.array([0.0]))
        assert [tally.precision[0], tally.recall[0], tally.f1[0]] == [0.0, 0.0, 0.0]

    def test_has_no_value_where_there_is_nothing_at_all(self) -> None:
        tally = Tally(np.zeros(1), np.zeros(1), np.zeros(1))
        assert np.isnan([tally.precision[0], tally.recall[0], tally.f1[0]]).all()
