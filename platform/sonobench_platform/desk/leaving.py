"""What becomes of the teams of a person who is erased."""

from __future__ import annotations

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import SERVER, Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import EvaluationRow, InvitationRow, MembershipRow, PersonRow, SubmissionRow, TeamRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.states import OPEN
from sonobench_platform.domain.text import name_key
from sonobench_platform.submissions.cancel import cancel
from sonobench_platform.teams import repository, team_tokens
from sonobench_platform.teams.membership import crown
from sonobench_platform.teams.removal import remove_team


def teams_of(session: Session, person_id: str) -> list[str]:
    """Ids of the teams that a person is in, in the order in which they are held."""
    return sorted(session.scalars(select(MembershipRow.team_id).where(MembershipRow.person_id == person_id)))


def leave_all(core: Core, work: Work, caller: Identity, person: PersonRow) -> None:
    """Take the person out of every team. Their teams are held already."""
    for team_id in teams_of(work.session, person.id):
        team = repository.get(work.session, team_id)
        team_tokens.revoke_those_of(core, work, caller, team_id=team_id, person_id=person.id)
        work.session.delete(work.session.get_one(MembershipRow, (team_id, person.id)))
        work.session.flush()
        left = repository.members(work.session, team_id)
        if not left:
            _end(core, work, caller, team)
        elif not left[0].membership.is_captain:
            crown(core, work, team, left[0].membership)


def _end(core: Core, work: Work, caller: Identity, team: TeamRow) -> None:
    """End a team that nobody is left in, unless it has a token: then it goes on as it began.

    A team that handed in is in books that are never changed, so its row stays: with its name where it has a score, which
    boards show; without, where it has none.
    """
    if team_tokens.live(work.session, team.id):
        return
    if not repository.has_submissions(work.session, team.id):
        record(core, work, caller, "team.remove-empty", team.id)
        remove_team(work, team)
        return
    _stop(core, work, team)
    if not _has_score(work.session, team.id):
        team.name = f"removed {team.id}"
        team.name_key = name_key(team.name)
        work.session.flush()
    record(core, work, caller, "team.end", team.id)


def _stop(core: Core, work: Work, team: TeamRow) -> None:
    """Nobody waits any more for what is under way, and nobody can join."""
    now = core.clock.now()
    mine = InvitationRow.team_id == team.id, InvitationRow.accepted_at.is_(None), InvitationRow.revoked_at.is_(None)
    work.session.execute(update(InvitationRow).where(*mine).values(revoked_at=now))
    under_way = select(SubmissionRow.id).where(SubmissionRow.team_id == team.id, SubmissionRow.state.in_(OPEN))
    for submission_id in list(work.session.scalars(under_way.order_by(SubmissionRow.id))):
        cancel(core, work, submission_id, caller=SERVER, cause="cancelled: nobody is left in the team")


def _has_score(session: Session, team_id: str) -> bool:
    query = select(exists().where(EvaluationRow.submission_id == SubmissionRow.id, SubmissionRow.team_id == team_id))
    return bool(session.scalar(query))
