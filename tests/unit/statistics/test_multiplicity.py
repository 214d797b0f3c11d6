"""Adjusted p-values. Raw 0.01, 0.04, 0.03, 0.005: ascending 0.005, 0.01, 0.03, 0.04."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.multiplicity import ADJUSTMENTS, benjamini_hochberg, bonferroni, hochberg, holm

RAW = [0.01, 0.04, 0.03, 0.005]


class TestHolm:
    def test_steps_down(self) -> None:
        # 4 * 0.005, 3 * 0.01, 2 * 0.03, and 1 * 0.04 raised to the 0.06 before it
        assert holm(RAW) == pytest.approx([0.03, 0.06, 0.06, 0.02])

    def test_stops_at_one(self) -> None:
        assert holm([0.6, 0.9]).tolist() == [1.0, 1.0]


class TestHochberg:
    def test_steps_up(self) -> None:
        # 1 * 0.04; 2 * 0.03 lowered to 0.04; 3 * 0.01; 4 * 0.005
        assert hochberg(RAW) == pytest.approx([0.03, 0.04, 0.04, 0.02])


class TestBenjaminiHochberg:
    def test_bounds_the_share_of_false_findings(self) -> None:
        # 4/4 * 0.04; 4/3 * 0.03 = 0.04; 4/2 * 0.01 = 0.02; 4/1 * 0.005 = 0.02
        assert benjamini_hochberg(RAW) == pytest.approx([0.02, 0.04, 0.04, 0.02])


class TestBonferroni:
    def test_multiplies(self) -> None:
        assert bonferroni(RAW) == pytest.approx([0.04, 0.16, 0.12, 0.02])


class TestEvery:
    @pytest.mark.parametrize("name", list(ADJUSTMENTS))
    def test_takes_rows_as_families_of_their_own(self, name: str) -> None:
        adjust = ADJUSTMENTS[name]
        np.testing.assert_array_equal(adjust([RAW, RAW[::-1]]), [adjust(RAW), adjust(RAW[::-1])])

    @pytest.mark.parametrize("name", list(ADJUSTMENTS))
    def test_leaves_a_single_test_and_none_at_all_alone(self, name: str) -> None:
        assert ADJUSTMENTS[name]([0.3]).tolist() == [0.3]
        assert ADJUSTMENTS[name]([]).tolist() == []

    @pytest.mark.parametrize("name", list(ADJUSTMENTS))
    @pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1])
    def test_refuses_what_is_no_p_value(self, name: str, wrong: float) -> None:
        with pytest.raises(ValueError, match="from 0 to 1"):
            ADJUSTMENTS[name]([0.5, wrong])
