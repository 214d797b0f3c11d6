"""Why a file holds no image that counts: raised by every reader of images, whatever the format."""

from __future__ import annotations

from typing import NoReturn

from sonobench_eval.io.findings import FindingCode


class ImageRefused(Exception):
    """The file gives no mask; `code` is the kind of problem, the message is safe to show to whoever wrote it."""

    def __init__(self, code: FindingCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def unreadable(message: str) -> ImageRefused:
    """The file is damaged, or of another kind than was asked for."""
    return ImageRefused(FindingCode.UNREADABLE_IMAGE, message)


def refuse_size(found: tuple[int, ...], expected: tuple[int, ...]) -> NoReturn:
    """Refuse an image of another size.

    Args:
        found, expected: `(height, width)` or `(planes, height, width)`; told the other way round, as people say it.
    """
    unit = "pixels" if len(expected) == 2 else "voxels"
    said, wanted = (" x ".join(str(each) for each in reversed(size)) for size in (found, expected))
    raise ImageRefused(FindingCode.WRONG_SIZE, f"{said} {unit} instead of {wanted}")
