"""Removing a team that nothing holds: it never opened a submission. What it had is gone with it."""

from __future__ import annotations

from sqlalchemy import delete, exists, select

from sonobench_platform.db.models import EntryRow, InvitationRow, MembershipRow, SeatRow, TeamRow, TokenRow
from sonobench_platform.db.session import Work

OF_A_TEAM = (SeatRow, EntryRow, InvitationRow, MembershipRow, TokenRow)
"""Tables whose rows go with their team. Those of submissions keep the team instead."""


def remove_team(work: Work, team: TeamRow) -> None:
    """Delete the team and what it had. The team is held already, and has no submissions."""
    for table in OF_A_TEAM:
        work.session.execute(delete(table).where(table.team_id == team.id))
    work.session.delete(team)
    work.session.flush()


def was_refused(work: Work, team_id: str) -> bool:
    """Whether organisers of some challenge refused the team: then it may not vanish and come back under another name."""
    return bool(work.session.scalar(select(exists().where(EntryRow.team_id == team_id, EntryRow.status == "refused"))))
