"""Who may act for a team. Asked of the database in the transaction of the act: a request may be older than a removal."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.db.models import TeamRow
from sonobench_platform.domain.errors import Forbidden
from sonobench_platform.teams import repository


def as_captain(session: Session, caller: Identity, team_id: str) -> TeamRow:
    """The team, to see and change who is invited and which tokens it has: for its captain, and for administrators.

    A team that has a token and no captain is whole: its token stands for the captain. A team with a captain is not run
    by whoever finds its token in a script.

    Raises:
        NotFound: the team is not the caller's. Forbidden: the caller is in it, and is not its captain.
    """
    team = _own(session, caller, team_id)
    if _is_administrator(caller) or _is_captain(session, caller, team_id):
        return team
    if caller.kind == TokenKind.TEAM and repository.captain(session, team_id) is None:
        return team
    raise Forbidden("captain-needed", f"Only the captain of {team.name} may do this; signed in, or with a token that may submit.")


def as_speaker(session: Session, caller: Identity, team_id: str) -> TeamRow:
    """The team, to enter challenges and sign terms: for its captain, with its token, and for administrators.

    Raises:
        NotFound: the team is not the caller's. Forbidden: the caller is in it, and is not its captain.
    """
    team = _own(session, caller, team_id)
    if caller.kind == TokenKind.TEAM or _is_administrator(caller) or _is_captain(session, caller, team_id):
        return team
    raise Forbidden("captain-needed", f"Only the captain of {team.name} may do this, or someone with the team's token.")


def as_member(session: Session, caller: Identity, team_id: str) -> TeamRow:
    """The team, to look at: for those in it, with its token, and for administrators.

    Raises:
        NotFound: the team is not the caller's.
    """
    return _own(session, caller, team_id)


def _own(session: Session, caller: Identity, team_id: str) -> TeamRow:
    team = repository.get(session, team_id)
    if _is_administrator(caller):
        return team
    if caller.kind == TokenKind.TEAM and team_id in caller.team_ids:
        return team
    if repository.membership(session, team_id, caller.person_id) is None:
        raise repository.no_such_team()
    return team


def _is_captain(session: Session, caller: Identity, team_id: str) -> bool:
    """Whether the caller is the captain, and not with a token that only reads or organises."""
    membership = repository.membership(session, team_id, caller.person_id)
    return membership is not None and membership.is_captain and Role.PARTICIPANT in caller.changing_roles


def _is_administrator(caller: Identity) -> bool:
    return Role.ADMINISTRATOR in caller.roles
