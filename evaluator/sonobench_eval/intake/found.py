"""An image that was found in an upload or a registry, before any of its layers was read."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal
from sonobench_eval.intake.streams import Source


class StoredLayer(Protocol):
    """A layer where it is kept, perhaps compressed. Layers that are one and the same there are equal."""

    @property
    def size_bytes(self) -> int:
        """What it is said to take as it is stored."""

    def opened(self) -> AbstractContextManager[Source]:
        """Its stored bytes, read once from the start. One layer at a time."""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """The config's bytes, and the layers, lowest first."""

    config: bytes
    layers: tuple[StoredLayer, ...]

    @property
    def config_digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.config).hexdigest()}"


def refuse_too_many_layers(count: int, limits: IntakeLimits) -> None:
    """Raises where an image has more layers than are taken."""
    if count > limits.layers:
        raise ImageRefused(
            Refusal.TOO_MANY_LAYERS,
            f"The image has {count} layers; at most {limits.layers} are taken. "
            "Join RUN and COPY steps, or build in several stages.",
        )
