"""Descriptors of OCI and Docker manifests: the media types we read, and what is passed over."""

from __future__ import annotations

import re
from typing import Any

from sonobench_eval.intake import go_json

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ATTESTATION = "vnd.docker.reference.type"

INDEX_TYPES = frozenset({"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"})
MANIFEST_TYPES = frozenset({"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"})
CONFIG_TYPES = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
LAYER_TYPES = frozenset(
    {
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
    }
)

DESCRIPTOR = go_json.struct(
    {
        "mediaType": go_json.text,
        "digest": go_json.text,
        "size": go_json.whole,
        "urls": go_json.texts,
        "platform": go_json.struct({"os": go_json.text, "architecture": go_json.text}),
        "annotations": go_json.map_of(go_json.text),
    }
)


def is_elsewhere(descriptor: dict[str, Any]) -> bool:
    """True for attestations and for images of other platforms."""
    platform = descriptor.get("platform")
    stated = (platform.get("os"), platform.get("architecture")) if platform else ("linux", "amd64")
    return _ATTESTATION in descriptor.get("annotations", {}) or stated != ("linux", "amd64")


def is_foreign(descriptor: dict[str, Any]) -> bool:
    """True for content that is to be fetched from elsewhere than where its manifest lies."""
    media_type = descriptor.get("mediaType", "")
    return bool(descriptor.get("urls")) or ".foreign." in media_type or ".nondistributable." in media_type
