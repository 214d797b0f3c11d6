"""Teams and who is in them, in the database."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import MembershipRow, PersonRow, SubmissionRow, TeamRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.ids import is_id
from sonobench_platform.domain.text import name_key


class Member(NamedTuple):
    membership: MembershipRow
    person: PersonRow


def no_such_team() -> NotFound:
    return NotFound("no-such-team", "There is no team of that id, or you are not in it.")


def get(session: Session, team_id: str) -> TeamRow:
    """The team of this id.

    Raises:
        NotFound: there is none.
    """
    team = session.get(TeamRow, team_id) if is_id(team_id) else None
    if team is None:
        raise no_such_team()
    return team


def find_named(session: Session, name_or_id: str) -> TeamRow:
    """The team of this id or name; commands take both.

    Raises:
        NotFound: there is none.
    """
    if is_id(name_or_id) and (team := session.get(TeamRow, name_or_id)) is not None:
        return team
    try:
        team = session.scalar(select(TeamRow).where(TeamRow.name_key == name_key(name_or_id)))
    except ValueError:
        team = None
    if team is None:
        raise NotFound("no-such-team", f"There is no team {name_or_id!r}; `sonobench admin team list` lists them.")
    return team


def members(session: Session, team_id: str) -> list[Member]:
    """Who is in the team: the captain first, then by when they joined."""
    query = (
        select(MembershipRow, PersonRow)
        .join(PersonRow, PersonRow.id == MembershipRow.person_id)
        .where(MembershipRow.team_id == team_id)
        .order_by(MembershipRow.is_captain.desc(), MembershipRow.joined_at, MembershipRow.person_id)
    )
    return [Member(*row) for row in session.execute(query)]


def membership(session: Session, team_id: str, person_id: str | None) -> MembershipRow | None:
    """As it is in the database now, whatever was read before."""
    return session.get(MembershipRow, (team_id, person_id), populate_existing=True) if person_id else None


def captain(session: Session, team_id: str) -> PersonRow | None:
    """The team's captain; None for a team that only has a token."""
    found = members(session, team_id)
    return found[0].person if found and found[0].membership.is_captain else None


def count_captaincies(session: Session, person_id: str) -> int:
    """How many teams the person is captain of."""
    mine = MembershipRow.person_id == person_id, MembershipRow.is_captain
    return session.scalar(select(func.count()).select_from(MembershipRow).where(*mine)) or 0


def has_submissions(session: Session, team_id: str) -> bool:
    """Whether the team ever opened a submission, whatever became of it."""
    return bool(session.scalar(select(exists().where(SubmissionRow.team_id == team_id))))
