"""A backup: database, everything in the home that cannot be made again, data sets, and a manifest with the hash of each file.

    FOLDER/manifest.json     what is here; written last, so that a folder without it is no backup
    FOLDER/database          the database at one moment
    FOLDER/home/...          images, inputs, definitions, uploads, predictions, replicates, tokens and secrets (0600)
    FOLDER/data/N/...        the folders of challenges, with hidden references

It may be taken while the platform runs. Files are written before the database speaks of them and are never changed, so
they are copied once before the database and once, what is new, after it: whatever it speaks of is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from sonobench_eval import __version__
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.dump import dump, kind_of
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.storage.store import TEMPORARY, replacing

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
HOME = "home"
DATA = "data"

LEFT_OUT = frozenset({"logs", "run", "node", "studies"})
"""Folders of the home that are made again: logs, the private broker, a run worker's copies of inputs, charts."""

_BLOCK_BYTES = 1 << 20


class BackupTrouble(Exception):
    """A backup cannot be taken or used. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file of a backup: where it lies in it, its bytes and their SHA-256, its permissions."""

    path: str
    size_bytes: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `folders` is where each `data/N` came from."""

    created_at: str
    version: str
    database: str
    folders: tuple[str, ...]
    files: tuple[SavedFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.files)

    def to_json(self) -> str:
        return json.dumps({"sonobench_backup": FORMAT, **asdict(self)}, indent=1)


def back_up(core: Core, folder: Path, *, with_data: bool = True) -> Manifest:
    """Take a backup into a folder that is new or empty.

    Args:
        with_data: also the challenges' own folders, which hold the hidden references.

    Raises:
        BackupTrouble: the folder holds something, or lies inside what is to be saved.
        DumpTrouble: the database cannot be written to a file.
    """
    folder = folder.expanduser().resolve()
    _make_ready(core, folder)
    saver = _Saver(folder)
    saver.save_all(core.store.home, HOME, _of_home(core))
    _note(core, folder)
    dump(core.database, folder / DATABASE)
    saver.save(folder / DATABASE, DATABASE)
    saver.save_all(core.store.home, HOME, _of_home(core))
    folders = _data_folders(core) if with_data else ()
    for number, data in enumerate(folders):
        saver.save_all(Path(data), f"{DATA}/{number}", _files_below(Path(data)))
    return _finish(core, saver, folders, at=core.clock.now())


def _make_ready(core: Core, folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        raise BackupTrouble(f"{folder} is not empty; name a new folder, for example with the date in it")
    if folder.is_relative_to(core.store.home):
        raise BackupTrouble(f"{folder} lies inside the home it would save; name a folder elsewhere, best on another disk")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _note(core: Core, folder: Path) -> None:
    """A backup holds every hidden reference: that it was taken is itself worth a row, which the backup then has too."""
    with core.database.write() as work:
        record(core, work, SERVER, "backup.take", folder.name)


def _finish(core: Core, saver: _Saver, folders: tuple[str, ...], *, at: datetime) -> Manifest:
    files = tuple(sorted(saver.saved.values(), key=lambda each: each.path))
    manifest = Manifest(at.isoformat(), __version__, kind_of(core.database), folders, files)
    with replacing(saver.folder / MANIFEST) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(manifest.to_json())
    return manifest


class _Saver:
    """Copies files into the backup, each once; one that has grown since is copied again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.saved: dict[str, SavedFile] = {}
        self._seen: dict[str, tuple[int, int]] = {}

    def save_all(self, root: Path, under: str, files: Iterator[Path]) -> None:
        for path in files:
            self._copy(path, f"{under}/{path.relative_to(root)}")

    def save(self, path: Path, name: str) -> None:
        """Enter a file that lies in the backup already."""
        sha256, size_bytes = digest_of(path)
        self.saved[name] = SavedFile(name, size_bytes, sha256, 0o600)

    def _copy(self, path: Path, name: str) -> None:
        try:
            with path.open("rb") as source:
                found = os.fstat(source.fileno())
                state = (found.st_size, found.st_mtime_ns)
                if not stat.S_ISREG(found.st_mode) or self._seen.get(name) == state:
                    return
                target = self.folder / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                target.touch(mode=0o600)
                digest, size_bytes = hashlib.sha256(), 0
                with target.open("wb") as copy:
                    while block := source.read(_BLOCK_BYTES):
                        copy.write(block)
                        digest.update(block)
                        size_bytes += len(block)
                    copy.flush()
                    os.fsync(copy.fileno())
        except FileNotFoundError:
            return  # it went while this was under way: an upload that was checked, a run that was superseded
        self._seen[name] = state
        self.saved[name] = SavedFile(name, size_bytes, digest.hexdigest(), stat.S_IMODE(found.st_mode) & 0o700)


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 in hexadecimal digits, and size in bytes."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            size_bytes += len(block)
    return digest.hexdigest(), size_bytes


def _of_home(core: Core) -> Iterator[Path]:
    """Everything but what is made again, half-written files, locks, and the database, which is copied in its own way."""
    home, database = core.store.home, Path(core.database.engine.url.database or "")
    for entry in sorted(home.iterdir()):
        if entry.name in LEFT_OUT or entry.name.endswith(".lock") or entry.name.startswith((".", database.name)):
            continue
        yield from _files_below(entry) if entry.is_dir() else iter([entry])


def _files_below(folder: Path) -> Iterator[Path]:
    """Files, never what this platform is in the middle of writing. Links are followed: data sets are often made of them."""
    entered: set[Path] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        entered.add(Path(parent).resolve())
        folders[:] = [name for name in sorted(folders) if (Path(parent) / name).resolve() not in entered]  # no circles
        yield from (Path(parent) / name for name in sorted(names) if not name.startswith(TEMPORARY))


def _data_folders(core: Core) -> tuple[str, ...]:
    with core.database.read() as session:
        found = {*session.scalars(select(ChallengeRow.folder)), *session.scalars(select(PhaseRow.folder))}
    return tuple(sorted(found))
