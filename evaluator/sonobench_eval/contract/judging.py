"""Single values of an answer, judged: numbers, probabilities, indices. What is unusable costs the case it belongs to."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.strict_json import LONGEST_NUMBER_CHARS

SUM_TOLERANCE = 1e-3 + 1e-9
"""Two probabilities rounded to three decimals can miss 1 by exactly a thousandth, and a sum of floats by a hair more."""
RANGE_TOLERANCE = 1e-6
_DECIMAL = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_NO_NUMBERS = {"nan", "inf", "infinity"}


class Unusable(Exception):
    """This case has no usable answer: why, and a detail that is safe to show to the team."""

    def __init__(self, code: FindingCode, detail: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Note(NamedTuple):
    """Something odd about an answer that counts all the same."""

    code: FindingCode
    detail: str = ""


class Cell(str):
    """The text of a table's cell: numbers are written in it as text, unlike in JSON."""

    __slots__ = ()


def number(value: object, what: str) -> int | float:
    """A finite number.

    Raises:
        Unusable: it is none; `what` is what the team calls it.
    """
    if isinstance(value, Cell):
        value = _number_in(value, what)
    # bool is an int in Python; in JSON, true is not a number.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{what} is not a number")
    if not math.isfinite(value):
        raise Unusable(FindingCode.NON_FINITE_NUMBER, what)
    return value


def probability(value: object, what: str) -> float:
    """A number in [0, 1]. One that leaves it by a rounding error of at most 1e-6 is clipped.

    Raises:
        Unusable: it is none.
    """
    given = number(value, what)
    if not -RANGE_TOLERANCE <= given <= 1 + RANGE_TOLERANCE:
        raise Unusable(FindingCode.NOT_A_PROBABILITY, f"{given:.6g}")
    return min(max(float(given), 0.0), 1.0)


def whole(value: object, what: str) -> int:
    """A whole number; `1.0` is one, as many JSON writers do that.

    Raises:
        Unusable: it is none.
    """
    given = number(value, what)
    if given != int(given):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{what} is not a whole number")
    return int(given)


def class_index(value: object, what: str, *, classes: int, first: int = 0) -> int:
    """The index of a class, from 0, of one that is written counting from `first`.

    Raises:
        Unusable: it is no whole number, or there is no such class.
    """
    given = whole(value, what)
    if not first <= given < first + classes:
        raise Unusable(FindingCode.CLASS_OUT_OF_RANGE, f"{given:.6g} of {classes} classes")
    return given - first


def listed(value: object, what: str, *, length: int) -> Sequence[object]:
    """A list of a length.

    Raises:
        Unusable: it is no list, or has another length.
    """
    if not isinstance(value, list):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{what} is not a list")
    if len(value) != length:
        raise Unusable(FindingCode.WRONG_LENGTH, f"{len(value):,} instead of {length}")
    return value


def _number_in(cell: Cell, what: str) -> float:
    text = cell.strip()
    if text.lower().lstrip("+-") in _NO_NUMBERS or len(text) > LONGEST_NUMBER_CHARS:
        raise Unusable(FindingCode.NON_FINITE_NUMBER, what)
    if not _DECIMAL.fullmatch(text):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{what} is not a number")
    return float(text)
