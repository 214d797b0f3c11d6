"""Which members of the upload are the image: from `manifest.json`, or from an OCI layout without one."""

from __future__ import annotations

import hashlib
import re

from sonobench_eval.intake import go_json
from sonobench_eval.intake.archive import Archive
from sonobench_eval.intake.found import FoundImage, refuse_too_many_layers
from sonobench_eval.intake.go_json import GoJsonError
from sonobench_eval.intake.oci import oci_image
from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal
from sonobench_eval.intake.wording import SAVE_COMMAND, quoted

_HEX_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_NAMES_SHOWN = 3

_MANIFEST = go_json.list_of(
    go_json.struct({"Config": go_json.text, "RepoTags": go_json.texts, "Layers": go_json.texts, "Parent": go_json.text})
)


def image_source(archive: Archive, limits: IntakeLimits) -> FoundImage:
    """Finds the one image of the upload.

    Raises:
        ImageRefused: none, several, an ambiguous manifest, members that are missing or not what they are named after.
    """
    config_name, layer_names = _docker_image(archive, limits) if "manifest.json" in archive else oci_image(archive, limits)
    config = archive.small(config_name, role="the config", max_bytes=limits.config_bytes, too_large=Refusal.CONFIG_TOO_LARGE)
    _refuse_wrong_name(config_name, hashlib.sha256(config).hexdigest())
    refuse_too_many_layers(len(layer_names), limits)
    return FoundImage(config, tuple(archive.stored(name, number=number) for number, name in enumerate(layer_names, start=1)))


def _docker_image(archive: Archive, limits: IntakeLimits) -> tuple[str, tuple[str, ...]]:
    """Names of config and layers after `manifest.json`."""
    data = archive.small("manifest.json", role="manifest.json", max_bytes=limits.config_bytes, too_large=Refusal.BAD_MANIFEST)
    try:
        images = go_json.read(data, _MANIFEST, max_bytes=limits.config_bytes)
    except GoJsonError as error:
        raise ImageRefused(
            Refusal.BAD_MANIFEST, f"The upload's manifest.json {error}. Save the image again with `{SAVE_COMMAND}`."
        ) from error
    if not images:
        raise ImageRefused(Refusal.NO_IMAGE, f"The upload's manifest.json names no image. Save one with `{SAVE_COMMAND}`.")
    if len(images) > 1:
        raise _several([tag for image in images for tag in image.get("RepoTags", ())], len(images))
    image = images[0]
    if not image.get("Config"):
        raise ImageRefused(
            Refusal.BAD_MANIFEST, f"The upload's manifest.json names no config. Save the image again with `{SAVE_COMMAND}`."
        )
    return image["Config"], image.get("Layers", ())


def _several(tags: list[str], count: int) -> ImageRefused:
    names = ", ".join(quoted(tag) for tag in tags[:_NAMES_SHOWN]) + (", ..." if len(tags) > _NAMES_SHOWN else "")
    return ImageRefused(
        Refusal.SEVERAL_IMAGES,
        f"The upload holds {count} images{f' ({names})' if names else ''}, and one is run. "
        f"Save only that one with `{SAVE_COMMAND}`.",
    )


def _refuse_wrong_name(name: str, config_hex: str) -> None:
    """A config named after a digest must have that digest: a wrong name is damage or a forgery."""
    stated = _HEX_DIGEST.search(name)
    if stated and stated.group() != config_hex:
        raise ImageRefused(
            Refusal.CONFIG_DIGEST,
            f"The image's config is named {quoted(name)} but its SHA-256 is {config_hex}, so it was changed after it was saved. "
            f"Save the image again with `{SAVE_COMMAND}`.",
        )
