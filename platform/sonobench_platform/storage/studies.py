"""Studies in the home: `studies/<phase>/<snapshot's number>/`, written whole or not at all.

A folder is written beside its place, under a name that starts with a dot and with a lock held, and gets its name when it is
complete. What a killed process left is recognised by its lock, which died with it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sonobench_platform.domain.ids import is_id

INDEX = "index.json"
_TEMPORARY = ".making-"
_BUNDLE = ".browser"


class Studies:
    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, phase_id: str, number: int) -> Path:
        """Where the study of a phase's snapshot lies."""
        return self._of_phase(phase_id) / str(int(number))

    def has(self, phase_id: str, number: int) -> bool:
        return (self.folder(phase_id, number) / INDEX).is_file()

    def numbers(self, phase_id: str) -> list[int]:
        """Of the snapshots that there is a study of, ascending."""
        return sorted(int(each.name) for each in self._folders(self._of_phase(phase_id)) if each.name.isdigit())

    def phases(self) -> list[str]:
        """The phases that there are studies of."""
        return sorted(each.name for each in self._folders(self._root) if is_id(each.name))

    @contextmanager
    def writing(self, phase_id: str, number: int) -> Iterator[Path]:
        """A folder to write to; at the end of the block it takes the study's place, whole, or nothing changes."""
        target = self.folder(phase_id, number)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = target.with_name(f"{_TEMPORARY}{os.getpid()}-{time.monotonic_ns()}-{target.name}")
        beside.mkdir(mode=0o700)
        handle = _locked(beside)
        try:
            yield beside
            _flush(beside)
            self.remove(phase_id, number)
            beside.rename(target)
        finally:
            os.close(handle)
            shutil.rmtree(beside, ignore_errors=True)

    def remove(self, phase_id: str, number: int) -> None:
        """A study; harmless where there is none. It loses its name first, so that nobody meets half of it."""
        target = self.folder(phase_id, number)
        leaving = target.with_name(f"{_TEMPORARY}{os.getpid()}-{time.monotonic_ns()}-gone")
        with suppress(FileNotFoundError):
            target.rename(leaving)
            shutil.rmtree(leaving, ignore_errors=True)

    def remove_phase(self, phase_id: str) -> None:
        """All studies of a phase."""
        for number in self.numbers(phase_id):
            self.remove(phase_id, number)
        with suppress(OSError):  # somebody writes one
            self._of_phase(phase_id).rmdir()

    def remove_abandoned(self) -> int:
        """Half-written folders whose writer is dead; returns how many there were."""
        removed = 0
        for phase in self._folders(self._root):
            for folder in self._folders(phase):
                if folder.name.startswith(_TEMPORARY) and _is_abandoned(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                    removed += 1
        return removed

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether this process, of all that share the home, is the one that makes studies now."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._root / ".turn.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _taken(handle)
        finally:
            os.close(handle)

    def bundle(self) -> Path | None:
        """The script with which browsers draw charts; None before it was made."""
        found = sorted((self._root / _BUNDLE).glob("vega-*.js"))
        return found[-1] if found else None

    def bundle_at(self, name: str) -> Path:
        """Where a bundle of this name is to lie."""
        return self._root / _BUNDLE / name

    def _of_phase(self, phase_id: str) -> Path:
        if not is_id(phase_id):
            raise ValueError(f"{phase_id!r} is not an identifier of this platform")
        return self._root / phase_id

    @staticmethod
    def _folders(root: Path) -> list[Path]:
        try:
            return [each for each in root.iterdir() if each.is_dir()]
        except FileNotFoundError:
            return []


def _locked(folder: Path) -> int:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_YOUNG_S = 5.0
"""A folder is made a moment before it is locked."""


def _is_abandoned(folder: Path) -> bool:
    try:
        if folder.stat().st_mtime > time.time() - _YOUNG_S:
            return False
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return _taken(handle)
    finally:
        os.close(handle)


def _flush(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
