"""The disk's room for bodies: what was let in is promised, so that many at once cannot fill a disk that looked free to each.

A process keeps count of the bodies that it receives itself. What else was promised, to resumable uploads and to bodies that
other processes receive, its callers read from the database and from what lies on disk, and say in `promised_bytes`.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sonobench_platform.domain.errors import TooMany
from sonobench_platform.storage.full import no_space
from sonobench_platform.storage.incoming import Incoming
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

    @contextmanager
    def turn(self) -> Iterator[None]:
        """In this block nobody else, in any process, finds out whether there is room and takes it."""
        handle = os.open(self._store.home / ".room.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def arriving(self) -> frozenset[Path]:
        """Where the bodies will lie that this process receives now."""
        with self._lock:
            self._forget_closed()
            return frozenset(each.announced.target for each in self._coming)

    def left_bytes(self, *, promised_bytes: int = 0) -> int:
        """Free space, less what the bodies that were let in have yet to write, and less what others were promised."""
        with self._lock:
            return self._left_bytes() - promised_bytes

    def let_in(self, announced: Announced, *, promised_bytes: int = 0) -> Incoming:
        """A place to write to, its room promised until it is closed.

        Raises:
            TooMany: the sender sends too many at once.
            NoSpace: the disk has no room.
        """
        with self._lock:
            left = self._left_bytes() - promised_bytes
            if sum(each.announced.sender == announced.sender for each in self._coming) >= announced.most_at_once:
                raise TooMany("too-many-uploads", _TOO_MANY.format(announced.most_at_once), headers={"Retry-After": "60"})
            if left < announced.size_bytes + announced.copy_bytes + announced.keep_free_bytes:
                raise no_space()
            incoming = Incoming(announced.target, expected_bytes=announced.size_bytes)
            self._coming.append(_Coming(announced, incoming))
            return incoming

    def _left_bytes(self) -> int:
        self._forget_closed()
        return self._store.free_bytes() - sum(each.bytes_to_come for each in self._coming)

    def _forget_closed(self) -> None:
        self._coming = [each for each in self._coming if not each.incoming.is_closed]


_TOO_MANY = "{} of your uploads are under way already; wait for one to end (one whose connection broke ends within minutes)."
