"""A clock that was wrong and is set back must not leave anything waiting for the wrong time to come again.

Leases and pauses lie in the future by a known span at most. What lies further ahead was written by the wrong clock, and
is brought back to that span: a worker that lives renews its lease within it, a dead one's runs out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import InstrumentedAttribute

from sonobench_platform.core import Core
from sonobench_platform.db.models import RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.backoff import LONGEST_WAIT

_NO_SET_BACK = timedelta(seconds=1)
"""So far ahead lies what another process writes between this one's look at the clock and its look into the database."""


def bring_back(core: Core) -> int:
    """Returns how many times lay too far ahead; 0 while the clock goes forward."""
    now, lease = core.clock.now(), timedelta(seconds=core.settings.lease_s)
    with core.database.write() as work:
        return sum(
            (
                _at_most(work, RunRow, RunRow.lease_until, now + lease),
                _at_most(work, SubmissionRow, SubmissionRow.worker_until, now + lease),
                _at_most(work, SubmissionRow, SubmissionRow.next_try_at, now + LONGEST_WAIT),
                _at_most(work, SubmissionRow, SubmissionRow.woken_at, now),
            )
        )


def _at_most(
    work: Work, table: type[RunRow | SubmissionRow], column: InstrumentedAttribute[datetime | None], most: datetime
) -> int:
    statement = update(table).where(column > most + _NO_SET_BACK).values({column: most})
    return cast(CursorResult[Any], work.session.execute(statement)).rowcount
