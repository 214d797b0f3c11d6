"""Who is in a team: it is made by its captain, people join by invitation, and leave. One captain at every moment."""

from __future__ import annotations

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import MembershipRow, PersonRow, TeamRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, NotFound, TooMany
from sonobench_platform.notices.outbox import mail
from sonobench_platform.teams import repository
from sonobench_platform.teams.authority import as_captain, as_member
from sonobench_platform.teams.removal import remove_team, was_refused
from sonobench_platform.teams.seats import free_person, hold_team, seat_person
from sonobench_platform.teams.service import new_team
from sonobench_platform.teams.team_tokens import revoke_those_of

MOST_TEAMS = 10
"""Teams that one person may be captain of at the same time; names are not for one person to take them all."""


def found(core: Core, work: Work, caller: Identity, name: str) -> TeamRow:
    """Make a team, with the calling person as its captain.

    Raises:
        Conflict: a team has this name already (case does not count).
        TooMany: the person is captain of many teams already.
        Unprocessable: the name is empty or holds invisible characters.
    """
    person_id = _person_id(caller)
    work.take_turns(f"teams of {person_id}")
    if repository.count_captaincies(work.session, person_id) >= MOST_TEAMS:
        raise TooMany("too-many-teams", f"You are captain of {MOST_TEAMS} teams; hand one over or dissolve it first.")
    team = new_team(core, work, name)
    _add(core, work, team, person_id, "captain")
    record(core, work, caller, "team.create", team.id)
    return team


def join(core: Core, work: Work, caller: Identity, team: TeamRow) -> None:
    """Put the calling person into the team, and take their seats. The team is held already.

    Who joins a team without a captain becomes its captain.

    Raises:
        Conflict: they take part with another team in a challenge that this one is in.
    """
    person_id = _person_id(caller)
    if repository.membership(work.session, team.id, person_id) is not None:
        return
    _add(core, work, team, person_id, "member" if repository.captain(work.session, team.id) else "captain")
    seat_person(work, team.id, person_id)
    record(core, work, caller, "team.join", team.id, detail={"person": person_id})


def leave(core: Core, work: Work, caller: Identity, team_id: str) -> None:
    """Take the calling person out of the team.

    Raises:
        NotFound: they are not in it. Conflict: they are its captain.
    """
    hold_team(work, team_id)
    team = as_member(work.session, caller, team_id)
    membership = repository.membership(work.session, team_id, caller.person_id)
    if membership is None:
        raise repository.no_such_team()
    if membership.is_captain:
        raise Conflict(
            "captain-stays", f"You are the captain of {team.name}; hand it over to another member first, or dissolve the team."
        )
    _drop(core, work, caller, membership)
    record(core, work, caller, "team.leave", team_id, detail={"person": membership.person_id})


def remove(core: Core, work: Work, caller: Identity, *, team_id: str, person_id: str) -> None:
    """Take someone else out of the team. They are told by mail.

    Raises:
        NotFound: the team is not the caller's, or has no such member. Forbidden: the caller is not its captain.
        Conflict: it is the captain.
    """
    hold_team(work, team_id)
    team = as_captain(work.session, caller, team_id)
    membership = _member(work, team, person_id)
    if membership.is_captain:
        raise Conflict("captain-stays", f"This is the captain of {team.name}; have the team handed over first.")
    _drop(core, work, caller, membership)
    person = work.session.get_one(PersonRow, person_id)
    text = f"You were taken out of the team {team.name}. If this is a mistake, ask its captain to invite you again."
    mail(core, work, to=person.email, event="team.removed", subject=f"You are no longer in {team.name}", text=text)
    record(core, work, caller, "team.remove", team_id, detail={"person": person_id})


def hand_over(core: Core, work: Work, caller: Identity, *, team_id: str, person_id: str) -> None:
    """Make another member the captain; the former one stays as a member. Twice is harmless.

    Raises:
        NotFound: the team is not the caller's, or has no such member. Forbidden: the caller is not its captain.
    """
    hold_team(work, team_id)
    team = as_captain(work.session, caller, team_id)
    membership = _member(work, team, person_id)
    if membership.is_captain:
        return
    crown(core, work, team, membership)
    record(core, work, caller, "team.hand-over", team_id, detail={"person": person_id})


def crown(core: Core, work: Work, team: TeamRow, membership: MembershipRow) -> None:
    """Make this member the one captain, and tell them."""
    for each in repository.members(work.session, team.id):
        each.membership.is_captain = each.membership.person_id == membership.person_id
    work.session.flush()
    person = work.session.get_one(PersonRow, membership.person_id)
    text = f"You are the captain of the team {team.name} now: you invite its members, and enter it in challenges."
    mail(core, work, to=person.email, event="team.captain", subject=f"You are the captain of {team.name}", text=text)


def dissolve(core: Core, work: Work, caller: Identity, team_id: str) -> None:
    """Remove a team that nobody but its captain is in, and that never opened a submission.

    Raises:
        NotFound: the team is not the caller's. Forbidden: the caller is not its captain.
        Conflict: it has other members or submissions, or was refused in a challenge.
    """
    hold_team(work, team_id)
    team = as_captain(work.session, caller, team_id)
    if len(repository.members(work.session, team_id)) > 1:
        raise Conflict("team-has-members", f"{team.name} has other members; hand it over and leave, or remove them first.")
    if repository.has_submissions(work.session, team_id) or was_refused(work, team_id):
        raise Conflict("team-has-history", f"{team.name} took part in a challenge, so it stays in the organisers' books.")
    record(core, work, caller, "team.dissolve", team_id)
    remove_team(work, team)


def _add(core: Core, work: Work, team: TeamRow, person_id: str, role: str) -> None:
    joined_at, is_captain = core.clock.now(), role == "captain"
    work.session.add(MembershipRow(team_id=team.id, person_id=person_id, is_captain=is_captain, joined_at=joined_at))
    work.session.flush()


def _drop(core: Core, work: Work, caller: Identity, membership: MembershipRow) -> None:
    free_person(work, membership.team_id, membership.person_id)
    revoke_those_of(core, work, caller, team_id=membership.team_id, person_id=membership.person_id)
    work.session.delete(membership)
    work.session.flush()


def _member(work: Work, team: TeamRow, person_id: str) -> MembershipRow:
    membership = repository.membership(work.session, team.id, person_id.replace("\0", ""))
    if membership is None:
        raise NotFound("no-such-member", f"Nobody of that id is in {team.name}.")
    return membership


def _person_id(caller: Identity) -> str:
    if caller.person_id is None:
        raise Conflict("person-needed", "Sign in as a person for this; a team's token or a machine cannot be in a team.")
    return caller.person_id
