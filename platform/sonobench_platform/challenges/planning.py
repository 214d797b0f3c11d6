"""What applying a definition would do: every difference, and what it means for what was handed in and scored.

Nothing is changed here. `applying.py` makes the same plan again inside its transaction's reach, and refuses where they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sonobench_eval.challenge.load import ChallengeError, load_challenge
from sonobench_eval.challenge.model import Challenge
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.comparing import Change, Reach, compare, furthest
from sonobench_platform.challenges.packed import changed_images
from sonobench_platform.challenges.phases import of_challenge
from sonobench_platform.challenges.preparing import Part, Prepared
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, PhaseRow, SubmissionRow
from sonobench_platform.domain.states import COUNTING
from sonobench_platform.storage.store import Store


class Fate(StrEnum):
    """What becomes of a phase."""

    NEW = "new"
    KEPT = "kept"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """One phase: how far its changes reach, and what was handed in to it so far.

    `changed_images` counts images that are other files than before; `has_new_data` is True where these or references are.
    """

    name: str
    fate: Fate
    reach: Reach = Reach.SHOWN
    submissions: int = 0
    scored: int = 0
    has_new_data: bool = False
    changed_images: int = 0

    @property
    def keeps_definition(self) -> bool:
        """Whether scores that were made stay as they are: then the phase keeps the hash they were made with."""
        return self.fate is Fate.KEPT and self.reach is Reach.SHOWN and self.submissions > 0

    @property
    def cannot_go(self) -> bool:
        return self.fate is Fate.REMOVED and self.submissions > 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying a definition would do. `old_hash` is None for a challenge that is not known yet."""

    name: str
    title: str
    old_hash: str | None
    new_hash: str
    old_dataset_hash: str | None
    new_dataset_hash: str
    changes: tuple[Change, ...]
    phases: tuple[PhasePlan, ...]
    frozen_at: datetime | None
    has_moved: bool
    """The folder of its data lies elsewhere now. That is no change of the challenge."""

    @property
    def is_new(self) -> bool:
        return self.old_hash is None

    @property
    def changes_nothing(self) -> bool:
        return not self.is_new and (self.old_hash, self.old_dataset_hash) == (self.new_hash, self.new_dataset_hash)

    @property
    def needs_reason(self) -> bool:
        return self.frozen_at is not None and not self.changes_nothing

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why it cannot be applied at all, whatever the reason."""
        return tuple(
            f"The phase {each.name} has {each.submissions:,} submissions and cannot be removed; let it close instead."
            for each in self.phases
            if each.cannot_go
        )

    def phase(self, name: str) -> PhasePlan:
        return next(each for each in self.phases if each.name == name)


class Known(NamedTuple):
    """The challenge as it is registered, and its phases with how much was handed in and scored in each."""

    challenge: ChallengeRow
    phases: dict[str, PhaseRow]
    submissions: dict[str, int]
    scored: dict[str, int]

    def handed_in(self, phase: PhaseRow) -> int:
        return self.submissions.get(phase.id, 0)


def make_plan(core: Core, prepared: Prepared) -> Plan:
    """Compare a definition with what is registered under its name.

    Raises:
        ChallengeError: the registered definition cannot be read any more.
    """
    loaded = prepared.loaded
    with core.database.read() as session:
        known = _known(session, loaded.challenge.name)
    if known is None:
        return _plan_of_new(prepared)
    old = registered(core.store, known.challenge, else_=loaded.challenge if loaded.hash == known.challenge.hash else None)
    phases = tuple(_phase_plans(core.store, known, prepared.parts))
    return Plan(
        name=loaded.challenge.name,
        title=loaded.challenge.title,
        old_hash=known.challenge.hash,
        new_hash=loaded.hash,
        old_dataset_hash=known.challenge.dataset_hash,
        new_dataset_hash=prepared.dataset_hash,
        changes=(*compare(old, loaded.challenge), *_of_data(phases)),
        phases=phases,
        frozen_at=known.challenge.frozen_at,
        has_moved=known.challenge.folder != str(loaded.folder),
    )


def registered(store: Store, challenge: ChallengeRow, *, else_: Challenge | None = None) -> Challenge:
    """The registered definition, whole; `else_` where its copy is lost and that is known to be the same.

    Raises:
        ChallengeError: the copy is lost, or is another.
    """
    return _kept(store.definition(challenge.hash), challenge.hash, else_)


def _kept(path: Path, wanted: str, else_: Challenge | None) -> Challenge:
    if else_ is not None:
        return else_
    loaded = load_challenge(path)
    if loaded.hash != wanted:
        raise ChallengeError(f"{path}: the stored definition has changed; put it back from a backup of this platform's home")
    return loaded.challenge


def _known(session: Session, name: str) -> Known | None:
    challenge = repository.find(session, name)
    if challenge is None:
        return None
    phases = {row.name: row for row in of_challenge(session, challenge.id)}
    all_of, scored = _counts(session, challenge.id), _counts(session, challenge.id, only_scored=True)
    return Known(challenge, phases, all_of, scored)


def _counts(session: Session, challenge_id: str, *, only_scored: bool = False) -> dict[str, int]:
    query = select(SubmissionRow.phase_id, func.count()).where(SubmissionRow.challenge_id == challenge_id)
    if only_scored:
        query = query.where(repository.is_scored(), SubmissionRow.state.in_(COUNTING))
    return dict(session.execute(query.group_by(SubmissionRow.phase_id)).all())


def _plan_of_new(prepared: Prepared) -> Plan:
    loaded = prepared.loaded
    return Plan(
        name=loaded.challenge.name,
        title=loaded.challenge.title,
        old_hash=None,
        new_hash=loaded.hash,
        old_dataset_hash=None,
        new_dataset_hash=prepared.dataset_hash,
        changes=(),
        phases=tuple(PhasePlan(part.phase.id, Fate.NEW) for part in prepared.parts),
        frozen_at=None,
        has_moved=False,
    )


def _phase_plans(store: Store, known: Known, parts: Sequence[Part]) -> list[PhasePlan]:
    plans = [
        _phase_plan(store, known, row, part) if (row := known.phases.get(part.phase.id)) else PhasePlan(part.phase.id, Fate.NEW)
        for part in parts
    ]
    gone = sorted(known.phases.keys() - {part.phase.id for part in parts})
    return [*plans, *(PhasePlan(name, Fate.REMOVED, submissions=known.handed_in(known.phases[name])) for name in gone)]


def _phase_plan(store: Store, known: Known, row: PhaseRow, part: Part) -> PhasePlan:
    same = part.loaded.challenge if part.loaded.hash == row.hash else None
    reach = furthest(compare(_kept(store.definition(row.hash), row.hash, same), part.loaded.challenge))
    has_new_data, images = part.dataset_hash != row.dataset_hash, 0
    if has_new_data:
        images = changed_images(store.inputs(row.dataset_hash), part.loaded)
        reach = max(reach, Reach.RUNS if images else Reach.SCORES)
    return PhasePlan(
        name=row.name,
        fate=Fate.KEPT,
        reach=reach,
        submissions=known.handed_in(row),
        scored=known.scored.get(row.id, 0),
        has_new_data=has_new_data,
        changed_images=images,
    )


def _of_data(phases: Sequence[PhasePlan]) -> list[Change]:
    changes = []
    for each in phases:
        if each.has_new_data:
            reach = Reach.RUNS if each.changed_images else Reach.SCORES
            what = f"{each.changed_images:,} images" if each.changed_images else "references"
            changes.append(Change(f"data of {each.name}", "changed", None, what, reach))
    return changes
