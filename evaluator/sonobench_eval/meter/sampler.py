"""A thread that takes a sample again and again until it is stopped, and knows how far apart its samples were."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

JOIN_TIMEOUT_S = 5.0
_WORTH_TELLING_S = 1.0
"""A container's own group is gone some tenths of a second before anybody is told of its end."""


class Sampler:
    """Calls `take` every `interval_s` seconds. A sample that raises ends the sampling quietly: `trouble` says why.

    Measuring must never harm what is measured, so nothing here raises.
    """

    def __init__(self, take: Callable[[], None], *, interval_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._take = take
        self._interval_s = interval_s
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_stopped, name="sonobench-meter", daemon=True)
        self._last: float | None = None
        self.samples = 0
        self.largest_gap_s = 0.0
        self.trouble: Exception | None = None
        self.stuck = False
        self._unseen_s = 0.0

    def start(self) -> None:
        """Take the first sample at once, in the caller's thread, so that a short run has at least one."""
        if self._sample():
            self._thread.start()

    def stop(self) -> None:
        """End the sampling and wait for it. Harmless when it was never started. `stuck` is set where it does not end."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_TIMEOUT_S)
            self.stuck = self._thread.is_alive()
        if self._last is not None:
            self._unseen_s = self._clock() - self._last

    def spacing(self) -> str:
        """How often samples were taken, and when the last one was where that is long before the end, in words."""
        unseen = f" (none in the last {self._unseen_s:.1f} s)" if self._unseen_s > _WORTH_TELLING_S else ""
        if self.samples < 2:
            return f"1 sample{unseen}"
        return f"{self.samples} samples at most {self.largest_gap_s:.3f} s apart{unseen}"

    def _sample_until_stopped(self) -> None:
        while not self._stop.wait(self._interval_s):
            if not self._sample():
                return

    def _sample(self) -> bool:
        try:
            self._take()
        except Exception as trouble:  # whatever goes wrong in a measurement stays in it
            self.trouble = trouble
            return False
        now = self._clock()
        if self._last is not None:
            self.largest_gap_s = max(self.largest_gap_s, now - self._last)
        self._last = now
        self.samples += 1
        return True
