"""A new submission: everything that can be refused is refused before a byte of the image is sent."""

from __future__ import annotations

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.challenges.phases import phase_for_images
from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import TooLarge, TooMany
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.states import State
from sonobench_platform.storage.incoming import no_space
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.move import begin
from sonobench_platform.submissions.schemas import NewSubmission


def create(core: Core, work: Work, caller: Identity, *, challenge_name: str, wanted: NewSubmission) -> SubmissionRow:
    """Open a submission that waits for its upload.

    Raises:
        NotFound: there is no such challenge or phase.
        Conflict: it takes no submissions.
        TooMany: too many of the team's submissions are under way.
        TooLarge: the image is larger than this server takes.
        NoSpace: the disk has no room for it.
    """
    now = core.clock.now()
    challenge = challenges.get(work.session, challenge_name)
    phase = phase_for_images(work.session, challenge, wanted.phase, now)
    team_id = caller.teams[0].id
    work.take_turns(f"submissions of {team_id}")
    _refuse_too_many(core, work, team_id, phase.id)
    check_size(core, wanted.size_bytes)
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
    return submission


def check_size(core: Core, size_bytes: int) -> None:
    """Refuse what is too large for this server, or for its disk: the upload and its verified copy lie there together.

    Raises:
        TooLarge, NoSpace
    """
    most = core.settings.max_upload_bytes
    if size_bytes > most:
        detail = f"The image has {size_bytes:,} bytes; this server takes at most {most:,}. Make it smaller."
        raise TooLarge("image-too-large", detail)
    if core.room.left_bytes() < 2 * size_bytes + core.settings.min_free_bytes:
        raise no_space()


def _refuse_too_many(core: Core, work: Work, team_id: str, phase_id: str) -> None:
    most = core.settings.max_open_submissions
    if repository.count_open(work.session, team_id=team_id, phase_id=phase_id) >= most:
        detail = f"{most} of your submissions are still under way; wait for one to end, or cancel one."
        raise TooMany("too-many-open", detail, headers={"Retry-After": "60"})
