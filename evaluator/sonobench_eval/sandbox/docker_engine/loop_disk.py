"""A file system in a file: the place for results that would not fit into the node's memory.

The file is allocated whole before the run, so a full disk is found then, and it is told as the node's trouble. Its
name is taken away, and its loop device told to go with its last mount, as soon as the keeper has it mounted: from
there on the kernel frees the space when the keeper ends, whatever becomes of this process. What a crash before that
leaves behind is swept. The stranger's programs never see more than a folder of it: the file system is made here, of
no more files than allowed, without a journal, and mounted without devices, setuid and programs.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sonobench_eval.sandbox.failure import size
from sonobench_eval.sandbox.limits import INODE_BYTES, DiskPlan
from sonobench_eval.sandbox.port import RunSpec, SandboxTrouble, container_name

log = logging.getLogger(__name__)

_SUFFIX = ".ext4"
_NAME = re.compile(r"sonobench-(.+)-a(\d{1,9})")
_TOOL_ENDS_WITHIN_S = 600.0
_BLOCK_BYTES = 4096
_SEARCHED = "/usr/sbin:/sbin"
"""Where the tools are, which is not on every user's PATH."""


class LoopDisk:
    """A file with an ext4 file system in it and the loop device that shows it, e.g. `/dev/loop7`."""

    def __init__(self, path: Path, device: str) -> None:
        self._path = path
        self._held = True
        self.device = device

    def let_go(self) -> None:
        """Leave file and device to the kernel: both are gone with the last mount, at once where there is none.

        Only once: after that the device's name may be somebody else's.
        """
        if self._held:
            self._held = False
            _detach(self.device)
            self._path.unlink(missing_ok=True)


@contextmanager
def loop_disk(spec: RunSpec, plan: DiskPlan) -> Iterator[LoopDisk]:
    """Make the run's file system and its device; both are gone at the end.

    Raises:
        SandboxTrouble: this process is not root, the disk is full, or the tools fail.
    """
    _need_root(plan)
    path = _folder(plan.folder, spec.node) / f"{spec.name}{_SUFFIX}"
    _allocate(path, plan.size_bytes)
    disk: LoopDisk | None = None
    try:
        _format(path, plan)
        disk = LoopDisk(path, _tool("losetup", "--find", "--show", "--nooverlap", str(path)).strip())
        yield disk
    finally:
        if disk is not None:
            disk.let_go()
        path.unlink(missing_ok=True)


def sweep_disks(folder: Path, node: str, is_alive: Callable[[str, int], bool]) -> list[str]:
    """Remove the files, and detach the devices, of runs of `node` that are not alive; returns the files' names."""
    removed: list[str] = []
    for path in sorted((folder / node).glob(f"sonobench-*{_SUFFIX}")):
        match = _NAME.fullmatch(path.name.removesuffix(_SUFFIX))
        if match is None or not _is_ours(path, match) or is_alive(match[1], int(match[2])):
            continue
        with suppress(SandboxTrouble):
            for line in _tool("losetup", "--list", "--noheadings", "--output", "NAME", "--associated", str(path)).split():
                _detach(line)
        path.unlink(missing_ok=True)
        removed.append(path.name)
    return removed


def _is_ours(path: Path, match: re.Match[str]) -> bool:
    with suppress(ValueError):
        return path.name == f"{container_name(match[1], int(match[2]))}{_SUFFIX}" and not path.is_symlink()
    return False


def _need_root(plan: DiskPlan) -> None:
    if os.geteuid() != 0:
        raise SandboxTrouble(
            f"The results of this challenge may be {size(plan.output_bytes)}, more than this node keeps in memory, "
            "so they go to a file system on its disk. "
            "Making one needs root: run the worker as root, or lower limits.output_bytes."
        )


def _folder(folder: Path, node: str) -> Path:
    """The folder of this node's files, for root alone."""
    ours = folder / node
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}", node):
        raise SandboxTrouble(f"{node!r} cannot be the name of a folder, so no file system for results can be made.")
    try:
        ours.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxTrouble(f"The folder {ours} for large results cannot be made: {error.strerror}.") from error
    return ours


def _allocate(path: Path, size_bytes: int) -> None:
    try:
        # One that is there was left by a worker that died, maybe with a device: the sweep's to remove.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            why = f"{size(size_bytes)} for a run's results do not fit on the node's disk at {path.parent}. Free some of it."
        else:
            why = f"The file {path} for a run's results cannot be made: {error.strerror}."
        raise SandboxTrouble(why) from error


def _format(path: Path, plan: DiskPlan) -> None:
    owner = f"root_owner={plan.uid}:{plan.gid},nodiscard"
    without = "^has_journal,^resize_inode"
    layout = ("-b", str(_BLOCK_BYTES), "-I", str(INODE_BYTES), "-N", str(plan.inodes), "-m", "0")
    _tool("mkfs.ext4", "-q", "-F", *layout, "-O", without, "-E", owner, str(path))
    # Nothing else is in it, and nobody else looks into it.
    _tool("debugfs", "-w", "-R", "rmdir lost+found", str(path))
    _tool("debugfs", "-w", "-R", "set_inode_field <2> mode 040700", str(path))


def _detach(device: str) -> None:
    """Where it is mounted the kernel waits for the last unmount. A failure is logged; the sweep tries again."""
    try:
        _tool("losetup", "--detach", device)
    except SandboxTrouble as trouble:
        log.warning("%s", str(trouble))


def _tool(*command: str) -> str:
    environment = {"PATH": f"{os.environ.get('PATH', '')}:{_SEARCHED}", "LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TOOL_ENDS_WITHIN_S, env=environment)
    except FileNotFoundError as error:
        raise SandboxTrouble(
            f"Results larger than memory need the program {command[0]}: apt-get install e2fsprogs mount."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise SandboxTrouble(f"{command[0]} did not end within {_TOOL_ENDS_WITHIN_S:g} s on this node.") from error
    if done.returncode != 0:
        raise SandboxTrouble(f"{command[0]} failed on this node: {done.stderr.strip()[-500:] or done.returncode}")
    return done.stdout
