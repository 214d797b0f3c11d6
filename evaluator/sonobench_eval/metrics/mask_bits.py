"""Masks as bits, 64 pixels in a word, cut to where something is: what makes counting and widening them cheap.

A two-dimensional image is a volume of one plane. Bit b of word w in a row is the pixel in column 64 w + b. The last bit of
every row is kept empty, so that rows can be shifted as one long vector: what leaves a row on one side enters the empty
bit of the next and not its pixels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.metrics.mask_ball import Ball

Words = NDArray[np.uint64]
WORD = 64
_ONE, _LAST = np.uint64(1), np.uint64(WORD - 1)


class Bitmap(NamedTuple):
    """The part of an image that holds all set pixels: words of shape (planes, rows, words), and where its first lies.

    `origin` counts planes, rows and words from the image's first; it may be negative where a mask was widened.
    `columns` are the first and the last column, counted from the first word's first bit, that can be set.
    """

    words: Words
    origin: tuple[int, int, int]
    columns: tuple[int, int]


def popcount(words: Words) -> int:
    """How many bits are set."""
    return int(np.bitwise_count(words).sum())


def pack(foreground: NDArray[Any]) -> Bitmap | None:
    """The set pixels of an image as bits, or None where there are none.

    Args:
        foreground: bool, or any whole numbers of which all but 0 are foreground; shape (planes, rows, columns).
    """
    words = _packed(foreground)
    planes = words.shape[0]
    if planes == 1:
        return _cut_out(words, words[0].T)
    used = np.bitwise_or.reduce(words.reshape(planes, -1), axis=1).nonzero()[0]
    if not used.size:
        return None
    words = words[used[0] : used[-1] + 1]
    found = _cut_out(words, np.bitwise_or.reduce(words, axis=0).T)
    return None if found is None else found._replace(origin=(int(used[0]), *found.origin[1:]))


def shared(one: Bitmap, other: Bitmap) -> tuple[Words, Words] | None:
    """The words of two bitmaps where both have some, as views; None where their parts of the image do not meet."""
    (oz, oy, ox), (tz, ty, tx) = one.origin, other.origin
    (oplanes, orows, oacross), (tplanes, trows, tacross) = one.words.shape, other.words.shape
    z0, y0, x0 = max(oz, tz), max(oy, ty), max(ox, tx)
    z1, y1, x1 = min(oz + oplanes, tz + tplanes), min(oy + orows, ty + trows), min(ox + oacross, tx + tacross)
    if z0 >= z1 or y0 >= y1 or x0 >= x1:
        return None
    return (
        one.words[z0 - oz : z1 - oz, y0 - oy : y1 - oy, x0 - ox : x1 - ox],
        other.words[z0 - tz : z1 - tz, y0 - ty : y1 - ty, x0 - tx : x1 - tx],
    )


def shared_count(one: Bitmap, other: Bitmap) -> int:
    """How many pixels are set in both."""
    both = shared(one, other)
    return 0 if both is None else popcount(both[0] & both[1])


def without(one: Bitmap, other: Bitmap) -> Words:
    """The words of `one` with the pixels of `other` taken out."""
    left = one.words.copy()
    both = shared(one._replace(words=left), other)
    if both is not None:
        mine, theirs = both
        mine &= ~theirs
    return left


def positions(words: Words) -> NDArray[np.int64]:
    """Where the set pixels are, ascending, counting bits from the first of the first word."""
    flat = words.reshape(-1)
    holding = flat.nonzero()[0]
    bits = np.unpackbits(flat[holding].view(np.uint8), bitorder="little").view(np.bool_).nonzero()[0]
    found: NDArray[np.int64] = (holding[bits >> 6] << 6) + (bits & 63)
    return found


def widen(bitmap: Bitmap, by: Ball) -> Bitmap:
    """Every pixel that lies within the ball of a set one: exact, for any spacing, without a distance transform.

    Rows are widened sideways once for each width the ball has, and laid over each other; planes likewise.
    """
    if not by.columns and not by.rows and not by.planes:
        return bitmap
    left, right = _words_beside(bitmap, by.columns)
    narrow = _framed(bitmap.words, left, right) if left or right else bitmap.words
    planes, rows, across = narrow.shape
    wide = _sideways(narrow, sorted({width for widths in by.reach for width in widths}))
    origin = (bitmap.origin[0] - by.planes, bitmap.origin[1] - by.rows, bitmap.origin[2] - left)
    span = (bitmap.columns[0] + left * WORD - by.columns, bitmap.columns[1] + left * WORD + by.columns)
    if not by.planes:
        return Bitmap(_rows_over(wide, by.reach[0]), origin, span)
    widened = np.zeros((planes + 2 * by.planes, rows + 2 * by.rows, across), dtype=np.uint64)
    for dz, widths in enumerate(by.reach):
        disk, inset = _rows_over(wide, widths), by.rows + 1 - len(widths)
        for start in {by.planes - dz, by.planes + dz}:
            place = widened[start : start + planes, inset : inset + disk.shape[1]]
            place |= disk
    return Bitmap(widened, origin, span)


def beside(flat: Words) -> tuple[Words, Words]:
    """Every pixel's left and right neighbor in its own place, of rows laid end to end."""
    from_left, from_right = flat << _ONE, flat >> _ONE
    to_right, to_left = from_left[1:], from_right[:-1]
    to_right |= flat[:-1] >> _LAST
    to_left |= flat[1:] << _LAST
    return from_left, from_right


def _packed(foreground: NDArray[Any]) -> Words:
    """All pixels as words; the bits beyond the last column are 0."""
    planes, rows, columns = foreground.shape
    if foreground.dtype.itemsize != 1:
        foreground = foreground != 0
    if columns % WORD == 0 and foreground.flags.c_contiguous:
        return np.packbits(foreground.reshape(-1), bitorder="little").view(np.uint64).reshape(planes, rows, -1)
    packed = np.packbits(foreground, axis=-1, bitorder="little")
    whole = np.zeros((planes, rows, -(-columns // WORD) * (WORD // 8)), dtype=np.uint8)
    whole[:, :, : packed.shape[2]] = packed
    return whole.view(np.uint64)


def _cut_out(words: Words, standing: Words) -> Bitmap | None:
    """The part of some planes that holds all set pixels, or None where there are none.

    Args:
        words: Shape (planes, rows, words).
        standing: What is set in any plane, shape (words, rows).
    """
    standing = np.ascontiguousarray(standing)  # reducing long rows is several times quicker than many short ones
    held = np.bitwise_or.reduce(standing, axis=0).nonzero()[0]
    if not held.size:
        return None
    top, bottom = int(held[0]), int(held[-1]) + 1
    columns: list[int] = np.bitwise_or.reduce(standing, axis=1).tolist()
    left, right = 0, len(columns)
    while not columns[left]:
        left += 1
    while not columns[right - 1]:
        right -= 1
    first, last = columns[left], columns[right - 1]
    span = ((first & -first).bit_length() - 1, (right - left - 1) * WORD + last.bit_length() - 1)
    part = words[:, top:bottom, left:right]
    whole = _framed(part, 0, 1) if last >> (WORD - 1) else np.ascontiguousarray(part)
    return Bitmap(whole, (0, top, left), span)


def _framed(words: Words, left: int, right: int) -> Words:
    """The words with empty ones on both sides."""
    planes, rows, across = words.shape
    framed = np.zeros((planes, rows, left + across + right), dtype=np.uint64)
    framed[:, :, left : left + across] = words
    return framed


def _words_beside(bitmap: Bitmap, columns: int) -> tuple[int, int]:
    """How many words are needed on the left and right for rows to grow by as many columns and keep their last bit empty."""
    first, last = bitmap.columns
    needed_right = last + columns + 2 - bitmap.words.shape[2] * WORD
    return -(-max(columns - first, 0) // WORD), -(-max(needed_right, 0) // WORD)


def _sideways(words: Words, widths: list[int]) -> dict[int, Words]:
    """The words widened by each of these numbers of columns to both sides; widths ascend."""
    current, width = words.reshape(-1), 0
    wide = {}
    for wanted in widths:
        while width < wanted:
            by = min(wanted - width, 2 * width + 1)  # from runs of 2 width + 1 pixels, no further without a gap
            moved = _both_ways(current, by)
            if by > width:
                moved |= current  # what lies between
            current, width = moved, width + by
        wide[wanted] = current.reshape(words.shape)
    return wide


def _both_ways(flat: Words, columns: int) -> Words:
    """The pixels moved by as many columns to the left and to the right."""
    whole, bits = divmod(columns, WORD)
    kept = flat.size - whole
    if not whole:
        moved = flat << np.uint64(bits)
        moved |= flat >> np.uint64(bits)
    else:
        moved = np.zeros_like(flat)
        to_right, to_left = moved[whole:], moved[:kept]
        to_right |= flat[:kept] << np.uint64(bits)
        to_left |= flat[whole:] >> np.uint64(bits)
    if bits:
        to_right, to_left = moved[whole + 1 :], moved[: kept - 1]
        to_right |= flat[: kept - 1] >> np.uint64(WORD - bits)
        to_left |= flat[whole + 1 :] << np.uint64(WORD - bits)
    return moved


def _rows_over(wide: dict[int, Words], widths: tuple[int, ...]) -> Words:
    """Rows laid over each other: those widened by `widths[dy]` are moved by dy up and down."""
    most = len(widths) - 1
    planes, rows, across = wide[widths[0]].shape
    over = np.zeros((planes, rows + 2 * most, across), dtype=np.uint64)
    over[:, most : most + rows] = wide[widths[0]]
    for dy in range(1, most + 1):
        for start in (most - dy, most + dy):
            place = over[:, start : start + rows]
            place |= wide[widths[dy]]
    return over
