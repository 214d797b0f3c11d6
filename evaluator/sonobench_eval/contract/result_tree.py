"""What a container left behind, as a tree of paths: what lies where, what should not, and plain files read up to a size."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sonobench_eval.contract.paths import folders_above
from sonobench_eval.io.findings import Finding, FindingCode
from sonobench_eval.io.results import Entry, ResultSource, ResultTooLarge


class FileRead(NamedTuple):
    """A file's bytes, or why there are none."""

    data: bytes | None
    problem: FindingCode | None = None


class ResultTree:
    """A source of results, listed once."""

    def __init__(self, source: ResultSource) -> None:
        self._source = source
        self._entries = {entry.path: entry for entry in source.entries()}
        self._folders = {folder for path in self._entries for folder in folders_above(path)}

    def read(self, path: str, max_bytes: int, *, unreadable: FindingCode) -> FileRead:
        """The bytes of a plain file; its problem is `unreadable` where it is there and gives none."""
        problem = self._not_a_plain_file(path)
        if problem is not None:
            return FileRead(None, problem)
        try:
            data = self._source.read(path, max_bytes)
        except ResultTooLarge:
            return FileRead(None, FindingCode.FILE_TOO_LARGE)
        return FileRead(data, unreadable if data is None else None)

    def unexpected(self, expected: Collection[str]) -> list[Finding]:
        """Everything that is no expected file, nor a folder on the way to one."""
        on_the_way = {folder for path in expected for folder in folders_above(path)}
        return [
            Finding(FindingCode.UNEXPECTED_FILE, entry.path, _what_it_is(entry))
            for entry in self._entries.values()
            if entry.path not in expected and (entry.kind == "file" or entry.path not in on_the_way)
        ]

    def _not_a_plain_file(self, path: str) -> FindingCode | None:
        entry = self._entries.get(path)
        if entry is not None:
            return None if entry.kind == "file" else FindingCode.NOT_A_REGULAR_FILE
        above = (self._entries.get(folder) for folder in folders_above(path))
        if path in self._folders or any(each is not None and each.kind != "file" for each in above):
            return FindingCode.NOT_A_REGULAR_FILE
        return FindingCode.MISSING_RESULT


def _what_it_is(entry: Entry) -> str:
    return {"file": "", "link": "a link"}.get(entry.kind, "not a plain file")
