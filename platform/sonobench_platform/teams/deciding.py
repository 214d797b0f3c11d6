"""Organisers decide who takes part in their challenge: approve, refuse with a reason, withdraw an approval, free a seat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, EntryRow, MembershipRow, PersonRow, SeatRow, SubmissionRow, TeamRow
from sonobench_platform.db.session import Work
from sonobench_platform.desk.paging import Place, newer
from sonobench_platform.domain.errors import Conflict, NotFound
from sonobench_platform.domain.ids import is_id
from sonobench_platform.notices.events import entry_decided
from sonobench_platform.notices.outbox import mail
from sonobench_platform.teams import repository
from sonobench_platform.teams.entering import find, not_entered
from sonobench_platform.teams.seats import hold_team, seat_of, seat_team
from sonobench_platform.teams.standing import Standing, rules_of, standing_of


class Entered(NamedTuple):
    """A team in a challenge, as its organisers see it."""

    entry: EntryRow
    team: TeamRow
    standing: Standing
    members: list[repository.Member]


def entries_of(
    session: Session,
    challenge: ChallengeRow,
    *,
    standing: Standing | None = None,
    after: Place | None = None,
    limit: int | None = None,
    named: str = "",
) -> list[Entered]:
    """Entries of a challenge, the longest waiting first: of those that stand so, `limit` from just behind `after` on.

    Args:
        named: a part of the team's name, in any case; empty: whichever.
    """
    query = select(EntryRow, TeamRow).join(TeamRow, TeamRow.id == EntryRow.team_id)
    query = query.where(EntryRow.challenge_id == challenge.id).order_by(EntryRow.entered_at, EntryRow.team_id)
    if after is not None:
        query = query.where(newer(EntryRow.entered_at, EntryRow.team_id, after))
    if named:
        query = query.where(TeamRow.name.icontains(named.replace("\0", "\ufffd"), autoescape=True))
    rules = rules_of(challenge)
    found = [row for row in session.execute(query) if standing in {None, standing_of(row[0], rules)}]
    return [_entered(session, challenge, entry, team) for entry, team in found[:limit]]


def entered(session: Session, challenge: ChallengeRow, entry: EntryRow) -> Entered:
    """This entry, as the organisers see it."""
    return _entered(session, challenge, entry, session.get_one(TeamRow, entry.team_id))


def handed_in(session: Session, challenge: ChallengeRow, team_ids: Sequence[str]) -> dict[str, int]:
    """How many submissions each of these teams ever opened here; a team without any is left out."""
    query = select(SubmissionRow.team_id, func.count()).where(
        SubmissionRow.challenge_id == challenge.id, SubmissionRow.team_id.in_(team_ids)
    )
    return dict(session.execute(query.group_by(SubmissionRow.team_id)).all())


def seats_left_behind(session: Session, challenge: ChallengeRow, team_id: str) -> list[PersonRow]:
    """People who sit in the challenge with this team and are in it no longer."""
    query = (
        select(PersonRow)
        .join(SeatRow, SeatRow.person_id == PersonRow.id)
        .outerjoin(MembershipRow, (MembershipRow.person_id == PersonRow.id) & (MembershipRow.team_id == SeatRow.team_id))
        .where(SeatRow.challenge_id == challenge.id, SeatRow.team_id == team_id, MembershipRow.person_id.is_(None))
    )
    return list(session.scalars(query.order_by(PersonRow.id)))


def approve(core: Core, work: Work, caller: Identity, *, challenge: ChallengeRow, team_id: str) -> EntryRow:
    """Let the team hand in. A refused one too; its members need their seats again. Twice is harmless.

    Raises:
        NotFound: the team has not entered. Conflict: it withdrew, or a member takes part with another team meanwhile.
    """
    entry = _held(work, challenge, team_id)
    if entry.status == "approved" and entry.decided_by is not None:
        return entry
    seat_team(work, team_id, challenge)
    _decide(core, work, caller, entry, status="approved", reason=None)
    said = f"Your team is approved for {challenge.title}: it may hand in."
    _tell_captain(core, work, entry, event="entry.approved", subject=f"Approved for {challenge.title}", text=said)
    record(core, work, caller, "entry.approve", team_id, challenge_id=challenge.id)
    return entry


def refuse(core: Core, work: Work, caller: Identity, *, challenge: ChallengeRow, team_id: str, reason: str) -> EntryRow:
    """Let the team hand in no more, whether the challenge asks for approval or not. What it handed in stays.

    Raises:
        NotFound: the team has not entered. Conflict: it withdrew.
    """
    entry = _held(work, challenge, team_id)
    _decide(core, work, caller, entry, status="refused", reason=reason)
    said = f"The organisers of {challenge.title} refused your team: {reason}"
    _tell_captain(core, work, entry, event="entry.refused", subject=f"Not admitted to {challenge.title}", text=said)
    record(core, work, caller, "entry.refuse", team_id, challenge_id=challenge.id, reason=reason)
    return entry


def withdraw_approval(
    core: Core, work: Work, caller: Identity, *, challenge: ChallengeRow, team_id: str, reason: str
) -> EntryRow:
    """Have an approved team wait for approval again; the reason is told to it.

    Raises:
        NotFound: the team has not entered. Conflict: it is not approved, or the challenge asks for no approval.
    """
    entry = _held(work, challenge, team_id)
    if not rules_of(challenge).approval:
        raise Conflict("no-approval-asked", f"{challenge.title} asks for no approval, so none can be withdrawn; refuse the team.")
    if entry.status != "approved":
        raise Conflict("not-approved", f"This team is not approved for {challenge.title}: it is {entry.status}.")
    _decide(core, work, caller, entry, status="pending", reason=reason)
    said = (
        f"The organisers of {challenge.title} withdrew your team's approval, and it hands in no more until they decide: {reason}"
    )
    _tell_captain(core, work, entry, event="entry.withheld", subject=f"Approval for {challenge.title} withdrawn", text=said)
    record(core, work, caller, "entry.withdraw-approval", team_id, challenge_id=challenge.id, reason=reason)
    return entry


def free_seat(core: Core, work: Work, caller: Identity, *, challenge: ChallengeRow, person_id: str, reason: str) -> None:
    """Let a person take part with another team, although their former one handed something in.

    Raises:
        NotFound: the person has no seat in the challenge. Conflict: they are in that team still.
    """
    seat = seat_of(work.session, challenge.id, person_id) if is_id(person_id) else None
    if seat is None:
        raise NotFound("no-such-seat", f"Nobody of that id takes part in {challenge.title}.")
    team_id = seat.team_id
    hold_team(work, team_id)
    if repository.membership(work.session, team_id, person_id) is not None:
        raise Conflict("still-a-member", "This person is in that team still; they leave it first, or its captain removes them.")
    work.session.delete(seat)
    work.session.flush()
    detail = {"person": person_id}
    record(core, work, caller, "entry.free-seat", team_id, challenge_id=challenge.id, detail=detail, reason=reason)


def _held(work: Work, challenge: ChallengeRow, team_id: str) -> EntryRow:
    """The team's entry, which nobody else changes until the end of this transaction."""
    if not is_id(team_id):
        raise not_entered(challenge)
    hold_team(work, team_id)
    entry = find(work.session, team_id, challenge.id)
    if entry is None:
        raise not_entered(challenge)
    if entry.status == "withdrawn":
        raise Conflict("entry-withdrawn", f"This team withdrew from {challenge.title} itself; it has to enter again first.")
    return entry


def _decide(core: Core, work: Work, caller: Identity, entry: EntryRow, *, status: str, reason: str | None) -> None:
    entry.status, entry.reason = status, reason
    entry.decided_at, entry.decided_by = core.clock.now(), caller.person_id or caller.name[:100]
    work.session.flush()
    entry_decided(work, entry, at=core.clock.now())


def _tell_captain(core: Core, work: Work, entry: EntryRow, *, event: str, subject: str, text: str) -> None:
    captain = repository.captain(work.session, entry.team_id)
    if captain is not None:
        mail(core, work, to=captain.email, event=event, subject=subject, text=text)


def _entered(session: Session, challenge: ChallengeRow, entry: EntryRow, team: TeamRow) -> Entered:
    return Entered(entry, team, standing_of(entry, rules_of(challenge)), repository.members(session, team.id))
