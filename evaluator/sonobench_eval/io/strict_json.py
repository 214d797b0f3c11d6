"""JSON from strangers: UTF-8 only, no duplicate keys, no NaN or infinity, no giant numbers, no bombs.

`loads` refuses a document for any of these. `loads_marking` is for files in which one entry's fault must not
cost the others: such faults stay in the value they belong to (`JsonObject.repeated`, a non-finite float) for
the reader to judge. Both refuse what is not JSON at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import NoReturn

from sonobench_eval.io.findings import FindingCode

LONGEST_NUMBER_CHARS = 400
"""A double written out in full has fewer characters; more is an attack on the parser of integers."""


class StrictJsonError(ValueError):
    """The document is refused; `code` is the kind of problem, the message is safe to show to whoever wrote it."""

    def __init__(self, code: FindingCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class JsonObject(dict[str, object]):
    """A JSON object that remembers which of its keys stood in it more than once (the last value is kept)."""

    repeated: frozenset[str] = frozenset()


def loads(data: bytes, *, max_bytes: int) -> object:
    """Parse one JSON document strictly.

    Args:
        data: the document, UTF-8 without a byte order mark.
        max_bytes: the largest size accepted.

    Raises:
        StrictJsonError: FILE_TOO_LARGE, DUPLICATE_KEY, NON_FINITE_NUMBER, or INVALID_JSON for everything else.
    """
    return _parse(data, max_bytes=max_bytes, pairs=_unique_pairs, number=_finite_number, constant=_refuse_constant)


def loads_marking(data: bytes, *, max_bytes: int) -> object:
    """Parse one JSON document, leaving the faults of single values in place.

    Objects are `JsonObject`s; NaN, Infinity and numbers too large for a double come back as non-finite floats.

    Raises:
        StrictJsonError: FILE_TOO_LARGE, or INVALID_JSON where the bytes are no JSON document.
    """
    return _parse(data, max_bytes=max_bytes, pairs=_marked_pairs, number=_any_number, constant=float)


Pairs = list[tuple[str, object]]


def _parse(
    data: bytes,
    *,
    max_bytes: int,
    pairs: Callable[[Pairs], object],
    number: Callable[[str], object],
    constant: Callable[[str], object],
) -> object:
    if len(data) > max_bytes:
        raise StrictJsonError(FindingCode.FILE_TOO_LARGE, f"the file has {len(data):,} bytes; at most {max_bytes:,} are read")
    text = _utf8(data)
    try:
        return json.loads(text, object_pairs_hook=pairs, parse_float=number, parse_int=number, parse_constant=constant)
    except StrictJsonError:
        raise
    except json.JSONDecodeError as error:
        raise StrictJsonError(FindingCode.INVALID_JSON, f"line {error.lineno} column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise StrictJsonError(FindingCode.INVALID_JSON, "brackets are nested too deeply") from error
    except (ValueError, MemoryError) as error:
        raise StrictJsonError(FindingCode.INVALID_JSON, "the file cannot be read as JSON") from error


def _utf8(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError(FindingCode.INVALID_JSON, f"byte {error.start} is not UTF-8") from error
    if text.startswith("\ufeff"):
        raise StrictJsonError(FindingCode.INVALID_JSON, "the file starts with a byte order mark; write plain UTF-8")
    return text


def _unique_pairs(pairs: Pairs) -> object:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StrictJsonError(FindingCode.DUPLICATE_KEY, f"key {shown(_repeats(pairs)[0])} stands twice in one object")
    return found


def _marked_pairs(pairs: Pairs) -> object:
    found = JsonObject(pairs)
    if len(found) != len(pairs):
        found.repeated = frozenset(_repeats(pairs))
    return found


def _repeats(pairs: Pairs) -> list[str]:
    seen: set[str] = set()
    return [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]


def _finite_number(text: str) -> object:
    value = _any_number(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise StrictJsonError(FindingCode.NON_FINITE_NUMBER, f"number {shown(text)} is too large")
    return value


def _any_number(text: str) -> object:
    """An int or a float; numbers no double can hold come back as infinity, without ever being computed."""
    if len(text) > LONGEST_NUMBER_CHARS:
        return math.inf
    value = float(text)
    return value if any(c in text for c in ".eE") or math.isinf(value) else int(text)


def _refuse_constant(text: str) -> NoReturn:
    raise StrictJsonError(FindingCode.NON_FINITE_NUMBER, f"{text} is not a number in JSON")


def shown(text: str, *, longest: int = 120) -> str:
    """Text from a stranger, quoted, printable ASCII only and cut, so that it can stand in a message or on a terminal."""
    return ascii(text if len(text) <= longest else text[:longest] + "...")
