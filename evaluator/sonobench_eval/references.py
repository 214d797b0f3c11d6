"""The organiser's files: sizes of images, and reference masks. Trusted, but a file that is not as it should be stops the scoring.

No score without its reference would be comparable, so nothing is scored around one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case
from sonobench_eval.io.images import (
    Decoder,
    ImageUnreadable,
    MaskRead,
    MaskRequest,
    image_geometry,
    image_size,
    is_tiff,
    read_reference,
)
from sonobench_eval.io.volumes import Geometry, VolumeRead, spacing_of


class UnusableReferenceError(ChallengeError):
    """The organiser's trouble: a reference is missing or unreadable. The message names the case and says what to do."""


class References:
    """Sizes of images and reference masks of one challenge.

    With a `decoder`, flat masks are decoded ahead by it: on a second processor, while the first scores. It must never have
    read a stranger's file.
    """

    def __init__(self, loaded: LoadedChallenge, decoder: Decoder | None = None) -> None:
        self._decoder = decoder
        self.challenge, self.inputs_dir, self.truth_dir = loaded.challenge, loaded.inputs_dir, loaded.truth_dir
        self._sizes: dict[str, tuple[int, int] | Geometry] = {}

    def check(self) -> None:
        """Stop before any work is done where a reference is not declared, or its file is not there.

        Raises:
            UnusableReferenceError: it is so.
        """
        for case in self.challenge.cases:
            if not case.has_reference:
                raise UnusableReferenceError(
                    f"case {case.id}: the challenge declares no reference for it; score with the organiser's challenge file"
                )
            if case.mask is not None and not self._path(case).is_file():
                missing = f"case {case.id}: the reference {self._path(case)} is missing"
                raise UnusableReferenceError(f"{missing}; put it there, or correct `truth` in the challenge")

    def image_size(self, case: Case) -> tuple[int, int] | Geometry:
        """`(height, width)` in pixels of a case's image; of a volume its size and place.

        Raises:
            UnusableReferenceError: the image is missing or unreadable.
        """
        if case.id not in self._sizes:
            self._sizes[case.id] = self._size_of(case)
        return self._sizes[case.id]

    def flat_size(self, case: Case) -> tuple[int, int]:
        """`(height, width)` in pixels of a case's image, which is no volume.

        Raises:
            UnusableReferenceError: it is one, or is missing or unreadable.
        """
        size = self.image_size(case)
        if isinstance(size, Geometry):
            raise UnusableReferenceError(f"case {case.id}: it is a volume, and its task is about flat images")
        return size

    def spacing_mm(self, case: Case) -> tuple[float, ...] | None:
        """Distance between voxel centers as the volume itself says it, along (z, y, x); None for flat images."""
        size = self.image_size(case)
        return spacing_of(size.affine) if isinstance(size, Geometry) and size.affine is not None else None

    def masks(self, cases: Sequence[Case]) -> Iterator[NDArray[Any]]:
        """The reference masks of several cases, in their order.

        Each is label values, whole numbers, (rows, columns) or (planes, rows, columns).

        Raises:
            UnusableReferenceError: one is missing or unreadable, or has another size or place than its image.
        """
        if self._decoder is None or any(case.is_volume for case in cases):
            return (self._usable(case, self._read(case)) for case in cases)
        ahead = self._decoder.decode_stream(self._request(case) for case in cases)
        return (self._usable(case, read) for case, read in zip(cases, ahead, strict=True))

    def _read(self, case: Case) -> MaskRead | VolumeRead:
        path = self._path(case)
        try:
            return read_reference(path, self.image_size(case))
        except OSError as error:
            raise _unreadable(case, path, error) from error

    def _request(self, case: Case) -> MaskRequest:
        path = self._path(case)
        try:
            return MaskRequest(path.read_bytes(), self.flat_size(case), "tiff" if is_tiff(path) else "png")
        except OSError as error:
            raise _unreadable(case, path, error) from error

    def _usable(self, case: Case, read: MaskRead | VolumeRead) -> NDArray[Any]:
        if read.array is None:
            why = read.detail or str(read.problem)
            wanted = "a NIfTI volume of whole numbers" if case.is_volume else "an 8-bit grey PNG"
            raise UnusableReferenceError(
                f"case {case.id}: the reference {self._path(case)} cannot be used: {why}; save it as {wanted}"
            )
        return read.array

    def _size_of(self, case: Case) -> tuple[int, int] | Geometry:
        path = self.inputs_dir / case.id
        try:
            return image_geometry(path) if case.is_volume else image_size(path)
        except ImageUnreadable as error:
            raise UnusableReferenceError(
                f"case {case.id}: {error}; put the image back, or correct `inputs` in the challenge"
            ) from error

    def _path(self, case: Case) -> Path:
        if self.truth_dir is None or case.mask is None:
            raise UnusableReferenceError(
                f"case {case.id}: the challenge names no truth folder; set `truth` to where the masks are"
            )
        return self.truth_dir / case.mask


def _unreadable(case: Case, path: Path, error: OSError) -> UnusableReferenceError:
    return UnusableReferenceError(f"case {case.id}: the reference {path} cannot be read: {error.strerror}")
