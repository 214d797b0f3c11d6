"""From an image that was found to a verified tar: the same check and the same bytes, wherever the image came from."""

from __future__ import annotations

import re
from pathlib import Path

from sonobench_eval.intake.budget import Budget, Progress
from sonobench_eval.intake.config import ImageConfig, read_config
from sonobench_eval.intake.found import FoundImage, StoredLayer
from sonobench_eval.intake.layers import LayerReader
from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal, VerifiedImage
from sonobench_eval.intake.rewrite import VerifiedTar, written_whole

_TAG = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def require_tag(tag: str) -> None:
    """Raises ValueError for what is no `name:tag`."""
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} is not a tag such as sonobench/team-1:42")


def assemble(
    found: FoundImage, verified: Path, *, tag: str, limits: IntakeLimits, arrived_bytes: int, progress: Progress, again: str
) -> VerifiedImage:
    """Judges the config, hashes every layer, and writes the verified tar whole or not at all.

    Args:
        found: the config's bytes, and layers nobody has looked at yet.
        arrived_bytes: what was sent; the ratio of `limits` is counted from it.
        again: the cure of damage, such as 'Push the image again'.

    Raises:
        ImageRefused: the team's to mend.
        OSError: this machine's trouble.
    """
    config = read_config(found.config)
    _refuse_layer_count(found, config, again)
    reader = LayerReader(Budget(limits, arrived_bytes), progress, again)
    with written_whole(verified) as file:
        tar = VerifiedTar(file)
        _copy_layers(reader, tar, found, config)
        manifest_digest = tar.finish(config=found.config, diff_ids=config.diff_ids, tag=tag)
    progress.finish()
    return _record(config, verified, config_digest=found.config_digest, manifest_digest=manifest_digest, tag=tag)


def _copy_layers(reader: LayerReader, tar: VerifiedTar, found: FoundImage, config: ImageConfig) -> None:
    """Writes every distinct layer once, and checks everything that claims to be one."""
    claims: dict[tuple[StoredLayer, str], int] = {}
    for number, claim in enumerate(zip(found.layers, config.diff_ids, strict=True), start=1):
        claims.setdefault(claim, number)
    reader.progress.continue_with(sum(layer.size_bytes for layer, _ in claims))
    written: set[str] = set()
    for (layer, diff_id), number in claims.items():
        if diff_id in written:
            reader.copy(layer, None, number=number, diff_id=diff_id)
            continue
        with tar.layer(diff_id) as sink:
            reader.copy(layer, sink, number=number, diff_id=diff_id)
        written.add(diff_id)
    reader.finish()


def _refuse_layer_count(found: FoundImage, config: ImageConfig, again: str) -> None:
    if len(found.layers) != len(config.diff_ids):
        raise ImageRefused(
            Refusal.LAYER_COUNT,
            f"The image's manifest lists {len(found.layers)} layers but its config {len(config.diff_ids)}. {again}.",
        )


def _record(config: ImageConfig, verified: Path, *, config_digest: str, manifest_digest: str, tag: str) -> VerifiedImage:
    return VerifiedImage(
        config_digest=config_digest,
        manifest_digest=manifest_digest,
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
