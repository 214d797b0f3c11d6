"""Times to 1 %, memory to 64 MiB: values worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sonobench_eval.ranking.shown import shown_memory_bytes, shown_moment, shown_time_s, whole_minute

MIB = 2**20
START = datetime(2026, 1, 1, 12, 0, 59, 999_999, tzinfo=UTC)


class TestShownTime:
    # 1.01^0 = 1; 1.01^254 = e^2.527384 = 12.5207; 1.01^70 = 2.00676; 1.01^-1 = 0.990099
    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [(0.0, 0.0), (1.0, 1.0), (1.004, 1.0), (1.006, 1.01), (12.5, 12.5207), (2.0, 2.00676), (0.99, 0.990099)],
    )
    def test_it_is_the_nearest_step_of_the_grid(self, seconds: float, shown: float) -> None:
        assert shown_time_s(seconds) == shown

    def test_two_runs_within_a_step_look_the_same(self) -> None:
        assert shown_time_s(3600.000) == shown_time_s(3605.123)


class TestShownMemory:
    @pytest.mark.parametrize(
        ("count", "shown"), [(0, 0), (1, 64 * MIB), (64 * MIB, 64 * MIB), (64 * MIB + 1, 128 * MIB), (590_000_000, 9 * 64 * MIB)]
    )
    def test_it_is_the_next_multiple_upwards(self, count: int, shown: int) -> None:
        assert shown_memory_bytes(count) == shown


class TestShownMoment:
    def test_a_short_run_ends_in_a_whole_minute_of_its_start(self) -> None:
        assert shown_moment(START + timedelta(seconds=36), since=START) == datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

    def test_a_long_run_is_told_to_one_percent(self) -> None:
        step = shown_time_s(36_000)  # its neighbours are 6 minutes away
        ends = {shown_moment(START + timedelta(seconds=step + each), since=START) for each in (-90, -30, 30, 90)}
        assert len(ends) == 1

    def test_the_start_itself_is_its_minute(self) -> None:
        assert shown_moment(START, since=START) == whole_minute(START)
