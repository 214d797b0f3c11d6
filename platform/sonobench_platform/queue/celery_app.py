"""The Celery application: names of queues and tasks, and settings that make a lost or doubled message harmless.

A message is a wake-up, no more. It carries an id or nothing; what is due stands in the database, which workers ask.
"""

from __future__ import annotations

from celery import Celery

RUN_QUEUE = "run"
SCORE_QUEUE = "score"
CONTROL_QUEUE = "control"

RUN_WAKE = "sonobench.run.wake"
CHECK = "sonobench.control.check"
SWEEP = "sonobench.control.sweep"
SCORE = "sonobench.score.score"

QUEUE_OF = {RUN_WAKE: RUN_QUEUE, CHECK: CONTROL_QUEUE, SWEEP: CONTROL_QUEUE, SCORE: SCORE_QUEUE}

# A task is acknowledged when it ends, and Redis hands a message out again after this time. Longer than any run may
# last (a challenge's limit is at most 7 days, usually an hour); a message of a dead worker need not come back sooner,
# because the sweeper sends a new one.
VISIBILITY_TIMEOUT_S = 12 * 3600


def make_app(broker_url: str | None, *, visibility_timeout_s: int = VISIBILITY_TIMEOUT_S) -> Celery:
    """A Celery application on `broker_url` (None: from `SONOBENCH_BROKER_URL`, or the private broker of the home)."""
    app = Celery("sonobench", set_as_current=False)
    app.conf.update(
        broker_url=broker_url,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": visibility_timeout_s,
            "socket_connect_timeout": 5,
            # Without these a sender waits for ever for a broker that is away.
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.2,
            "interval_max": 0.5,
        },
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue=CONTROL_QUEUE,
        task_create_missing_queues=True,
        task_routes={task: {"queue": queue} for task, queue in QUEUE_OF.items()},
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        enable_utc=True,
    )
    return app


def app_from_settings() -> Celery:
    """The application of this machine's configuration, for `celery -A sonobench_platform.queue.celery_app:app inspect`."""
    from sonobench_platform.config import Settings
    from sonobench_platform.queue.embedded import socket_url

    settings = Settings()
    return make_app(settings.broker_url or socket_url(settings.home))


def __getattr__(name: str) -> Celery:
    # Built when asked for, so that importing the names above reads no configuration.
    if name == "app":
        return app_from_settings()
    raise AttributeError(name)
