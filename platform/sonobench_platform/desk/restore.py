"""A platform from a backup: into an empty home and an empty database, nothing believed before its hash was seen."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import update

from sonobench_platform.config import Settings
from sonobench_platform.db.dump import load
from sonobench_platform.db.migrate import migrate
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.db.session import Database
from sonobench_platform.desk.backup import (
    DATA,
    DATABASE,
    FORMAT,
    HOME,
    MANIFEST,
    BackupTrouble,
    Manifest,
    SavedFile,
    digest_of,
)

_SHOWN = 3


def read_manifest(folder: Path) -> Manifest:
    """What a backup says it holds.

    Raises:
        BackupTrouble: it is not a backup, or one of a later release.
    """
    try:
        said: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        number = said.pop("sonobench_backup")
        files = tuple(SavedFile(**each) for each in said.pop("files"))
        manifest = Manifest(files=files, **said | {"folders": tuple(said["folders"])})
    except FileNotFoundError:
        raise BackupTrouble(f"there is no {MANIFEST} in {folder}: it is no backup, or one that was broken off") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupTrouble(f"{folder / MANIFEST} is not a manifest of a backup ({error})") from error
    if number != FORMAT:
        raise BackupTrouble(
            f"{folder} has format {number}, and this release reads {FORMAT}; restore it with the release that took it"
        )
    _refuse_strange_paths(manifest)
    return manifest


def verify(folder: Path) -> Manifest:
    """See that every file of a backup is there and unchanged.

    Raises:
        BackupTrouble: one is missing or is another.
    """
    manifest = read_manifest(folder)
    wrong = [each.path for each in manifest.files if not _is_intact(folder / each.path, each)]
    if wrong:
        more = f", and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise BackupTrouble(f"{len(wrong)} files of {folder} are missing or damaged: {', '.join(wrong[:_SHOWN])}{more}")
    return manifest


def restore(settings: Settings, folder: Path) -> Manifest:
    """Make the platform of `settings` what the backup says.

    Data sets come to lie under the home, in `data/`, and the challenges point there. The database is raised to this release.

    Raises:
        BackupTrouble: the home is not empty, the backup is damaged, or it is of another kind of database.
        DumpTrouble: the database is not empty, or does not take it.
    """
    folder = folder.expanduser().resolve()
    _refuse_filled(settings.home)
    manifest = verify(folder)
    kind = "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"
    if manifest.database != kind:
        raise BackupTrouble(f"the backup is of a {manifest.database} database, and this platform is set to {kind}")
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    load(settings.database_url, folder / DATABASE)
    for each in manifest.files:
        if each.path != DATABASE:
            _put(folder / each.path, _target(settings.home, each.path), each)
    _settle_database(settings, manifest)
    return manifest


def _refuse_filled(home: Path) -> None:
    if home.is_dir() and any(home.iterdir()):
        raise BackupTrouble(f"{home} is not empty; restore into a new home, so that nothing of two platforms is mixed")


def _refuse_strange_paths(manifest: Manifest) -> None:
    """A manifest may come from anywhere: nothing is written outside the home because it says so."""
    for each in manifest.files:
        if not isinstance(each.path, str) or not isinstance(each.mode, int) or not _is_plain(each.path):
            raise BackupTrouble(f"the manifest names a file outside the backup: {each.path!r}")


def _is_plain(path: str) -> bool:
    parts = Path(path).parts
    is_below = ".." not in parts and not Path(path).is_absolute() and parts[:1] in {(HOME,), (DATA,), (DATABASE,)}
    return is_below and "\0" not in path


def _is_intact(path: Path, said: SavedFile) -> bool:
    return path.is_file() and not path.is_symlink() and digest_of(path) == (said.sha256, said.size_bytes)


def _target(home: Path, path: str) -> Path:
    return home / Path(path).relative_to(HOME) if path.startswith(f"{HOME}/") else home / path


def _put(source: Path, target: Path, said: SavedFile) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600, exist_ok=False)
    shutil.copyfile(source, target)
    with target.open("rb") as written:
        os.fsync(written.fileno())
    target.chmod(said.mode & 0o700 or 0o600)  # for its owner alone, whatever the manifest says
    if digest_of(target) != (said.sha256, said.size_bytes):
        raise BackupTrouble(f"{target} was not written as the backup has it; the disk may be failing")


def _settle_database(settings: Settings, manifest: Manifest) -> None:
    """Raise it to this release, and have the challenges find their data."""
    with closing(Database(settings.database_url)) as database:
        migrate(database)
        with database.write() as work:
            for number, was in enumerate(manifest.folders):
                now = str(settings.home / DATA / str(number))
                for table in (ChallengeRow, PhaseRow):
                    work.session.execute(update(table).where(table.folder == was).values(folder=now))
