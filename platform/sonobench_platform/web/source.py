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


@dataclass(frozen=True, slots=True)
class PublishedBoard:
    """A snapshot: the board, the JSON document it is stored as, and the hash of what it says."""

    board: Leaderboard
    document: str
    hash: str


class PublicRecords(Protocol):
    """The platform's public records, read only."""

    def challenges(self) -> Sequence[PublicChallenge]:
        """All challenges, in the order they are shown."""

    def challenge(self, name: str) -> PublicChallenge | None: ...

    def latest_board(self, name: str) -> PublishedBoard | None:
        """The newest snapshot, or None before the first."""

    def teams_without_score(self, name: str) -> int:
        """How many teams handed something in, have nothing under way, and no score."""

    def public_url(self) -> str:
        """What people type to reach this platform, without a slash at the end."""
