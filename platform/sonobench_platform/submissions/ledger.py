"""The quota ledger as organisers read it: what each team used of each phase, and every entry with who gave back and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.db.models import AuditRow, PersonRow, PhaseRow, QuotaRow, SubmissionRow, TeamRow
from sonobench_platform.domain.quota import Left, Used, day_of, left_of
from sonobench_platform.domain.states import OPEN

GIVE_BACK = "attempt.give-back"
"""What the audit log says of an attempt that an organiser gave back."""


class TeamUse(NamedTuple):
    """What a team has used of a phase, and has left of it."""

    team: TeamRow
    phase: PhaseRow
    used: Used
    left: Left


class Entry(NamedTuple):
    """An attempt that was taken; `back` is its giving back, `given_by` the audit log's row of that where somebody asked for it.

    `giver` is that person; None where it was no person with an account here.
    """

    taken: QuotaRow
    team: TeamRow
    phase: PhaseRow
    state: str
    back: QuotaRow | None
    given_by: AuditRow | None
    giver: PersonRow | None


_Back = aliased(QuotaRow)


def uses(session: Session, phases: Iterable[PhaseRow], now: datetime) -> list[TeamUse]:
    """Of every team with an entry in the phases, phase by phase and by the teams' names."""
    return [use for phase in phases for use in _of_phase(session, phase, now)]


def entries(session: Session, phase_ids: Iterable[str], *, team_id: str | None = None, limit: int, skip: int = 0) -> list[Entry]:
    """Attempts that were taken in these phases, the newest first; of one team where given."""
    query = (
        select(QuotaRow, TeamRow, PhaseRow, SubmissionRow.state, _Back)
        .join(TeamRow, TeamRow.id == QuotaRow.team_id)
        .join(PhaseRow, PhaseRow.id == QuotaRow.phase_id)
        .join(SubmissionRow, SubmissionRow.id == QuotaRow.submission_id)
        .outerjoin(_Back, (_Back.submission_id == QuotaRow.submission_id) & (_Back.amount < 0))
        .where(QuotaRow.phase_id.in_(list(phase_ids)), QuotaRow.amount > 0)
    )
    if team_id is not None:
        query = query.where(QuotaRow.team_id == team_id)
    found = session.execute(query.order_by(QuotaRow.number.desc()).limit(limit).offset(skip)).all()
    given = _given_by(session, [row[0].submission_id for row in found])
    people = _people(session, given.values())
    rows = [(row, given.get(row[0].submission_id)) for row in found]
    return [Entry(*row, by, None if by is None else people.get(by.actor)) for row, by in rows]


def count(session: Session, phase_ids: Iterable[str], *, team_id: str | None = None) -> int:
    """How many attempts were taken."""
    query = select(func.count()).where(QuotaRow.phase_id.in_(list(phase_ids)), QuotaRow.amount > 0)
    return session.scalar(query if team_id is None else query.where(QuotaRow.team_id == team_id)) or 0


def _of_phase(session: Session, phase: PhaseRow, now: datetime) -> list[TeamUse]:
    quota = rules_of(phase).quota
    today = func.sum(case((QuotaRow.day == day_of(now, quota.time_zone), QuotaRow.amount), else_=0))
    query = (
        select(TeamRow, today, func.sum(QuotaRow.amount))
        .join(QuotaRow, QuotaRow.team_id == TeamRow.id)
        .where(QuotaRow.phase_id == phase.id)
        .group_by(TeamRow.id)
        .order_by(TeamRow.name_key)
    )
    under_way = _under_way(session, phase.id)
    used = [(team, Used(of_day, total, under_way.get(team.id, 0))) for team, of_day, total in session.execute(query)]
    return [TeamUse(team, phase, each, left_of(quota, each)) for team, each in used]


def _under_way(session: Session, phase_id: str) -> Mapping[str, int]:
    query = select(SubmissionRow.team_id, func.count()).where(SubmissionRow.phase_id == phase_id, SubmissionRow.state.in_(OPEN))
    return dict(session.execute(query.group_by(SubmissionRow.team_id)).all())


def _people(session: Session, rows: Iterable[AuditRow]) -> dict[str, PersonRow]:
    """Those who did what these rows tell, by what the log calls them."""
    ids = {row.actor.removeprefix("person ") for row in rows}
    return {f"person {row.id}": row for row in session.scalars(select(PersonRow).where(PersonRow.id.in_(ids)))}


def _given_by(session: Session, submission_ids: list[str]) -> dict[str, AuditRow]:
    query = select(AuditRow).where(AuditRow.action == GIVE_BACK, AuditRow.subject.in_(submission_ids)).order_by(AuditRow.number)
    return {row.subject: row for row in session.scalars(query)}
