"""The inputs of a data set, kept on this node by their hash so that each set travels once.

The tar comes from our own API, and is still unpacked by hand: only plain files, only those the challenge names, each
bounded. A set appears under its hash by one rename, so what is there is whole.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from sonobench_eval.challenge.model import Challenge

_CHUNK_BYTES = 1 << 20
_LARGEST_INPUT_BYTES = 2 * 2**30


class InputsBroken(Exception):
    """The tar of inputs is not what the challenge says. The platform's fault; nothing was kept."""


class InputsCache:
    """Data sets under one folder, shared by all workers of this node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, dataset_hash: str) -> Path:
        return self._folder / dataset_hash.replace(":", "-")

    def ensure(self, dataset_hash: str, challenge: Challenge, fetch: Callable[[Path], None], *, work: Path) -> Path:
        """The folder with the inputs of `challenge`.

        Args:
            fetch: writes their tar to the path it is given; called where they are new.
            work: an existing folder on the same disk, which the caller removes afterwards.

        Raises:
            InputsBroken: the tar has a member that is no plain file or belongs to no case, or lacks a case.
            OSError: the disk is full or not writable. Whatever `fetch` raises.
        """
        kept = self.path_of(dataset_hash)
        if kept.is_dir():
            return kept
        self._folder.mkdir(parents=True, exist_ok=True)
        tar, unpacked = work / "inputs.tar", work / "inputs"
        fetch(tar)
        unpack_inputs(tar, unpacked, challenge)
        tar.unlink()
        _publish(unpacked, kept)
        return kept


def unpack_inputs(tar: Path, folder: Path, challenge: Challenge) -> None:
    """Write every file that the challenge needs, its warm-up's included, from the plain tar `tar` under the new folder `folder`.

    Raises:
        InputsBroken: as `InputsCache.ensure` says.
    """
    wanted = set(challenge.input_ids)
    folder.mkdir()
    try:
        with tarfile.open(tar, mode="r:") as archive:
            for member in archive:
                if member.isdir():
                    continue
                if not member.isreg() or member.name not in wanted:
                    raise InputsBroken(f"the inputs hold {member.name!r}, which is not a file of a case that is still due")
                wanted.remove(member.name)
                _write(archive, member, folder / member.name)
    except tarfile.TarError as error:
        raise InputsBroken(f"the inputs are not a readable tar: {error}") from error
    if wanted:
        raise InputsBroken(f"the inputs lack {len(wanted):,} of the challenge's files, for example {min(wanted)!r}")


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    if member.size > _LARGEST_INPUT_BYTES:
        raise InputsBroken(f"{member.name!r} is larger than an input can be ({member.size:,} bytes)")
    source = archive.extractfile(member)
    if source is None:
        raise InputsBroken(f"{member.name!r} cannot be read from the inputs")
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("xb") as file:
        shutil.copyfileobj(source, file, _CHUNK_BYTES)
        # The container reads it as another user; nobody writes it again.
        os.fchmod(file.fileno(), 0o444)


def _publish(unpacked: Path, kept: Path) -> None:
    # fsync of the files would cost more than fetching again; a rename after a crash is caught by nothing else, so sync once.
    os.sync()
    try:
        unpacked.rename(kept)
    except OSError:
        if not kept.is_dir():  # not a lost race against another worker of this node
            raise
