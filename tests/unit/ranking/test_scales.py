from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.challenge.ranking_rules import (
    IdentityScale,
    LinearScale,
    LogScale,
    MinMaxScale,
    PlaceScale,
    RankScale,
    ZScale,
)
from sonobench_eval.ranking.scales import AnyScale, on_scale

NAN = float("nan")


def scaled(values: list[float], scale: AnyScale, *, less_is_better: bool = False) -> list[float]:
    return on_scale(np.array(values), scale, less_is_better=less_is_better).tolist()


class TestOnScale:
    def test_ranks_run_from_1_to_0_and_ties_share_the_better_place(self) -> None:
        assert scaled([0.9, 0.5, 0.9, 0.1, 0.2], RankScale()) == [1, 0.5, 1, 0, 0.25]

    def test_ranks_of_amounts_put_the_least_first_and_the_missing_last(self) -> None:
        assert scaled([3.0, 1.0, NAN], RankScale(), less_is_better=True) == [0.5, 1, 0]

    def test_places_are_ranks_already(self) -> None:
        assert scaled([1, 2, 3, NAN], PlaceScale()) == pytest.approx([1, 2 / 3, 1 / 3, 0])

    def test_min_max_gives_the_least_amount_1(self) -> None:
        assert scaled([10, 20, 40, NAN], MinMaxScale(), less_is_better=True) == pytest.approx([1, 2 / 3, 0, 0])

    def test_min_max_without_spread_is_1_for_all_that_have_a_value(self) -> None:
        assert scaled([7, 7, NAN], MinMaxScale()) == [1, 1, 0]

    def test_z_counts_standard_deviations_of_the_teams(self) -> None:
        # Mean 2, deviations -1, 0, 1: standard deviation sqrt(2/3).
        assert scaled([1, 2, 3], ZScale()) == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])
        assert scaled([1, 2, 3], ZScale(), less_is_better=True) == pytest.approx([1.5**0.5, 0, -(1.5**0.5)])

    def test_z_without_spread_is_0_and_a_missing_team_stands_with_the_worst(self) -> None:
        assert scaled([4, 4], ZScale()) == [0, 0]
        assert scaled([1, 3, NAN], ZScale()) == [-1, 1, -1]

    def test_identity_turns_amounts_round(self) -> None:
        assert scaled([2, 5, NAN], IdentityScale(), less_is_better=True) == [-2, -5, -5]
        assert scaled([NAN], IdentityScale()) == [0]

    def test_linear_is_clipped_at_both_ends(self) -> None:
        assert scaled([0.4, 0.5, 0.75, 1.2, NAN], LinearScale(worst=0.5, best=1)) == [0, 0, 0.5, 1, 0]

    def test_linear_says_itself_that_less_is_better(self) -> None:
        assert scaled([50, 25, 0], LinearScale(worst=50, best=0), less_is_better=True) == [0, 0.5, 1]

    def test_log_counts_ratios_between_floor_and_worst(self) -> None:
        # From 1 to 100 in even ratios: 10 is half way. Up to the floor all are equal.
        assert scaled([0, 0.5, 1, 10, 100, 1000, NAN], LogScale(floor=1, worst=100)) == pytest.approx([1, 1, 1, 0.5, 0, 0, 0])

    def test_log_is_in_units_of_its_reference(self) -> None:
        assert scaled([30], LogScale(reference=3, floor=1, worst=100)) == pytest.approx([0.5])

    @pytest.mark.parametrize("scale", [RankScale(), MinMaxScale(), PlaceScale()])
    def test_one_team_alone_has_1(self, scale: AnyScale) -> None:
        assert scaled([1.0], scale) == [1]

    @pytest.mark.parametrize("scale", [RankScale(), MinMaxScale(), ZScale(), IdentityScale(), LogScale(floor=1, worst=9)])
    def test_every_resample_is_scaled_on_its_own(self, scale: AnyScale) -> None:
        rows = np.array([[1.0, 5.0, 3.0], [2.0, 2.0, np.nan]])
        together = on_scale(rows, scale)
        assert together.tolist() == [on_scale(row, scale).tolist() for row in rows]
