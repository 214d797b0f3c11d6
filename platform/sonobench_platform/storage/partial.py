"""Files that grow: what a resumable upload has brought so far. One writer at a time, also across processes.

uploads/<upload>.part    the bytes; whoever writes holds its lock, which the kernel frees when a process dies
uploads/<upload>.next    its lock is held by the one request that waits for its turn

Bytes are safe once `secure` has returned, and not before. What lies beyond what was recorded as safe (a server was killed)
is cut off when the next writer begins.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sonobench_platform.domain.ids import is_id
from sonobench_platform.storage.full import room_needed

if TYPE_CHECKING:
    from hashlib import _Hash

_REMEMBERED_HASHES = 256


class _Hashed(NamedTuple):
    """The SHA-256 of a file's first bytes, ready to go on."""

    size_bytes: int
    state: _Hash


class Partials:
    """The unfinished uploads in one folder. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._hashed: OrderedDict[str, _Hashed] = OrderedDict()

    def path(self, upload_id: str) -> Path:
        return self._folder / f"{_plain_id(upload_id)}.part"

    def size_bytes(self, upload_id: str) -> int:
        """How much lies on disk; 0 where there is no file."""
        try:
            return self.path(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    def ids(self) -> list[str]:
        """Every upload that has a file here."""
        found = {path.stem for kind in ("part", "next") for path in self._folder.glob(f"*.{kind}")}
        return sorted(each for each in found if is_id(each))

    def remove(self, upload_id: str) -> None:
        """Its files go; a writer that still has them open writes to nowhere."""
        self._forget(upload_id)
        for path in (self.path(upload_id), self._next(upload_id)):
            path.unlink(missing_ok=True)

    def try_open(self, upload_id: str) -> Partial | None:
        """The file, for this writer alone; None while another one writes."""
        handle = _locked(self.path(upload_id))
        return None if handle is None else Partial(self, upload_id, handle)

    def try_wait(self, upload_id: str) -> Turn | None:
        """The one place in the row behind the writer; None where someone stands there already."""
        handle = _locked(self._next(upload_id))
        return None if handle is None else Turn(self._next(upload_id), handle)

    def is_awaited(self, upload_id: str) -> bool:
        """Whether someone waits for the writer to end."""
        if not self._next(upload_id).exists():
            return False
        turn = self.try_wait(upload_id)
        if turn is None:
            return True
        turn.close()
        return False

    def _next(self, upload_id: str) -> Path:
        return self._folder / f"{_plain_id(upload_id)}.next"

    def _remember(self, upload_id: str, hashed: _Hashed) -> None:
        with self._lock:
            self._hashed[upload_id] = hashed
            self._hashed.move_to_end(upload_id)
            while len(self._hashed) > _REMEMBERED_HASHES:
                self._hashed.popitem(last=False)

    def _forget(self, upload_id: str) -> None:
        with self._lock:
            self._hashed.pop(upload_id, None)

    def _hash_at(self, upload_id: str, size_bytes: int) -> _Hash | None:
        """The hash of what is there, if this process wrote all of it; else None, and the end reads it again."""
        if size_bytes == 0:
            return hashlib.sha256()
        with self._lock:
            known = self._hashed.get(upload_id)
        return known.state.copy() if known is not None and known.size_bytes == size_bytes else None


class Partial:
    """An unfinished upload in the hands of its only writer. `close` lets the next one in."""

    def __init__(self, partials: Partials, upload_id: str, handle: int) -> None:
        self._partials = partials
        self._upload_id = upload_id
        self._handle = handle
        self._hash: _Hash | None = None
        self.size_bytes = 0

    def begin_at(self, offset_bytes: int) -> None:
        """Cut off what lies beyond and write from there on."""
        os.ftruncate(self._handle, offset_bytes)
        os.lseek(self._handle, offset_bytes, os.SEEK_SET)
        self.size_bytes = offset_bytes
        self._hash = self._partials._hash_at(self._upload_id, offset_bytes)

    def write(self, block: bytes) -> None:
        """Add a block.

        Raises:
            NoSpace: the disk is full.
        """
        with room_needed():
            view = memoryview(block)
            while view:
                view = view[os.write(self._handle, view) :]
        self.size_bytes += len(block)
        if self._hash is not None:
            self._hash.update(block)

    def secure(self) -> int:
        """Flush to disk; returns how many bytes are safe now."""
        with room_needed():
            os.fdatasync(self._handle)
        if self._hash is not None:
            self._partials._remember(self._upload_id, _Hashed(self.size_bytes, self._hash.copy()))
        return self.size_bytes

    def sha256(self) -> str:
        """Of all that was written, as hexadecimal digits; reads it only where other processes wrote some of it."""
        return self.read_sha256() if self._hash is None else self._hash.hexdigest()

    def read_sha256(self) -> str:
        """Of what lies on disk, read from its beginning."""
        with self._partials.path(self._upload_id).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    def lay_at(self, target: Path) -> None:
        """Give the flushed file the name it keeps. The first name stays until `remove`: a crash in between loses nothing."""
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(self._partials.path(self._upload_id))
        except FileNotFoundError:
            raise
        except OSError:  # a file system without second names
            self._partials.path(self._upload_id).replace(target)
        _flush_folder(target.parent)

    @property
    def is_awaited(self) -> bool:
        return self._partials.is_awaited(self._upload_id)

    def close(self) -> None:
        if os.fstat(self._handle).st_size == 0:
            _remove(self._partials.path(self._upload_id), self._handle)
        os.close(self._handle)


class Turn:
    """A place in the row, until `close`."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle

    def close(self) -> None:
        _remove(self._path, self._handle)
        os.close(self._handle)


def _locked(path: Path) -> int | None:
    """The file, open and locked, made where it is missing; None while another one has its lock."""
    while True:
        handle = _opened(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, handle):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # removed between opening and locking: this lock would keep nobody out


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        with room_needed():
            handle = os.open(path, flags | os.O_CREAT, 0o600)
            _flush_folder(path.parent)
            return handle


def _is_at(path: Path, handle: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def _remove(path: Path, handle: int) -> None:
    """The file goes while its lock is held, unless another one lies there by now."""
    if _is_at(path, handle):
        path.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain_id(identifier: str) -> str:
    if not is_id(identifier):
        raise ValueError(f"{identifier!r} is not an identifier of this platform")
    return identifier
