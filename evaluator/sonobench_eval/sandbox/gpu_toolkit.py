"""The NVIDIA Container Toolkit of this node: its version, and the holes that are publicly known in it.

The toolkit runs as root on the host whenever a container is given a GPU, and reads files of the stranger's image while
it does. Its holes are therefore escapes, and no limit of the container helps against them.

Sources: NVIDIA's security bulletins 5582 (CVE-2024-0132), 5616 (CVE-2025-23359), 5659 (CVE-2025-23266 and -23267) and
5850 (CVE-2026-24260), each at https://nvidia.custhelp.com/app/answers/detail/a_id/NUMBER.
"""

from __future__ import annotations

import re
import subprocess
from typing import NamedTuple

_ASKED_WITHIN_S = 10.0
_COMMANDS = (("nvidia-ctk", "--version"), ("nvidia-container-cli", "--version"))
_VERSION = re.compile(r"\b(\d{1,3})\.(\d{1,3})\.(\d{1,4})(?:[-~](rc\.?\d+))?")


class ToolkitVersion(NamedTuple):
    """`1.17.8`, or a candidate for it such as `1.17.8-rc.1`. A candidate may lack what the release mended."""

    major: int
    minor: int
    patch: int
    candidate: str = ""

    def is_before(self, release: tuple[int, int, int]) -> bool:
        """True where `release` is newer; a candidate is older than the release of its own number."""
        return self[:3] < release or (self[:3] == release and bool(self.candidate))

    def __str__(self) -> str:
        number = f"{self.major}.{self.minor}.{self.patch}"
        return f"{number}-{self.candidate}" if self.candidate else number


_HOLES: tuple[tuple[str, tuple[int, int, int], str], ...] = (
    ("CVE-2024-0132", (1, 16, 2), "a crafted image can reach the host's files"),
    ("CVE-2025-23359", (1, 17, 4), "the mending of CVE-2024-0132 can be got around"),
    ("CVE-2025-23266", (1, 17, 8), "LD_PRELOAD in an image runs code as root on the host"),
    ("CVE-2025-23267", (1, 17, 8), "links in a crafted image are followed out of the container"),
    ("CVE-2026-24260", (1, 19, 1), "a file that is changed between check and use can run code on the host"),
)


def installed_toolkit() -> ToolkitVersion | None:
    """The version of the toolkit that is found on the PATH; None where there is none, or it does not say."""
    for command in _COMMANDS:
        try:
            said = subprocess.run(command, capture_output=True, text=True, timeout=_ASKED_WITHIN_S, check=False)
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
            continue
        version = parse_toolkit_version(said.stdout)
        if version is not None:
            return version
    return None


def parse_toolkit_version(said: str) -> ToolkitVersion | None:
    """The version in what `nvidia-ctk --version` or `nvidia-container-cli --version` prints; None where there is none.

    The second prints `cli-version` and `lib-version`; the first that stands there counts.
    """
    match = _VERSION.search(said)
    return None if match is None else ToolkitVersion(int(match[1]), int(match[2]), int(match[3]), match[4] or "")


def known_holes(version: ToolkitVersion | str | None) -> tuple[str, ...]:
    """One sentence for each hole known in this version, with the release that mends it; empty where none is known.

    A version that cannot be read is as good as an old one: every hole is named.
    """
    read = parse_toolkit_version(version) if isinstance(version, str) else version
    return tuple(
        f"{name}: {what}; mended in {'.'.join(map(str, mended))}"
        for name, mended, what in _HOLES
        if read is None or read.is_before(mended)
    )
