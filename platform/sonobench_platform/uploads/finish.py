"""The last byte is there: SHA-256 of the whole, the file under its submission's name, the submission on its way, once."""

from __future__ import annotations

import logging

from sonobench_platform.core import Core
from sonobench_platform.db.models import UploadRow
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.storage.partial import Partial
from sonobench_platform.submissions.upload import have_checked
from sonobench_platform.uploads import repository
from sonobench_platform.uploads.headers import ChecksumMismatch, parse_metadata

log = logging.getLogger(__name__)


def finish(core: Core, upload_id: str, partial: Partial) -> None:
    """Complete an upload all of whose bytes are safe; `partial` is in this caller's hands. Blocks while it hashes.

    Raises:
        ChecksumMismatch: it is not what its creation announced. It begins anew at 0.
        Conflict: its submission no longer waits for an image.
    """
    with core.database.read() as session:
        upload = session.get_one(UploadRow, upload_id)
    if upload.finished_at is not None:
        return
    sha256 = _verified(core, upload, partial)
    with core.database.write() as work:
        row = work.session.get_one(UploadRow, upload_id)
        have_checked(core, work, row.submission_id)
        row.finished_at = core.clock.now()
        row.sha256 = f"sha256:{sha256}"
        work.session.flush()
        # Inside the transaction: whoever sees the state finds the file. The part keeps its name until the commit.
        partial.lay_at(core.store.upload(row.submission_id))
        work.after_commit(lambda: core.store.partials.remove(upload_id))


def finish_whole(core: Core, upload_id: str) -> None:
    """Complete an upload whose server died after the last byte and before it said so. Harmless when it is not due.

    Blocks while it hashes the whole, at 100 MB to 1.5 GB a second.
    """
    partials = core.store.partials
    with core.database.read() as session:
        upload = session.get(UploadRow, upload_id)
    if upload is None or partials.size_bytes(upload_id) < upload.size_bytes:
        return  # the disk was put back: its client hears of a smaller offset when it asks
    partial = partials.try_open(upload_id)
    if partial is None:
        return  # whoever took the last byte is at it
    try:
        partial.begin_at(upload.size_bytes)
        finish(core, upload_id, partial)
    except Refusal as moved:
        log.info("upload %s moved on before it was finished: %s", upload_id, moved)
    finally:
        partial.close()


def _verified(core: Core, upload: UploadRow, partial: Partial) -> str:
    sha256, announced = partial.sha256(), parse_metadata(upload.metadata_header).sha256
    if announced is None or sha256 == announced:
        return sha256
    sha256 = partial.read_sha256()  # before it is condemned, once more from the disk itself
    if sha256 == announced:
        return sha256
    log.warning("upload %s is whole and not what was announced; it begins anew", upload.id)
    partial.begin_at(0)
    with core.database.write() as work:
        repository.set_offset(work.session, upload.id, before=upload.size_bytes, after=0)
    raise ChecksumMismatch(
        "digest-mismatch",
        "The whole upload's SHA-256 is not the one in its metadata; send it again from byte 0.",
    )
