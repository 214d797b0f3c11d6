"""What the pages need to know of the platform, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.challenge.phase import Phase
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.leaderboards.study import TeamCenters


@dataclass(frozen=True, slots=True)
class PublicPhase:
    """A phase as it stands. `rules` is its part of the definition.

    `why_hidden` says why its board is not shown to whoever looks; empty where it is. `waiting` counts submissions whose scores
    are of an earlier definition.
    """

    rules: Phase
    is_open: bool
    why_hidden: str = ""
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class PublicChange:
    """What was changed of a frozen challenge, and why; each line in words."""

    at: datetime
    reason: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicChallenge:
    """A challenge as its reader may see it: the definition without references, the hash of the whole one.

    One that declares no phases has one.
    """

    definition: Challenge
    hash: str
    is_open: bool
    phases: tuple[PublicPhase, ...] = ()
    changes: tuple[PublicChange, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PublishedBoard:
    """A snapshot: the board, the JSON document it is stored as, and the hash of what it says.

    It is equal to itself alone, so that what is made of it can be kept by it.
    """

    board: Leaderboard
    document: str
    hash: str


@dataclass(frozen=True, slots=True)
class BesideBoard:
    """What may be shown beside a board's own figures: those of single centers, and the submissions' pages, by submission."""

    centers: tuple[TeamCenters, ...] = ()
    pages: Mapping[str, str] = field(default_factory=dict)


class PublicRecords(Protocol):
    """The platform's records, read only, as whoever asks may see them."""

    def challenges(self) -> Sequence[PublicChallenge]:
        """All challenges that the reader may know of, in the order they are shown."""

    def challenge(self, name: str) -> PublicChallenge | None: ...

    def latest_board(self, name: str, phase: str | None = None) -> PublishedBoard | None:
        """The newest snapshot of a phase, of the main one where none is named; None before the first.

        Raises:
            NotFound: there is no such phase, or its board is not shown to the reader.
        """

    def beside_board(self, name: str, phase: str | None = None) -> BesideBoard:
        """What else the reader may be shown of the board that `latest_board` gives."""

    def teams_without_score(self, name: str, phase: str | None = None) -> int:
        """How many teams handed something in, have nothing under way, and no score."""

    def public_url(self) -> str:
        """What people type to reach this platform, without a slash at the end."""
