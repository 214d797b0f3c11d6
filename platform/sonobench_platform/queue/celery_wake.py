"""Wake-ups through Celery. Call these after the commit of what they announce.

A request never waits for the broker and never fails with it: messages go out on a thread of their own, and one that
cannot be sent is logged and forgotten, because the sweeper sends again what the database says is due.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import NamedTuple

from celery import Celery
from kombu.exceptions import OperationalError

from sonobench_platform.queue.celery_app import CHECK, QUEUE_OF, RUN_WAKE, SCORE, make_app

log = logging.getLogger(__name__)

# More waiting messages than this means that the broker is away; the sweeper makes up for what is dropped.
_WAITING_AT_MOST = 1000


class _Message(NamedTuple):
    task: str
    arguments: tuple[str, ...]


class CeleryWake:
    """A `Wake` that sends Celery tasks. One thread per instance, started with the first message."""

    def __init__(self, broker_url: str, *, app: Celery | None = None) -> None:
        self._app = app if app is not None else make_app(broker_url)
        self._waiting: queue.Queue[_Message] = queue.Queue(maxsize=_WAITING_AT_MOST)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def run_queued(self) -> None:
        """Wake one run worker."""
        self._put(_Message(RUN_WAKE, ()))

    def check(self, submission_id: str) -> None:
        """Have the upload of a submission checked."""
        self._put(_Message(CHECK, (submission_id,)))

    def score(self, run_id: str) -> None:
        """Have the results of a run scored."""
        self._put(_Message(SCORE, (run_id,)))

    def _put(self, message: _Message) -> None:
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            log.warning("the broker does not take messages; %s is left to the sweeper", message.task)
        self._ensure_thread()

    def _ensure_thread(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._send_forever, name="wake", daemon=True)
                self._thread.start()

    def _send_forever(self) -> None:
        while True:
            self._send(self._waiting.get())

    def _send(self, message: _Message) -> None:
        try:
            self._app.send_task(
                message.task, args=message.arguments, queue=QUEUE_OF[message.task], retry=False, ignore_result=True
            )
        except (OperationalError, OSError) as error:
            log.warning("the broker is away (%s); %s is left to the sweeper", error, message.task)
        except Exception:
            # A wake-up is never worth the sender's life; whatever went wrong is in the log, and the sweeper sends again.
            log.exception("%s could not be sent; it is left to the sweeper", message.task)
