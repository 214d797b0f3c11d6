"""An OCI layout without `manifest.json`, as buildx and skopeo write it: index, manifest, config, layers.

Every document is found by its digest, which is recomputed. Attestations, and images for other platforms where one
for linux/amd64 is there, are passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sonobench_eval.intake import go_json
from sonobench_eval.intake.archive import Archive
from sonobench_eval.intake.descriptors import (
    CONFIG_TYPES,
    DESCRIPTOR,
    DIGEST,
    INDEX_TYPES,
    LAYER_TYPES,
    MANIFEST_TYPES,
    is_elsewhere,
)
from sonobench_eval.intake.go_json import GoJsonError
from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal
from sonobench_eval.intake.wording import SAVE_COMMAND, quoted

_INDEXES_READ = 20

_INDEX = go_json.struct({"manifests": go_json.list_of(DESCRIPTOR)})
_MANIFEST = go_json.struct({"config": DESCRIPTOR, "layers": go_json.list_of(DESCRIPTOR)})


@dataclass(frozen=True, slots=True)
class _Layout:
    """The archive, and how large a document in it may be."""

    archive: Archive
    max_bytes: int

    def document(self, name: str, kind: go_json.Kind, *, digest: str | None) -> dict[str, Any]:
        data = self.archive.small(name, role="an index or manifest", max_bytes=self.max_bytes, too_large=Refusal.BAD_MANIFEST)
        if digest is not None and hashlib.sha256(data).hexdigest() != digest.removeprefix("sha256:"):
            raise _bad(f"{quoted(name)} does not have the digest it is named after")
        try:
            document: dict[str, Any] = go_json.read(data, kind, max_bytes=self.max_bytes)
        except GoJsonError as error:
            raise _bad(f"{quoted(name)} {error}") from error
        return document


def oci_image(archive: Archive, limits: IntakeLimits) -> tuple[str, tuple[str, ...]]:
    """Names of the config's and the layers' members, as `blobs/sha256/...`.

    Raises:
        ImageRefused: no image, several, damage, or media types we don't read.
    """
    layout = _Layout(archive, limits.config_bytes)
    digests = _image_digests(layout)
    if not digests:
        raise ImageRefused(
            Refusal.NO_IMAGE,
            "The upload's index.json names no image for linux/amd64. "
            f"Build it with `docker build --platform linux/amd64`, then `{SAVE_COMMAND}`.",
        )
    if len(digests) > 1:
        raise ImageRefused(
            Refusal.SEVERAL_IMAGES,
            f"The upload holds {len(digests)} images, and one is run. "
            f"Build for linux/amd64 alone, or save one with `{SAVE_COMMAND}`.",
        )
    manifest = layout.document(_blob(digests[0]), _MANIFEST, digest=digests[0])
    layers = manifest.get("layers", ())
    return _typed_blob(manifest.get("config", {}), CONFIG_TYPES), tuple(_typed_blob(layer, LAYER_TYPES) for layer in layers)


def _image_digests(layout: _Layout) -> list[str]:
    """Digests of the images `index.json` leads to, each once; of linux/amd64 alone where a platform is stated."""
    images: dict[str, None] = {}
    indexes: dict[str | None, None] = {None: None}
    for read, digest in enumerate(_growing(indexes)):
        if read == _INDEXES_READ:
            raise _bad(f"it has more than {_INDEXES_READ} indexes")
        name = "index.json" if digest is None else _blob(digest)
        for descriptor in layout.document(name, _INDEX, digest=digest).get("manifests", ()):
            if not is_elsewhere(descriptor):
                _file(descriptor, images, indexes)
    return list(images)


def _growing(queue: dict[str | None, None]) -> Iterator[str | None]:
    """The keys of a dictionary that may get more while they are read."""
    done = 0
    while done < len(queue):
        yield next(islice(queue, done, None))
        done += 1


def _file(descriptor: dict[str, Any], images: dict[str, None], indexes: dict[str | None, None]) -> None:
    digest = descriptor.get("digest", "")
    if descriptor.get("mediaType") in INDEX_TYPES:
        indexes[digest] = None
    elif descriptor.get("mediaType") in MANIFEST_TYPES:
        images[digest] = None
    else:
        raise _media_type(descriptor)


def _typed_blob(descriptor: dict[str, Any], types: frozenset[str]) -> str:
    if descriptor.get("mediaType") not in types:
        raise _media_type(descriptor)
    return _blob(descriptor.get("digest", ""))


def _blob(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise _bad(f"{quoted(digest)} is not a SHA-256 digest")
    return "blobs/sha256/" + digest.removeprefix("sha256:")


def _media_type(descriptor: dict[str, Any]) -> ImageRefused:
    return ImageRefused(
        Refusal.MEDIA_TYPE,
        f"The upload holds content of type {quoted(descriptor.get('mediaType', ''))}, which is not read here. "
        f"Save the image with `{SAVE_COMMAND}` and layers that are uncompressed, gzip or zstd.",
    )


def _bad(what: str) -> ImageRefused:
    return ImageRefused(
        Refusal.BAD_MANIFEST, f"The upload's OCI layout is damaged: {what}. Save the image again with `{SAVE_COMMAND}`."
    )
