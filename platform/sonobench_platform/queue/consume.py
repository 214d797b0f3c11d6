"""Run a Celery worker in this process until SIGTERM or SIGINT.

The pool is threads, not forked processes: a worker killed with SIGKILL then takes its work with it, where a forked
child would go on unseen beside the restarted worker. Nothing here needs Celery's time limits: runs have their own.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import worker_shutting_down


def consume(app: Celery, queues: Sequence[str], *, name: str, concurrency: int, on_shutdown: Callable[[], None]) -> None:
    """Consume `queues` with `concurrency` threads; returns after a warm shutdown.

    A broker that is away is tried again for ever. `on_shutdown` is called in the signal handler when the shutdown
    starts, before running tasks are waited for; it sets flags and returns.
    """

    def shutting_down(**_: Any) -> None:
        on_shutdown()

    # Containers run as root by custom, and messages are JSON alone, so nothing a message says is ever executed.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker_shutting_down.connect(shutting_down, weak=False)
    try:
        worker = app.Worker(
            pool="threads",
            concurrency=concurrency,
            queues=list(queues),
            hostname=name,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
            loglevel=logging.WARNING,
        )
        worker.start()
    finally:
        worker_shutting_down.disconnect(shutting_down)
