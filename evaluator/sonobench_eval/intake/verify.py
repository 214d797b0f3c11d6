"""The way through intake: an upload in, a verified tar out. No Docker is involved.

`docker load` is no intake: it moves tags a stranger's tar names, and skips the content of layers it believes to
have, so that a forged tar can read another team's files. Only what was hashed here is written on.
"""

from __future__ import annotations

import re
from pathlib import Path

from sonobench_eval.intake.archive import open_archive
from sonobench_eval.intake.budget import Budget, Progress, ProgressFn
from sonobench_eval.intake.config import ImageConfig, read_config
from sonobench_eval.intake.layers import LayerReader
from sonobench_eval.intake.manifest import ImageSource, image_source
from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal, VerifiedImage
from sonobench_eval.intake.rewrite import VerifiedTar, layer_name, written_whole
from sonobench_eval.intake.tar import Member
from sonobench_eval.intake.wording import SAVE_COMMAND

_TAG = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")

_DEFAULT_LIMITS = IntakeLimits()


def verify_image(
    upload: Path,
    verified: Path,
    *,
    tag: str,
    limits: IntakeLimits = _DEFAULT_LIMITS,
    progress: ProgressFn | None = None,
) -> VerifiedImage:
    """Checks an untrusted `docker save` tar (plain or gzip; Docker's or OCI's layout) and writes it anew.

    Args:
        upload: the file a stranger sent. It is only read.
        verified: where the new tar goes; written whole or not at all, replacing what was there. Its folder needs
            room for the unpacked layers, and as much again for an upload in gzip.
        tag: the one tag the new tar carries, `name:tag`; tags in the upload are ignored.
        limits: how much the upload may unpack to.
        progress: called with bytes done and the upload's bytes, never going back.

    Returns:
        What was verified: the config's digest (Docker's image Id) and every layer's diff_id, recomputed.

    Raises:
        ImageRefused: the team's to mend; `code` is a `Refusal`, the sentence says what to do.
        OSError: this machine's trouble, such as a full disk.
        ValueError: `tag` is no tag.
    """
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} is not a tag such as sonobench/team-1:42")
    if not upload.is_file():
        raise _not_a_file(upload)
    upload_bytes = upload.stat().st_size
    told = Progress(upload_bytes, progress)
    with open_archive(upload, spool_dir=verified.parent, limits=limits, progress=told) as archive:
        source = image_source(archive, limits)
        config = read_config(source.config)
        _refuse_layer_count(source, config)
        with written_whole(verified) as file:
            tar = VerifiedTar(file)
            _copy_layers(LayerReader(archive, Budget(limits, upload_bytes), told), tar, source, config)
            tar.finish(config_hex=source.config_hex, config=source.config, diff_ids=config.diff_ids, tag=tag)
    told.finish()
    return _record(source, config, verified, tag)


def _copy_layers(reader: LayerReader, tar: VerifiedTar, source: ImageSource, config: ImageConfig) -> None:
    """Writes every distinct layer once, and checks every file that claims to be one."""
    claims: dict[tuple[Member, str], int] = {}
    for number, claim in enumerate(zip(source.layers, config.diff_ids, strict=True), start=1):
        claims.setdefault(claim, number)
    reader.progress.continue_with(sum(member.size for member, _ in claims))
    written: set[str] = set()
    for (member, diff_id), number in claims.items():
        if diff_id in written:
            reader.copy(member, None, number=number, diff_id=diff_id)
            continue
        with tar.member(layer_name(diff_id)) as sink:
            reader.copy(member, sink, number=number, diff_id=diff_id)
        written.add(diff_id)
    reader.finish()


def _refuse_layer_count(source: ImageSource, config: ImageConfig) -> None:
    if len(source.layers) != len(config.diff_ids):
        raise ImageRefused(
            Refusal.LAYER_COUNT,
            f"The upload's manifest lists {len(source.layers)} layers but the image's config {len(config.diff_ids)}. "
            f"Save the image again with `{SAVE_COMMAND}`.",
        )


def _not_a_file(upload: Path) -> Exception:
    if not upload.exists():
        return FileNotFoundError(f"There is no file {upload}.")
    return ImageRefused(
        Refusal.NOT_A_FILE, f"{upload.name} is not a file. Save the image with `{SAVE_COMMAND}` and give that file."
    )


def _record(source: ImageSource, config: ImageConfig, verified: Path, tag: str) -> VerifiedImage:
    return VerifiedImage(
        config_digest=f"sha256:{source.config_hex}",
        diff_ids=config.diff_ids,
        tag=tag,
        tar=verified,
        size_bytes=verified.stat().st_size,
        user=config.user,
        entrypoint=config.entrypoint,
        command=config.command,
        working_dir=config.working_dir,
        environment=config.environment,
        volumes=config.volumes,
        warnings=config.warnings,
    )
