"""Ends of uploads that were never whole: their team ended them, or their time ran out. What a dead process left is cleared up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from sonobench_platform.accounts.identity import SERVER, Identity
from sonobench_platform.core import Core
from sonobench_platform.domain.errors import Conflict, Refusal
from sonobench_platform.domain.states import State
from sonobench_platform.submissions import repository as submissions
from sonobench_platform.submissions.cancel import cancel
from sonobench_platform.uploads import repository
from sonobench_platform.uploads.repository import Due
from sonobench_platform.uploads.standing import standing_of

log = logging.getLogger(__name__)


def terminate(core: Core, caller: Identity, upload_id: str) -> None:
    """End an unfinished upload at its team's wish: its submission is cancelled, its attempt given back, its file removed.

    Raises:
        NotFound, Gone: see `standing_of`.
        Conflict: it is whole; its submission can still be cancelled.
    """
    standing = standing_of(core, caller, upload_id)
    if standing.is_finished:
        detail = f"Upload {upload_id} is whole; to end what became of it, cancel submission {standing.submission_id}."
        raise Conflict("upload-finished", detail)
    _end(core, Due(upload_id, standing.submission_id, standing.size_bytes), caller=caller, cause="the team ended the upload")


def settle_uploads(core: Core) -> None:
    """End what expired, remove files that nothing will be appended to. A chore of every sweep.

    What is whole and not yet finished is left to score workers (`finish.finish_whole`): it is hashed, which takes minutes.
    """
    with core.database.read() as session:
        expired = repository.expired(session, core.clock.now())
    for due in expired:
        _tried(partial(_end, core, due, caller=SERVER, cause="the upload was not complete in time"), due)
    _tidy(core)


def _end(core: Core, due: Due, *, caller: Identity, cause: str) -> None:
    with core.database.write() as work:
        if submissions.lock(work.session, due.submission_id).state != State.UPLOADING:
            return  # it became whole meanwhile
        cancel(core, work, due.submission_id, caller=caller, cause=cause)
        work.after_commit(lambda: core.store.partials.remove(due.upload_id))


def _tried(do: Callable[[], None], due: Due) -> None:
    try:
        do()
    except Refusal as moved:
        log.info("upload %s moved on during a sweep: %s", due.upload_id, moved)
    except Exception:
        log.exception("the sweep could not deal with upload %s", due.upload_id)


def _tidy(core: Core) -> None:
    there = core.store.partials.ids()
    with core.database.read() as session:
        needed = repository.still_open(session, there)
    for upload_id in set(there) - needed:
        core.store.partials.remove(upload_id)
