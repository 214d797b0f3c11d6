"""Times and memory as they are shown while a challenge is open: to 1 % and to 64 MiB, so that they carry little.

A program that has seen hidden images chooses how long it runs and how much memory it takes. Exact figures would be a way
to write down what it saw: an hour in milliseconds is 22 bits. On this grid it is under 10, and 64 GiB of memory are 10.
Ranks use the shown values, so that a rank says no more than they do. After the challenge has closed, figures are exact.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

TIME_STEP = 1.01
"""Neighbouring times that are shown differ by this factor."""
MEMORY_STEP_BYTES = 64 * 2**20
NOTE = "Times are shown to 1 % and memory to the next 64 MiB (67 MB) until the challenge closes; ranks use the shown values."

_DIGITS = 6
"""Of a shown time: few enough to read, and many enough that no two steps of the grid look alike."""


def shown_time_s(seconds: float) -> float:
    """The step of the geometric grid 1.01^k that is nearest by ratio.

    Args:
        seconds: a time, at least 0 and finite; or a ratio of times, which the grid treats alike.

    Returns:
        A time within 0.5 % of it; 0 for 0 alone. Shown again it stays as it is, and a longer time is never shown shorter.
    """
    if seconds <= 0:
        return 0.0
    return float(f"{math.exp(round(math.log(seconds) / math.log(TIME_STEP)) * math.log(TIME_STEP)):.{_DIGITS}g}")


def shown_memory_bytes(count: int) -> int:
    """The next multiple of 64 MiB: upwards, so that what was used is never shown as nothing. 0 for 0 alone."""
    return -(-max(count, 0) // MEMORY_STEP_BYTES) * MEMORY_STEP_BYTES


def shown_moment(moment: datetime, *, since: datetime) -> datetime:
    """A moment that a run decided, in whole minutes, as far from the run's start `since` as its time to 1 % says.

    Both together: a minute hides more of a short run, 1 % more of a long one.
    """
    elapsed = timedelta(seconds=shown_time_s((moment - since).total_seconds()))
    return whole_minute(whole_minute(since) + elapsed)


def whole_minute(moment: datetime) -> datetime:
    """The minute in which it lies."""
    return moment.replace(second=0, microsecond=0)
