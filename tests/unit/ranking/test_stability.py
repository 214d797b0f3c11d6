from __future__ import annotations

import numpy as np

from sonobench_eval.challenge.ranking_rules import Group, IdentityScale, Leaf
from sonobench_eval.ranking.stability import RankRanges, bootstrap_ranks, rank_ranges

DSC = Group(children=(Leaf(of="a.dsc"),))


def ranges_of(values: np.ndarray, *, confidence: float = 0.95) -> RankRanges | None:
    return rank_ranges(bootstrap_ranks(DSC, {"a.dsc": values}), confidence=confidence)


class TestRankRanges:
    def test_a_team_that_always_leads_is_certain(self) -> None:
        values = np.array([[0.9, 0.5], [0.8, 0.6], [0.7, 0.1]])
        ranges = ranges_of(values)
        assert ranges is not None
        assert (ranges.low.tolist(), ranges.high.tolist()) == ([1, 2], [1, 2])
        assert (ranges.used, ranges.resamples) == (3, 3)

    def test_teams_that_change_places_share_the_range(self) -> None:
        values = np.array([[0.9, 0.5], [0.5, 0.9]] * 50)
        ranges = ranges_of(values)
        assert ranges is not None
        assert (ranges.low.tolist(), ranges.high.tolist()) == ([1, 1], [2, 2])

    def test_what_happens_once_in_a_hundred_is_outside_the_middle_95_percent(self) -> None:
        values = np.array([[0.9, 0.5]] * 99 + [[0.5, 0.9]])
        ranges = ranges_of(values)
        assert ranges is not None
        assert (ranges.low.tolist(), ranges.high.tolist()) == ([1, 2], [1, 2])

    def test_a_smaller_share_gives_a_narrower_range(self) -> None:
        values = np.array([[0.9, 0.5]] * 96 + [[0.5, 0.9]] * 4)  # 4 of 100: within the upper 5 %, not within 2.5 %
        ends = [ranges_of(values, confidence=share) for share in (0.9, 0.95)]
        assert [each.high.tolist() for each in ends if each is not None] == [[1, 2], [2, 2]]

    def test_an_end_of_a_range_is_a_rank_that_was_taken(self) -> None:
        # First in three of four: a quantile between the ranks would be 1.925, and cut to a whole number, 1.
        values = np.array([[0.9, 0.5]] * 3 + [[0.5, 0.9]])
        ranges = ranges_of(values)
        assert ranges is not None
        assert (ranges.low.tolist(), ranges.high.tolist()) == ([1, 1], [2, 2])

    def test_efficiency_is_held_as_it_was_measured(self) -> None:
        # Performance changes hands, but its 0.4 never outweighs the 0.6 of efficiency.
        values = np.array([[0.9, 0.5], [0.5, 0.9]])
        performance = Group(name="performance", weight=0.4, children=(Leaf(of="a.dsc"),))
        tree = Group(children=(performance, Leaf(of="efficiency", weight=0.6, scale=IdentityScale())))
        found = bootstrap_ranks(tree, {"a.dsc": values, "efficiency": np.array([0.0, 1.0])})
        ranges = rank_ranges(found, confidence=0.95)
        assert ranges is not None
        assert (ranges.low.tolist(), ranges.high.tolist()) == ([2, 1], [2, 1])

    def test_resamples_without_a_value_are_left_out(self) -> None:
        dsc = np.array([[0.9, 0.5], [0.5, 0.9]])
        auc = np.array([[0.9, 0.5], [np.nan, np.nan]])
        tree = Group(children=(Leaf(of="a.dsc"), Leaf(of="b.auc")))
        ranges = rank_ranges(bootstrap_ranks(tree, {"a.dsc": dsc, "b.auc": auc}), confidence=0.95)
        assert ranges is not None
        assert (ranges.high.tolist(), ranges.used, ranges.resamples) == ([1, 2], 1, 2)

    def test_none_where_no_resample_has_every_value(self) -> None:
        assert ranges_of(np.full((3, 2), np.nan)) is None
