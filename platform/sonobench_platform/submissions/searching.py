"""A challenge's submissions as its organisers look for them: by state, phase, team, cause, time, image or words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from sonobench_platform.db.models import DisqualificationRow, EvaluationRow, PhaseRow, RunRow, SubmissionRow, TeamRow


class Order(StrEnum):
    """By what a list is ordered; the id settles what is equal."""

    NEWEST = "newest"
    OLDEST = "oldest"
    TEAM = "team"
    STATE = "state"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which submissions. Empty, or None: whichever. `team`, `image` and `words` are parts of what is meant, in any case."""

    states: frozenset[str] = frozenset()
    phase_id: str | None = None
    team: str = ""
    cause: str = ""
    blame: str = ""
    since: datetime | None = None
    until: datetime | None = None
    image: str = ""
    words: str = ""
    is_disqualified: bool | None = None


class Found(NamedTuple):
    """One submission. `run` is the run that counts; `has_score` is whether that one has an evaluation."""

    submission: SubmissionRow
    team: TeamRow
    phase: PhaseRow
    run: RunRow | None
    has_score: bool
    disqualified: DisqualificationRow | None


_Current = aliased(RunRow)
_Columns = TypeVarTuple("_Columns")


def search(
    session: Session, challenge_id: str, wanted: Wanted, *, order: Order = Order.NEWEST, limit: int, skip: int = 0
) -> list[Found]:
    """Some of the submissions that are wanted, `limit` of them after the first `skip`."""
    scored = exists().where(EvaluationRow.run_id == _Current.id, EvaluationRow.is_current)
    query = _joined(select(SubmissionRow, TeamRow, PhaseRow, _Current, scored, DisqualificationRow))
    query = query.outerjoin(_Current, and_(_Current.submission_id == SubmissionRow.id, _Current.is_current))
    query = query.where(*_conditions(challenge_id, wanted)).order_by(*_ORDERS[order]).limit(limit).offset(skip)
    return [Found(*row) for row in session.execute(query)]


def count(session: Session, challenge_id: str, wanted: Wanted) -> int:
    """How many are wanted."""
    query = _joined(select(func.count()).select_from(SubmissionRow)).where(*_conditions(challenge_id, wanted))
    return session.scalar(query) or 0


def ids(session: Session, challenge_id: str, wanted: Wanted, *, most: int) -> list[str]:
    """The ids of those that are wanted, the newest first; `most` + 1 of them where there are more."""
    query = _joined(select(SubmissionRow.id)).where(*_conditions(challenge_id, wanted))
    return list(session.scalars(query.order_by(*_ORDERS[Order.NEWEST]).limit(most + 1)))


def named(session: Session, challenge_id: str, submission_ids: list[str]) -> list[Found]:
    """Those of the challenge that are named, in the order of the names; others are left out."""
    scored = exists().where(EvaluationRow.run_id == _Current.id, EvaluationRow.is_current)
    query = _joined(select(SubmissionRow, TeamRow, PhaseRow, _Current, scored, DisqualificationRow))
    query = query.outerjoin(_Current, and_(_Current.submission_id == SubmissionRow.id, _Current.is_current))
    query = query.where(SubmissionRow.challenge_id == challenge_id, SubmissionRow.id.in_(submission_ids))
    place = {each: number for number, each in enumerate(submission_ids)}
    return sorted((Found(*row) for row in session.execute(query)), key=lambda each: place[each.submission.id])


def causes(session: Session, challenge_id: str) -> list[str]:
    """Every category that a failure in this challenge has."""
    query = select(SubmissionRow.failure_category).distinct().where(SubmissionRow.challenge_id == challenge_id)
    return sorted(each for each in session.scalars(query) if each is not None)


def _joined(query: Select[*_Columns]) -> Select[*_Columns]:
    return (
        query.join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
        .outerjoin(DisqualificationRow, DisqualificationRow.submission_id == SubmissionRow.id)
    )


def _conditions(challenge_id: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [SubmissionRow.challenge_id == challenge_id]
    if wanted.states:
        found.append(SubmissionRow.state.in_(wanted.states))
    if wanted.phase_id is not None:
        found.append(SubmissionRow.phase_id == wanted.phase_id)
    if wanted.since is not None:
        found.append(SubmissionRow.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(SubmissionRow.created_at < wanted.until)
    if wanted.is_disqualified is not None:
        out = DisqualificationRow.submission_id.is_not(None)
        found.append(out if wanted.is_disqualified else ~out)
    return [*found, *_of_words(wanted)]


def _of_words(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.team:
        found.append(or_(_holds(TeamRow.name, wanted.team), TeamRow.id == _plain(wanted.team)))
    if wanted.cause:
        found.append(SubmissionRow.failure_category == _plain(wanted.cause))
    if wanted.blame:
        found.append(SubmissionRow.failure_blame == _plain(wanted.blame))
    if wanted.image:
        found.append(_holds(SubmissionRow.image_digest, wanted.image))
    if wanted.words:
        columns = (SubmissionRow.id, SubmissionRow.note, SubmissionRow.failure_sentence, SubmissionRow.trouble, TeamRow.name)
        found.append(or_(*(_holds(column, wanted.words) for column in columns)))
    return found


def _holds(column: Any, part: str) -> ColumnElement[bool]:
    return column.icontains(_plain(part), autoescape=True)  # type: ignore[no-any-return]


def _plain(text: str) -> str:
    # PostgreSQL refuses to look for a zero byte, and half a surrogate pair cannot be sent to it.
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


_ORDERS: dict[Order, tuple[Any, ...]] = {
    Order.NEWEST: (SubmissionRow.created_at.desc(), SubmissionRow.id.desc()),
    Order.OLDEST: (SubmissionRow.created_at, SubmissionRow.id),
    Order.TEAM: (TeamRow.name_key, SubmissionRow.created_at.desc(), SubmissionRow.id),
    Order.STATE: (SubmissionRow.state, SubmissionRow.created_at.desc(), SubmissionRow.id),
    Order.CHANGED: (SubmissionRow.state_since.desc(), SubmissionRow.id),
}
