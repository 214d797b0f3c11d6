"""A run that ended by the platform's own trouble goes back to the queue, with its place in it, at no cost to the team.

After too many of those the platform gives up on it, says that it was not the team's fault, and tells the organisers.
"""

from __future__ import annotations

import logging

from sonobench_platform.core import Core
from sonobench_platform.db.models import RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import lease_lost
from sonobench_platform.domain.states import State
from sonobench_platform.runs.attempts import DRAINED, LOST, RELEASED, Held, end, hold
from sonobench_platform.submissions.failing import fail_by_platform
from sonobench_platform.submissions.move import move

log = logging.getLogger(__name__)

DRAIN_REASON = "drain"


def release(core: Core, work: Work, run_id: str, *, attempt: int, node: str, reason: str) -> State:
    """A node gives its attempt back; returns the submission's state. Saying it twice is harmless.

    Raises:
        NotFound: there is no such run.
        Conflict: `lease-lost`: this attempt is over in another way.
    """
    held = hold(work, run_id, attempt=attempt, node=node)
    if held.attempt.ended is None:
        give_back(core, work, held, ended=DRAINED if reason == DRAIN_REASON else RELEASED, reason=reason)
    elif held.attempt.ended == LOST:
        raise lease_lost(run_id, attempt)
    return State(held.submission.state)


def give_back(core: Core, work: Work, held: Held, *, ended: str, reason: str) -> None:
    """End a living attempt and queue its run again, or give up on it."""
    now = core.clock.now()
    which = f"run {held.run.id}, attempt {held.attempt.attempt} on node {held.attempt.node}"
    end(held, ended=ended, reason=reason, at=now)
    held.run.lost += ended != DRAINED
    results = core.store.results(held.run.id, held.attempt.attempt)
    work.after_commit(lambda: results.unlink(missing_ok=True))
    if held.run.lost >= core.settings.max_attempts:
        log.error("%s: lost %d times now, an organiser has to look: %s", which, held.run.lost, reason)
        work.session.flush()
        fail_by_platform(core, work, held.submission, sentence=_GAVE_UP.format(held.run.lost), at=now)
        held.submission.trouble = reason
        return
    log.warning("%s: %s, goes back to the queue: %s", which, ended, reason)
    move(work, held.submission, State.QUEUED, cause=_CAUSES[ended], at=now)
    held.submission.trouble = None if ended == DRAINED else reason
    work.after_commit(core.wake.run_queued)


_GAVE_UP = "The platform lost this run {} times and gave up. It was not your image's fault; the organisers will look."


def run_again(core: Core, work: Work, submission: SubmissionRow, run: RunRow, *, reason: str) -> bool:
    """Queue a run anew whose results were handed back and are damaged; False where it was lost too often for that."""
    if run.lost + 1 >= core.settings.max_attempts:
        return False
    log.error("run %s, attempt %d: goes back to the queue: %s", run.id, run.attempt, reason)
    run.lost += 1
    run.outcome = None
    results = core.store.results(run.id, run.attempt)
    move(work, submission, State.QUEUED, cause=_DAMAGED, at=core.clock.now())
    submission.trouble = reason
    work.after_commit(lambda: results.unlink(missing_ok=True))
    work.after_commit(core.wake.run_queued)
    return True


_DAMAGED = "its results were damaged before they were scored; queued again, at no cost"

# What a node says of its troubles is for organisers; a team reads this.
_CAUSES = {
    LOST: "its worker was lost; queued again, at no cost",
    RELEASED: "its worker had trouble; queued again, at no cost",
    DRAINED: "its worker is being shut down; queued again, at no cost",
}
