"""Files of a layer that programs of the host would open, and must not.

To find a container's user the engine opens the image's `/etc/passwd` and `/etc/group`, as root and outside of the
container. A named pipe there makes it wait for ever, and every later call about that container with it; a device
such as `/dev/zero` is read without end. Hooks of GPU runtimes open other files of the image in the same way. So
pipes and devices may lie under `/dev` only, which a container never sees, and nothing may lead there.

Paths are judged by their last part where one layer's links could give a file another path.
"""

from __future__ import annotations

import posixpath

from sonobench_eval.intake.tar import HARD_LINK, SYMBOLIC_LINK, Member
from sonobench_eval.intake.wording import quoted

_PIPES_AND_DEVICES = frozenset({b"3", b"4", b"6"})
_LINKS = frozenset({HARD_LINK, SYMBOLIC_LINK})
_READ_BY_THE_ENGINE = frozenset({b"passwd", b"group"})
_LEADING_TO_IT = _READ_BY_THE_ENGINE | {b"etc", b"dev"}
_ACCOUNTS_LIMIT_BYTES = 16 * 2**20


class ContentsCheck:
    """Looks at every member of every layer of one image, and keeps two facts however many there are."""

    def __init__(self) -> None:
        self._holds_devices = False
        self._link: bytes | None = None

    def problem_of(self, member: Member) -> str | None:
        """What is wrong with a member by itself; completes 'Layer 3 of the image ...'."""
        if b".." in member.name and _leaves(member.name):
            return "holds a file whose path leads out of the image. Build it with `docker build`"
        if member.kind in _PIPES_AND_DEVICES:
            if not _cleaned(member.name).startswith(b"dev/"):
                return f"holds a device or named pipe outside /dev: {quoted(member.name)}. Delete it in the Dockerfile"
            self._holds_devices = True
            return None
        last = member.name.rstrip(b"/").rpartition(b"/")[2]
        if last in _LEADING_TO_IT and member.kind in _LINKS:
            self._link = member.name
        if last in _READ_BY_THE_ENGINE and member.size > _ACCOUNTS_LIMIT_BYTES:
            return f"holds a list of accounts ({quoted(member.name)}) of more than 16 MiB. Make it small"
        return None

    def problem_of_all(self) -> str | None:
        """What is wrong with the image as a whole, after every member was seen; completes 'The image ...'."""
        if self._holds_devices and self._link is not None:
            return f"holds devices under /dev, and a link that could lead to them: {quoted(self._link)}. Delete the devices"
        return None


def _cleaned(path: bytes) -> bytes:
    return posixpath.normpath(b"/" + path).lstrip(b"/")


def _leaves(path: bytes) -> bool:
    depth = 0
    for part in path.split(b"/"):
        depth += -1 if part == b".." else part not in (b"", b".")
        if depth < 0:
            return True
    return False
