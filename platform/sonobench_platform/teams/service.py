"""Teams: their names, and those that an administrator registers with a first token."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.service import issue
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import TeamRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Unprocessable
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.text import clean_line, name_key


class NewTeam(NamedTuple):
    team: TeamRow
    token: str


def create(core: Core, work: Work, caller: Identity, name: str) -> NewTeam:
    """A team and its token, which nobody will see again.

    Raises:
        Conflict: a team has this name already (case does not count).
        Unprocessable: the name is empty or holds invisible characters.
    """
    team = new_team(core, work, name)
    token = issue(core, work, TokenKind.TEAM, team_id=team.id)
    record(core, work, caller, "team.register", team.id)
    return NewTeam(team, token)


def new_team(core: Core, work: Work, name: str) -> TeamRow:
    """A team that has neither a token nor a member yet.

    Raises:
        Conflict: a team has this name already (case does not count).
        Unprocessable: the name is empty or holds invisible characters.
    """
    team = TeamRow(id=new_id("team"), name=_usable(name), name_key=name_key(name), created_at=core.clock.now())
    taken = Conflict("team-exists", f"There is a team {team.name!r} already; choose another name.")
    if work.session.scalar(select(TeamRow.id).where(TeamRow.name_key == team.name_key)):
        raise taken
    work.session.add(team)
    try:
        work.session.flush()
    except IntegrityError as error:
        raise taken from error
    return team


def all_teams(session: Session, *, limit: int, after: str | None) -> list[TeamRow]:
    """Teams by name, from just after the folded name `after` on."""
    query = select(TeamRow).order_by(TeamRow.name_key).limit(limit)
    return list(session.scalars(query if after is None else query.where(TeamRow.name_key > after)))


def _usable(name: str) -> str:
    try:
        line = clean_line(name)
    except ValueError as error:
        raise Unprocessable("bad-team-name", f"The team's name {error}.") from error
    if not 1 <= len(line) <= 80:
        raise Unprocessable("bad-team-name", "A team's name has 1 to 80 characters.")
    return line
