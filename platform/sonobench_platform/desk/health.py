"""Whether this server can do its work: database, store, broker, and somebody who sweeps. `/readyz` and the metrics ask.

The sweep leaves its time in a file of the store, which API and score workers share, so that the one knows of the other.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from sonobench_platform.core import Core
from sonobench_platform.queue.alive import broker_answers

SWEEPS_LATE = 12
"""A sweep that is this many intervals old (two minutes at the default pace) is late: lost work is not found any more."""

_LAST_SWEEP = ".last-sweep"


class Part(NamedTuple):
    """One thing that the server needs. `found` is a few words without addresses or paths: anyone may read them."""

    name: str
    is_well: bool
    found: str


def examine(core: Core) -> tuple[Part, ...]:
    """Every part, each looked at now."""
    return (_database(core), _store(core), _broker(core), _sweep(core))


def note_sweep(core: Core) -> None:
    """Remember that a sweep ran (a chore of the sweep itself)."""
    path = core.store.home / _LAST_SWEEP
    temporary = path.with_name(f"{_LAST_SWEEP}-{os.getpid()}")
    temporary.write_text(core.clock.now().isoformat())
    temporary.replace(path)


def sweep_age_s(core: Core) -> float | None:
    """Seconds since the last sweep of any process, at least 0; None where none has run yet."""
    try:
        last = datetime.fromisoformat((core.store.home / _LAST_SWEEP).read_text())
    except (OSError, ValueError):
        return None
    return max(0.0, (core.clock.now() - last).total_seconds())


def database_answers(core: Core) -> bool:
    try:
        with core.database.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _database(core: Core) -> Part:
    return Part("database", True, "answers") if database_answers(core) else Part("database", False, "does not answer")


def _store(core: Core) -> Part:
    probe = core.store.home / f".ready-{os.getpid()}"
    try:
        probe.write_bytes(b"")
        probe.unlink()
        free = core.store.free_bytes()
    except OSError:
        return Part("store", False, "cannot be written")
    if free < core.settings.min_free_bytes:
        return Part("store", False, "has less free space than uploads must leave")
    return Part("store", True, "can be written")


def _broker(core: Core) -> Part:
    if core.settings.broker_url is None:
        return Part("broker", True, "none: workers poll")
    if broker_answers(core.settings.broker_url):
        return Part("broker", True, "answers")
    return Part("broker", False, "does not answer")


def _sweep(core: Core) -> Part:
    age_s = sweep_age_s(core)
    if age_s is None:
        return Part("sweep", False, "has not run yet; is a score worker up?")
    is_well = age_s <= core.settings.sweep_s * SWEEPS_LATE
    return Part("sweep", is_well, f"ran {age_s:.0f} s ago" if is_well else f"ran {age_s:.0f} s ago; is a score worker up?")
