"""What intake says of an image: verified, or refused with a reason the team can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Refusal(StrEnum):
    """Why an upload was refused. The codes are stable: the API, tests and documentation name them."""

    EMPTY = "empty"
    NOT_A_FILE = "not-a-file"
    NOT_AN_IMAGE_TAR = "not-an-image-tar"
    UNSUPPORTED_COMPRESSION = "unsupported-compression"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    EXPORTED_FILE_SYSTEM = "exported-file-system"
    NO_MANIFEST = "no-manifest"
    BAD_MANIFEST = "bad-manifest"
    UNSAFE_NAME = "unsafe-name"
    DUPLICATE_MEMBER = "duplicate-member"
    TOO_MANY_MEMBERS = "too-many-members"
    NO_IMAGE = "no-image"
    SEVERAL_IMAGES = "several-images"
    MISSING_MEMBER = "missing-member"
    LINKED_MEMBER = "linked-member"
    MEDIA_TYPE = "media-type"
    CONFIG_TOO_LARGE = "config-too-large"
    CONFIG_DIGEST = "config-digest"
    BAD_CONFIG = "bad-config"
    PLATFORM = "platform"
    NO_COMMAND = "no-command"
    RESERVED_LABEL = "reserved-label"
    UNSAFE_PATH = "unsafe-path"
    UNSAFE_ENVIRONMENT = "unsafe-environment"
    TOO_MANY_LAYERS = "too-many-layers"
    LAYER_COUNT = "layer-count"
    LAYER_DIGEST = "layer-digest"
    BAD_LAYER = "bad-layer"
    TOO_LARGE = "too-large"
    COMPRESSED_TOO_FAR = "compressed-too-far"
    TOO_MANY_FILES = "too-many-files"
    NOT_IN_REGISTRY = "not-in-registry"
    FOREIGN_LAYER = "foreign-layer"


class ImageRefused(Exception):
    """The upload is not an image this platform may load. `code` is stable, the message says what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much an upload may unpack to. Bytes are counted while they are hashed, before they reach a disk.

    `ratio` is unpacked bytes over uploaded bytes; it is looked at above `ratio_floor_bytes` only, since a small
    upload that unpacks far is harmless. Docker itself refuses images of more than 125 layers.
    """

    unpacked_bytes: int = 64 * 2**30
    ratio: float = 200.0
    files: int = 2_000_000
    layers: int = 125
    config_bytes: int = 4 * 2**20
    ratio_floor_bytes: int = 256 * 2**20
    members: int = 10_000


@dataclass(frozen=True, slots=True)
class VerifiedImage:
    """An image whose config digest and layers were recomputed, re-written as a tar with our own manifest and tag.

    `config_digest` is its Id in an engine's classic image store; `manifest_digest`, that of the manifest in our tar, is
    its Id in a containerd image store which loaded that tar. Both depend on the image alone, not on how it came.

    `size_bytes` is the size of that tar, which holds every distinct layer once, uncompressed. Text fields come
    from the team's image: show them escaped.
    """

    config_digest: str
    manifest_digest: str
    diff_ids: tuple[str, ...]
    tag: str
    tar: Path
    size_bytes: int
    user: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    working_dir: str
    environment: dict[str, str]
    volumes: tuple[str, ...]
    warnings: tuple[str, ...]
