"""How numbers are written: digits, signs, dashes, units."""

from __future__ import annotations

import pytest

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.report import figures


def score(low: float | None, high: float | None) -> MetricScore:
    return MetricScore(name="dsc", definition="dsc", value=0.5, ci_low=low, ci_high=high, n=9, units=9)


class TestDecimals:
    @pytest.mark.parametrize(
        ("half_width", "decimals"),
        [(0.0065, 3), (0.049, 2), (0.2, 2), (0.01, 2), (0.00004, 4), (None, 3), (0.0, 3)],
    )
    def test_one_significant_digit_of_the_half_width_between_two_and_four(self, half_width: float | None, decimals: int) -> None:
        assert figures.decimals_for(half_width) == decimals

    def test_a_column_follows_its_median_interval(self) -> None:
        narrow, wide = score(0.496, 0.504), score(0.4, 0.6)
        assert figures.column_decimals([narrow, narrow, wide]) == 3
        assert figures.column_decimals([narrow, wide, wide, None]) == 2

    def test_a_column_without_intervals_has_three(self) -> None:
        assert figures.column_decimals([score(None, None), None]) == 3


class TestFixed:
    def test_nothing_measured_is_a_dash(self) -> None:
        assert figures.fixed(None, 2) == "–"

    def test_a_negative_number_has_a_true_minus(self) -> None:
        assert figures.fixed(-0.063, 2) == "−0.06"

    def test_minus_zero_is_zero(self) -> None:
        assert figures.fixed(-0.001, 2) == "0.00"

    def test_a_difference_shows_its_sign(self) -> None:
        assert [figures.signed(value, 2) for value in (0.05, -0.05, 0.001)] == ["+0.05", "−0.05", "0.00"]


class TestUnits:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0.84, "0.8 s"), (36.03, "36 s"), (59.6, "1 min"), (125, "2 min 5 s"), (7380, "2 h 3 min"), (3600, "1 h")],
    )
    def test_a_duration_in_words(self, seconds: float, words: str) -> None:
        assert figures.duration(seconds) == words

    def test_measured_memory_is_in_powers_of_ten(self) -> None:
        assert [figures.measured_bytes(n) for n in (None, 512, 48_000_000, 2_760_000_000)] == ["–", "512 B", "48 MB", "2.76 GB"]

    def test_what_stands_beside_a_limit_is_in_the_units_of_limits(self) -> None:
        assert [figures.used_bytes(count) for count in (None, 900, 86_188, 2**26, 3 * 2**29)] == [
            "–", "900 B", "84 KiB", "64 MiB", "1.50 GiB",
        ]  # fmt: skip

    def test_a_limit_keeps_the_unit_it_was_declared_in(self) -> None:
        assert [figures.limit_bytes(n) for n in (8 * 2**30, 512 * 2**20, 1_500_000_000)] == ["8 GiB", "512 MiB", "1.50 GB"]

    def test_a_column_below_one_gigabyte_is_in_megabytes(self) -> None:
        assert figures.memory_scale([48_000_000, None]) == ("MB", 10**6, 0)
        assert figures.memory_scale([48_000_000, 2 * 10**9]) == ("GB", 10**9, 2)

    def test_one_and_many_are_counted_with_the_right_word(self) -> None:
        assert [figures.count_of(n, "case") for n in (1, 2479)] == ["1 case", "2,479 cases"]

    def test_a_rank_range_of_one_rank_is_one_number(self) -> None:
        assert [figures.rank_range(2, 7), figures.rank_range(1, 1), figures.rank_range(None, None)] == ["2–7", "1", ""]
