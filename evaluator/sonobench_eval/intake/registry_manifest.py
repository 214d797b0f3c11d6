"""From a digest to config and layers: the manifest of a registry, or an index that leads to exactly one.

A document that one program takes for a manifest and another for an index is refused (CVE-2021-41190): the engine that
pulls the digest later must see what was checked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sonobench_eval.intake import go_json
from sonobench_eval.intake.descriptors import (
    CONFIG_TYPES,
    DESCRIPTOR,
    DIGEST,
    INDEX_TYPES,
    LAYER_TYPES,
    MANIFEST_TYPES,
    is_elsewhere,
    is_foreign,
)
from sonobench_eval.intake.found import FoundImage, refuse_too_many_layers
from sonobench_eval.intake.go_json import GoJsonError
from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal
from sonobench_eval.intake.registry_access import PUSH_AGAIN, Blob, RegistryReader
from sonobench_eval.intake.streams import BLOCK_BYTES
from sonobench_eval.intake.wording import quoted, size_text

_DOCUMENT = go_json.struct(
    {
        "schemaVersion": go_json.whole,
        "mediaType": go_json.text,
        "config": DESCRIPTOR,
        "layers": go_json.list_of(DESCRIPTOR),
        "manifests": go_json.list_of(DESCRIPTOR),
    }
)


@dataclass(frozen=True, slots=True)
class RegistryLayer:
    """A layer as the registry holds it; one blob that is several layers is one of these."""

    reader: RegistryReader
    digest: str
    size_bytes: int

    @property
    def _what(self) -> str:
        return f"the layer {self.digest[:19]}..."

    def require(self) -> None:
        """Raises where the registry says that it does not hold the layer in the size its manifest states."""
        self.reader.require_size(self.digest, size_bytes=self.size_bytes, what=self._what)

    @contextmanager
    def opened(self) -> Iterator[Blob]:
        with self.reader.blob(self.digest, size_bytes=self.size_bytes, what=self._what) as blob:
            yield blob


def image_in_registry(reader: RegistryReader, digest: str, limits: IntakeLimits) -> FoundImage:
    """Finds the one image of a digest. No layer is read yet.

    Raises:
        ImageRefused: none for linux/amd64, several, an old or ambiguous manifest, content that lies elsewhere.
        RegistryTrouble: not the team's fault.
    """
    kind, document = _read(reader, digest, limits)
    if kind in INDEX_TYPES:
        chosen = _chosen(document)
        kind, document = _read(reader, _digest(chosen), limits, stated=chosen)
        if kind not in MANIFEST_TYPES:
            raise _bad("is an index of indexes")
    layers = tuple(_layer(reader, each) for each in document.get("layers", ()))
    refuse_too_many_layers(len(layers), limits)
    _refuse_too_large(layers, limits)
    for layer in dict.fromkeys(layers):
        layer.require()  # before any is unpacked: a size that is a lie would stretch the ratio for all others
    return FoundImage(_config(reader, document.get("config", {}), limits), layers)


def _read(
    reader: RegistryReader, digest: str, limits: IntakeLimits, *, stated: dict[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    """A document and its media type; `stated` is the descriptor that led to it, if any."""
    got = reader.document(digest, max_bytes=limits.config_bytes)
    try:
        document: dict[str, Any] = go_json.read(got.content, _DOCUMENT, max_bytes=limits.config_bytes)
    except GoJsonError as error:
        raise _bad(str(error)) from error
    if document.get("schemaVersion") == 1:
        raise ImageRefused(
            Refusal.MEDIA_TYPE,
            "The image has a manifest of schema 1, as Docker wrote it before 1.10, which names no config. "
            "Push the image again from a current Docker.",
        )
    if stated is not None and stated.get("size") != len(got.content):
        raise _bad("has another size than its index states")
    types = {got.media_type, document.get("mediaType", got.media_type), (stated or {}).get("mediaType", got.media_type)}
    if len(types) > 1:
        raise _bad(f"is said to be of several types ({', '.join(quoted(each) for each in sorted(types))})")
    _refuse_ambiguous(got.media_type, document)
    return got.media_type, document


def _refuse_ambiguous(kind: str, document: dict[str, Any]) -> None:
    if kind not in MANIFEST_TYPES | INDEX_TYPES:
        raise _media_type(kind)
    others = {"manifests"} if kind in MANIFEST_TYPES else {"config", "layers"}
    if not others.isdisjoint(document):
        raise _bad("can be read as a manifest and as an index")


def _chosen(index: dict[str, Any]) -> dict[str, Any]:
    """The one image for linux/amd64 of an index."""
    images = [each for each in index.get("manifests", ()) if not is_elsewhere(each)]
    if not images:
        raise ImageRefused(
            Refusal.NO_IMAGE,
            "The image was pushed for other platforms than linux/amd64 only. "
            "Build it with `docker build --platform linux/amd64`.",
        )
    if len(images) > 1:
        raise ImageRefused(
            Refusal.SEVERAL_IMAGES,
            f"The digest leads to {len(images)} images for linux/amd64, and one is run. Build for linux/amd64 alone.",
        )
    return dict(images[0])


def _layer(reader: RegistryReader, descriptor: dict[str, Any]) -> RegistryLayer:
    if is_foreign(descriptor):
        raise ImageRefused(
            Refusal.FOREIGN_LAYER,
            "The image has a layer that lies elsewhere than in the registry, and nothing is fetched from elsewhere. "
            "Build it on a base whose layers may be pushed.",
        )
    if descriptor.get("mediaType") not in LAYER_TYPES:
        raise _media_type(descriptor.get("mediaType", ""))
    return RegistryLayer(reader, _digest(descriptor), _size(descriptor))


def _config(reader: RegistryReader, descriptor: dict[str, Any], limits: IntakeLimits) -> bytes:
    if descriptor.get("mediaType") not in CONFIG_TYPES or is_foreign(descriptor):
        raise _media_type(descriptor.get("mediaType", ""))
    size = _size(descriptor)
    if size > limits.config_bytes:
        raise ImageRefused(
            Refusal.CONFIG_TOO_LARGE,
            f"The image's config has {size_text(size)}; at most {size_text(limits.config_bytes)} are read. "
            "Shorten its labels and environment.",
        )
    with reader.blob(_digest(descriptor), size_bytes=size, what="the image's config") as blob:
        return b"".join(iter(lambda: blob.read(BLOCK_BYTES), b""))


def _refuse_too_large(layers: tuple[RegistryLayer, ...], limits: IntakeLimits) -> None:
    """Before a byte of them is fetched; what they unpack to is counted later."""
    if sum(layer.size_bytes for layer in set(layers)) > limits.unpacked_bytes:
        raise ImageRefused(
            Refusal.TOO_LARGE,
            f"The image has more than {size_text(limits.unpacked_bytes)}, the largest this challenge takes. "
            "Leave out build tools and caches, or build in several stages.",
        )


def _digest(descriptor: dict[str, Any]) -> str:
    digest: str = descriptor.get("digest", "")
    if not DIGEST.fullmatch(digest):
        raise _bad(f"names {quoted(digest)}, which is not a SHA-256 digest")
    return digest


def _size(descriptor: dict[str, Any]) -> int:
    size: int = descriptor.get("size", -1)
    if size < 0:
        raise _bad("states no size for a part of the image")
    return size


def _media_type(media_type: str) -> ImageRefused:
    return ImageRefused(
        Refusal.MEDIA_TYPE,
        f"The image holds content of type {quoted(media_type)}, which is not read here. "
        "Push an image that `docker build` made, with layers that are uncompressed, gzip or zstd.",
    )


def _bad(what: str) -> ImageRefused:
    return ImageRefused(Refusal.BAD_MANIFEST, f"The image's manifest in the registry {what}. {PUSH_AGAIN}.")
