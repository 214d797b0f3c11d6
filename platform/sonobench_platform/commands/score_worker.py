"""`sonobench worker score`: verifies uploads, scores results, publishes boards, and sweeps.

The only worker that reads hidden truth, and no stranger's code runs here. What is due comes through the broker; every
few seconds this process also asks the database itself, so a broker that is away costs seconds and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.commands.journal import start_journal
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.run_worker import broker_address, wait_for_signal
from sonobench_platform.commands.study_child import StudyChild
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.queue.celery_app import CONTROL_QUEUE, SCORE_QUEUE, make_app
from sonobench_platform.queue.consume import consume
from sonobench_platform.queue.tasks import register_score_tasks
from sonobench_platform.repeating import repeat
from sonobench_platform.wiring import Platform

log = logging.getLogger(__name__)

NOTICES_EVERY_S = 3.0
"""How soon after something happened people and webhooks are told."""
STUDIES_EVERY_S = 5.0
"""How often it is looked for boards without charts."""

_Item = TypeVar("_Item", bound=Hashable)


def score_worker(settings: Settings, *, jobs: int, poll_s: float) -> None:
    """Work until SIGTERM or SIGINT; where that cannot even start, say why and exit with 1."""
    start_journal("score-worker")
    with told_in_a_sentence(TokenFileError):
        settings = settings.model_copy(update={"broker_url": broker_address(settings)})
        with opened(settings) as platform:
            log.info("verifies, scores and sweeps for %s", settings.home)
            _work(platform, settings, jobs=jobs, poll_s=poll_s)


def _work(platform: Platform, settings: Settings, *, jobs: int, poll_s: float) -> None:
    ending = threading.Event()
    due, studies = DueWorker(platform, jobs=jobs), StudyChild(platform, settings, ending)
    look_every_s = poll_s if settings.broker_url is None else settings.sweep_s
    background = [
        threading.Thread(target=repeat, args=(platform.sweep, settings.sweep_s, ending), name="sweep"),
        threading.Thread(target=repeat, args=(due.look, look_every_s, ending), name="look"),
        # Beside the sweep, not in it: a mail server that does not answer must not hold up lost runs.
        threading.Thread(target=repeat, args=(platform.deliver, NOTICES_EVERY_S, ending), name="notices"),
        # Beside the sweep too, and the drawing in a process of its own: a minute of it must hold up nothing.
        threading.Thread(target=repeat, args=(studies.look, STUDIES_EVERY_S, ending), name="studies"),
    ]
    for thread in background:
        thread.start()
    try:
        if settings.broker_url is None:
            log.info("no broker: polling")
            wait_for_signal(ending.set)
        else:
            app = make_app(settings.broker_url)
            register_score_tasks(app, check=platform.check_submission, score=platform.score_run, sweep=lambda: _sweep(platform))
            name = f"score@{settings.node_name}"
            consume(app, [SCORE_QUEUE, CONTROL_QUEUE], name=name, concurrency=jobs, on_shutdown=ending.set)
    finally:
        ending.set()
        for thread in background:
            thread.join()
        due.close()


class DueWorker:
    """Does what the database says is due. An item that someone else works on already is refused by its lease."""

    def __init__(self, platform: Platform, *, jobs: int) -> None:
        self._platform = platform
        self._pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="due")
        self._in_hand: set[Hashable] = set()

    def look(self) -> None:
        """Start whatever is due and not in hand."""
        due = self._platform.due_work()
        for submission_id in due.checks:
            self._start(submission_id, self._platform.check_submission)
        for run_id in due.scores:
            self._start(run_id, self._platform.score_run)
        for item in due.rescorings:
            self._start(item, self._platform.rescore)
        for phase_id in due.datasets:
            self._start(phase_id, self._platform.verify_data)
        for upload_id in due.uploads:
            self._start(upload_id, self._platform.finish_upload)

    def close(self) -> None:
        """Start nothing more, and wait for what is in hand."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, item: _Item, do: Callable[[_Item], None]) -> None:
        if item not in self._in_hand:
            self._in_hand.add(item)
            self._pool.submit(self._do, item, do)

    def _do(self, item: _Item, do: Callable[[_Item], None]) -> None:
        try:
            do(item)
        except Exception:
            log.exception("%s failed; it stays due", item)
        finally:
            self._in_hand.discard(item)


def _sweep(platform: Platform) -> None:
    platform.sweep()
