"""How many submissions a team may still hand in, and when a day ends where the organisers live. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sonobench_eval.challenge.phase import Quota


class GivenBack(StrEnum):
    """Why an attempt is given back. What the ledger says of it."""

    PLATFORM = "platform"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CANARY = "canary"
    ORGANISER = "organiser"


@dataclass(frozen=True, slots=True)
class Used:
    """What a team has used of a phase: attempts of the day, of all days, and submissions that are under way."""

    today: int
    total: int
    under_way: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a team may still hand in; None where there is no limit."""

    today: int | None
    total: int | None
    at_once: int | None

    @property
    def now(self) -> int | None:
        """How many submissions it could open at this moment."""
        limits = [each for each in (self.today, self.total, self.at_once) if each is not None]
        return min(limits, default=None)


def left_of(quota: Quota, used: Used) -> Left:
    """What is left; never below 0, also where a quota was lowered afterwards."""
    return Left(
        _left(quota.daily, used.today),
        _left(quota.total, used.total),
        _left(quota.concurrent, used.under_way),
    )


def day_of(now: datetime, time_zone: str) -> str:
    """The calendar day in that time zone, `2026-03-29`."""
    return now.astimezone(ZoneInfo(time_zone)).date().isoformat()


def day_begins(now: datetime, time_zone: str) -> datetime:
    """The first moment of the day that it is now in that time zone, in UTC."""
    return _first_moment(now, time_zone, days_on=0)


def next_day_begins(now: datetime, time_zone: str) -> datetime:
    """The first moment of the next day there, in UTC: 23, 24 or 25 hours after the first one of this day.

    Where clocks are put forward at midnight, so that there is none, the day begins with the first moment that there is.
    """
    return _first_moment(now, time_zone, days_on=1)


def _first_moment(now: datetime, time_zone: str, *, days_on: int) -> datetime:
    zone = ZoneInfo(time_zone)
    day = now.astimezone(zone).date() + timedelta(days=days_on)
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)
