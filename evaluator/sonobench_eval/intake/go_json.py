"""JSON documents as Go reads them into its structs, for Docker will read the very same bytes again.

Go finds a struct's fields without regard to case and lets the last of several count, so `{"env": [...]}` is an
environment to Docker though no check for `Env` sees it. Here fields are found in the same way, and two keys that
are one field to Go are refused. Values of a type Go would refuse are refused too: better here, with a sentence
for the team, than on a node. Keys of maps (labels, volumes) are data, and keep their case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sonobench_eval.intake.wording import quoted
from sonobench_eval.io.strict_json import StrictJsonError, loads

_INT64 = 2**63
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)

Kind = Callable[[object, str], Any]
"""Reads one value found at a path such as `config.Env[2]`; raises GoJsonError where Go could not."""


class GoJsonError(Exception):
    """The document is not what Docker would read; the message completes 'The config ...'."""


def read(data: bytes, kind: Kind, *, max_bytes: int) -> Any:
    """Parses a whole document of a kind.

    Raises:
        GoJsonError: not JSON, ambiguous, or a value of the wrong type.
    """
    try:
        document = loads(data, max_bytes=max_bytes)
    except StrictJsonError as error:
        raise GoJsonError(f"is not valid JSON ({error})") from error
    return kind(document, "")


def struct(fields: Mapping[str, Kind]) -> Kind:
    """An object with these fields; those that are missing or null are left out, unknown ones are passed over."""
    by_folded = {name.casefold(): (name, kind) for name, kind in fields.items()}

    def read_struct(value: object, where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        seen: set[str] = set()
        for key, item in _object(value, where).items():
            folded = key.casefold()
            if folded in seen:
                raise GoJsonError(f"holds the key {quoted(key)} twice in different case{_at(where)}")
            seen.add(folded)
            name, kind = by_folded.get(folded, ("", _anything))
            if name and item is not None:
                found[name] = kind(item, f"{where}.{name}" if where else name)
        return found

    return read_struct


def list_of(kind: Kind) -> Kind:
    """A list of one kind of value, as a tuple. Null members are refused (Go makes empty values of them)."""

    def read_list(value: object, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _wrong_type(where, "a list")
        return tuple(kind(item, f"{where}[{index}]") for index, item in enumerate(value))

    return read_list


def map_of(kind: Kind) -> Kind:
    """An object whose keys are data."""

    def read_map(value: object, where: str) -> dict[str, Any]:
        return {text(key, where): kind(item, where) for key, item in _object(value, where).items()}

    return read_map


def text(value: object, where: str) -> str:
    """A string without NUL characters and broken surrogates."""
    if not isinstance(value, str):
        raise _wrong_type(where, "a string")
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise GoJsonError(f"holds text with characters that are not allowed{_at(where)}")
    return value


def command(value: object, where: str) -> tuple[str, ...]:
    """A list of strings; a single string counts as a list of one."""
    return (text(value, where),) if isinstance(value, str) else texts(value, where)


def flag(value: object, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong_type(where, "true or false")
    return value


def whole(value: object, where: str) -> int:
    """A whole number of 64 bits."""
    if not isinstance(value, int) or isinstance(value, bool) or not -_INT64 <= value < _INT64:
        raise _wrong_type(where, "a whole number")
    return value


def time(value: object, where: str) -> str:
    """A time as RFC 3339 writes it."""
    stamp = text(value, where)
    try:
        if not _TIME.fullmatch(stamp):
            raise ValueError
        datetime.fromisoformat(stamp)
    except ValueError as error:
        raise _wrong_type(where, "a time such as 2025-09-23T10:00:00Z") from error
    return stamp


def nothing(value: object, where: str) -> None:
    """An object whose content does not matter (Go's `struct{}`)."""
    if value is not None:
        _object(value, where)


texts: Kind = list_of(text)


def _anything(value: object, where: str) -> None:
    del value, where


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _wrong_type(where, "an object")
    return value


def _wrong_type(where: str, expected: str) -> GoJsonError:
    return GoJsonError(f"must have {expected}{_at(where) or ' as a whole'}")


def _at(where: str) -> str:
    return f" at {where}" if where else ""
