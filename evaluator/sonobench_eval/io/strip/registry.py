"""An image without anything but what its pixels need, by the format that its first bytes say it has.

Names and times are not all that tells where an image is from: cameras write their make and the date, programs their
name, hospitals a patient's number. What is taken off is everything that decoders do not need for the pixels, and those
are kept bit for bit: nothing is decoded and written anew. What cannot be taken off with certainty is refused.

What remains is what encoding leaves in the pixels' own data (a JPEG's quantisation tables, a PNG's choice of filters),
the size, and the few header values that common readers make other pixels of (a PNG's gamma, where it has colors, and
its bits that count). Physical sizes and color profiles go too: the published kits hand over neither.
"""

from __future__ import annotations

from collections.abc import Callable

from sonobench_eval.io.strip.bmp import stripped_bmp
from sonobench_eval.io.strip.jpeg import stripped_jpeg
from sonobench_eval.io.strip.nifti import stripped_nifti
from sonobench_eval.io.strip.png import stripped_png
from sonobench_eval.io.strip.refusal import NotStrippable
from sonobench_eval.io.strip.tiff import stripped_tiff

__all__ = ["NotStrippable", "stripped"]

Strip = Callable[[bytes], bytes]

# Not by the name's ending: images are opened by what they are, and a name may say something else.
_BY_FIRST_BYTES: dict[bytes, Strip] = {
    b"\x89PNG\r\n\x1a\n": stripped_png,
    b"\xff\xd8\xff": stripped_jpeg,
    b"BM": stripped_bmp,
    b"II*\0": stripped_tiff,
    b"MM\0*": stripped_tiff,
    b"\x5c\x01\0\0": stripped_nifti,
    b"\0\0\x01\x5c": stripped_nifti,
    b"\x1c\x02\0\0": stripped_nifti,
    b"\0\0\x02\x1c": stripped_nifti,
    b"\x1f\x8b": stripped_nifti,
}


def stripped(data: bytes) -> bytes:
    """An image file that decodes to the same pixels and holds nothing else. Doing it twice changes nothing.

    Raises:
        NotStrippable: the format is not known here, the file is damaged, or it holds more than one picture.
    """
    for first, strip in _BY_FIRST_BYTES.items():
        if data.startswith(first):
            return strip(data)
    raise NotStrippable("is no PNG, JPEG, BMP, TIFF or NIfTI file")
