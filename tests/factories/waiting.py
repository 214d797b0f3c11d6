"""Wait for a fact instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], object], what: str = "what this test waits for", *, within_s: float = 120.0) -> None:
    """Look until `true` is; only what never comes takes `within_s`, so it is generous.

    Raises:
        AssertionError: it did not come.
    """
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"waited {within_s:g} s for {what}"
        time.sleep(0.02)
