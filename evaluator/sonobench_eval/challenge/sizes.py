"""Amounts as people write them in a challenge: `512M`, `8G`, `90s`, `30min`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_BYTE_UNITS = {"": 1, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_TIME_UNITS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}


def parse_bytes(value: object) -> object:
    """`"512M"` -> 536870912. Units are powers of 1024; a plain number is bytes.

    Raises:
        ValueError: the text is not a number with one of the units B, K, M, G, T.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([BKMGT]?)(?:iB)?", value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a size; write for example 512M or 8G")
    return int(float(match[1]) * _BYTE_UNITS[match[2]])


def parse_seconds(value: object) -> object:
    """`"30min"` -> 1800.0. A plain number is seconds.

    Raises:
        ValueError: the text is not a number with one of the units s, min, h.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h|)", value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write for example 90s, 30min or 2h")
    return float(match[1]) * _TIME_UNITS[match[2]]


Bytes = Annotated[int, BeforeValidator(parse_bytes), Field(gt=0, le=2**50)]
Seconds = Annotated[float, BeforeValidator(parse_seconds), Field(gt=0, le=7 * 86400)]


def format_bytes(value: int) -> int | str:
    """536870912 -> `"512M"`, exactly; a number that is no whole multiple of a unit stays a number."""
    for unit in ("T", "G", "M", "K"):
        if value % _BYTE_UNITS[unit] == 0:
            return f"{value // _BYTE_UNITS[unit]}{unit}"
    return value


def format_seconds(value: float) -> float | str:
    """1800.0 -> `"30min"`, exactly; a fraction of a second stays a number."""
    for unit in ("h", "min", "s"):
        if value % _TIME_UNITS[unit] == 0:
            return f"{int(value // _TIME_UNITS[unit])}{unit}"
    return value
