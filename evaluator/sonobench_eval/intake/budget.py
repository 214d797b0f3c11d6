"""Counts what an upload unpacks to while it is unpacked, and stops at the limits."""

from __future__ import annotations

from collections.abc import Callable

from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal
from sonobench_eval.intake.wording import size_text

ProgressFn = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


class Budget:
    """What may still be unpacked from an upload of `upload_bytes`."""

    def __init__(self, limits: IntakeLimits, upload_bytes: int) -> None:
        self._limits = limits
        by_ratio = max(limits.ratio * upload_bytes, limits.ratio_floor_bytes)
        self._bytes_by_ratio = int(by_ratio)
        self._bytes = 0
        self._files = 0

    def spend_bytes(self, count: int) -> None:
        """Counts unpacked bytes, before they are written anywhere."""
        self._bytes += count
        if self._bytes > self._limits.unpacked_bytes:
            raise ImageRefused(
                Refusal.TOO_LARGE,
                f"The image unpacks to more than {size_text(self._limits.unpacked_bytes)}, the largest this challenge takes. "
                "Leave out build tools and caches, or build in several stages.",
            )
        if self._bytes > self._bytes_by_ratio:
            raise ImageRefused(
                Refusal.COMPRESSED_TOO_FAR,
                f"The upload unpacks to more than {self._limits.ratio:g} times its size, as decompression bombs do. "
                "Remove huge files of zeros from the image, or upload it uncompressed.",
            )

    def spend_file(self) -> None:
        """Counts one file, folder or link of a layer."""
        self._files += 1
        if self._files > self._limits.files:
            raise ImageRefused(
                Refusal.TOO_MANY_FILES,
                f"The image's layers hold more than {self._limits.files:,} files. Remove package caches and unpacked data sets.",
            )


class Progress:
    """Tells how far intake is, as bytes of the upload, never going back.

    Work comes in stages, each a share of the whole, measured in whatever units the stage counts.
    """

    def __init__(self, upload_bytes: int, tell: ProgressFn | None) -> None:
        self._upload_bytes = upload_bytes
        self._tell = tell
        self._start, self._end, self._units, self._done = 0.0, 1.0, 1, 0

    def first(self, share: float, units: int) -> None:
        """Begins a first stage that is this share of the whole."""
        self._end, self._units, self._done = share, max(units, 1), 0

    def continue_with(self, units: int) -> None:
        """Begins the last stage: all that is left."""
        self._start = self._end if self._end < 1.0 else 0.0
        self._end, self._units, self._done = 1.0, max(units, 1), 0

    def advance(self, units: int) -> None:
        """Counts work done in this stage."""
        self._done += units
        if self._tell is not None:
            share = self._start + (self._end - self._start) * min(self._done / self._units, 1.0)
            self._tell(int(share * self._upload_bytes), self._upload_bytes)

    def finish(self) -> None:
        """All is done."""
        if self._tell is not None:
            self._tell(self._upload_bytes, self._upload_bytes)
