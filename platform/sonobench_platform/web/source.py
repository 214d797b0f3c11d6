"""What the pages need to know of the platform, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.ranking.leaderboard import Leaderboard


@dataclass(frozen=True, slots=True)
class PublicChallenge:
    """A challenge as anyone may see it: the definition without references, the hash of the whole one."""

    definition: Challenge
    hash: str
    is_open: bool


class PublicRecords(Protocol):
    """The platform's public records, read only."""

    def challenges(self) -> Sequence[PublicChallenge]:
        """All challenges, by title."""

    def challenge(self, name: str) -> PublicChallenge | None: ...

    def latest_leaderboard(self, name: str) -> Leaderboard | None:
        """The newest snapshot, or None before the first."""

    def public_url(self) -> str:
        """What people type to reach this platform, without a slash at the end."""
