"""Files of answers: which entry is which case's. Each case stands or falls alone, unless the file itself is none.

A file is read for the cases whose answers it holds. What is found here are faults of the file, cases that have no entry
or several, and entries of no case; what an entry says is judged by the readers of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sonobench_eval.challenge.contract_rules import EntryRule
from sonobench_eval.contract.class_entries import shown_name
from sonobench_eval.contract.fields import value_at
from sonobench_eval.contract.judging import Unusable
from sonobench_eval.contract.result_tree import FileRead
from sonobench_eval.contract.tables import DELIMITERS, TableRefused, read_table
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.strict_json import JsonObject, StrictJsonError, loads_marking

MOST_STRANGERS = 10_000
"""So many entries of no case are found in one file; there may be millions."""


class Layout(NamedTuple):
    """How a file is laid out, as far as its entries go. Rules that read one file in one layout read it together."""

    path: str
    form: str
    under: str | None
    id: str
    delimiter: str

    @classmethod
    def of(cls, rule: EntryRule, path: str) -> Layout:
        return cls(path, rule.form, rule.under, rule.id, rule.delimiter)

    @property
    def unreadable(self) -> FindingCode:
        return FindingCode.INVALID_CSV if self.form == "csv" else FindingCode.INVALID_JSON


@dataclass(frozen=True, slots=True)
class EntryFile:
    """What a file holds: the entries of each case id (one, or why there is none), and what was found.

    Where a file holds several entries of a case, they are all there in their order: boxes are written so. `lost` is why
    no case has an answer, where it is the file's fault as a whole.
    """

    entries: Mapping[str, list[object]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    lost: FindingCode | None = None


class _FileLost(Exception):
    def __init__(self, code: FindingCode, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def read_entry_file(read: FileRead, layout: Layout, keys: Mapping[str, str], *, max_bytes: int) -> EntryFile:
    """The entries of a file.

    Args:
        read: its bytes, or why there are none.
        layout: how it is laid out. Of the form `file` all of it is the entry of its one case.
        keys: what cases are called in it, and their ids.
        max_bytes: more is not parsed.
    """
    if read.data is None:
        return _lost(read.problem or FindingCode.MISSING_RESULT, layout, keys)
    try:
        return _sorted_out(_entries(read.data, layout, keys, max_bytes), keys)
    except StrictJsonError as error:
        return _lost(error.code, layout, keys, str(error))
    except TableRefused as error:
        return _lost(FindingCode.INVALID_CSV, layout, keys, str(error))
    except _FileLost as error:
        return _lost(error.code, layout, keys, error.detail)


def _lost(code: FindingCode, layout: Layout, keys: Mapping[str, str], detail: str = "") -> EntryFile:
    """Every case is lost. A missing file is missing for each of them, and told so when they are asked for."""
    if code is FindingCode.MISSING_RESULT:
        return EntryFile(lost=code)
    if layout.form == "file":
        return EntryFile(findings=tuple(Finding(code, case_id, detail) for case_id in keys.values()), lost=code)
    cost = f"{len(keys):,} cases have no answer because of it"
    return EntryFile(findings=(Finding(code, layout.path, f"{detail}; {cost}" if detail else cost),), lost=code)


def _entries(data: bytes, layout: Layout, keys: Mapping[str, str], max_bytes: int) -> Iterator[tuple[str | None, object]]:
    """Names and entries in the order of the file; None where an entry does not say whose it is."""
    if layout.form == "csv":
        yield from read_table(data, id_column=layout.id, delimiter=DELIMITERS[layout.delimiter])
        return
    content = _under(loads_marking(data, max_bytes=max_bytes), layout.under)
    if layout.form == "file":
        yield next(iter(keys)), content
    elif layout.form == "list":
        yield from ((_name(entry, layout.id), entry) for entry in _a_list(content))
    else:
        yield from _members(content)


def _under(content: object, under: str | None) -> object:
    try:
        return content if under is None else value_at(content, under)
    except Unusable as error:
        code = error.code if error.code is FindingCode.DUPLICATE_KEY else FindingCode.INVALID_JSON
        raise _FileLost(code, error.detail) from error


def _a_list(content: object) -> list[object]:
    if not isinstance(content, list):
        raise _FileLost(FindingCode.INVALID_JSON, "it is not a list of cases")
    return content


def _members(content: object) -> Iterator[tuple[str, object]]:
    if not isinstance(content, JsonObject):
        raise _FileLost(FindingCode.INVALID_JSON, "it is not an object of cases")
    for key, entry in content.items():
        yield key, Unusable(FindingCode.DUPLICATE_KEY, "the case stands twice") if key in content.repeated else entry


def _name(entry: object, id_field: str) -> str | None:
    """What an entry of a list says its case is called: a text, or a whole number as COCO's images have."""
    try:
        value = value_at(entry, id_field)
    except Unusable:
        return None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _sorted_out(entries: Iterator[tuple[str | None, object]], keys: Mapping[str, str]) -> EntryFile:
    found: dict[str, list[object]] = {}
    strangers: list[Finding] = []
    for number, (key, entry) in enumerate(entries, start=1):
        if key is not None and key in keys:
            found.setdefault(keys[key], []).append(entry)
        elif len(strangers) < MOST_STRANGERS:
            strangers.append(Finding(FindingCode.UNKNOWN_CASE, f"entry {number:,}" if key is None else shown_name(key)))
    return EntryFile(found, tuple(strangers))


def only_entry(entries: list[object]) -> object:
    """The one entry of a case.

    Raises:
        Unusable: there is none or several, or it cannot be read.
    """
    if not entries:
        raise Unusable(FindingCode.MISSING_RESULT)
    if len(entries) > 1:
        raise Unusable(FindingCode.DUPLICATE_CASE, f"{len(entries):,} times")
    (entry,) = entries
    if isinstance(entry, Unusable):
        raise entry
    return entry
