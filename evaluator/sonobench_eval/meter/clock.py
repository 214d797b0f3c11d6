"""The engine's clock: its timestamps have nanoseconds, which `datetime` does not. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

CLOCKS_AGREE_WITHIN_S = 1.0
"""A client sees a container's end later than the engine does, by some tens of milliseconds on an idle node."""

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def engine_time_ns(text: str) -> int | None:
    """Nanoseconds since 1970 (UTC) of an engine's RFC 3339 timestamp; None for its "never" (year 1) and for nonsense."""
    match = _RFC3339.fullmatch(text or "")
    if match is None or match[1].startswith("0001-"):
        return None
    whole = datetime.fromisoformat(match[1] + ("+00:00" if match[3] == "Z" else match[3]))
    return int(whole.timestamp()) * 10**9 + int((match[2] or "").ljust(9, "0"))


def engine_time(text: str) -> datetime | None:
    """The same moment as a `datetime` in UTC, cut to microseconds."""
    ns = engine_time_ns(text)
    if ns is None:
        return None
    return datetime.fromtimestamp(ns // 10**9, UTC).replace(microsecond=ns % 10**9 // 1000)


def wall_time_s(started_at: str, finished_at: str) -> float | None:
    """Seconds from start to end by the engine's clock, never below 0; None where one of them is missing.

    A container that ends at once can have an end stamped some microseconds before its start.
    """
    start, end = engine_time_ns(started_at), engine_time_ns(finished_at)
    return None if start is None or end is None else max(0.0, (end - start) / 1e9)


def clocks_disagree(wall_s: float | None, monotonic_s: float | None) -> bool:
    """True where the engine's wall time and a monotonic clock beside it differ by more than a second.

    The engine's clock can be set during a run (time synchronisation); the monotonic one cannot.
    """
    return wall_s is not None and monotonic_s is not None and abs(wall_s - monotonic_s) > CLOCKS_AGREE_WITHIN_S
