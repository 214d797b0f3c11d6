"""Run a Celery worker in this process until SIGTERM or SIGINT.

The pool is threads, not forked processes: a worker killed with SIGKILL then takes its work with it, where a forked
child would go on unseen beside the restarted worker. Nothing here needs Celery's time limits: runs have their own.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import worker_shutting_down
from celery.worker import state
from kombu.asynchronous import set_event_loop

log = logging.getLogger(__name__)

_REST_S = 2.0


def consume(app: Celery, queues: Sequence[str], *, name: str, concurrency: int, on_shutdown: Callable[[], None]) -> None:
    """Consume `queues` with `concurrency` threads; returns after a warm shutdown.

    A broker that is away is tried again for ever, and a Celery worker that breaks is started again: where a broker dies
    again while Celery is still getting over its last death, Celery gives up. `on_shutdown` is called in the signal handler
    when the shutdown starts, before running tasks are waited for; it sets flags and returns.
    """
    told = threading.Event()

    def shutting_down(**_: Any) -> None:
        told.set()
        on_shutdown()

    # Containers run as root by custom, and messages are JSON alone, so nothing a message says is ever executed.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker_shutting_down.connect(shutting_down, weak=False)
    try:
        while not told.is_set():
            _consume_once(app, queues, name=name, concurrency=concurrency)
            if not told.is_set():
                log.error("Celery's worker broke off; it is started again in %.0f s, and nothing is lost", _REST_S)
                told.wait(_REST_S)
    finally:
        worker_shutting_down.disconnect(shutting_down)


def _consume_once(app: Celery, queues: Sequence[str], *, name: str, concurrency: int) -> None:
    """Until the worker is told to leave, or breaks. What it says of its own end is in the log."""
    _forget_the_last_worker()
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
    try:
        worker.start()
    except Exception:
        log.exception("Celery's worker could not even end in order")


def _forget_the_last_worker() -> None:
    """Celery keeps what a worker was told, and its event loop, for the whole process."""
    state.should_stop = state.should_terminate = None
    set_event_loop(None)
