"""An image's upload: accepted, streamed to disk by the route, completed. Cut off anywhere, nothing is kept."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.phases import phase_closed, takes_images
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, PhaseRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Unprocessable
from sonobench_platform.domain.states import State
from sonobench_platform.storage.incoming import Incoming
from sonobench_platform.storage.room import Announced
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.move import move
from sonobench_platform.submissions.repository import Whole
from sonobench_platform.uploads.space import beside_bytes, check_size, promised_bytes


def accept(core: Core, caller: Identity, submission_id: str, announced_bytes: int) -> Incoming:
    """A place for the body, once everything that can be refused beforehand was not.

    Raises:
        NotFound: there is no such submission of this team.
        Conflict: its image is there already, or the challenge was closed before this upload began.
        Unprocessable: another size was declared.
        TooLarge, NoSpace
        TooMany: too many of the team's uploads are under way.
    """
    with core.room.turn(), core.database.read() as session:
        found = repository.whole(session, submission_id, caller=caller)
        if found.submission.team_id not in caller.team_ids:
            raise repository.no_such_submission()  # who organises the challenge sees it, and hands in for nobody
        return _accept(core, session, found, announced_bytes)


def _accept(core: Core, session: Session, found: Whole, announced_bytes: int) -> Incoming:
    submission = found.submission
    _must_be_uploading(submission)
    if not takes_images(found.phase, core.clock.now()):
        raise phase_closed(found.challenge, found.phase)
    if announced_bytes != submission.declared_size_bytes:
        raise Unprocessable(
            "other-size",
            f"The submission was created for {submission.declared_size_bytes:,} bytes; Content-Length says {announced_bytes:,}.",
        )
    check_size(core, session, announced_bytes)
    return core.room.let_in(
        Announced(
            core.store.upload(submission.id),
            size_bytes=announced_bytes,
            copy_bytes=beside_bytes(core, announced_bytes),
            keep_free_bytes=core.settings.min_free_bytes,
            sender=submission.team_id,
            most_at_once=core.settings.max_uploads_at_once,
        ),
        promised_bytes=promised_bytes(core, session),
    )


def complete(core: Core, submission_id: str, incoming: Incoming, sha256: bytes | None) -> None:
    """Keep a whole upload and have it checked. Of two uploads at once, the first to be whole counts.

    Raises:
        Unprocessable: bytes are missing or are not those of the digest.
        Conflict: the submission no longer waits for an upload; or its phase closed meanwhile, and no digest was announced.
    """
    incoming.check(sha256)
    with core.database.write() as work:
        if sha256 is None:
            refuse_late(core, work.session, submission_id)
        # Inside the transaction: whoever sees the state finds the file. If the commit fails, the next upload replaces it.
        have_checked(core, work, submission_id)
        incoming.keep()


def refuse_late(core: Core, session: Session, submission_id: str) -> None:
    """Refuse bytes that came after the phase closed and were not named before: a body that drips would buy its team days.

    Raises:
        Conflict: the phase takes no images any more.
    """
    submission = session.get_one(SubmissionRow, submission_id)
    phase = session.get_one(PhaseRow, submission.phase_id)
    if not takes_images(phase, core.clock.now()):
        raise phase_closed(session.get_one(ChallengeRow, submission.challenge_id), phase)


def have_checked(core: Core, work: Work, submission_id: str) -> None:
    """The image is there, however it came: its submission moves on, once.

    Raises:
        Conflict: the submission no longer waits for an upload.
    """
    submission = repository.lock(work.session, submission_id)
    _must_be_uploading(submission)
    move(work, submission, State.CHECKING, cause="upload complete", at=core.clock.now())
    work.after_commit(lambda: core.wake.check(submission_id))


def _must_be_uploading(submission: SubmissionRow) -> None:
    if submission.state != State.UPLOADING:
        detail = f"Submission {submission.id} is {submission.state} and takes no upload; create a new one."
        raise Conflict("not-uploading", detail)
