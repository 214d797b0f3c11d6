"""Which folders of an image must be writable, and what its HOME is. Pure: image facts in, paths out.

Images built for UUSIC25 write into their HOME and beside their code, and most were built to run as root. They run
here under another user with a read-only root, so HOME, the places a challenge names, and the volumes an image
declares are given as copies in memory that belong to that user.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import TypeGuard

from sonobench_eval.sandbox.limits import ImageFacts
from sonobench_eval.sandbox.links import Way

FALLBACK_HOME = "/tmp"  # noqa: S108 - a path in the container, in memory and its own
VOLUMES_ALLOWED = 16
LONGEST_NAME, LONGEST_PATH = 255, 1024
_OF_THE_KERNEL = ("/proc", "/sys", "/dev")
_INIT = "/sbin/docker-init"
"""Where the engine mounts the program that starts the image's own."""
_NEVER_BELOW = (*_OF_THE_KERNEL, "/etc")
_NEVER_ITSELF = frozenset(
    {"/", "/bin", "/boot", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/run", "/sbin", "/tmp", "/usr", "/var"}  # noqa: S108
    | {"/usr/bin", "/usr/lib", "/usr/lib64", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/sbin", "/usr/share", "/home"}
)


def why_unfit(image: ImageFacts) -> str:
    """Why no container can be made of the image, empty where nothing is known against it.

    An engine takes such images and stumbles over them in as many words as it has versions; here the reason is known.
    The words are those that `refusals.py` knows.
    """
    if len(image.volumes) > VOLUMES_ALLOWED:
        return f"the image declares {len(image.volumes)} volumes, more than the {VOLUMES_ALLOWED} allowed"
    for path in image.volumes:
        if not _may_be_a_volume(path):
            return f"the image declares a volume at {path[:80]!r}, which cannot be one"
    if image.working_dir and not _may_be_entered(image.working_dir):
        return "the image has a working folder that is not an absolute path to a folder of the image"
    if "" in image.environment:
        return "the image sets an environment variable without a name"
    return ""


def paths_to_follow(image: ImageFacts, *, taken: Iterable[str]) -> tuple[str, ...]:
    """Every path that is mounted or entered as it stands, so that a link on it would be the engine's to follow."""
    folders = (*_OF_THE_KERNEL, FALLBACK_HOME, *(_clean(path) for path in taken))
    entered = (_clean(image.working_dir),) if image.working_dir else ()
    return tuple(dict.fromkeys((*folders, _INIT, *entered, *sorted(declared_volumes(image)))))


def why_astray(image: ImageFacts, ways: Mapping[str, Way | None], *, taken: Iterable[str]) -> str:
    """Why an image may not run whose `paths_to_follow` lead along `ways`; empty where nothing is known against it.

    What is mounted over a folder of the kernel is what the runtime then works in, as root: an image that could choose
    the `/dev` of its container could have the runtime mount whatever it likes over what is masked (CVE-2025-31133).
    """
    covered = tuple(_clean(path) for path in (*_OF_THE_KERNEL, FALLBACK_HOME, *taken))
    for path in (path for path in covered if not _is_direct(path, ways[path])):
        return f"the image has a link or a file on the way to {path}, which is mounted for the run"
    if _strays(_INIT, ways[_INIT], covered):
        return f"the image has a link or a file on the way to {_INIT}, which is mounted for the run"
    if image.working_dir and _strays(_clean(image.working_dir), ways[_clean(image.working_dir)], _OF_THE_KERNEL):
        return "the image has a working folder that is not an absolute path to a folder of the image"
    for path in sorted(declared_volumes(image) - set(covered)):
        if _strays(path, ways[path], covered):
            return f"the image declares a volume at {path[:80]!r}, which cannot be one"
    return ""


def place_led_to(way: Way | None, *, taken: Iterable[str]) -> str | None:
    """The folder to make writable for a place that may be a link; None where that folder may not be."""
    return way.path if way is not None and _may_be_writable(way.path, taken) else None


def may_hold_accounts(way: Way | None) -> TypeGuard[Way]:
    """False for an /etc/passwd or /etc/group that leads into a folder of the kernel, or nowhere."""
    return way is not None and not way.leads_into(_OF_THE_KERNEL)


def _is_direct(path: str, way: Way | None) -> bool:
    return way is not None and way.path == path


def _strays(path: str, way: Way | None, folders: Iterable[str]) -> bool:
    """True for a path that a link leads into one of the folders, to the root, or nowhere."""
    return way is None or (way.path != path and (way.path == "/" or way.leads_into(folders)))


def _may_be_entered(path: str) -> bool:
    # A working folder such as /proc/self/fd/8 led out of the container in runc before 1.1.12 (CVE-2024-21626).
    return _is_absolute_and_short(path) and not any(_is_same_or_below(_clean(path), root) for root in _OF_THE_KERNEL)


def _may_be_a_volume(path: str) -> bool:
    if not _is_absolute_and_short(path):
        return False
    path = _clean(path)
    return path != "/" and not any(_is_same_or_below(path, root) for root in _OF_THE_KERNEL)


def _is_absolute_and_short(path: str) -> bool:
    encoded = path.encode("utf-8", "surrogatepass")
    names_fit = all(len(name) <= LONGEST_NAME for name in encoded.split(b"/"))
    return path.startswith("/") and len(encoded) <= LONGEST_PATH and names_fit


def home_of(image: ImageFacts, *, passwd: str = "", taken: Iterable[str] = ()) -> str:
    """The image's HOME: its own variable, else its user's home in `passwd` (`/root` for root), else `/tmp`.

    `taken` are paths that have another use (input, case list, output); a HOME there, or one whose folder is part
    of the system, becomes `/tmp`.
    """
    home = image.environment.get("HOME") or _home_from_passwd(image.user, passwd)
    if not _is_absolute_and_short(home):
        return FALLBACK_HOME
    home = _clean(home)
    return home if _may_be_writable(home, taken) else FALLBACK_HOME


def places_of(image: ImageFacts, *, home: str, writable: tuple[str, ...], taken: Iterable[str] = ()) -> tuple[str, ...]:
    """Every folder that needs a copy in memory, outer before inner.

    A declared volume has a place of its own wherever it lies (else the engine puts it on the host's disk). HOME and
    the challenge's places are left out where another place holds them already, or `/tmp` does.
    """
    taken = tuple(_clean(path) for path in taken)
    volumes = declared_volumes(image) - set(taken) - {FALLBACK_HOME}
    wanted = {_clean(path) for path in (*writable, home)} - {FALLBACK_HOME} - volumes
    chosen = set(volumes)
    for path in sorted(wanted, key=_depth):
        if _may_be_writable(path, taken) and not any(_is_below(path, outer) for outer in (*chosen, FALLBACK_HOME)):
            chosen.add(path)
    return tuple(sorted(chosen, key=lambda path: (_depth(path), path)))


def declared_volumes(image: ImageFacts) -> frozenset[str]:
    """The folders the image declares as volumes, as the engine reads them: `/data/` is `/data`."""
    return frozenset(_clean(path) for path in image.volumes if path.startswith("/"))


def _home_from_passwd(user: str, passwd: str) -> str:
    name = user.split(":", 1)[0]
    if name in {"", "0", "root"}:
        return "/root"
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) >= 7 and name in {fields[0], fields[2]}:
            return fields[5]
    return ""


def _may_be_writable(path: str, taken: Iterable[str]) -> bool:
    if path in _NEVER_ITSELF or any(_is_same_or_below(path, root) for root in _NEVER_BELOW):
        return False
    return not any(_is_same_or_below(path, _clean(other)) for other in taken)


def _clean(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/")


def _depth(path: str) -> int:
    return len(PurePosixPath(path).parts)


def _is_below(path: str, outer: str) -> bool:
    return path != outer and PurePosixPath(path).is_relative_to(outer)


def _is_same_or_below(path: str, outer: str) -> bool:
    return PurePosixPath(path).is_relative_to(outer)
