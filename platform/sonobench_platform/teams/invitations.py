"""Invitations into a team: a secret goes out by mail, works once and for seven days, and only its SHA-256 is kept.

Only the person whose own, confirmed address was invited can accept: a forwarded mail lets nobody in.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.addresses import Email, read_email
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import AuditRow, InvitationRow, MembershipRow, PersonRow, TeamRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Forbidden, NotFound, TooMany, Unprocessable
from sonobench_platform.domain.ids import is_id, new_id
from sonobench_platform.notices.outbox import mail
from sonobench_platform.teams.authority import as_captain
from sonobench_platform.teams.membership import join
from sonobench_platform.teams.seats import hold_team

INVITE = "team.invite"
"""What the audit log calls it."""
LIFE = timedelta(days=7)
MOST_A_DAY = 50
"""Invitations of one team, and of one person for all of their teams, in 24 hours: a team is no way to send mail to strangers."""


class Invited(NamedTuple):
    """A new invitation. `link` holds the secret; it is seen this once."""

    row: InvitationRow
    link: str


class Looked(NamedTuple):
    """What the holder of a secret may see before accepting."""

    row: InvitationRow
    team: TeamRow


def invite(core: Core, work: Work, caller: Identity, *, team_id: str, email: str) -> Invited:
    """Invite an address; an earlier invitation of the same address into this team stops working.

    Raises:
        NotFound: the team is not the caller's. Forbidden: the caller is not its captain.
        Unprocessable: this is no mail address. Conflict: this person is in the team already.
        TooMany: the team, or the person, invited very many today.
    """
    hold_team(work, team_id)
    team = as_captain(work.session, caller, team_id)
    address = _address(email)
    _refuse_member(work.session, team, address)
    work.take_turns(f"invitations of {caller.name}")
    _refuse_too_many(core, work.session, team, caller)
    _revoke_earlier(core, work, team_id, address)
    secret, now = secrets.token_urlsafe(32), core.clock.now()
    row = InvitationRow(id=new_id("inv"), team_id=team_id, email=address.shown, email_key=address.key)
    row.sha256, row.invited_by, row.created_at, row.expires_at = _digest(secret), caller.person_id, now, now + LIFE
    work.session.add(row)
    work.session.flush()
    link = f"{core.settings.public_url.rstrip('/')}/invitations/{secret}"
    _send(core, work, team, row, link)
    record(core, work, caller, INVITE, team_id, detail={"invitation": row.id})
    return Invited(row, link)


def pending(session: Session, team_id: str) -> list[InvitationRow]:
    """The team's invitations that were neither accepted nor revoked, newest first; those that ran out too."""
    mine = InvitationRow.team_id == team_id, InvitationRow.accepted_at.is_(None), InvitationRow.revoked_at.is_(None)
    return list(session.scalars(select(InvitationRow).where(*mine).order_by(InvitationRow.created_at.desc(), InvitationRow.id)))


def revoke(core: Core, work: Work, caller: Identity, *, team_id: str, invitation_id: str) -> None:
    """Have an invitation stop working. Twice is harmless.

    Raises:
        NotFound: the team is not the caller's, or has no such invitation. Forbidden: the caller is not its captain.
        Conflict: it was accepted.
    """
    hold_team(work, team_id)
    as_captain(work.session, caller, team_id)
    row = work.session.get(InvitationRow, invitation_id, populate_existing=True) if is_id(invitation_id) else None
    if row is None or row.team_id != team_id:
        raise NotFound("no-such-invitation", "The team has no invitation of that id.")
    if row.accepted_at is not None:
        raise Conflict("invitation-used", "This invitation was accepted; remove the member instead.")
    if row.revoked_at is None:
        row.revoked_at = core.clock.now()
        record(core, work, caller, "team.revoke-invitation", team_id, detail={"invitation": row.id})


def look(core: Core, session: Session, secret: str) -> Looked:
    """What the invitation with this secret is for, to be shown before it is accepted.

    Raises:
        NotFound: there is none, or it was used, revoked or ran out: the same answer.
    """
    row = session.scalar(select(InvitationRow).where(InvitationRow.sha256 == _digest(secret)))
    if row is None or row.accepted_at or row.revoked_at or row.expires_at <= core.clock.now():
        raise _no_such_invitation()
    return Looked(row, session.get_one(TeamRow, row.team_id))


def accept(core: Core, work: Work, caller: Identity, secret: str) -> TeamRow:
    """Join the team.

    Raises:
        NotFound: there is no such invitation, or it was used, revoked or ran out.
        Forbidden: another address was invited. Conflict: the person's address is not confirmed yet, or
            they take part with another team in a challenge that this one is in.
    """
    hold_team(work, look(core, work.session, secret).team.id)
    work.session.expire_all()
    row, team = look(core, work.session, secret)  # again: it may have been used while this waited for its turn
    person = work.session.get(PersonRow, caller.person_id) if caller.person_id else None
    if person is None or person.email_key != row.email_key:
        raise Forbidden(
            "not-your-invitation",
            "This invitation is for another mail address than your account's. Sign in with the invited one, or ask the captain "
            "to invite the address that you have here.",
        )
    if person.confirmed_at is None:
        raise Conflict("address-not-confirmed", "Confirm your mail address first: open the link in the mail that you were sent.")
    join(core, work, caller, team)
    row.accepted_at = core.clock.now()
    return team


def _send(core: Core, work: Work, team: TeamRow, row: InvitationRow, link: str) -> None:
    until = f"{row.expires_at:%Y-%m-%d %H:%M} UTC"
    text = (
        f"You are invited to join the team {team.name}.\n\n{link}\n\n"
        f"The link works once, until {until}, for the account with this mail address. Make one if you have none.\n"
        "If you know nothing of this, ignore this mail: nothing happens."
    )
    mail(core, work, to=row.email, event="team.invited", subject=f"Invitation to join {team.name}", text=text)


def _refuse_member(session: Session, team: TeamRow, address: Email) -> None:
    query = select(PersonRow.id).join(MembershipRow, MembershipRow.person_id == PersonRow.id)
    if session.scalar(query.where(MembershipRow.team_id == team.id, PersonRow.email_key == address.key)):
        raise Conflict("member-already", f"The person with this address is in {team.name} already.")


def _refuse_too_many(core: Core, session: Session, team: TeamRow, caller: Identity) -> None:
    since = core.clock.now() - timedelta(days=1)
    of_team = select(func.count()).where(InvitationRow.team_id == team.id, InvitationRow.created_at > since)
    # By the audit log: invitations go with a team that is dissolved, and a new one must not begin anew.
    theirs = AuditRow.actor == caller.name[:100], AuditRow.action == INVITE, AuditRow.at > since
    by_caller = select(func.count()).where(*theirs)
    if max(session.scalar(of_team) or 0, session.scalar(by_caller) or 0) >= MOST_A_DAY:
        detail = f"{MOST_A_DAY} invitations were sent within a day by {team.name} or by you; wait until tomorrow."
        raise TooMany("too-many-invitations", detail, headers={"Retry-After": "3600"})


def _revoke_earlier(core: Core, work: Work, team_id: str, address: Email) -> None:
    for row in pending(work.session, team_id):
        if row.email_key == address.key:
            row.revoked_at = core.clock.now()


def _address(email: str) -> Email:
    try:
        return read_email(email)
    except ValueError as error:
        raise Unprocessable("bad-address", f"The address {error}.") from error


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _no_such_invitation() -> NotFound:
    return NotFound("no-such-invitation", "This invitation does not work: it was used, revoked or ran out. Ask for another one.")
