"""Holes that are publicly known in the engine, containerd and runc, by version.

A distribution mends old versions without changing their number (Debian's `1.1.5+ds1-1+deb12u1` is not 1.1.5). Of such
a version it is said what to look up, and not that it is open.

Sources: the projects' own security advisories at https://github.com/ORGANISATION/PROJECT/security/advisories, for
opencontainers/runc, containerd/containerd and moby/moby.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Release = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Hole:
    """`mended` has the first good release of each line that got one; older lines never did. Newer lines have it mended.

    `is_escape`: a stranger's image alone can use it, with the options that runs have. The others need more than that.
    """

    name: str
    what: str
    mended: tuple[Release, ...]
    is_escape: bool = False

    def is_in(self, version: Release) -> bool:
        same_line = [release for release in self.mended if release[:2] == version[:2]]
        return version < same_line[0] if same_line else version < max(self.mended)

    @property
    def cure(self) -> str:
        return " or ".join(".".join(map(str, release)) for release in self.mended)


RUNC = (
    Hole("CVE-2019-5736", "a container can overwrite runc on the host", ((1, 0, 0),), is_escape=True),
    Hole("CVE-2021-30465", "links in a volume lead a mount onto the host", ((1, 0, 0),), is_escape=True),
    Hole("CVE-2024-21626", "a working folder leads out of the container", ((1, 1, 12),)),
    Hole("CVE-2024-45310", "empty files can be made on the host", ((1, 1, 14), (1, 2, 0))),
    Hole("CVE-2025-31133", "masked paths can be swapped while a container starts", ((1, 2, 8), (1, 3, 3))),
    Hole("CVE-2025-52565", "/dev/console can be swapped while a container starts", ((1, 2, 8), (1, 3, 3))),
    Hole("CVE-2025-52881", "writes to /proc can be led elsewhere while a container starts", ((1, 2, 8), (1, 3, 3))),
)
"""CVE-2024-21626 is no escape here: images whose working folder lies in /proc, or leads there, are refused before."""

CONTAINERD = (
    Hole("CVE-2020-15257", "its socket answers to containers in the host's network", ((1, 3, 9), (1, 4, 3))),
    Hole("CVE-2021-41103", "its folders can be entered by any user of the host", ((1, 4, 11), (1, 5, 7))),
    Hole("CVE-2024-40635", "a huge user number becomes root", ((1, 6, 38), (1, 7, 27), (2, 0, 4))),
    Hole("CVE-2024-25621", "its folders can be entered by any user of the host", ((1, 7, 29), (2, 0, 7), (2, 1, 5))),
)
ENGINE = (
    Hole("CVE-2021-41091", "its data can be entered by any user of the host", ((20, 10, 9),)),
    Hole("CVE-2022-24769", "containers start with inheritable capabilities", ((20, 10, 14),)),
    Hole("CVE-2022-36109", "supplementary groups are set up wrongly", ((20, 10, 18),)),
)

_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,4})(?:\.(\d{1,4}))?")


def release_of(version: str) -> Release | None:
    """The number in a version; None where there is none. A release candidate counts as the release before its own."""
    match = _VERSION.match(version.strip())
    if match is None:
        return None
    major, minor, patch = int(match[1]), int(match[2]), int(match[3] or 0)
    if re.match(r"[-~.]?(rc|alpha|beta|dev)", version.strip()[match.end() :]):
        return (major, minor, patch - 1)
    return (major, minor, patch)


def is_distributions_own(version: str) -> bool:
    """True for a version that a distribution built, and may have mended: `1.1.5+ds1-1+deb12u1`, `1.1.7-0ubuntu1`."""
    return re.search(r"[+~-]\S*(ds\d|dfsg|deb\d|ubuntu|el\d|fc\d|amzn|azl|suse)", version) is not None


def known_holes(component: tuple[Hole, ...], version: str) -> tuple[Hole, ...]:
    """The holes in this version by its number; every one where the number cannot be read."""
    release = release_of(version)
    return tuple(hole for hole in component if release is None or hole.is_in(release))
