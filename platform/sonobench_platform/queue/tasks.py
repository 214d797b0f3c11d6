"""The Celery tasks. Each carries an id or nothing, does what the database says is due, and may come twice or never.

What a task does is handed in by the command that starts the worker, so this file imports no service: a run worker
registers its one task without ever importing what reaches the database.
"""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery

from sonobench_platform.queue.celery_app import CHECK, RUN_WAKE, SCORE, SWEEP


def register_run_tasks(app: Celery, *, wake: Callable[[], None]) -> None:
    """`sonobench.run.wake`: claim and run until nothing is queued."""

    def run_wake() -> None:
        wake()

    app.task(name=RUN_WAKE)(run_wake)


def register_score_tasks(
    app: Celery, *, check: Callable[[str], None], score: Callable[[str], None], sweep: Callable[[], None]
) -> None:
    """Checks of uploads, scoring, and the sweep that sends again what is due."""

    def control_check(submission_id: str) -> None:
        check(submission_id)

    def score_score(run_id: str) -> None:
        score(run_id)

    def control_sweep() -> None:
        sweep()

    for name, task in ((CHECK, control_check), (SCORE, score_score), (SWEEP, control_sweep)):
        app.task(name=name)(task)
