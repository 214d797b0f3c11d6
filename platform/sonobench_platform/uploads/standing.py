"""Where an upload stands, what may be appended to it now, and the record of what is safe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.phases import phase_closed, takes_images
from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.domain.errors import Conflict, Refusal, TooLarge
from sonobench_platform.domain.states import State
from sonobench_platform.storage.partial import Partial
from sonobench_platform.submissions.upload import refuse_late
from sonobench_platform.uploads import repository
from sonobench_platform.uploads.headers import Metadata, parse_metadata
from sonobench_platform.uploads.repository import Held


class Gone(Refusal):
    status = 410


@dataclass(frozen=True, slots=True)
class Standing:
    """An upload as it is now. `offset_bytes` is recorded and on disk; `recorded_bytes` is what the record alone says."""

    upload_id: str
    submission_id: str
    size_bytes: int
    offset_bytes: int
    recorded_bytes: int
    metadata: Metadata
    expires_at: datetime
    sha256: str | None

    @property
    def is_finished(self) -> bool:
        return self.sha256 is not None


def standing_of(core: Core, caller: Identity, upload_id: str) -> Standing:
    """Where the upload stands.

    Raises:
        NotFound: there is none of that id among the caller's.
        Gone: it expired, its submission was cancelled, or the image came another way.
    """
    with core.database.read() as session:
        return _standing(core, repository.held(session, upload_id, caller=caller))


def see_standing(core: Core, caller: Identity, upload_id: str, offset_bytes: int, body_bytes: int | None) -> Standing:
    """Where the upload stands, if a body of this length may be appended there now.

    An upload whose metadata names its content by SHA-256 goes on after its phase has closed: what it brings was settled before.
    Any other one must have brought everything before that, or half an upload would buy its team a day.

    Raises:
        NotFound, Gone: see `standing_of`.
        Conflict: another offset is due, or the phase has closed.
        TooLarge: the body goes beyond the announced length.
    """
    with core.database.read() as session:
        found = repository.held(session, upload_id, caller=caller)
        standing = _standing(core, found)
    if offset_bytes != standing.offset_bytes:
        raise _wrong_offset(standing.offset_bytes)
    if offset_bytes + (body_bytes or 0) > standing.size_bytes:
        raise too_long(standing.size_bytes)
    if not standing.is_finished and standing.metadata.sha256 is None and not takes_images(found.phase, core.clock.now()):
        raise phase_closed(found.challenge, found.phase)
    return standing


def bring_to_disk(core: Core, standing: Standing, partial: Partial) -> None:
    """Have file and record agree before the first byte: what lies beyond the record is cut off, what was lost is taken back."""
    partial.begin_at(standing.offset_bytes)
    if standing.recorded_bytes != standing.offset_bytes:
        record(core, standing, before=standing.recorded_bytes, after=standing.offset_bytes)


def record(core: Core, standing: Standing, *, before: int, after: int) -> None:
    """Say how much is safe on disk.

    Raises:
        Gone: the submission no longer waits for its image.
        Conflict: the record is not at `before`: someone else wrote; or the phase has closed, as for `see_standing`.
    """
    with core.database.write() as work:
        if work.session.get_one(SubmissionRow, standing.submission_id).state != State.UPLOADING:
            raise _gone(standing.upload_id)
        if standing.metadata.sha256 is None:
            refuse_late(core, work.session, standing.submission_id)
        if not repository.set_offset(work.session, standing.upload_id, before=before, after=after):
            raise Conflict("upload-moved", f"Upload {standing.upload_id} has moved on meanwhile; ask for its offset.")


def too_long(size_bytes: int) -> TooLarge:
    return TooLarge("too-many-bytes", f"The body goes beyond the announced {size_bytes:,} bytes; nothing of it was kept.")


def _standing(core: Core, found: Held) -> Standing:
    upload, submission = found.upload, found.submission
    if upload.finished_at is None and (submission.state != State.UPLOADING or upload.expires_at <= core.clock.now()):
        raise _gone(upload.id)
    safe = upload.size_bytes
    if upload.finished_at is None:
        # A disk that was put back from a backup may hold less than the database says.
        safe = min(upload.offset_bytes, core.store.partials.size_bytes(upload.id))
    return Standing(
        upload_id=upload.id,
        submission_id=submission.id,
        size_bytes=upload.size_bytes,
        offset_bytes=safe,
        recorded_bytes=upload.offset_bytes,
        metadata=parse_metadata(upload.metadata_header),
        expires_at=upload.expires_at,
        sha256=upload.sha256,
    )


def _gone(upload_id: str) -> Gone:
    return Gone("upload-gone", f"Upload {upload_id} expired, was cancelled, or its image came another way. Begin anew.")


def _wrong_offset(due_bytes: int) -> Conflict:
    detail = f"This upload goes on at byte {due_bytes:,}; send the bytes from there, with that number as Upload-Offset."
    return Conflict("wrong-offset", detail, headers={"Upload-Offset": str(due_bytes)})
