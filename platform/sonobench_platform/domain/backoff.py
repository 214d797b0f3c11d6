"""How long to wait before work that failed for the platform's own reasons is tried again. Pure."""

from __future__ import annotations

from datetime import timedelta

_FIRST_S = 15.0
LONGEST_WAIT = timedelta(minutes=10)


def wait_before(tries: int) -> timedelta:
    """After the first failure 15 s, then doubling, at most 10 minutes."""
    return timedelta(seconds=min(LONGEST_WAIT.total_seconds(), _FIRST_S * 2 ** min(max(tries - 1, 0), 10)))
