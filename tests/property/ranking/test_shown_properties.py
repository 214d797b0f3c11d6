"""What is shown while a challenge is open: near the truth, in order, and the same however often it is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sonobench_eval.ranking.shown import MEMORY_STEP_BYTES, TIME_STEP, shown_memory_bytes, shown_moment, shown_time_s

times = st.floats(min_value=1e-6, max_value=1e9)
amounts = st.integers(min_value=1, max_value=2**50)
START = datetime(2026, 1, 1, 12, 0, 30, 123456, tzinfo=UTC)


class TestShownTime:
    @given(times)
    def test_it_is_within_half_a_percent_and_never_nothing(self, seconds: float) -> None:
        assert shown_time_s(seconds) > 0
        assert abs(shown_time_s(seconds) - seconds) <= 0.005 * seconds

    @given(times)
    def test_shown_again_it_stays(self, seconds: float) -> None:
        assert shown_time_s(shown_time_s(seconds)) == shown_time_s(seconds)

    @given(times, times)
    def test_a_longer_time_is_never_shown_shorter(self, one: float, other: float) -> None:
        assert shown_time_s(min(one, other)) <= shown_time_s(max(one, other))

    @given(times)
    def test_the_next_step_is_one_percent_away(self, seconds: float) -> None:
        shown = shown_time_s(seconds)
        following = shown_time_s(shown * TIME_STEP)
        assert abs(following / shown - TIME_STEP) < 1e-4


class TestShownMemory:
    @given(amounts)
    def test_it_is_the_next_multiple_and_never_nothing(self, count: int) -> None:
        shown = shown_memory_bytes(count)
        assert shown % MEMORY_STEP_BYTES == 0
        assert 0 <= shown - count < MEMORY_STEP_BYTES
        assert shown > 0

    @given(amounts)
    def test_shown_again_it_stays(self, count: int) -> None:
        assert shown_memory_bytes(shown_memory_bytes(count)) == shown_memory_bytes(count)

    @given(amounts, amounts)
    def test_more_is_never_shown_as_less(self, one: int, other: int) -> None:
        assert shown_memory_bytes(min(one, other)) <= shown_memory_bytes(max(one, other))


class TestShownMoment:
    @given(st.floats(min_value=0, max_value=7 * 86400), st.floats(min_value=0, max_value=7 * 86400))
    def test_it_is_a_whole_minute_near_the_truth_and_in_order(self, one: float, other: float) -> None:
        early, late = (START + timedelta(seconds=each) for each in sorted((one, other)))
        shown = [shown_moment(each, since=START) for each in (early, late)]
        assert shown == sorted(shown)
        for moment, said in zip((early, late), shown, strict=True):
            assert (said.second, said.microsecond) == (0, 0)
            assert abs((said - moment).total_seconds()) <= 120 + 0.005 * (moment - START).total_seconds()
