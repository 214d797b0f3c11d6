"""Median and coefficient of variation of repeated timings."""

from __future__ import annotations

import pytest

from sonobench_eval.statistics.spread import spread_of


class TestSpreadOf:
    def test_median_and_coefficient_of_variation(self):
        # mean 10, sample variance ((-1)^2 + 0 + 1^2) / 2 = 1
        found = spread_of([9.0, 11.0, 10.0])
        assert (found.median, found.cv) == (10.0, pytest.approx(0.1))

    def test_an_outlier_moves_the_median_by_one_place_only(self):
        assert spread_of([10.0, 10.0, 99.0]).median == 10.0

    def test_an_even_number_has_the_mean_of_the_middle_two(self):
        assert spread_of([1.0, 2.0, 4.0, 9.0]).median == 3.0

    def test_of_a_single_value_nothing_is_known(self):
        assert spread_of([5.0]).cv is None

    def test_equal_values_have_none(self):
        assert spread_of([2.0, 2.0]).cv == 0.0

    def test_values_of_nothing_do_not_divide_by_it(self):
        assert spread_of([0.0, 0.0]).cv is None

    def test_no_values_are_refused(self):
        with pytest.raises(ValueError, match="no values"):
            spread_of([])


class TestIsWithin:
    def test_the_bound_itself_is_within(self):
        # mean 1, standard deviation sqrt(2 * 0.5^2 / 1)
        found = spread_of([0.5, 1.5])
        assert found.is_within(found.cv)
        assert not found.is_within(found.cv - 1e-9)

    def test_a_single_value_is_taken_at_its_word(self):
        assert spread_of([5.0]).is_within(0.001)
