"""Files of a layer that programs of the host would open, and must not.

To find a container's user the engine opens the image's `/etc/passwd` and `/etc/group`, as root and outside of the
container. A named pipe there makes it wait for ever, and every later call about that container with it; a device
such as `/dev/zero` is read without end. Hooks of GPU runtimes open other files of the image in the same way. So
pipes and devices may lie under `/dev` only, which a container never sees, and nothing may lead there.

Paths are judged by their last part where one layer's links could give a file another path: an unpacker follows a link
that stands for a folder, so that what is called `dev/x/passwd` becomes `/etc/passwd` where `dev/x` is a link to `/etc`.
For the same reason pipes and devices lie in `/dev` itself, or in few folders of it that no link may stand for.
"""

from __future__ import annotations

import posixpath

from sonobench_eval.intake.tar import HARD_LINK, SYMBOLIC_LINK, Member
from sonobench_eval.intake.wording import quoted

_PIPES_AND_DEVICES = frozenset({b"3", b"4", b"6"})
_LINKS = frozenset({HARD_LINK, SYMBOLIC_LINK})
_READ_BY_THE_ENGINE = frozenset({b"passwd", b"group"})
_LEADING_TO_IT = _READ_BY_THE_ENGINE | {b"etc", b"dev"}
_FOLDERS_OF_DEVICES = frozenset({b"dev", b"dev/mapper", b"dev/net", b"dev/pts"})
_WATCHED = _LEADING_TO_IT | {folder.rpartition(b"/")[2] for folder in _FOLDERS_OF_DEVICES}
_ACCOUNTS_LIMIT_BYTES = 16 * 2**20


class ContentsCheck:
    """Looks at every member of every layer of one image, and keeps a few facts however many there are."""

    def __init__(self) -> None:
        self._with_devices: set[bytes] = set()
        self._links: dict[bytes, bytes] = {}

    def problem_of(self, member: Member) -> str | None:
        """What is wrong with a member by itself; completes 'Layer 3 of the image ...'."""
        if b".." in member.name and _leaves(member.name):
            return "holds a file whose path leads out of the image. Build it with `docker build`"
        if member.kind in _PIPES_AND_DEVICES:
            folder = _cleaned(member.name).rpartition(b"/")[0]
            if folder not in _FOLDERS_OF_DEVICES:
                return f"holds a device or named pipe outside /dev: {quoted(member.name)}. Delete it in the Dockerfile"
            self._with_devices.add(folder.rpartition(b"/")[2])
            return None
        last = _last(member.name)
        if member.kind == HARD_LINK and _cleaned(member.link).startswith(b"dev/"):
            self._links[b"dev"] = member.name  # a device under another name
        elif last in _WATCHED and member.kind in _LINKS:
            self._links[last] = member.name
        if last in _READ_BY_THE_ENGINE and member.size > _ACCOUNTS_LIMIT_BYTES:
            return f"holds a list of accounts ({quoted(member.name)}) of more than 16 MiB. Make it small"
        return None

    def problem_of_all(self) -> str | None:
        """What is wrong with the image as a whole, after every member was seen; completes 'The image ...'."""
        if not self._with_devices:
            return None
        leading = [link for last, link in self._links.items() if last in _LEADING_TO_IT | self._with_devices]
        if not leading:
            return None
        return f"holds devices under /dev, and a link that could lead to them: {quoted(leading[0])}. Delete the devices"


def _cleaned(path: bytes) -> bytes:
    return posixpath.normpath(b"/" + path).lstrip(b"/")


def _last(path: bytes) -> bytes:
    """The part that an unpacker makes: of `etc/passwd/.` it is `passwd`."""
    return (_cleaned(path) if path.endswith((b".", b"/")) else path).rpartition(b"/")[2]


def _leaves(path: bytes) -> bool:
    depth = 0
    for part in path.split(b"/"):
        depth += -1 if part == b".." else part not in (b"", b".")
        if depth < 0:
            return True
    return False
