"""A lease runs out by a worker's silence only while there is somebody to speak to.

Every API says here that it is there. While none does (it is restarted, the database is away, the whole machine slept), no
run is taken from its worker, and the first that comes back adds the time that nobody was there to every lease.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sonobench_platform.core import Core
from sonobench_platform.db.models import PresenceRow, RunRow
from sonobench_platform.db.session import Work
from sonobench_platform.repeating import repeat

log = logging.getLogger(__name__)

_API = "api"
_TOLD_PER_LEASE, _GAPS_PER_LEASE = 16, 4
"""A lease has at least half of its time left when an API dies under it: the gap is noticed before that is over."""


@contextmanager
def presence(core: Core) -> Iterator[None]:
    """While in the block, this process counts as an API that answers."""
    ending = threading.Event()
    rounds = (partial(_tell_and_say, core), core.settings.lease_s / _TOLD_PER_LEASE, ending)
    thread = threading.Thread(target=repeat, args=rounds, name="presence", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def tell(core: Core) -> timedelta:
    """Say that an API is there; returns how long none was, zero where one told lately or none ever did."""
    with core.database.write() as work:
        work.take_turns("presence")
        unheard = _unheard(core, work.session)
        if unheard:
            _lengthen(core, work, unheard)
        work.session.merge(PresenceRow(name=_API, seen_at=core.clock.now()))
    return unheard


def workers_are_heard(core: Core, session: Session) -> bool:
    """Whether a worker that lives could have said so lately. True where no API has ever told."""
    return not _unheard(core, session)


def _unheard(core: Core, session: Session) -> timedelta:
    """How long no API has been there; zero while the last one told within the usual time."""
    row = session.get(PresenceRow, _API, populate_existing=True)
    since = timedelta(0) if row is None else core.clock.now() - row.seen_at
    return since if since > timedelta(seconds=core.settings.lease_s / _GAPS_PER_LEASE) else timedelta(0)


def _lengthen(core: Core, work: Work, by: timedelta) -> None:
    """Add `by` to every lease; none gets longer than a new one. One that a heartbeat has just renewed is left alone."""
    longest = core.clock.now() + timedelta(seconds=core.settings.lease_s)
    leases = select(RunRow.id, RunRow.lease_until).where(RunRow.node.is_not(None), RunRow.lease_until < longest)
    for run_id, until in work.session.execute(leases).all():
        if until is not None:
            same = update(RunRow).where(RunRow.id == run_id, RunRow.lease_until == until)
            work.session.execute(same.values(lease_until=min(until + by, longest)))


def _tell_and_say(core: Core) -> None:
    try:
        if gap := tell(core):
            log.warning("no API was there for %.0f s, which no lease is charged with", gap.total_seconds())
    except SQLAlchemyError as error:
        log.warning("the database is away: no run is taken from its worker meanwhile (%s)", type(error).__name__)
