"""What intake says of an image: verified, or refused with a reason the team can act on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class ImageRefused(Exception):
    """The upload is not an image this platform may load. `code` is stable, the message says what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much an upload may unpack to. Bytes are counted while they are hashed, before they reach a disk."""

    unpacked_bytes: int = 64 * 2**30
    ratio: float = 200.0
    files: int = 2_000_000
    layers: int = 127
    config_bytes: int = 4 * 2**20


@dataclass(frozen=True, slots=True)
class VerifiedImage:
    """An image whose config digest and layers were recomputed, re-written as a tar with our own manifest and tag."""

    config_digest: str
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
