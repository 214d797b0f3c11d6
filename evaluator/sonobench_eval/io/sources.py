"""Results as hostile folders and tars: nothing is followed, nothing but regular files is opened.

A folder is walked by directory descriptors with O_NOFOLLOW at every step, so no link, neither the file nor a
folder on the way to it, can lead out. A tar is only indexed and read by offset; it is never extracted.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import BinaryIO, Self

from sonobench_eval.io.results import Entry, EntryKind, ResultTooLarge

MAX_ENTRIES = 500_000
MAX_DEPTH = 48
_LONGEST_NAME = 4096
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# This machine's fault and never the team's; every other error means that there is no such plain file.
_OUR_TROUBLE = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.EBADF}


class ResultsUnreadable(Exception):
    """The place the results should be in cannot be read at all: not there, not a folder, not a tar, or damaged."""


class FolderResults:
    """A folder of results. Names that are not UTF-8 or not printable are listed escaped, and match no case.

    The folder read from last is kept open: results lie many to a folder, and its descriptor cannot be led elsewhere.
    Folders deeper than `MAX_DEPTH` are listed as one entry of kind "other"; after `MAX_ENTRIES` listing stops.

    Raises (on entering):
        ResultsUnreadable: `path` is not a folder, or may not be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = -1
        self._lock = Lock()
        self._kept: tuple[list[str], int] | None = None

    def __enter__(self) -> Self:
        try:
            self._root = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise ResultsUnreadable(f"{self._path}: there is no such folder of results") from error
        except NotADirectoryError as error:
            raise ResultsUnreadable(f"{self._path}: is not a folder; give the folder a container wrote its results to") from error
        except OSError as error:
            raise ResultsUnreadable(f"{self._path}: cannot be read: {error.strerror}") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._let_go()
        os.close(self._root)
        self._root = -1

    def entries(self) -> Iterator[Entry]:
        """Everything in the results but directories, depth first, sorted by name."""
        for number, entry in enumerate(_walk(self._root, prefix="", depth=0)):
            if number == MAX_ENTRIES:
                return
            yield entry

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """The bytes of a regular file with one name only (see `ResultSource.read`)."""
        *folders, name = path.split("/")
        if not _is_plain([*folders, name]):
            return None
        try:
            with self._lock:
                file = _opened_plain(name, self._folder(folders))
        except OSError as error:
            self._raise_if_ours(error)
            return None
        if file is None:
            return None
        try:
            return _read_at_most(file, path, max_bytes)
        except OSError as error:
            self._raise_if_ours(error)
            return None
        finally:
            os.close(file)

    def _folder(self, folders: list[str]) -> int:
        """A descriptor of a folder below the root, reached without following a link."""
        if not folders:
            return self._root
        if self._kept is None or self._kept[0] != folders:
            self._let_go()
            self._kept = folders, _opened_folder(self._root, folders)
        return self._kept[1]

    def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            os.close(kept[1])

    def _raise_if_ours(self, error: OSError) -> None:
        """Most errors mean that there is no such plain file; some are this machine's trouble."""
        if error.errno in _OUR_TROUBLE:
            raise ResultsUnreadable(f"{self._path}: cannot be read: {error.strerror}") from error


def _opened_folder(root: int, folders: list[str]) -> int:
    folder = os.open(folders[0], _FOLDER, dir_fd=root)
    for name in folders[1:]:
        try:
            deeper = os.open(name, _FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = deeper
    return folder


def _opened_plain(name: str, folder: int) -> int | None:
    """A descriptor of a regular file that has one name only; None where it is anything else."""
    # Looked at before it is opened: merely opening a device can act on it.
    if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        return None
    file = os.open(name, _FILE, dir_fd=folder)
    status = os.fstat(file)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        return file
    os.close(file)
    return None


def _read_at_most(file: int, path: str, max_bytes: int) -> bytes:
    size = os.fstat(file).st_size
    if size > max_bytes:
        raise ResultTooLarge(path)
    # A regular file gives less than was asked for only at its end.
    data = os.read(file, size + 1)
    if len(data) == size:
        return data
    return _read_on(file, path, max_bytes, data)


def _read_on(file: int, path: str, max_bytes: int, data: bytes) -> bytes:
    """The rest of a file that is too large for one call, or changes while it is read."""
    chunks, left = [data], max_bytes + 1 - len(data)
    while left > 0 and (chunk := os.read(file, min(left, 1 << 20))):
        chunks.append(chunk)
        left -= len(chunk)
    if left <= 0:
        raise ResultTooLarge(path)
    return b"".join(chunks)


def _walk(folder: int, *, prefix: str, depth: int) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        names = sorted(each.name for each in found)
    for name in names:
        path = prefix + printable_name(name)
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield Entry(path, _kind(status), status.st_size)
        elif depth == MAX_DEPTH:
            yield Entry(path, "other", 0)
        else:
            yield from _walk_below(folder, name, prefix=path + "/", depth=depth + 1)


def _walk_below(parent: int, name: str, *, prefix: str, depth: int) -> Iterator[Entry]:
    try:
        folder = os.open(name, _FOLDER, dir_fd=parent)
    except OSError:
        yield Entry(prefix.removesuffix("/"), "other", 0)
        return
    try:
        yield from _walk(folder, prefix=prefix, depth=depth)
    finally:
        os.close(folder)


def _kind(status: os.stat_result) -> EntryKind:
    if stat.S_ISLNK(status.st_mode):
        return "link"
    if not stat.S_ISREG(status.st_mode):
        return "other"
    return "file" if status.st_nlink == 1 else "link"


@dataclass(frozen=True, slots=True)
class _Member:
    offset: int
    size_bytes: int


class TarResults:
    """A plain tar of results, paths relative to /output (a leading `./` is dropped).

    Links, devices and sparse files are listed and never read. A name that stands twice, is absolute, or has
    `..` or empty parts, is listed as kind "other", so nothing can pass as another case's result.

    Raises (on entering):
        ResultsUnreadable: `path` is not there, or is not a whole, uncompressed tar.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._entries: dict[str, Entry] = {}
        self._members: dict[str, _Member] = {}

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("rb")
            self._index(self._file)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise ResultsUnreadable(f"{self._path}: there is no such tar of results") from error
        except OSError as error:
            self._close()
            raise ResultsUnreadable(f"{self._path}: cannot be read: {error.strerror or error}") from error
        # tarfile raises these, and not only its own errors, on headers made to confuse it.
        except (tarfile.TarError, ValueError, OverflowError, RecursionError, MemoryError, EOFError) as error:
            self._close()
            raise ResultsUnreadable(f"{self._path}: is not a whole tar of results") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def entries(self) -> Iterator[Entry]:
        """Everything in the tar but directories, sorted by name."""
        for path in sorted(self._entries):
            yield self._entries[path]

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """The bytes of a regular member (see `ResultSource.read`)."""
        member = self._members.get(path)
        if member is None or self._file is None:
            return None
        if member.size_bytes > max_bytes:
            raise ResultTooLarge(path)
        data = os.pread(self._file.fileno(), member.size_bytes, member.offset)
        return data if len(data) == member.size_bytes else None

    def _index(self, file: BinaryIO) -> None:
        whole = os.fstat(file.fileno()).st_size
        with tarfile.open(fileobj=file, mode="r:") as tar:
            last = -1
            while (member := tar.next()) is not None:
                # A header can send tarfile backwards (a negative size): then it would go round for ever.
                if member.offset <= last or member.size < 0 or member.offset_data + _stored(member) > whole:
                    raise tarfile.ReadError("a member lies outside the file")
                last = member.offset
                self._add(member)
                # tarfile remembers every member; a million of them is the sender's memory, not ours.
                tar.members = []  # type: ignore[attr-defined]
                if len(self._entries) > MAX_ENTRIES:
                    raise tarfile.ReadError("too many members")
            # tarfile takes a broken header for the end; only a block of zeros is one.
            if os.pread(file.fileno(), 512, tar.offset) != bytes(512):
                raise tarfile.ReadError("the end is missing")

    def _add(self, member: tarfile.TarInfo) -> None:
        name = member.name.removeprefix("./")
        if member.isdir():
            return
        path = printable_name(name)
        kind = _member_kind(member) if path == name and _is_plain(name.split("/")) else "other"
        if path in self._entries:
            kind = "other"
            self._members.pop(path, None)
        self._entries[path] = Entry(path, kind, _stored(member))
        if kind == "file":
            self._members[path] = _Member(member.offset_data, member.size)

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None


def _member_kind(member: tarfile.TarInfo) -> EntryKind:
    if member.issym() or member.islnk():
        return "link"
    return "file" if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse() else "other"


def _stored(member: tarfile.TarInfo) -> int:
    """Bytes of content behind the header. Links and devices have none, whatever their size field says."""
    return member.size if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse() else 0


def _is_plain(parts: list[str]) -> bool:
    return all(part not in {"", ".", ".."} and "\0" not in part for part in parts)


def printable_name(name: str) -> str:
    """A file name as it can be shown: what is not printable is escaped, what is longer than a name can be is cut."""
    safe = name if name.isprintable() and "\\" not in name else _escaped(name)
    return safe if len(safe) <= _LONGEST_NAME else safe[:_LONGEST_NAME] + "..."


def _escaped(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode("utf-8").encode("unicode_escape").decode("ascii")
