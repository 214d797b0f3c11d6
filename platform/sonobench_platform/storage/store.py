"""One folder tree under the platform's home. Paths are made from identifiers alone, never from anyone's text.

uploads/<submission>.tar            what a team sent, until intake has verified it
uploads/<upload>.part               what a resumable upload has brought so far (see partial.py)
images/<digest>.tar                 what intake wrote: the only form in which an image leaves this store
inputs/<dataset hash>.tar           the test set's images, as run workers fetch them
challenges/<hash>.yaml              whole definitions, with references: read by score workers alone
runs/<run>/results-<attempt>.tar    predictions
evaluations/<run>.npz               bootstrap replicates; <run>-<number>.npz those of a later evaluation of the run
studies/<phase>/<number>/           the charts of a published board (see studies.py); made again where it is missing
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonobench_platform.domain.ids import is_digest, is_id
from sonobench_platform.storage.partial import Partials
from sonobench_platform.storage.studies import Studies

TEMPORARY = ".incoming-"
"""What this store is writing starts with this; a sweep removes what a killed process left."""

_ID_LENGTH = len("sub-k3jw5xq2m7ud4n6a")
_FOLDERS = ("uploads", "images", "inputs", "challenges", "runs", "evaluations")
_ARRIVE_IN = ("uploads", "runs")


class Store:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.partials = Partials(home / "uploads")
        self.studies = Studies(home / "studies")

    def prepare(self) -> None:
        """Make the folders, readable by their owner alone. Harmless when they are there."""
        for folder in (self.home, *(self.home / name for name in _FOLDERS)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def upload(self, submission_id: str) -> Path:
        return self.home / "uploads" / f"{_plain_id(submission_id)}.tar"

    def uploads(self) -> list[Path]:
        """Every whole upload."""
        return [path for path in sorted((self.home / "uploads").glob("sub-*.tar")) if is_id(path.stem)]

    def arriving(self) -> dict[str, int]:
        """Bytes that lie on disk of uploads that are being sent in one go, by submission; whichever process takes them."""
        found = {}
        for path in (self.home / "uploads").glob(f"{TEMPORARY}*-sub-*.tar"):
            with contextlib.suppress(FileNotFoundError):
                found[path.stem[-_ID_LENGTH:]] = path.stat().st_size
        return found

    def image(self, config_digest: str) -> Path:
        return self.home / "images" / f"{_hex(config_digest)}.tar"

    def verifying(self, submission_id: str) -> Path:
        """Where intake writes while the digest is not known yet; in the same folder as its final place."""
        return self.home / "images" / f"{TEMPORARY}{_plain_id(submission_id)}.tar"

    def inputs(self, dataset_hash: str) -> Path:
        return self.home / "inputs" / f"{_hex(dataset_hash)}.tar"

    def definition(self, challenge_hash: str) -> Path:
        return self.home / "challenges" / f"{_hex(challenge_hash)}.yaml"

    def results(self, run_id: str, attempt: int) -> Path:
        return self.home / "runs" / _plain_id(run_id) / f"results-{int(attempt)}.tar"

    def replicates(self, run_id: str, number: int = 1) -> Path:
        """Those of the run's evaluation of this number."""
        return self.home / "evaluations" / f"{_plain_id(run_id)}{'' if number == 1 else f'-{int(number)}'}.npz"

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.home).free

    def remove_stale(self, older_than_s: float) -> list[Path]:
        """Remove half-written files that nobody has touched for this long; returns what was removed.

        Whoever writes here, this store, intake or the scorer, starts the name of an unfinished file with a dot.
        """
        before = time.time() - older_than_s
        removed = []
        for path in (found for folder in _FOLDERS for found in (self.home / folder).rglob(".*")):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    removed.append(path)
        return removed

    def remove_abandoned(self, older_than_s: float) -> list[Path]:
        """Remove bodies whose writer is dead (`incoming.py` holds a lock on what it writes); returns what was removed."""
        before = time.time() - older_than_s
        removed = []
        for path in (found for folder in _ARRIVE_IN for found in (self.home / folder).rglob(f"{TEMPORARY}*")):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < before and _is_unlocked(path):
                    path.unlink()
                    removed.append(path)
        return removed


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Write to the path this gives; at the end of the block it becomes `target`, whole and on disk, or nothing does."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.with_name(f"{TEMPORARY}{os.getpid()}-{time.monotonic_ns()}-{target.name}")
    try:
        yield temporary
        settle(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def settle(temporary: Path, target: Path) -> None:
    """Flush a written file to disk and give it its name in one step."""
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _is_unlocked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _plain_id(identifier: str) -> str:
    if not is_id(identifier):
        raise ValueError(f"{identifier!r} is not an identifier of this platform")
    return identifier


def _hex(digest: str) -> str:
    if not is_digest(digest):
        raise ValueError(f"{digest!r} is not a sha256 digest")
    return re.sub("^sha256:", "", digest)
