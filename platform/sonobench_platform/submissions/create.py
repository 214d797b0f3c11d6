"""A new submission: everything that can be refused is refused before a byte of the image is sent."""

from __future__ import annotations

from sqlalchemy import exists, select

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.opening import freeze
from sonobench_platform.challenges.phases import of_challenge, phase_for_images, rules_of
from sonobench_platform.challenges.repository import is_scored
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, DisqualificationRow, PhaseRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, TooMany
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.states import COUNTING, State
from sonobench_platform.submissions import quota, repository
from sonobench_platform.submissions.move import begin
from sonobench_platform.submissions.schemas import NewSubmission
from sonobench_platform.teams.entries import require_entry, team_for
from sonobench_platform.teams.visible import visible
from sonobench_platform.uploads.space import check_size


def create(core: Core, work: Work, caller: Identity, *, challenge_name: str, wanted: NewSubmission) -> SubmissionRow:
    """Open a submission that waits for its upload, and take an attempt for it.

    Raises:
        NotFound: there is no such challenge or phase.
        Conflict: it takes no submissions, the team is not in it or lacks what the phase requires, or has no attempt left.
        Forbidden: the organisers have not let the team in.
        TooMany: the team's attempts of the day are used, or too many of its submissions are under way.
        TooLarge: the image is larger than this server takes.
        NoSpace: the disk has no room for it.
    """
    now = core.clock.now()
    challenge = visible(work.session, caller, challenge_name)
    phase = phase_for_images(work.session, challenge, wanted.phase, now)
    team_id = team_for(work.session, caller, challenge).id
    require_entry(core, work, team_id, challenge)
    # From here on the team's other requests wait, so that each of them counts the ones before it.
    work.take_turns(f"submissions of {team_id}")
    _refuse_without_required(work, team_id, challenge, phase)
    _refuse_too_many(core, work, team_id, phase.id)
    quota.see_what_is_left(core, work, team_id, phase)
    check_size(core, work.session, wanted.size_bytes)
    submission = SubmissionRow(
        id=new_id("sub"),
        team_id=team_id,
        challenge_id=challenge.id,
        phase_id=phase.id,
        person_id=caller.person_id,
        source="upload",
        is_chosen=False,
        state=State.UPLOADING,
        state_since=now,
        created_at=now,
        note=wanted.note or None,
        declared_size_bytes=wanted.size_bytes,
        tries=0,
    )
    begin(work, submission, cause="created")
    quota.reserve(core, work, submission, phase)
    freeze(core, work, challenge)
    return submission


def _refuse_too_many(core: Core, work: Work, team_id: str, phase_id: str) -> None:
    most = core.settings.max_open_submissions
    if repository.count_open(work.session, team_id=team_id, phase_id=phase_id) >= most:
        detail = f"{most} of your submissions are still under way; wait for one to end, or cancel one."
        raise TooMany("too-many-open", detail, headers={"Retry-After": "60"})


def _refuse_without_required(work: Work, team_id: str, challenge: ChallengeRow, phase: PhaseRow) -> None:
    """A phase may ask that the team has a score in others: so that nobody's first image ever is run on the last test set."""
    required = rules_of(phase).requires
    others = [row for row in of_challenge(work.session, challenge.id) if row.name in required]
    lacking = [row.name for row in others if not _has_score(work, team_id, row)]
    if lacking:
        named = " and ".join(lacking)
        raise Conflict("phase-required", f"{phase.name} asks for a scored submission of your team in {named} first; it has none.")


def _has_score(work: Work, team_id: str, phase: PhaseRow) -> bool:
    scored = exists().where(
        SubmissionRow.team_id == team_id,
        SubmissionRow.phase_id == phase.id,
        SubmissionRow.state.in_(COUNTING),
        is_scored(),
        ~exists().where(DisqualificationRow.submission_id == SubmissionRow.id),
    )
    return bool(work.session.scalar(select(scored)))
