"""An image's name in this platform's registry, as people write it: `[host/]team-.../model[:tag][@sha256:...]`. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from sonobench_platform.domain.errors import Unprocessable
from sonobench_platform.registry.scopes import REPOSITORY

_REFERENCE = re.compile(
    rf"(?P<repository>{REPOSITORY})(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}))?(?:@(?P<digest>sha256:[0-9a-f]{{64}}))?"
)


class Reference(NamedTuple):
    """A repository, and the digest or else the tag in it."""

    repository: str
    version: str

    @property
    def team_id(self) -> str:
        """The first part of the repository's name: whose it is."""
        return self.repository.split("/")[0]


def parse_reference(text: str, *, host: str) -> Reference:
    """Read a name. One that begins with another host than ours is none of ours.

    Raises:
        Unprocessable: it is no name of an image here.
    """
    own = text.strip().removeprefix(f"{host}/")
    match = _REFERENCE.fullmatch(own)
    if match is None or len(match["repository"]) > 255:
        raise Unprocessable(
            "bad-image-name",
            f"{text!r} is not the name of an image here; it looks like {host}/TEAM/NAME:TAG, or ends in @sha256:...",
        )
    return Reference(match["repository"], match["digest"] or match["tag"] or "latest")
