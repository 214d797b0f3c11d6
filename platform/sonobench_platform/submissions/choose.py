"""What a team may still say of a scored submission: that it is the one that counts, or that it is not to count at all."""

from __future__ import annotations

from sqlalchemy import update

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.challenges.phases import rules_of, takes_images
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.domain.states import State
from sonobench_platform.leaderboards.publish import publish
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.acting import acting_as
from sonobench_platform.submissions.move import move


def choose(core: Core, work: Work, submission_id: str, *, caller: Identity) -> None:
    """Let this one of the team's submissions be on the board. Twice is harmless; the last choice before the close counts.

    Raises:
        NotFound: there is no such submission, or it is another team's.
        Conflict: its phase lets no team choose, has closed, or the submission has no score.
    """
    submission = repository.lock(work.session, submission_id)
    if submission.team_id not in caller.team_ids:
        raise repository.no_such_submission()
    phase = work.session.get_one(PhaseRow, submission.phase_id)
    if (rule := rules_of(phase).counts) != "chosen":
        raise Conflict("not-for-choosing", f"In {phase.name} a team does not choose: its {rule} submission counts.")
    _refuse_closed(core, phase, "chosen")
    if submission.state != State.SCORED:
        raise Conflict("not-scored", f"Submission {submission.id} is {submission.state}; only a scored one can be chosen.")
    work.take_turns(f"choice of {submission.team_id}")
    others = update(SubmissionRow).where(SubmissionRow.team_id == submission.team_id, SubmissionRow.phase_id == phase.id)
    work.session.execute(others.values(is_chosen=SubmissionRow.id == submission.id).execution_options(synchronize_session=False))
    work.session.refresh(submission)
    publish(core, work, phase_id=phase.id)


def withdraw(core: Core, work: Work, submission_id: str, *, caller: Identity, reason: str | None = None) -> None:
    """Take a scored submission back: the board is made without it, for good. Its attempt is not given back. Twice is harmless.

    A team may until its phase closes. Afterwards it would pick among its results, which the phase's rule is there to prevent; an
    organiser may at any time.

    Raises:
        NotFound: there is no such submission, or it is another team's.
        Forbidden: the caller's token may not act for their team.
        Conflict: it has no score, or its phase has closed and a team asks.
    """
    submission = repository.lock(work.session, submission_id)
    acting, organises = acting_as(caller, submission), caller.may_organise(submission.challenge_id)
    if submission.state == State.WITHDRAWN:
        return
    if submission.state != State.SCORED:
        raise Conflict("not-scored", f"Submission {submission.id} is {submission.state}; only a scored one can be withdrawn.")
    if not organises:
        _refuse_closed(core, work.session.get_one(PhaseRow, submission.phase_id), "withdrawn by a team")
    submission.is_chosen = False
    move(work, submission, State.WITHDRAWN, cause=f"withdrawn by {acting}{f': {reason}' if reason else ''}", at=core.clock.now())
    publish(core, work, phase_id=submission.phase_id)
    if organises:
        challenge_id = submission.challenge_id
        record(core, work, caller, "submission.withdraw", submission.id, challenge_id=challenge_id, reason=reason)


def _refuse_closed(core: Core, phase: PhaseRow, what: str) -> None:
    if not takes_images(phase, core.clock.now()):
        raise Conflict("phase-closed", f"{phase.name} has closed, and no submission can be {what} any more; ask the organisers.")
