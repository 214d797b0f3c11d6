"""Teams, invitations and entries as they are shown."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import ChallengeRow, EntryRow, InvitationRow, MembershipRow, TeamRow, TokenRow
from sonobench_platform.teams import repository
from sonobench_platform.teams.deciding import Entered
from sonobench_platform.teams.entering import find
from sonobench_platform.teams.schemas import (
    Entry,
    EntryDetail,
    InChallenge,
    Invitation,
    Member,
    OwnedTeam,
    Team,
    TeamDetail,
    TeamToken,
)
from sonobench_platform.teams.standing import rules_of, standing_of


def team_of(row: TeamRow) -> Team:
    return Team(id=row.id, name=row.name, created_at=row.created_at)


def teams_of_person(session: Session, person_id: str) -> list[OwnedTeam]:
    """The teams that a person is in, by name."""
    query = select(TeamRow, MembershipRow.is_captain).join(MembershipRow, MembershipRow.team_id == TeamRow.id)
    query = query.where(MembershipRow.person_id == person_id).order_by(TeamRow.name_key)
    return [OwnedTeam(**team_of(row).model_dump(), is_captain=is_captain) for row, is_captain in session.execute(query)]


def team_detail(session: Session, team: TeamRow) -> TeamDetail:
    """A team with its people and where it takes part. Challenges that are hidden now are left out."""
    query = select(EntryRow, ChallengeRow).join(ChallengeRow, ChallengeRow.id == EntryRow.challenge_id)
    query = query.where(EntryRow.team_id == team.id, ChallengeRow.is_hidden.is_(False)).order_by(ChallengeRow.name)
    entries = [
        InChallenge(challenge=challenge.name, standing=standing_of(entry, rules_of(challenge)))
        for entry, challenge in session.execute(query)
    ]
    members = [_member(each) for each in repository.members(session, team.id)]
    return TeamDetail(**team_of(team).model_dump(), members=members, entries=entries)


def invitation_of(row: InvitationRow) -> Invitation:
    return Invitation(id=row.id, email=row.email, created_at=row.created_at, expires_at=row.expires_at)


def token_of(row: TokenRow) -> TeamToken:
    return TeamToken(id=row.id, name=row.name, hint=row.hint, created_at=row.created_at, last_used_at=row.last_used_at)


def entry_of(session: Session, team_id: str, challenge: ChallengeRow) -> Entry:
    """The team's standing in the challenge, whether it entered or not."""
    return _entry(find(session, team_id, challenge.id), session.get_one(TeamRow, team_id), challenge)


def entry_detail(entered: Entered, challenge: ChallengeRow) -> EntryDetail:
    """An entry with the team's people and their addresses, for organisers."""
    return EntryDetail(
        **_entry(entered.entry, entered.team, challenge).model_dump(),
        members=[_member(each, email=each.person.email) for each in entered.members],
        decided_by=entered.entry.decided_by,
        terms_signed_by=entered.entry.terms_signed_by,
    )


def _entry(row: EntryRow | None, team: TeamRow, challenge: ChallengeRow) -> Entry:
    return Entry(
        challenge=challenge.name,
        team_id=team.id,
        team=team.name,
        standing=standing_of(row, rules_of(challenge)),
        entered_at=row.entered_at if row else None,
        decided_at=row.decided_at if row else None,
        reason=row.reason if row else None,
        terms_sha256=row.terms_sha256 if row else None,
        terms_signed_at=row.terms_signed_at if row else None,
    )


def _member(member: repository.Member, email: str | None = None) -> Member:
    membership, person = member
    return Member(id=person.id, name=person.name, is_captain=membership.is_captain, joined_at=membership.joined_at, email=email)
