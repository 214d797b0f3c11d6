"""The disk's room for bodies: what was let in is promised, so that many at once cannot fill a disk that looked free to each."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from sonobench_platform.domain.errors import TooMany
from sonobench_platform.storage.incoming import Incoming, no_space
from sonobench_platform.storage.store import Store


@dataclass(frozen=True, slots=True)
class Announced:
    """A body that wants in. Sizes in bytes.

    Args:
        target: where it will lie.
        size_bytes: exactly how large it is.
        copy_bytes: what will be made of it beside it.
        keep_free_bytes: disk space that it must leave.
        sender: whose it is; `most_at_once` counts the sender's bodies.
    """

    target: Path
    size_bytes: int
    copy_bytes: int
    keep_free_bytes: int
    sender: str
    most_at_once: int


@dataclass(frozen=True, slots=True)
class _Coming:
    announced: Announced
    incoming: Incoming

    @property
    def bytes_to_come(self) -> int:
        return self.announced.size_bytes - self.incoming.received_bytes + self.announced.copy_bytes


class Room:
    """The room on a store's disk, as this process gives it out. Threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._coming: list[_Coming] = []

    def left_bytes(self) -> int:
        """Free space, less what the bodies that were let in have yet to write."""
        with self._lock:
            return self._left_bytes()

    def let_in(self, announced: Announced) -> Incoming:
        """A place to write to, its room promised until it is closed.

        Raises:
            TooMany: the sender sends too many at once.
            NoSpace: the disk has no room.
        """
        with self._lock:
            left = self._left_bytes()
            if sum(each.announced.sender == announced.sender for each in self._coming) >= announced.most_at_once:
                raise TooMany("too-many-uploads", _TOO_MANY.format(announced.most_at_once), headers={"Retry-After": "60"})
            if left < announced.size_bytes + announced.copy_bytes + announced.keep_free_bytes:
                raise no_space()
            incoming = Incoming(announced.target, expected_bytes=announced.size_bytes)
            self._coming.append(_Coming(announced, incoming))
            return incoming

    def _left_bytes(self) -> int:
        self._coming = [each for each in self._coming if not each.incoming.is_closed]
        return self._store.free_bytes() - sum(each.bytes_to_come for each in self._coming)


_TOO_MANY = "{} of your uploads are under way already; wait for one to end (one whose connection broke ends within minutes)."
