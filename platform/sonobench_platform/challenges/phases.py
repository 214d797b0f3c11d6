"""Phases as they stand: their rules, whether they take images now, and which one is meant where none is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_eval.challenge.phase import Phase
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.domain.errors import Conflict, NotFound


def rules_of(row: PhaseRow) -> Phase:
    """The phase's own part of the challenge's definition."""
    return _parsed(row.rules)


@lru_cache(maxsize=64)
def _parsed(rules: str) -> Phase:
    return Phase.model_validate_json(rules)


def takes_images(row: PhaseRow, now: datetime) -> bool:
    """Whether a team may hand in at this very moment: within its dates, and not held by an organiser.

    It does not open before its data was found sound; one that has opened is closed by its organisers, not by a verification.
    """
    may_open = row.is_sound is not False or row.opened_at is not None
    return may_open and not row.is_held and rules_of(row).is_open(now)


def of_challenge(session: Session, challenge_id: str) -> list[PhaseRow]:
    """The challenge's phases in their order."""
    return list(session.scalars(select(PhaseRow).where(PhaseRow.challenge_id == challenge_id).order_by(PhaseRow.position)))


def main_phase(session: Session, challenge_id: str) -> PhaseRow:
    """The phase whose board is the challenge's: the first of kind test, else the last."""
    return main_of(of_challenge(session, challenge_id))


def main_of(phases: Sequence[PhaseRow]) -> PhaseRow:
    return next((row for row in phases if rules_of(row).kind == "test"), phases[-1])


def get_phase(session: Session, challenge: ChallengeRow, name: str | None) -> PhaseRow:
    """The phase of this name; the main one where none is named.

    Raises:
        NotFound: the challenge has no phase of that name.
    """
    phases = of_challenge(session, challenge.id)
    if name is None:
        return main_of(phases)
    for row in phases:
        if row.name == name:
            return row
    raise NotFound("no-such-phase", f"{challenge.title} has no phase of that name. It has: {_names(phases)}.")


def phase_for_images(session: Session, challenge: ChallengeRow, name: str | None, now: datetime) -> PhaseRow:
    """The phase that an image is for: the named one, or the only one that takes images now.

    Raises:
        NotFound: the challenge has no phase of that name.
        Conflict: `challenge-closed`: it takes no images now; `phase-needed`: several do, and none was named.
    """
    if name is not None:
        row = get_phase(session, challenge, name)
        if not takes_images(row, now):
            raise phase_closed(challenge, row)
        return row
    phases = of_challenge(session, challenge.id)
    taking = [row for row in phases if takes_images(row, now)]
    if not taking:
        raise phase_closed(challenge, main_of(phases))
    if len(taking) > 1:
        raise Conflict("phase-needed", f"Say for which phase this is: {_names(taking)} take images now.")
    return taking[0]


def phase_closed(challenge: ChallengeRow, phase: PhaseRow) -> Conflict:
    """What a team is told whose image comes outside the phase's dates."""
    rules = rules_of(phase)
    when = ""
    if rules.opens is not None:
        when += f" It opens {_moment(rules.opens)}."
    if rules.closes is not None:
        when += f" It closes {_moment(rules.closes)}."
    name = challenge.title if phase.name == "test" else f"{challenge.title} ({phase.name})"
    return Conflict("challenge-closed", f"{name} takes no submissions now.{when}")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}".strip()


def _names(phases: Sequence[PhaseRow]) -> str:
    return ", ".join(row.name for row in phases)
