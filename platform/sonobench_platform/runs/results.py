"""Predictions handed back: streamed to the store under their attempt's number, so that a late attempt overwrites nothing."""

from __future__ import annotations

from sonobench_eval.challenge.model import Limits
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow
from sonobench_platform.domain.errors import BadRequest, TooLarge
from sonobench_platform.runs.attempts import hold_live
from sonobench_platform.storage.incoming import Incoming, parse_content_digest
from sonobench_platform.storage.room import Announced

# A tar adds a header, a PAX header for long names, and padding to each file.
_TAR_BYTES_PER_FILE = 4096
_TAR_BYTES = 1 << 20
# A node that sends again may do so before this side has noticed that its connection broke.
_AT_ONCE = 4


def accept(core: Core, run_id: str, *, attempt: int, node: str | None, announced_bytes: int) -> Incoming:
    """A place for the tar.

    Raises:
        NotFound: there is no such run.
        Conflict: `lease-lost`.
        TooLarge: no run of this challenge can have results of this size.
        NoSpace: the disk has no room for them.
    """
    with core.database.write() as work:
        held = hold_live(work, run_id, attempt=attempt, node=node)
        phase = work.session.get_one(PhaseRow, held.submission.phase_id)
    most = largest_tar_bytes(public_challenge(phase).limits)
    if announced_bytes > most:
        raise TooLarge("results-too-large", f"The results have {announced_bytes:,} bytes; this challenge allows {most:,}.")
    return core.room.let_in(
        Announced(
            core.store.results(run_id, attempt),
            size_bytes=announced_bytes,
            copy_bytes=0,
            keep_free_bytes=core.settings.min_free_bytes // 2,
            sender=run_id,
            most_at_once=_AT_ONCE,
        )
    )


def complete(core: Core, run_id: str, incoming: Incoming, sha256: bytes, *, attempt: int, node: str | None) -> None:
    """Keep a whole tar, if the attempt still owns its run. Sending it again replaces it.

    Raises:
        Unprocessable: bytes are missing or are not those of the digest.
        Conflict: `lease-lost`.
    """
    found = incoming.check(sha256)
    with core.database.write() as work:
        held = hold_live(work, run_id, attempt=attempt, node=node)
        held.attempt.results_sha256 = found
        incoming.keep()


def needed_digest(header: str | None) -> bytes:
    """The digest that results must come with.

    Raises:
        BadRequest: there is none.
    """
    digest = parse_content_digest(header)
    if digest is None:
        raise BadRequest("content-digest-needed", "Results need the header Content-Digest: sha-256=:BASE64:.")
    return digest


def largest_tar_bytes(limits: Limits) -> int:
    """No tar of results within `limits` is larger than this."""
    return limits.output_bytes + limits.output_files * _TAR_BYTES_PER_FILE + _TAR_BYTES
