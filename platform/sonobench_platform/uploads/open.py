"""A new resumable upload, with the submission it belongs to: one transaction, in which quota and disk space are taken.

A creation that is asked for again, because its answer was lost, gives the same upload: one of the same team, size and metadata
that has brought nothing yet, or whose metadata names its content by `sha256`. So a line that drops answers doubles nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.phases import phase_closed, takes_images
from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow, UploadRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import BadRequest, Conflict, TooMany, Unprocessable
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.states import State
from sonobench_platform.submissions import repository as submissions
from sonobench_platform.submissions.create import create
from sonobench_platform.submissions.schemas import NewSubmission
from sonobench_platform.uploads import repository
from sonobench_platform.uploads.headers import Metadata
from sonobench_platform.uploads.space import check_size


class Opened(NamedTuple):
    """Ids of an upload and of its submission, and until when it may be completed."""

    upload_id: str
    submission_id: str
    expires_at: datetime


def open_with_submission(core: Core, caller: Identity, *, size_bytes: int, metadata: Metadata) -> Opened:
    """Open a submission and its upload, or find those that this creation has made before.

    Raises:
        BadRequest: the metadata names no challenge.
        RequestValidationError: note, phase or another of its values is not one.
        TooMany: too many of the team's uploads or submissions are under way, or its quota is used up.
        Refusal: whatever else `submissions.create` refuses.
    """
    challenge = metadata.values.get("challenge")
    if not challenge:
        raise BadRequest("challenge-needed", "Upload-Metadata must name the challenge: `challenge BASE64`.")
    wanted = _wanted(size_bytes, metadata)
    with core.room.turn(), core.database.write() as work:
        work.take_turns("the disk")
        row = _row(core, size_bytes, metadata)
        known = repository.same_as(work.session, row, team_ids=caller.team_ids, content_is_named=metadata.sha256 is not None)
        if known is not None:
            return _opened(known)
        submission = create(core, work, caller, challenge_name=challenge, wanted=wanted)
        return _add(core, work, row, submission)


def open_for(core: Core, caller: Identity, submission_id: str, metadata: Metadata) -> Opened:
    """Open an upload for a submission that waits for its image; one that is open already is found again.

    Raises:
        NotFound: there is no such submission of the caller's teams.
        Conflict: it takes no upload, or its phase takes no images now.
        TooMany, TooLarge, NoSpace
    """
    with core.room.turn(), core.database.write() as work:
        work.take_turns("the disk")
        found = submissions.whole(work.session, submission_id, caller=caller)
        submission = found.submission
        if submission.team_id not in caller.team_ids:
            raise submissions.no_such_submission()
        known = repository.of_submission(work.session, submission.id)
        if submission.state != State.UPLOADING or (known is not None and known.expires_at <= core.clock.now()):
            raise Conflict("not-uploading", f"Submission {submission.id} takes no upload any more; create a new one.")
        if known is not None:
            return _opened(known)
        if not takes_images(found.phase, core.clock.now()):
            raise phase_closed(found.challenge, found.phase)
        check_size(core, work.session, submission.declared_size_bytes)
        return _add(core, work, _row(core, submission.declared_size_bytes, metadata), submission)


def _wanted(size_bytes: int, metadata: Metadata) -> NewSubmission:
    """What of the metadata a submission is made with; filename, filetype and whatever else a client says is kept, not read."""
    said = {name: metadata.values[name] for name in NewSubmission.model_fields if name in metadata.values}
    try:
        return NewSubmission.model_validate({**said, "size_bytes": size_bytes})
    except ValidationError as error:
        found = [{**each, "loc": _place(each["loc"])} for each in error.errors()]
        raise RequestValidationError(found) from error


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where in the request a part of the submission was said."""
    return ("header", "Upload-Length") if location[:1] == ("size_bytes",) else ("header", "Upload-Metadata", *location)


def _row(core: Core, size_bytes: int, metadata: Metadata) -> UploadRow:
    now = core.clock.now()
    return UploadRow(
        id=new_id("upl"),
        size_bytes=size_bytes,
        offset_bytes=0,
        metadata_header=metadata.header,
        created_at=now,
        expires_at=now + timedelta(seconds=core.settings.upload_expires_s),
    )


def _add(core: Core, work: Work, row: UploadRow, submission: SubmissionRow) -> Opened:
    most = core.settings.max_uploads_at_once
    if repository.count_unfinished(work.session, team_id=submission.team_id, now=row.created_at) >= most:
        detail = f"{most} of your uploads are unfinished; finish one of them, or cancel its submission."
        raise TooMany("too-many-uploads", detail, headers={"Retry-After": "60"})
    if row.size_bytes != submission.declared_size_bytes:
        raise Unprocessable("other-size", f"The submission was created for {submission.declared_size_bytes:,} bytes.")
    row.submission_id = submission.id
    work.session.add(row)
    work.session.flush()
    return _opened(row)


def _opened(row: UploadRow) -> Opened:
    return Opened(row.id, row.submission_id, row.expires_at)
