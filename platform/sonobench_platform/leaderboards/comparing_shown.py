"""A board as its reader may see it, with what the pages that look into it need to know of its phase. Asked at every request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy.orm import Session

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.phases import get_phase, rules_of, takes_images
from sonobench_platform.challenges.showing import refuse_hidden_board
from sonobench_platform.db.models import PhaseRow
from sonobench_platform.leaderboards.service import PublishedBoard, published_or_none
from sonobench_platform.teams.visible import visible


@dataclass(frozen=True, slots=True)
class ShownBoard:
    """A phase's board on show; `published` is None before the first.

    `definition` is the phase's own, without references. `is_closed`: what is made from evaluations may be shown to whoever sees
    the board. `organises`: the reader is an organizer of the challenge, from whom no small groups are held back.
    """

    name: str
    title: str
    phase_id: str
    phase: str
    phase_title: str
    definition: Challenge
    definition_text: str
    definition_hash: str
    is_closed: bool
    organises: bool
    published: PublishedBoard | None

    @property
    def board(self) -> Leaderboard | None:
        return None if self.published is None else parsed(self.published.document)


def shown_board(session: Session, caller: Identity | None, name: str, *, phase: str | None, now: datetime) -> ShownBoard:
    """The board of a challenge's phase, of the main one where none is named.

    Raises:
        NotFound: there is no such challenge or phase, or its board is not shown to the caller.
    """
    challenge = visible(session, caller, name)
    row = get_phase(session, challenge, phase)
    refuse_hidden_board(row, caller, now)
    published = published_or_none(session, row)
    rules = rules_of(row)
    return ShownBoard(
        name=challenge.name,
        title=challenge.title,
        phase_id=row.id,
        phase=row.name,
        phase_title=rules.title or row.name if public_challenge(challenge).phases else "",
        definition=public_challenge(row),
        definition_text=row.public_definition,
        definition_hash=row.hash,
        is_closed=_is_closed(row, published, now),
        organises=caller is not None and caller.may_organise(challenge.id),
        published=published,
    )


@lru_cache(maxsize=16)
def parsed(document: str) -> Leaderboard:
    """A published document never changes, and every reader asks for the same one."""
    return Leaderboard.from_json(document)


def _is_closed(row: PhaseRow, published: PublishedBoard | None, now: datetime) -> bool:
    """By its own dates, by what was announced, and by the board, which is exact only then: all three, or it is not."""
    is_exact = published is not None and parsed(published.document).exact
    return is_exact and not row.is_open and not takes_images(row, now)
