"""Where requests are counted: in this process, or in Redis where several processes serve. Windows move; nothing is rounded."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque

from limits import RateLimitItem
from limits.storage import RedisStorage, Storage
from limits.storage.base import MovingWindowSupport
from limits.strategies import MovingWindowRateLimiter

log = logging.getLogger(__name__)

_REDIS_WITHIN_S = 0.25
_REDIS_AGAIN_AFTER_S = 30.0
_SWEEP_EVERY = 10_000


class ProcessStorage(Storage, MovingWindowSupport):
    """Counts in this process. The library's own starts a thread every few milliseconds to tidy up; this one tidies as it goes."""

    STORAGE_SCHEME = ["sonobench-process"]  # noqa: RUF012 - the library's registry reads it

    def __init__(self) -> None:
        super().__init__(None)
        self._lock = threading.Lock()
        self._events: dict[str, deque[float]] = {}
        self._until: dict[str, float] = {}
        self._since_sweep = 0

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = time.time()
        with self._lock:
            self._sweep(now)
            events = self._events.get(key)
            if events is None or events.maxlen != limit:
                events = self._events[key] = deque(events or (), maxlen=limit)
            if amount > limit or (len(events) > limit - amount and events[len(events) - 1 - (limit - amount)] > now - expiry):
                return False
            events.extend([now] * amount)
            self._until[key] = now + expiry
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - the port's
        now = time.time()
        with self._lock:
            inside = [each for each in self._events.get(key, ()) if each > now - expiry]
        return (inside[0], len(inside)) if inside else (now, 0)

    def _sweep(self, now: float) -> None:
        """Forget whom nobody heard of for a whole window, once in many requests."""
        self._since_sweep += 1
        if self._since_sweep < _SWEEP_EVERY:
            return
        self._since_sweep = 0
        for key in [key for key, until in self._until.items() if until <= now]:
            self.clear(key)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def clear(self, key: str) -> None:
        self._events.pop(key, None)
        self._until.pop(key, None)

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        with self._lock:
            count = len(self._events)
            self._events.clear()
            self._until.clear()
        return count

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("only moving windows are counted here")

    def get(self, key: str) -> int:
        raise NotImplementedError("only moving windows are counted here")

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError("only moving windows are counted here")


class RateStore:
    """Counts, in Redis while it answers, else in this process: a broker that is away must neither open nor close the doors."""

    def __init__(self, broker_url: str | None) -> None:
        self._own = MovingWindowRateLimiter(ProcessStorage())
        self._shared = None if broker_url is None else MovingWindowRateLimiter(_redis(broker_url))
        self._away_until = 0.0

    def hit(self, item: RateLimitItem, key: str) -> bool:
        """Count one; False, and nothing counted, where the window is full."""
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                return self._shared.hit(item, key)
            except Exception as error:
                # Whatever its client raises: connections, time-outs, a script the server lost.
                self._note_away(error)
        return self._own.hit(item, key)

    def wait_s(self, item: RateLimitItem, key: str) -> int:
        """Whole seconds until there is room again, at least 1."""
        limiter = self._own
        if self._shared is not None and time.monotonic() >= self._away_until:
            limiter = self._shared
        try:
            return max(1, math.ceil(limiter.get_window_stats(item, key).reset_time - time.time()))
        except Exception as error:
            self._note_away(error)
            return item.get_expiry()

    def _note_away(self, error: Exception) -> None:
        log.warning("rate limits are counted in this process for a while: Redis did not answer (%s)", type(error).__name__)
        self._away_until = time.monotonic() + _REDIS_AGAIN_AFTER_S


def _redis(broker_url: str) -> RedisStorage:
    """Celery names a Unix socket `redis+socket://`, this library `redis+unix://`."""
    address = broker_url.replace("redis+socket://", "redis+unix://", 1)
    return RedisStorage(
        address, key_prefix="sonobench-rates", socket_timeout=_REDIS_WITHIN_S, socket_connect_timeout=_REDIS_WITHIN_S
    )
