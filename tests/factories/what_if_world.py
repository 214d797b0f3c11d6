"""Boards that the engine made, with the challenge they are of, for tests of what is made of a published board."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import ranking_world

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.leaderboards.what_if_ground import Ground, ground_of

SKILLS = {"Ada": 1.8, "Bo": 1.4, "Cy": 1.1, "Di": 0.9, "Ed": 0.5, "Flo": 0.1}
TIMES_S = (36.03, 46.67, 52.55, 7.14, 45.9, 54.77)
GPU_GB = (0.59, 2.76, 0.74, 12.41, 1.53, 5.57)
TOLERANCES = [
    {"name": "dsc"},
    {"name": "nsd", "convention": "pixel", "tolerance": 2, "unit": "px"},
    {"name": "nsd", "id": "nsd_strict", "convention": "pixel", "tolerance": 1, "unit": "px"},
]


@dataclass(frozen=True)
class Published:
    challenge: Challenge
    entries: tuple[Entry, ...]
    board: Leaderboard

    @property
    def ground(self) -> Ground:
        return ground_of(self.board, self.challenge, definition_hash=challenge_hash(self.challenge))


def published(
    skills: dict[str, float] | None = None, *, exact: bool = True, twins: tuple[str, ...] = (), **settings: Any
) -> Published:
    """The board of a world of teams by skill; `twins` are teams with the first one's very results."""
    world = ranking_world.make_world(SKILLS if skills is None else skills, **settings)
    world = replace(world, entries=measured(world.entries))
    entries = (*world.entries, *(replace(world.entries[0], team=name) for name in twins))
    return Published(world.challenge, entries, board_of(world.challenge, entries, exact=exact))


def measured(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Those that were measured, with times and memory as uneven as real ones: no two are as efficient."""
    return tuple(
        entry
        if entry.time_s is None
        else replace(entry, time_s=TIMES_S[number % len(TIMES_S)], gpu_memory_bytes=int(1e9 * GPU_GB[number % len(GPU_GB)]))
        for number, entry in enumerate(entries)
    )


def board_of(challenge: Challenge, entries: tuple[Entry, ...], *, exact: bool = True) -> Leaderboard:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return build_leaderboard(challenge, entries, dataset_hash=ranking_world.DATASET, generated_at=moment, exact=exact)
