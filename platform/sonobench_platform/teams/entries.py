"""Entries: which challenges a team is in, and whether it may hand in there.

A challenge that asks for neither approval nor terms needs no step of its own: the first submission enters the team.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import SERVER, Identity, OwnTeam
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, EntryRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, NotFound
from sonobench_platform.teams.seats import hold_team, seat_of, seat_team
from sonobench_platform.teams.standing import Standing, refusal_of, rules_of, standing_of


def team_for(session: Session, caller: Identity, challenge: ChallengeRow) -> OwnTeam:
    """Which of the caller's teams acts in this challenge: the one they sit there with, the one that entered, or their only one.

    Raises:
        Conflict: `no-team`: the caller is in none; `seat-taken`: they sit there with a team that they left;
            `which-team`: several would do, and none of them is in the challenge.
    """
    if not caller.teams:
        raise Conflict("no-team", "You are in no team; make one, or ask a captain to invite you.")
    seat = seat_of(session, challenge.id, caller.person_id) if caller.person_id else None
    if seat is not None:
        return _seated(caller, challenge, seat.team_id)
    entered = _entered(session, caller, challenge)
    candidates = entered or caller.teams
    if len(candidates) > 1:
        names = ", ".join(team.name for team in candidates)
        raise Conflict("which-team", f"Enter one of your teams in {challenge.title} first: {names}.")
    return candidates[0]


def named_team(session: Session, caller: Identity, challenge: ChallengeRow, team_id: str | None) -> OwnTeam:
    """The caller's team of this id; where none is named, the one that `team_for` finds.

    Raises:
        NotFound: the caller is in no team of this id. Conflict: as `team_for`.
    """
    if team_id is None:
        return team_for(session, caller, challenge)
    for team in caller.teams:
        if team.id == team_id:
            return team
    raise NotFound("no-such-team", "There is no team of that id, or you are not in it.")


def require_entry(core: Core, work: Work, team_id: str, challenge: ChallengeRow) -> EntryRow:
    """See that the team may hand in to the challenge now; where nothing is asked of it, enter it and take its seats.

    Call it before anything in the transaction that writes an audit row.

    Raises:
        Conflict: `entry-needed`, `terms-unsigned`, `entry-withdrawn`, `seat-taken`: the team can do something about it.
        Forbidden: `entry-pending`, `entry-refused`: it is for the organisers.
    """
    hold_team(work, team_id)
    entry = work.session.get(EntryRow, (challenge.id, team_id), populate_existing=True)
    standing = standing_of(entry, rules_of(challenge))
    if standing is not Standing.IN:
        raise refusal_of(standing, challenge, entry.reason if entry else None)
    if entry is not None:
        return entry
    entry = open_entry(core, work, team_id, challenge)
    record(core, work, SERVER, "entry.enter", team_id, challenge_id=challenge.id, detail={"with": "the first submission"})
    return entry


def open_entry(core: Core, work: Work, team_id: str, challenge: ChallengeRow) -> EntryRow:
    """A new entry with its seats; the team is held already (`hold_team`). Whether it waits for approval is told by the rules.

    Raises:
        Conflict: a member takes part with another team.
    """
    waits = rules_of(challenge).approval
    entry = EntryRow(challenge_id=challenge.id, team_id=team_id, status="pending" if waits else "approved")
    entry.entered_at = core.clock.now()
    work.session.add(entry)
    work.session.flush()
    seat_team(work, team_id, challenge)
    return entry


def _seated(caller: Identity, challenge: ChallengeRow, team_id: str) -> OwnTeam:
    for team in caller.teams:
        if team.id == team_id:
            return team
    raise Conflict(
        "seat-taken",
        f"You take part in {challenge.title} with a team that you are in no longer, and a person has one team in a challenge. "
        "Ask the organisers to free your seat.",
    )


def _entered(session: Session, caller: Identity, challenge: ChallengeRow) -> tuple[OwnTeam, ...]:
    ids = select(EntryRow.team_id).where(EntryRow.challenge_id == challenge.id, EntryRow.status != "withdrawn")
    entered = set(session.scalars(ids.where(EntryRow.team_id.in_(caller.team_ids))))
    return tuple(team for team in caller.teams if team.id in entered)
