"""Writable places: folders of the image, copied into memory for the user that programs run as here.

The root is read-only, so a folder that must be writable is an in-memory volume mounted over the image's own. What
the image has there is read from a container that is never started, and written through the keeper; on the way every
entry becomes the sandbox user's, because most images are built for root. The engine could copy by itself, but keeps
the owners: a folder beside the code would then be there and not be writable.

A volume's size is the content, counted in a first pass over the same stream, plus the declared scratch. Nothing of
the image needs to be executed for it, so an image without `du`, or without any program, works as well.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import docker
import docker.errors

from sonobench_eval.sandbox.docker_engine.calls import image_may_be_refused, reason
from sonobench_eval.sandbox.docker_engine.links import leads_nowhere, way_in_image
from sonobench_eval.sandbox.docker_engine.streams import archive, content, path_stat
from sonobench_eval.sandbox.limits import SANDBOX_GID, SANDBOX_UID
from sonobench_eval.sandbox.places import may_hold_accounts
from sonobench_eval.sandbox.port import ImageRefusedByEngine, SandboxTrouble
from sonobench_eval.sandbox.refusals import is_the_images_fault

PAGE_BYTES = 4096
PASSWD_BYTES = 1 << 20
_LONG_LINK = 32
"""From here on a link's text may take a page of its own; else a place of many links would not fit into its volume."""
_GO_TYPE_BITS = 0x8F28_0000
"""What Go's file mode says of anything but a plain file: folder, link, device, pipe, socket, character device, irregular."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an image has at a place: whole pages of its files, and how many entries."""

    kind: Literal["nothing", "folder", "no_folder", "too_large"]
    size_bytes: int = 0
    files: int = 0


def measure(api: docker.APIClient, container_id: str, at: str, *, limit_bytes: int, limit_files: int) -> Content:
    """How large the image's files at `at` are. Stops counting where they are more than may be copied."""
    with _reading(at, doing="read"):
        try:
            with archive(api, container_id, f"{at}/.") as members:
                return _count((member for member, _ in members), limit_bytes=limit_bytes, limit_files=limit_files)
        except docker.errors.NotFound:
            return Content("nothing")
        except docker.errors.APIError as error:
            if is_the_images_fault(reason(error)) or leads_nowhere(reason(error)):
                return Content("no_folder")
            raise


def _count(members: Iterator[tarfile.TarInfo], *, limit_bytes: int, limit_files: int) -> Content:
    size_bytes = files = 0
    for member in members:
        files += 1
        size_bytes += _pages(member) * PAGE_BYTES
        if size_bytes > limit_bytes or files > limit_files:
            return Content("too_large", size_bytes, files)
    return Content("folder", size_bytes, files)


def _pages(member: tarfile.TarInfo) -> int:
    """Memory pages that an entry takes in a tmpfs: a file's content, a link's text where it is long."""
    if member.isreg():
        return -(-member.size // PAGE_BYTES)
    return 1 if member.issym() and len(member.linkname) >= _LONG_LINK else 0


def copy_place(api: docker.APIClient, *, image_container: str, at: str, keeper: str, keeper_at: str) -> None:
    """Copy the image's files at `at` into the volume that the keeper has at `keeper_at`.

    Raises:
        SandboxTrouble: the engine failed on the way.
    """
    with _reading(at, doing="copy into memory"), archive(api, image_container, f"{at}/.") as members:
        api.put_archive(keeper, keeper_at, _repacked(members))


def _repacked(members: Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]) -> Iterator[bytes]:
    for member, tar in members:
        ours = _for_the_sandbox_user(member)
        if ours is None:
            continue
        yield ours.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if ours.isreg():
            yield from content(member, tar)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _for_the_sandbox_user(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """The entry with our user as its owner and no special mode bits; None for the place itself, devices, and the like."""
    parts = PurePosixPath(member.name).parts
    usable = member.isreg() or member.isdir() or member.issym() or member.islnk()
    if not parts or ".." in parts or member.name.startswith("/") or not usable:
        return None
    ours = copy(member)
    ours.uid, ours.gid, ours.uname, ours.gname = SANDBOX_UID, SANDBOX_GID, "", ""
    ours.mode = member.mode & 0o777 | (0o700 if member.isdir() else 0o600)
    ours.pax_headers = {}
    return ours


def refuse_odd_accounts(api: docker.APIClient, container_id: str) -> None:
    """Refuse an image whose /etc/passwd or /etc/group is anything but a plain file, or is huge.

    The engine itself opens both at a start, on the host and as root, to look a user up: a pipe there stops it for
    ever, and with it every later call about this container; a device is read. So does the runtime, in the container:
    a link to /dev/zero leads nowhere in the image and is endless there.

    Raises:
        ImageRefusedByEngine: it is one.
    """
    for path in ("/etc/passwd", "/etc/group"):
        way = way_in_image(api, container_id, path)
        if not may_hold_accounts(way) or _is_odd(_stat(api, container_id, way.path)):
            raise ImageRefusedByEngine(f"the image has an {path} that is not a plain small file")


def _is_odd(stat: dict[str, Any] | None) -> bool:
    return stat is not None and bool(stat["mode"] & _GO_TYPE_BITS or stat["size"] > PASSWD_BYTES)


def _stat(api: docker.APIClient, container_id: str, path: str) -> dict[str, Any] | None:
    with image_may_be_refused(f"look at {path} of an image"):
        return path_stat(api, container_id, path)


def read_passwd(api: docker.APIClient, container_id: str) -> str:
    """The image's /etc/passwd, empty where it has none (or a link, or one too long to be true)."""
    with _reading("/etc/passwd", doing="read"):
        try:
            with archive(api, container_id, "/etc/passwd") as members:
                for member, tar in members:
                    source = tar.extractfile(member) if member.isreg() and member.size <= PASSWD_BYTES else None
                    return source.read().decode("utf-8", "replace") if source else ""
        except docker.errors.NotFound:
            return ""
    return ""


@contextmanager
def _reading(at: str, *, doing: str) -> Iterator[None]:
    """A stream that breaks off is the engine's trouble; of a call that fails the image may be the reason."""
    try:
        with image_may_be_refused(f"{doing} {at} of an image"):
            yield
    except tarfile.TarError as error:
        raise SandboxTrouble(f"The Docker Engine broke off while {at} of an image was read ({error}).") from error
