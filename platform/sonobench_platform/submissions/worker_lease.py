"""One worker at a time on a check or a scoring, however often the wake-up came.

The lease is a row in the database, renewed by a thread while the work goes on. Whoever records a result proves in the
same transaction that the lease is still its own; a worker that was thought dead changes nothing when it comes back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, update

from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.backoff import wait_before
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.states import State
from sonobench_platform.submissions import repository

log = logging.getLogger(__name__)


class LeaseGone(Exception):
    """The submission moved on, or another worker took over. Drop what was made."""


class WorkerLease:
    """This worker's right to one submission in one state. `tries` counts this try."""

    def __init__(self, core: Core, submission_id: str, state: State, *, worker: str, tries: int) -> None:
        self._core = core
        self.submission_id = submission_id
        self._state = state
        self._worker = worker
        self.tries = tries

    def held(self, work: Work) -> SubmissionRow:
        """The submission, locked, with proof that it is still this worker's.

        Raises:
            LeaseGone: it is not.
        """
        submission = repository.lock(work.session, self.submission_id)
        if submission.worker != self._worker or submission.state != self._state:
            raise LeaseGone(f"{self.submission_id} is no longer this worker's to {self._state}")
        return submission

    def put_off(self, trouble: str) -> None:
        """Note the platform's trouble for the organisers, and let the work be tried again after a while."""
        try:
            with self._core.database.write() as work:
                submission = self.held(work)
                submission.trouble = trouble
                submission.next_try_at = self._core.clock.now() + wait_before(self.tries)
                submission.worker = submission.worker_until = None
        except (LeaseGone, NotFound):
            log.info("%s moved on before its trouble could be noted", self.submission_id)

    def renew(self) -> bool:
        """Extend the lease; False where it is gone."""
        until = self._core.clock.now() + timedelta(seconds=self._core.settings.lease_s)
        return self._set(worker=self._worker, worker_until=until)

    def let_go(self) -> None:
        """Free the submission for others if it is still this worker's."""
        self._set(worker=None, worker_until=None)

    def _set(self, **values: Any) -> bool:
        statement = (
            update(SubmissionRow)
            .where(
                SubmissionRow.id == self.submission_id,
                SubmissionRow.worker == self._worker,
                SubmissionRow.state == self._state,
            )
            .values(**values)
        )
        with self._core.database.write() as work:
            return cast(CursorResult[Any], work.session.execute(statement)).rowcount == 1


@contextmanager
def working_on(core: Core, submission_id: str, state: State) -> Iterator[WorkerLease | None]:
    """The lease on a submission in `state`, or None where there is nothing to do or someone does it already."""
    lease = _take(core, submission_id, state)
    if lease is None:
        yield None
        return
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lease, done, core.settings.heartbeat_s), name="lease", daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        done.set()
        keeper.join()
        lease.let_go()


def _take(core: Core, submission_id: str, state: State) -> WorkerLease | None:
    now = core.clock.now()
    with core.database.write() as work:
        try:
            submission = repository.lock(work.session, submission_id)
        except NotFound:
            return None
        taken = submission.worker_until is not None and submission.worker_until > now
        held_back = submission.next_try_at is not None and submission.next_try_at > now
        if submission.state != state or taken or held_back:
            return None
        submission.worker = new_id("tok")
        submission.worker_until = now + timedelta(seconds=core.settings.lease_s)
        submission.tries += 1
        return WorkerLease(core, submission_id, state, worker=submission.worker, tries=submission.tries)


def _keep(lease: WorkerLease, done: threading.Event, every_s: float) -> None:
    while not done.wait(every_s):
        try:
            if not lease.renew():
                return
        except Exception:
            log.exception("the lease on %s could not be renewed; trying again", lease.submission_id)
