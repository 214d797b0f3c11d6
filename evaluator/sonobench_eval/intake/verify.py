"""The way through intake: an upload in, a verified tar out. No Docker is involved.

`docker load` is no intake: it moves tags a stranger's tar names, and skips the content of layers it believes to
have, so that a forged tar can read another team's files. Only what was hashed here is written on. Images that come
through a registry take the way of `registry.py`, to the same check.
"""

from __future__ import annotations

from pathlib import Path

from sonobench_eval.intake.archive import open_archive
from sonobench_eval.intake.assemble import assemble, require_tag
from sonobench_eval.intake.budget import Progress, ProgressFn
from sonobench_eval.intake.manifest import image_source
from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal, VerifiedImage
from sonobench_eval.intake.wording import SAVE_COMMAND

_DEFAULT_LIMITS = IntakeLimits()


def verify_image(
    upload: Path,
    verified: Path,
    *,
    tag: str,
    limits: IntakeLimits = _DEFAULT_LIMITS,
    progress: ProgressFn | None = None,
) -> VerifiedImage:
    """Checks an untrusted `docker save` tar (plain, gzip or zstd; Docker's or OCI's layout) and writes it anew.

    Args:
        upload: the file a stranger sent. It is only read.
        verified: where the new tar goes; written whole or not at all, replacing what was there. Its folder needs
            room for the unpacked layers, and as much again for a compressed upload.
        tag: the one tag the new tar carries, `name:tag`; tags in the upload are ignored.
        limits: how much the upload may unpack to.
        progress: called with bytes done and the upload's bytes, never going back.

    Returns:
        What was verified: the config's digest (the image's Id), every layer's diff_id, recomputed, and our manifest's digest.

    Raises:
        ImageRefused: the team's to mend; `code` is a `Refusal`, the sentence says what to do.
        OSError: this machine's trouble, such as a full disk.
        ValueError: `tag` is no tag.
    """
    require_tag(tag)
    if not upload.is_file():
        raise _not_a_file(upload)
    upload_bytes = upload.stat().st_size
    told = Progress(upload_bytes, progress)
    again = f"Save the image again with `{SAVE_COMMAND}`"
    with open_archive(upload, spool_dir=verified.parent, limits=limits, progress=told) as archive:
        found = image_source(archive, limits)
        return assemble(found, verified, tag=tag, limits=limits, arrived_bytes=upload_bytes, progress=told, again=again)


def _not_a_file(upload: Path) -> Exception:
    if not upload.exists():
        return FileNotFoundError(f"There is no file {upload}.")
    return ImageRefused(
        Refusal.NOT_A_FILE, f"{upload.name} is not a file. Save the image with `{SAVE_COMMAND}` and give that file."
    )
