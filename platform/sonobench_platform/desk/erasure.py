"""Erasing a person: what is known of them goes, what others need stays without them.

The row of the person stays, emptied, for its id: the audit log and submissions' books name people by id alone, and are
never changed. Every column that refers to people is in `GONE` or in `UNLINKED`; a test walks the tables and fails for one
that is in neither.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, or_, update
from sqlalchemy.orm import InstrumentedAttribute

from sonobench_platform.accounts import repository as accounts
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.passwords import check_password
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import (
    AnswerRow,
    InvitationRow,
    MailChoiceRow,
    MembershipRow,
    NoticeRow,
    OidcLinkRow,
    OrganiserRow,
    PersonRow,
    SeatRow,
    SessionRow,
    SubmissionRow,
    TokenRow,
)
from sonobench_platform.db.session import Work
from sonobench_platform.desk.leaving import leave_all, teams_of
from sonobench_platform.domain.errors import Conflict, Forbidden, NotFound
from sonobench_platform.domain.ids import is_id
from sonobench_platform.teams.seats import hold_team

ERASED = "erased person"
"""The name that is left."""

Column = InstrumentedAttribute[Any]

GONE: tuple[Column, ...] = (
    OidcLinkRow.person_id,
    SessionRow.person_id,
    MembershipRow.person_id,
    SeatRow.person_id,
    OrganiserRow.person_id,
    MailChoiceRow.person_id,
    TokenRow.person_id,
)
"""Rows that are of a person and go with them, by the column that says whose they are."""

UNLINKED: tuple[Column, ...] = (InvitationRow.invited_by, TokenRow.made_by, SubmissionRow.person_id)
"""Columns that say who did something; the row stays, and says no more who."""


def erase_oneself(core: Core, caller: Identity, password: str) -> None:
    """Erase the calling person, who gives their password once more.

    Raises:
        Forbidden: the password is wrong. Conflict: the account has none; or it changed meanwhile.
    """
    with core.database.read() as session:
        person = session.get_one(PersonRow, caller.person_id)
    if person.password_hash is None:
        detail = "This account has no password to ask for. Set one first (it comes by mail), or ask an administrator."
        raise Conflict("no-password", detail)
    if not check_password(person.password_hash, password).is_right:
        raise Forbidden("wrong-password", "The password is not right; nothing was erased.")
    with core.database.write() as work:
        erase(core, work, caller, person.id, reason="at their own wish")


def erase(core: Core, work: Work, caller: Identity, person_id: str, *, reason: str) -> None:
    """Erase a person. It cannot be undone.

    Their teams go on without them: where they were captain, who joined first becomes it; a team that nobody is left in is
    kept by name where it has a score, else removed.

    Raises:
        NotFound: there is no such person, or they were erased already.
        Conflict: they join a team at this very moment.
    """
    person = _held(work, person_id)
    leave_all(core, work, caller, person)
    _forget_mail(work, person)
    for column in GONE:
        work.session.execute(delete(column.class_).where(column == person.id))
    for column in UNLINKED:
        work.session.execute(update(column.class_).where(column == person.id).values({column.key: None}))
    work.session.execute(delete(AnswerRow).where(AnswerRow.caller.contains(person.id, autoescape=True)))
    _empty(core, person)
    work.session.flush()
    record(core, work, caller, "person.erase", person.id, reason=reason)


def _held(work: Work, person_id: str) -> PersonRow:
    """The person, with their teams held first: whoever joins holds the team, then the person."""
    if not is_id(person_id):
        raise _nobody()
    teams = teams_of(work.session, person_id)
    for team_id in teams:
        hold_team(work, team_id)
    person = accounts.lock_person(work.session, person_id)
    if person is None or person.erased_at is not None:
        raise _nobody()
    if not set(teams_of(work.session, person_id)) <= set(teams):
        raise Conflict("person-busy", "This person joins a team at this very moment; ask again.")
    return person


def _forget_mail(work: Work, person: PersonRow) -> None:
    """What was mailed to them, and invitations of their address, by anyone."""
    work.session.execute(delete(InvitationRow).where(InvitationRow.email_key == person.email_key))
    is_to_them = or_(NoticeRow.address == person.email, func.lower(NoticeRow.address) == person.email_key)
    theirs = or_(is_to_them, NoticeRow.once.contains(person.id, autoescape=True))
    work.session.execute(delete(NoticeRow).where(NoticeRow.channel == "mail", theirs))


def _empty(core: Core, person: PersonRow) -> None:
    person.name, person.email, person.email_key = ERASED, "", person.id
    person.password_hash, person.confirmed_at = None, None
    person.is_administrator, person.erased_at = False, core.clock.now()


def _nobody() -> NotFound:
    return NotFound("no-such-person", "There is no person of that id, or they were erased already.")
