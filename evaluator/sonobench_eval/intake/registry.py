"""The way through intake for images that arrive through a registry: by digest, before any engine pulls them.

Config and layers are read over HTTP and meet the very check an upload meets. What is written is the same tar, so that
a node may load it, or pull the digest that was checked.
"""

from __future__ import annotations

from pathlib import Path

from sonobench_eval.intake.assemble import assemble, require_tag
from sonobench_eval.intake.budget import Progress, ProgressFn
from sonobench_eval.intake.records import IntakeLimits, VerifiedImage
from sonobench_eval.intake.registry_access import PUSH_AGAIN, RegistryImage, open_registry
from sonobench_eval.intake.registry_manifest import image_in_registry

TIME_LIMIT_S = 2 * 3600.0
"""For one image in all; a registry that drips bytes would otherwise hold its checker for ever."""

_DEFAULT_LIMITS = IntakeLimits()


def verify_registry_image(
    image: RegistryImage,
    verified: Path,
    *,
    tag: str,
    limits: IntakeLimits = _DEFAULT_LIMITS,
    progress: ProgressFn | None = None,
    time_limit_s: float = TIME_LIMIT_S,
) -> VerifiedImage:
    """Checks an image in a registry and writes it as a tar.

    Args:
        image: registry, repository and digest. An index must lead to exactly one image for linux/amd64.
        verified: where the tar goes; written whole or not at all. Its folder needs room for the unpacked layers.
        tag: the one tag the tar carries, `name:tag`.
        limits: how much the image may unpack to; the ratio is counted from what its manifest says the blobs take.
        progress: called with bytes done and in all, never going back.

    Returns:
        What was verified. `manifest_digest` is that of the tar: an engine with a containerd image store that loads the
        tar calls the image so. One that pulls calls it by `image.digest`.

    Raises:
        ImageRefused: the team's to mend.
        RegistryTrouble: the registry's or the network's fault; worth trying again.
        OSError: this machine's trouble.
        ValueError: `tag` is no tag.
    """
    require_tag(tag)
    with open_registry(image.registry, image.repository, time_limit_s=time_limit_s) as reader:
        found = image_in_registry(reader, image.digest, limits)
        arrived_bytes = sum(layer.size_bytes for layer in set(found.layers))
        return assemble(
            found,
            verified,
            tag=tag,
            limits=limits,
            arrived_bytes=arrived_bytes,
            progress=Progress(arrived_bytes, progress),
            again=PUSH_AGAIN,
        )
