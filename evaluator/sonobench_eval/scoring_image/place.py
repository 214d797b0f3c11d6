"""A private folder for one scoring, gone afterwards: it holds hidden truth. What a killed process left goes first."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from uuid import uuid4

_PREFIX = "sonobench-scoring-"


@contextmanager
def scoring_folder(base: Path | None) -> Iterator[tuple[str, Path]]:
    """An id that no other scoring has, and a folder of that name below `base`, locked while it is in use."""
    parent = (base or Path(gettempdir())).resolve()
    parent.mkdir(parents=True, exist_ok=True)
    sweep(parent)
    run_id = uuid4().hex[:16]
    folder = parent / f"{_PREFIX}{run_id}"
    folder.mkdir(mode=0o700)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield run_id, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def is_in_use(base: Path | None, run_id: str) -> bool:
    """Whether a process of this machine is at work on that scoring."""
    return _is_locked((base or Path(gettempdir())).resolve() / f"{_PREFIX}{run_id}")


def sweep(parent: Path) -> None:
    """Remove the folders that nobody uses."""
    for folder in parent.glob(f"{_PREFIX}*"):
        # One that was made a moment ago is locked a moment later.
        with suppress(OSError):
            if not _is_locked(folder) and _age_s(folder) > _YOUNG_S:
                shutil.rmtree(folder, ignore_errors=True)


_YOUNG_S = 60.0


def _age_s(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
