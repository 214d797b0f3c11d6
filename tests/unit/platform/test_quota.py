"""Days and what is left of them, where clocks are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sonobench_eval.challenge.phase import Quota
from sonobench_platform.domain.quota import Left, Used, day_begins, day_of, left_of, next_day_begins


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


class TestDays:
    @pytest.mark.parametrize(
        ("now", "zone", "day", "hours"),
        [
            # Germany puts clocks forward on 2026-03-29 and back on 2026-10-25.
            (utc(2026, 3, 29, 12), "Europe/Berlin", "2026-03-29", 23),
            (utc(2026, 10, 25, 12), "Europe/Berlin", "2026-10-25", 25),
            (utc(2026, 7, 1, 21, 59, 59), "Europe/Berlin", "2026-07-01", 24),
            (utc(2026, 7, 1, 22), "Europe/Berlin", "2026-07-02", 24),
            (utc(2026, 7, 1, 22), "UTC", "2026-07-01", 24),
            # Half past five ahead, and eleven behind.
            (utc(2026, 7, 1, 18, 30), "Asia/Kolkata", "2026-07-02", 24),
            (utc(2026, 7, 1, 10, 59), "Pacific/Pago_Pago", "2026-06-30", 24),
        ],
    )
    def test_a_day_is_that_of_the_calendar_there(self, now: datetime, zone: str, day: str, hours: int) -> None:
        assert day_of(now, zone) == day
        begins, ends = day_begins(now, zone), next_day_begins(now, zone)
        assert begins <= now < ends
        assert ends - begins == timedelta(hours=hours)

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana", "Africa/Cairo", "Asia/Beirut", "America/Santiago"])
    def test_through_a_year_days_follow_each_other_without_gap_or_overlap(self, zone: str) -> None:
        """In Beirut, Cairo and Santiago clocks go forward at midnight, and there is a day without one."""
        now = utc(2026, 1, 1, 12)
        while now < utc(2027, 1, 1):
            following = next_day_begins(now, zone)
            assert day_begins(following, zone) == following
            assert day_of(following - timedelta(seconds=1), zone) < day_of(following, zone)
            now = following


class TestLeft:
    def test_each_limit_has_its_own_and_the_tightest_counts_now(self) -> None:
        left = left_of(Quota(daily=3, total=10, concurrent=2), Used(today=1, total=9, under_way=0))
        assert (left, left.now) == (Left(2, 1, 2), 1)

    def test_without_limits_there_is_none(self) -> None:
        assert left_of(Quota(), Used(5, 5, 5)).now is None

    def test_it_is_never_negative(self) -> None:
        assert left_of(Quota(daily=1), Used(today=4, total=4, under_way=0)).today == 0
