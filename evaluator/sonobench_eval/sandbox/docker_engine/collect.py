"""What a run left in `/output`, written to a tar of our own making.

The engine's tar stream is read while it arrives; nothing in it is ever extracted. Regular files are copied. Links,
pipes and devices are kept as bare headers, so that scoring shows the team a finding. Bytes and entries are bounded:
a sparse file can claim more bytes than the volume could ever hold.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

import docker

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.docker_engine.calls import engine_call
from sonobench_eval.sandbox.docker_engine.streams import archive, content
from sonobench_eval.sandbox.limits import FOLDERS_IN_OUTPUT
from sonobench_eval.sandbox.port import SandboxTrouble

PAGE_BYTES = 4096
NEARLY_FULL_BYTES = 16 * PAGE_BYTES
"""A place with less than this left is full: the write that failed may have been taken back by the program."""
NEARLY_NO_INODES = 8
LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True)
class Collected:
    """What was there. `bytes_full` and `too_many` say that a limit was reached; then the tar may be incomplete."""

    files: int
    size_bytes: int
    bytes_full: bool
    too_many: bool


def collect(api: docker.APIClient, *, keeper: str, output_at: str, limits: Limits, results: Path) -> Collected:
    """Write the results that the keeper holds at `output_at` to the tar `results`, whole or not at all.

    Raises:
        SandboxTrouble: the engine failed, was restarted meanwhile, or this machine cannot store the results.
    """
    try:
        with _replacing(results) as target, engine_call("read the results"):
            collected = _copy(api, keeper, output_at, limits=limits, target=target)
            _refuse_after_an_end(api, keeper)
    except tarfile.TarError as error:
        raise SandboxTrouble(f"The Docker Engine broke off while the results were read ({error}).") from error
    except OSError as error:
        raise SandboxTrouble(f"The results cannot be stored at {results}: {error.strerror or error}.") from error
    return collected


def _refuse_after_an_end(api: docker.APIClient, keeper: str) -> None:
    """Nobody but the engine and the node's administrator can end the keeper. Where it has ended, they may have ended the
    stranger's container as well, whatever its exit code says, and the volumes in memory are gone.
    """
    if not api.inspect_container(keeper)["State"].get("Running", False):
        raise SandboxTrouble("Somebody but this platform ended the run's containers: was the Docker Engine restarted?")


@contextmanager
def _replacing(results: Path) -> Iterator[IO[bytes]]:
    """A file beside `results` that takes its place when all went well, and is gone when it did not."""
    results.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=results.parent, prefix=f".{results.name}.", delete=False) as target:
        try:
            yield target
            target.flush()
            os.fsync(target.fileno())
            Path(target.name).replace(results)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(target.name).unlink()
            raise


class _Tally:
    """Counts what passes, and knows when it is more than a run may leave."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.files = 0
        self.size_bytes = 0
        self._used_bytes = 0
        self._inodes = 0

    def add(self, member: tarfile.TarInfo) -> bool:
        """Count an entry; False where it and what follows can no longer be taken."""
        size_bytes = member.size if member.isreg() else 0
        self._inodes += 0 if member.islnk() else 1
        self._used_bytes += -(-size_bytes // PAGE_BYTES) * PAGE_BYTES
        if self._used_bytes > self._limits.output_bytes + PAGE_BYTES:
            return False
        self.size_bytes += size_bytes
        self.files += 1 if member.isreg() else 0
        return True

    def collected(self) -> Collected:
        inodes = self._limits.output_files + FOLDERS_IN_OUTPUT
        return Collected(
            files=self.files,
            size_bytes=self.size_bytes,
            bytes_full=self._used_bytes > self._limits.output_bytes - NEARLY_FULL_BYTES,
            too_many=self.files > self._limits.output_files or self._inodes > inodes - NEARLY_NO_INODES,
        )


def _copy(api: docker.APIClient, keeper: str, output_at: str, *, limits: Limits, target: IO[bytes]) -> Collected:
    tally = _Tally(limits)
    with archive(api, keeper, output_at) as members:
        for member, tar in members:
            if not tally.add(member):
                break
            entry = _entry(member)
            if entry is not None:
                target.write(entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
                for chunk in content(member, tar) if entry.isreg() else ():
                    target.write(chunk)
    target.write(bytes(2 * tarfile.BLOCKSIZE))
    return tally.collected()


def _entry(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """A header of our own: path below the output folder, type, size, link target; no owner, mode or time of theirs."""
    path = member.name.partition("/")[2]
    if member.isdir() or not path or len(path) > LONGEST_PATH:
        return None
    entry = tarfile.TarInfo(path)
    entry.type = member.type if not member.isreg() else tarfile.REGTYPE
    entry.size = member.size if member.isreg() else 0
    entry.linkname = member.linkname if member.issym() or member.islnk() else ""
    entry.mode = 0o644
    return entry
