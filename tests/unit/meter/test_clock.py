"""The engine's timestamps and the wall time between two of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sonobench_eval.meter.clock import clocks_disagree, engine_time, engine_time_ns, wall_time_s


class TestEngineTimeNs:
    def test_nanoseconds_are_kept(self):
        assert engine_time_ns("1970-01-01T00:00:01.000000007Z") == 1_000_000_007

    def test_the_engine_drops_trailing_zeros(self):
        # 02:43:25.72547776 is 725,477,760 ns after the second
        assert engine_time_ns("2026-11-22T02:43:25.72547776Z") % 10**9 == 725_477_760

    def test_a_time_without_a_fraction_and_with_an_offset(self):
        assert engine_time_ns("1970-01-01T01:00:00+01:00") == 0

    @pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "", "yesterday", "2026-11-22 02:43:25Z"])
    def test_never_and_nonsense_are_none(self, text):
        assert engine_time_ns(text) is None


class TestEngineTime:
    def test_it_is_cut_to_microseconds_in_utc(self):
        expected = datetime(2026, 11, 22, 2, 57, 36, 654836, tzinfo=UTC)
        assert engine_time("2026-11-22T02:57:36.654836999Z") == expected

    def test_never_is_none(self):
        assert engine_time("0001-01-01T00:00:00Z") is None


class TestWallTime:
    def test_it_is_end_less_start(self):
        assert wall_time_s("2026-01-01T00:00:00.9Z", "2026-01-01T00:00:02.1Z") == pytest.approx(1.2)

    def test_across_midnight(self):
        assert wall_time_s("2026-01-01T23:59:59Z", "2026-01-02T00:00:01Z") == 2.0

    def test_an_end_before_the_start_is_zero(self):
        # As the engine stamped a container that failed at once.
        assert wall_time_s("2026-11-22T02:43:24.964059827Z", "2026-11-22T02:43:24.963865795Z") == 0.0

    def test_a_missing_end_is_none(self):
        assert wall_time_s("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z") is None


class TestClocksDisagree:
    @pytest.mark.parametrize(
        ("wall_s", "monotonic_s", "disagree"),
        [(10.0, 10.9, False), (10.0, 11.1, True), (10.0, 8.9, True), (None, 1.0, False), (1.0, None, False)],
    )
    def test_more_than_a_second_apart_is_told(self, wall_s, monotonic_s, disagree):
        assert clocks_disagree(wall_s, monotonic_s) is disagree
