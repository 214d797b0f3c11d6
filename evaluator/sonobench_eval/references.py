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
from sonobench_eval.io.images import ImageUnreadable, image_size, read_mask_png


class UnusableReferenceError(ChallengeError):
    """The organiser's trouble: a reference is missing or unreadable. The message names the case and says what to do."""


class References:
    """Sizes of images and reference masks of one challenge."""

    def __init__(self, loaded: LoadedChallenge) -> None:
        self.challenge, self.inputs_dir, self.truth_dir = loaded.challenge, loaded.inputs_dir, loaded.truth_dir

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

    def image_size(self, case: Case) -> tuple[int, int]:
        """`(height, width)` in pixels of a case's image.

        Raises:
            UnusableReferenceError: the image is missing or unreadable.
        """
        try:
            return image_size(self.inputs_dir / case.id)
        except ImageUnreadable as error:
            raise UnusableReferenceError(
                f"case {case.id}: {error}; put the image back, or correct `inputs` in the challenge"
            ) from error

    def mask(self, case: Case) -> NDArray[Any]:
        """A case's reference mask: label values, whole numbers.

        Raises:
            UnusableReferenceError: it is missing or unreadable.
        """
        path = self._path(case)
        try:
            read = read_mask_png(path.read_bytes(), expected=self.image_size(case))
        except OSError as error:
            raise UnusableReferenceError(f"case {case.id}: the reference {path} cannot be read: {error.strerror}") from error
        if read.array is None:
            why = read.detail or str(read.problem)
            raise UnusableReferenceError(
                f"case {case.id}: the reference {path} cannot be used: {why}; save it as an 8-bit grey PNG"
            )
        return read.array

    def _path(self, case: Case) -> Path:
        if self.truth_dir is None or case.mask is None:
            raise UnusableReferenceError(
                f"case {case.id}: the challenge names no truth folder; set `truth` to where the masks are"
            )
        return self.truth_dir / case.mask
