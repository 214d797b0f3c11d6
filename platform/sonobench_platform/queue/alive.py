"""Whether a broker answers: asked by `/readyz`, never by a request of a team."""

from __future__ import annotations

import redis

_PATIENCE_S = 2.0


def broker_answers(broker_url: str) -> bool:
    """True where the Redis at this address (as Celery writes it) answers within two seconds."""
    address = broker_url.replace("redis+socket://", "unix://", 1)
    try:
        with redis.Redis.from_url(address, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False
