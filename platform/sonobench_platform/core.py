"""What every noun works with: settings, clock, database, store, wake-ups, and the three calls into the evaluator.

Made in `wiring.py`; tests make one with fakes. Nouns take it as their first argument and import no adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Request

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.intake.records import VerifiedImage
from sonobench_eval.intake.registry_access import RegistryImage
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.clock import Clock
from sonobench_platform.config import Settings
from sonobench_platform.db.session import Database
from sonobench_platform.queue.port import Wake
from sonobench_platform.storage.room import Room
from sonobench_platform.storage.store import Store


@dataclass(frozen=True, slots=True)
class Scores:
    """What scoring a stored tar of results gave. `save_replicates` writes the bootstrap replicates to a path."""

    evaluation: Evaluation
    save_replicates: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Contender:
    """One team's counted submission, as a board needs it. Measurements are None where not measured."""

    team: str
    evaluation: Evaluation
    time_s: float | None
    reference_s: float | None
    gpu_memory_bytes: int | None
    host_memory_bytes: int | None
    replicates: Path | None
    submission: str
    image_digest: str | None
    times_s: tuple[float, ...] = ()
    """Of the timed repeats, where there were several."""
    disqualified: bool = False
    """Shown without a rank; the others are ranked as if it were not there."""


class Evaluator(Protocol):
    """The evaluator as the platform calls it (`wiring.py` joins it to `sonobench_eval`)."""

    def verify_image(self, upload: Path, verified: Path, *, tag: str) -> VerifiedImage:
        """Raises `ImageRefused` where the team's image is at fault; anything else is the platform's."""

    def verify_registry_image(self, image: RegistryImage, verified: Path, *, tag: str) -> VerifiedImage:
        """Raises `ImageRefused` where the team's image is at fault; anything else is the platform's."""

    def score(self, loaded: LoadedChallenge, results: Path, *, pseudonym_key: bytes | None) -> Scores:
        """Score a stored tar, whose names for the cases the key made; None: the cases' own.

        Whatever it raises is never the team's fault; `ResultsUnreadable` where the tar is damaged.
        """

    def build_leaderboard(
        self,
        challenge: Challenge,
        contenders: Sequence[Contender],
        *,
        definition_hash: str,
        dataset_hash: str,
        generated_at: datetime,
        exact: bool,
    ) -> Leaderboard:
        """The board of these contenders; never touches truth or predictions. Not `exact`: rounded, ranks included."""


@dataclass(frozen=True, slots=True)
class Core:
    settings: Settings
    clock: Clock
    database: Database
    store: Store
    room: Room
    wake: Wake
    evaluator: Evaluator


def core_of(request: Request) -> Core:
    return cast(Any, request.app.state).core  # type: ignore[no-any-return]


CoreDep = Annotated[Core, Depends(core_of)]
"""A route's way to the core."""
