"""`sonobench worker beat`: sends the sweep's wake-up every few seconds through Celery's own scheduler.

It does nothing itself: a score worker takes the message and sweeps. Score workers also sweep by themselves, so that a
platform without this process loses nothing by it; it is what keeps the sweep regular where score workers are busy. Several of
them, or none, change nothing: a sweep finds in the database what is lost, and takes each thing back once.
"""

from __future__ import annotations

import logging
import threading

from celery import Celery
from celery.beat import Scheduler, Service

from sonobench_platform.commands.journal import start_journal
from sonobench_platform.commands.run_worker import broker_address, wait_for_signal
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.queue.celery_app import CONTROL_QUEUE, SWEEP, make_app

log = logging.getLogger(__name__)


def beat(settings: Settings) -> None:
    """Send until SIGTERM or SIGINT; where there is no broker to send to, say so and exit with 1."""
    start_journal("beat")
    with told_in_a_sentence():
        broker = broker_address(settings)
        if broker is None:
            raise CommandError("there is no broker to send to; score workers sweep by themselves then, and beat is not needed")
        # Nothing on disk: when the last sweep was is of no matter to the next.
        service = Service(scheduled(broker, every_s=settings.sweep_s), scheduler_cls=Scheduler)
        sending = threading.Thread(target=service.start, name="beat", daemon=True)
        sending.start()
        log.info("has lost work looked for every %g s", settings.sweep_s)
        wait_for_signal(service.stop)
        sending.join()


def scheduled(broker: str, *, every_s: float) -> Celery:
    """The application with the one thing that is to be done by the clock."""
    app = make_app(broker)
    app.conf.beat_schedule = {
        "sweep": {
            "task": SWEEP,
            "schedule": every_s,
            # One that nobody took in time is worth nothing: the next one is there.
            "options": {"queue": CONTROL_QUEUE, "expires": every_s, "retry": False},
        }
    }
    app.conf.beat_max_loop_interval = min(every_s, 5.0)
    return app
