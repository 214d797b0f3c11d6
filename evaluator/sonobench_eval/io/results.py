"""Where a container's results are read from: a folder, or the tar stream a run left behind.

Both are hostile. A source lists what is there and reads plain files up to a size; it never follows
a link and never opens anything but a regular file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

EntryKind = Literal["file", "directory", "link", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the results: its path relative to /output, what it is, and its size in bytes."""

    path: str
    kind: EntryKind
    size_bytes: int


class ResultTooLarge(Exception):
    """A result file is larger than a result of its kind can be."""


class ResultSource(Protocol):
    """Results as a container left them."""

    def entries(self) -> Iterator[Entry]:
        """Everything in the results but directories, in a stable order."""

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """The bytes of a regular file, or None where there is none (links count as none).

        Raises:
            ResultTooLarge: the file is larger than `max_bytes`.
        """
