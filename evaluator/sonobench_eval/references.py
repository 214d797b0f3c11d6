"""The organiser's files: sizes of images, and reference masks. Trusted, but a file that is not as it should be stops the scoring.

No score without its reference would be comparable, so nothing is scored around one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case
from sonobench_eval.io.images import ImageUnreadable, image_geometry, image_size, read_reference
from sonobench_eval.io.volumes import Geometry, spacing_of


class UnusableReferenceError(ChallengeError):
    """The organiser's trouble: a reference is missing or unreadable. The message names the case and says what to do."""


class References:
    """Sizes of images and reference masks of one challenge."""

    def __init__(self, loaded: LoadedChallenge) -> None:
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

    def mask(self, case: Case) -> NDArray[Any]:
        """A case's reference mask: label values, whole numbers, (rows, columns) or (planes, rows, columns).

        Raises:
            UnusableReferenceError: it is missing or unreadable, or has another size or place than its image.
        """
        path, size = self._path(case), self.image_size(case)
        try:
            read = read_reference(path, size)
        except OSError as error:
            raise UnusableReferenceError(f"case {case.id}: the reference {path} cannot be read: {error.strerror}") from error
        if read.array is None:
            why = read.detail or str(read.problem)
            wanted = "a NIfTI volume of whole numbers" if isinstance(size, Geometry) else "an 8-bit grey PNG"
            raise UnusableReferenceError(f"case {case.id}: the reference {path} cannot be used: {why}; save it as {wanted}")
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
