"""The rows of a PNG without interlacing and with one byte a pixel (or a byte for eight): filters undone by numpy.

Masks are flat nearly everywhere, and so are their filtered rows: what has to be worked out one value after the other is
worked out at the few pixels where something changes, and repeated up to the next. Rows this does not pay for (`Average`,
many `Paeth`, noise) are left to the caller, who has Pillow.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)
_MOST_PAETH_ROWS = 48
_MOST_CHANGES_IN_A_ROW = 64
_DENSE = 6
"""A row block with a change in every sixth byte or more is summed byte by byte."""


def undo_filters(raw: bytes, out: Bytes) -> bool:
    """Undo the filters of an image's rows.

    Args:
        raw: rows as inflated, each led by the number of its filter; `rows * (1 + columns)` bytes.
        out: uint8 `(rows, columns)`, C order; filled with the rows' bytes.

    Returns:
        False where this is a case for the slow way (`out` then holds anything), or a filter does not exist.
    """
    rows, columns = out.shape
    filters = raw[:: columns + 1]
    subs, paeths = filters.count(_SUB), filters.count(_PAETH)
    if max(filters) > _PAETH or filters.count(_AVERAGE) or paeths > _MOST_PAETH_ROWS:
        return False
    filtered = np.frombuffer(raw, np.uint8).reshape(rows, columns + 1)
    if subs == rows:
        np.copyto(out, _summed_along(filtered)[:, 1:])
        return True
    np.copyto(out, filtered[:, 1:])
    if subs:
        which = np.flatnonzero(filtered[:, 0] == _SUB)
        out[which] = _summed_along(filtered[which])[:, 1:]
    return _from_above(out, filters)


def _summed_along(block: Bytes) -> Bytes:
    """Each row summed from its left end. `block` has the filter numbers, all 1, in its first column; the sums have 0 there."""
    flat = block.reshape(-1)
    # The filter numbers are not 0 and so among the changes: every row has one at its start.
    changes = (flat != 0).nonzero()[0]
    if len(changes) * _DENSE > flat.size:
        sums = np.add.accumulate(block, axis=1, dtype=np.uint8)
        sums -= np.uint8(_SUB)
        return sums
    sums = np.add.accumulate(flat[changes], dtype=np.uint8)
    starts = np.searchsorted(changes, np.arange(0, flat.size, block.shape[1]))
    sums -= np.repeat(sums[starts], _lengths(starts, len(changes)))
    return np.repeat(sums, _lengths(changes, flat.size)).reshape(block.shape)


def _from_above(out: Bytes, filters: bytes) -> bool:
    """Rows that refer to the one above them, from the top down."""
    above, known = np.zeros(out.shape[1], np.uint8), True
    for row, kind in enumerate(filters):
        if kind < _UP:
            known = False
            continue
        if not known:
            above = out[row - 1]
        here = out[row]
        if kind == _UP:
            np.add(here, above, here)
        elif not _undo_paeth(here, above):
            return False
        above, known = here, True
    return True


def _undo_paeth(row: Bytes, above: Bytes) -> bool:
    """One row whose bytes are differences from Paeth's guess of left, above and above left.

    Where the row above does not change, the guess is the left neighbour; with a difference of 0, that is the pixel.
    """
    changing = row != 0
    changing[1:] |= above[1:] != above[:-1]
    changes = changing.nonzero()[0].tolist()
    if len(changes) > _MOST_CHANGES_IN_A_ROW:
        return False
    differences, uppers = row.tobytes(), b"\0" + above.tobytes()
    start, left = 0, (differences[0] + uppers[1]) & 255
    for at in changes:
        if at:
            row[start:at] = left
            start, left = at, (differences[at] + _paeth(left, uppers[at + 1], uppers[at])) & 255
    row[start:] = left
    return True


def _paeth(left: int, upper: int, corner: int) -> int:
    by_left, by_upper, by_corner = abs(upper - corner), abs(left - corner), abs(left + upper - 2 * corner)
    if by_left <= by_upper and by_left <= by_corner:
        return left
    return upper if by_upper <= by_corner else corner


def _lengths(starts: npt.NDArray[np.intp], end: int) -> npt.NDArray[np.intp]:
    """From each start to the next, the last one to `end`."""
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], lengths[:-1])
    lengths[-1] = end - starts[-1]
    return lengths
