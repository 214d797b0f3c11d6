"""How much of the disk is promised. Derived from the database and from what lies on disk: a restart forgets nothing.

An upload is promised `upload_disk_factor` times its size: itself, the tar that intake writes of it, and the layers that an
engine on the same disk unpacks. The promise shrinks as bytes arrive, and ends when the image is queued: from then on what
there is lies on disk, and the engine unpacks for one run at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow, UploadRow
from sonobench_platform.domain.errors import TooLarge
from sonobench_platform.domain.states import State
from sonobench_platform.storage.full import no_space


def check_size(core: Core, session: Session, size_bytes: int) -> None:
    """Refuse what is too large for this server, or for its disk.

    Raises:
        TooLarge, NoSpace
    """
    most = core.settings.max_upload_bytes
    if size_bytes > most:
        detail = f"The image has {size_bytes:,} bytes; this server takes at most {most:,}. Make it smaller."
        raise TooLarge("image-too-large", detail)
    left = core.room.left_bytes(promised_bytes=promised_bytes(core, session))
    if left < size_bytes + beside_bytes(core, size_bytes) + core.settings.min_free_bytes:
        raise no_space()


def beside_bytes(core: Core, size_bytes: int) -> int:
    """What will be made of an upload of this size, beside it."""
    return int((core.settings.upload_disk_factor - 1) * size_bytes)


def promised_bytes(core: Core, session: Session) -> int:
    """What has yet to be written for uploads that were let in, but for those whose bodies this process receives itself."""
    arriving, counted = core.store.arriving(), core.room.arriving()
    query = (
        select(SubmissionRow.id, SubmissionRow.state, SubmissionRow.declared_size_bytes, UploadRow.id)
        .outerjoin(UploadRow, UploadRow.submission_id == SubmissionRow.id)
        .where(SubmissionRow.state.in_((State.UPLOADING, State.CHECKING)))
    )
    total = 0
    rows: Sequence[Row[str, str, int, str | None]] = session.execute(query).all()
    for submission_id, state, size_bytes, upload_id in rows:
        whole_bytes = size_bytes + beside_bytes(core, size_bytes)
        if state == State.CHECKING:
            total += _yet_to_check(core, submission_id, size_bytes)
        elif upload_id is not None:
            total += max(0, whole_bytes - core.store.partials.size_bytes(upload_id))
        elif submission_id in arriving and core.store.upload(submission_id) not in counted:
            total += max(0, whole_bytes - arriving[submission_id])
    return total


def _yet_to_check(core: Core, submission_id: str, size_bytes: int) -> int:
    """What intake has yet to write of an upload that lies here."""
    if not core.store.upload(submission_id).is_file():
        return 0
    try:
        written = core.store.verifying(submission_id).stat().st_size
    except FileNotFoundError:
        written = 0
    return max(0, beside_bytes(core, size_bytes) - written)
