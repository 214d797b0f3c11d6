"""Where in a case's entry a value is: a key, keys joined by dots, `.` for the whole; in a table's row, a column."""

from __future__ import annotations

from sonobench_eval.contract.judging import Cell, Unusable
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.strict_json import JsonObject

WHOLE = "."


class Row(dict[str, Cell]):
    """One line of a table: its cells by the names of their columns, without the empty ones."""


def value_at(entry: object, field: str) -> object:
    """The value of a field.

    Args:
        entry: what a case has in a file: any JSON value, or a `Row`.
        field: `result.scores` of a JSON value, where a number counts into a list; the column's name in a row.

    Raises:
        Unusable: it is not there, or a key on the way stands twice.
    """
    if isinstance(entry, Row):
        if field not in entry:
            raise Unusable(FindingCode.MALFORMED_ENTRY, f"{field} is missing")
        return entry[field]
    if field == WHOLE:
        return entry
    keys = field.split(".")
    for depth, key in enumerate(keys):
        entry = _below(entry, key, said=".".join(keys[: depth + 1]), above=".".join(keys[:depth]))
    return entry


def value_or_none(entry: object, field: str) -> object | None:
    """The value of a field that may be left out, or be null.

    Raises:
        Unusable: a key on the way stands twice.
    """
    try:
        return value_at(entry, field)
    except Unusable as unusable:
        if unusable.code is FindingCode.DUPLICATE_KEY:
            raise
        return None


def _below(value: object, key: str, *, said: str, above: str) -> object:
    if isinstance(value, list) and key.isascii() and key.isdigit() and len(key) <= 9:
        if int(key) >= len(value):
            raise Unusable(FindingCode.MALFORMED_ENTRY, f"{said} is missing")
        return value[int(key)]
    if not isinstance(value, JsonObject):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{above or 'it'} is not an object")
    if key not in value:
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{said} is missing")
    if key in value.repeated:
        raise Unusable(FindingCode.DUPLICATE_KEY, f"{said} stands twice")
    return value[key]
