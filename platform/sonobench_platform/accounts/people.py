"""People and their accounts: made, confirmed, disabled; and who of them is an administrator.

Whoever asks without being signed in never learns whether an address is known: answers are the same, and what differs
happens after them. An account that nobody confirmed can do nothing, and whoever made it did not prove that the address is
theirs: to confirm it takes both the link from the mail and the password, and a second sign-up takes the first one's place.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts import links, mails, repository
from sonobench_platform.accounts.addresses import Email
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.links import Purpose
from sonobench_platform.accounts.passwords import check_password, hash_password, weakness
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import MembershipRow, OrganiserRow, PersonRow, SeatRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Forbidden, NotFound, Unprocessable
from sonobench_platform.domain.ids import new_id

UNCONFIRMED_KEPT = timedelta(days=7)
FIRST_LINK_WITHIN = timedelta(days=3)


class Added(NamedTuple):
    """A person that an administrator added, and the address where they set their first password."""

    person: PersonRow
    link: str


def refuse_weak(password: str, *, email: str = "", name: str = "") -> None:
    """Raises Unprocessable where a password will not do."""
    if (wrong := weakness(password, email=email, name=name)) is not None:
        raise Unprocessable("weak-password", wrong)


def refuse_closed_sign_up(core: Core) -> None:
    """Raises Forbidden where only administrators add people."""
    if not core.settings.open_sign_up:
        raise Forbidden("sign-up-closed", "People cannot make accounts here themselves; ask the organisers for one.")


def sign_up(core: Core, email: Email, *, name: str, password: str) -> None:
    """Make an account that waits for its confirmation; where there is one, tell its owner by mail instead.

    Called after the answer was sent: how long it takes tells nothing.
    """
    kept = hash_password(password)
    with core.database.write() as work:
        work.take_turns(f"person {email.key}")
        person = repository.person_with(work.session, email.key)
        if person is None:
            person = _new(core, work, email, name)
            record(core, work, actor(person), "person.sign-up", person.id)
        elif person.confirmed_at is not None or person.password_hash is None:
            if person.disabled_at is None:
                mails.tell_of_sign_up(core, work, person)
            return
        person.name, person.password_hash = name, kept
        mails.ask_to_confirm(core, work, person)


def confirm(core: Core, token: str, password: str) -> PersonRow:
    """Confirm an address with the link from its mail and the password of the sign-up.

    Raises:
        Unprocessable: the link or the password does not fit.
    """
    link = links.read(core, Purpose.CONFIRM, token)
    with core.database.read() as session:
        person = session.get(PersonRow, link.person_id)
    is_right = check_password(None if person is None else person.password_hash, password).is_right
    with core.database.write() as work:
        person = repository.lock_person(work.session, link.person_id)
        if person is None or not is_right or not links.still_fits(link, person) or person.disabled_at is not None:
            detail = "The password is not the one of the sign-up that this link belongs to, or the link was used; sign up again."
            raise Unprocessable("not-confirmed", detail)
        person.confirmed_at = core.clock.now()
        record(core, work, actor(person), "person.confirm", person.id)
        return person


def add(core: Core, work: Work, email: Email, *, name: str, caller: Identity, is_administrator: bool) -> Added:
    """Add a person on an administrator's word. Who has the link sets the password, and has confirmed the address by it.

    Raises:
        Conflict: there is an account with this address.
    """
    work.take_turns(f"person {email.key}")
    if repository.person_with(work.session, email.key) is not None:
        raise Conflict("person-exists", f"There is an account with the address {email.shown} already.")
    person = _new(core, work, email, name)
    person.is_administrator = is_administrator
    work.session.flush()
    record(core, work, caller, "person.add", person.id, detail={"administrator": is_administrator})
    return Added(person, _first_link(core, person))


def reset_link(core: Core, work: Work, person: PersonRow, *, caller: Identity) -> str:
    """A link to set a new password, for an administrator to hand on. It is in the audit log: who has it is that person."""
    record(core, work, caller, "person.reset-link", person.id)
    return _first_link(core, person)


def _first_link(core: Core, person: PersonRow) -> str:
    """Where a person sets a password without the old one, good for three days and once."""
    until = core.clock.now() + FIRST_LINK_WITHIN
    return links.address_of(core, Purpose.RESET, links.token_of(core, Purpose.RESET, person, until=until))


def disable(core: Core, work: Work, person_id: str, *, caller: Identity) -> PersonRow:
    """Lock a person out at once: no sign-in, no session, no token. Twice is harmless.

    Raises:
        NotFound: there is no such person. Conflict: it is the caller.
    """
    person = get(work.session, person_id)
    if caller.person_id == person.id:
        raise Conflict("own-account", "You cannot disable your own account; ask another administrator.")
    if person.disabled_at is None:
        person.disabled_at = core.clock.now()
        repository.end_sessions(work.session, person.id)
        record(core, work, caller, "person.disable", person.id)
    return person


def enable(core: Core, work: Work, person_id: str, *, caller: Identity) -> PersonRow:
    """Let a disabled person in again, with the tokens they had. Twice is harmless. Raises NotFound."""
    person = get(work.session, person_id)
    if person.disabled_at is not None:
        person.disabled_at = None
        record(core, work, caller, "person.enable", person.id)
    return person


def make_administrator(core: Core, work: Work, person_id: str, *, caller: Identity) -> PersonRow:
    """Give a person all rights. Twice is harmless. Raises NotFound."""
    person = get(work.session, person_id)
    if not person.is_administrator:
        person.is_administrator = True
        record(core, work, caller, "person.make-administrator", person.id)
    return person


def unmake_administrator(core: Core, work: Work, person_id: str, *, caller: Identity) -> PersonRow:
    """Take an administrator's rights away. Twice is harmless. Raises NotFound."""
    person = get(work.session, person_id)
    if person.is_administrator:
        person.is_administrator = False
        record(core, work, caller, "person.unmake-administrator", person.id)
    return person


def get(session: Session, person_id: str) -> PersonRow:
    """The person with this id, locked where the session writes. Raises NotFound, also for one whose data was erased."""
    person = repository.lock_person(session, person_id)
    if person is None or person.erased_at is not None:
        raise NotFound("no-such-person", f"There is no person {person_id}.")
    return person


def drop_unconfirmed(core: Core) -> None:
    """Forget sign-ups that nobody confirmed within a week."""
    before = core.clock.now() - UNCONFIRMED_KEPT
    bound = [exists().where(table.person_id == PersonRow.id) for table in (MembershipRow, OrganiserRow, SeatRow)]
    stale = select(PersonRow.id).where(
        PersonRow.confirmed_at.is_(None),
        PersonRow.erased_at.is_(None),
        PersonRow.created_at <= before,
        PersonRow.password_hash.is_not(None),  # those whom an administrator added have none yet, and stay
        *(~each for each in bound),
    )
    with core.database.write() as work:
        work.session.execute(delete(PersonRow).where(PersonRow.id.in_(stale)))


def actor(person: PersonRow) -> Identity:
    """A person as the audit log names them, where they act before they are signed in."""
    return Identity(TokenKind.PERSON, f"person {person.id}", person_id=person.id)


def _new(core: Core, work: Work, email: Email, name: str) -> PersonRow:
    person = PersonRow(id=new_id("pers"), email=email.shown, email_key=email.key, name=name, is_administrator=False)
    person.created_at = core.clock.now()
    work.session.add(person)
    work.session.flush()
    return person
