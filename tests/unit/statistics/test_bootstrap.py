from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.bootstrap import Interval, describe_units, method, percentile_interval, standard_error


class TestPercentileInterval:
    def test_is_the_middle_share(self) -> None:
        # 0..100: the 2.5 % quantile is 2.5 and the 97.5 % quantile 97.5, by linear interpolation.
        assert percentile_interval(np.arange(101.0), confidence=0.95) == Interval(pytest.approx(2.5), pytest.approx(97.5), 0)

    def test_leaves_out_and_counts_what_has_no_value(self) -> None:
        assert percentile_interval(np.array([1.0, np.nan, 1.0]), confidence=0.9) == Interval(1.0, 1.0, 1)

    def test_is_none_where_nothing_has_a_value(self) -> None:
        assert percentile_interval(np.array([np.nan]), confidence=0.95) is None
        assert percentile_interval(np.array([]), confidence=0.95) is None


class TestWords:
    @pytest.mark.parametrize(
        ("subjects", "single_cases", "words"),
        [(87, 0, "87 subjects"), (0, 120, "120 cases"), (1, 0, "1 subject"), (40, 12, "40 subjects and 12 cases without one")],
    )
    def test_say_what_is_drawn(self, subjects: int, single_cases: int, words: str) -> None:
        assert describe_units(subjects=subjects, single_cases=single_cases) == words

    def test_say_how_the_interval_was_made(self) -> None:
        assert method(1000, "87 subjects") == "percentile bootstrap, 1000 resamples of 87 subjects"

    def test_say_which_kind_it_is_and_why_it_is_not_another(self) -> None:
        assert method(10, "5 cases", "bca") == "BCa bootstrap, 10 resamples of 5 cases"
        assert method(10, "5 cases", "percentile", "no BCa: x") == "percentile bootstrap (no BCa: x), 10 resamples of 5 cases"


class TestStandardError:
    def test_is_the_standard_deviation_of_what_has_a_value(self) -> None:
        assert standard_error(np.array([1.0, np.nan, 3.0])) == pytest.approx(2**0.5)  # (1 + 1) / (2 - 1)

    def test_is_unknown_of_one(self) -> None:
        assert standard_error(np.array([1.0, np.nan])) is None
