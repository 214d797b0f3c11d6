"""Whose a process on the GPU is: the container's, a stranger's, or nobody can tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sonobench_eval.meter.cgroup import PROC

_PF_EXITING = 0x4

Owner = Callable[[int], bool | None]
"""True: the container's process. False: somebody else's. None: it cannot be told, or the process is gone."""


def nobody_knows(_pid: int) -> None:
    """The owner where the container's control group is not to be seen from here."""


def container_owner(container_id: str, *, proc: Path = PROC) -> Owner:
    """Tells by the control group that a process is in at this moment, so an id that is used again fools nobody.

    Use it only where the container's own cgroup was found from here: in another PID namespace the same numbers are other
    processes.
    """

    def owner(pid: int) -> bool | None:
        try:
            if container_id in (proc / str(pid) / "cgroup").read_text():
                return True
            return None if _is_exiting((proc / str(pid) / "stat").read_text()) else False
        except (OSError, ValueError, IndexError):
            return None

    return owner


def _is_exiting(stat: str) -> bool:
    """Version 1 shows a process that is about to end, and lets go of its memory meanwhile, in the root group.

    Source: proc(5), `/proc/pid/stat`: the flags are the seventh field after the name in parentheses.
    """
    return bool(int(stat.rpartition(")")[2].split()[6]) & _PF_EXITING)
