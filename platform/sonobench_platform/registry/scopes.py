"""What a Docker client asks of the registry, and what it gets: a team reads and writes its own repositories, and no others. Pure.

A team's repositories are those below its id: `team-k3jw5xq2m7ud4n6a/anything`. What is not the team's is left out of the answer,
which the registry then refuses; nobody learns whether it is there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
REPOSITORY = rf"{_PART}(?:/{_PART})+"
"""A repository's name with at least two parts; no part is empty, `.` or `..`."""
_SCOPE = re.compile(rf"repository:({REPOSITORY}):([a-z*,]+)")
_LONGEST = 255
READ, WRITE = "pull", "push"


class Grant(NamedTuple):
    """Actions on one repository."""

    repository: str
    actions: tuple[str, ...]


def granted(scopes: Iterable[str], *, team_ids: Collection[str], may_write: bool) -> list[Grant]:
    """Of what was asked for, what a caller in these teams gets.

    Args:
        scopes: as the client sent them, each with one or several `repository:NAME:ACTIONS` between spaces.
        may_write: False for a token that may only read.
    """
    own = {READ, WRITE} if may_write else {READ}
    grants = []
    for scope in (part for text in scopes for part in text.split()):
        match = _SCOPE.fullmatch(scope)
        if match is None or len(match[1]) > _LONGEST or match[1].split("/")[0] not in team_ids:
            continue
        actions = tuple(sorted(own & set(match[2].split(","))))
        if actions:
            grants.append(Grant(match[1], actions))
    return grants
