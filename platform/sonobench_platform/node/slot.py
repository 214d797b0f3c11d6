"""A place for one run at a time on this node, and the node's own id. Held by a lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from pathlib import Path


class SlotTaken(Exception):
    """Another worker has the slot; the message says which and what to do."""


class Slot:
    """Slot `number` of the node whose folder is `folder`; taken by creating it, free again by `close` or by dying."""

    def __init__(self, folder: Path, number: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.work = folder / f"slot-{number}"
        self._lock = _lock(folder / f"slot-{number}.lock", f"slot {number} of {folder}")

    def close(self) -> None:
        os.close(self._lock)


class GpuClaim:
    """The whole GPU `uuid`, for this worker alone: the lock is the machine's, so that two platforms on it do not share a GPU.

    Who works on a `part` of it, a MIG instance, claims all of it: its parts share power and clocks, so a neighbour's run
    would be in the time.
    """

    def __init__(self, uuid: str, *, locks: Path, part: str | None = None) -> None:
        locks.mkdir(parents=True, exist_ok=True)
        what = f"GPU {uuid}" if part is None else f"GPU {uuid}, of which {part} is a part"
        self._lock = _lock(locks / f"gpu-{re.sub(r'[^A-Za-z0-9-]', '_', uuid)}.lock", what)

    def close(self) -> None:
        os.close(self._lock)


def node_id(folder: Path) -> str:
    """Six letters that tell this node's folder from others on the same machine; made once, kept in `folder/id`."""
    path = folder / "id"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        fresh = folder / f".id-{os.getpid()}"
        fresh.write_text(secrets.token_hex(3))
        try:
            os.link(fresh, path)  # never replaces an id that another worker has just made
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


def _lock(path: Path, what: str) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise SlotTaken(f"another run worker has {what}; stop it, or give this one another --slot or --gpu") from None
    return lock
