"""Signing in with an identity provider: a browser leaves, comes back once, and is somebody here.

Each journey is kept under a hash of its state, bound to the browser by a cookie of its own, and gone once it was looked at:
nobody can end another's journey, or end one twice. People are known by issuer and subject; an account that is here already is
theirs only where the provider vouches for the address, and a password that an unconfirmed sign-up left on it is dropped.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete

from sonobench_platform.accounts import people, repository, sessions
from sonobench_platform.accounts.addresses import Email, read_email
from sonobench_platform.accounts.oidc_provider import Claimed, OidcProvider
from sonobench_platform.accounts.people import actor
from sonobench_platform.accounts.sessions import NewSession, digest
from sonobench_platform.accounts.signing_in import Browser
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import OidcAttemptRow, OidcLinkRow, PersonRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Forbidden, Unprocessable
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.text import clean_line

WITHIN = timedelta(minutes=10)


class Journey(NamedTuple):
    """Where the browser goes, and the cookie by which it is known when it comes back."""

    address: str
    cookie: str


class Arrival(NamedTuple):
    session: NewSession
    return_to: str


def begin(core: Core, provider: OidcProvider, *, return_to: str) -> Journey:
    """Send a browser to the provider. Raises Unavailable where it does not answer."""
    state, cookie, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    address = provider.sign_in_address(state=state, nonce=nonce, verifier=verifier)
    row = OidcAttemptRow(state_sha256=digest(state), browser_sha256=digest(cookie), nonce=nonce, verifier=verifier)
    row.return_to, row.expires_at = _local(return_to), core.clock.now() + WITHIN
    with core.database.write() as work:
        work.session.add(row)
    return Journey(address, cookie)


def finish(core: Core, provider: OidcProvider, *, state: str, code: str, cookie: str, browser: Browser) -> Arrival:
    """Sign in whoever comes back with the provider's code.

    Raises:
        Unprocessable: this browser did not leave from here, or came back already, or too late.
        Forbidden: the provider's answer is not to be believed, or the person may not sign in.
        Unavailable: the provider does not answer.
    """
    journey = _take(core, state, cookie)
    claimed = provider.redeem(code, verifier=journey.verifier, nonce=journey.nonce)
    with core.database.write() as work:
        work.take_turns(f"oidc {provider.issuer} {claimed.subject}")
        person = _person(core, work, provider.issuer, claimed)
        if person.disabled_at is not None or person.erased_at is not None:
            raise Forbidden("account-disabled", "This account is disabled; ask the organisers.")
        made = sessions.start(core, work, person, agent=browser.agent, instead_of=browser.cookie)
    return Arrival(made, journey.return_to)


def drop_expired(core: Core) -> None:
    """Forget browsers that never came back."""
    with core.database.write() as work:
        work.session.execute(delete(OidcAttemptRow).where(OidcAttemptRow.expires_at <= core.clock.now()))


def _take(core: Core, state: str, cookie: str) -> OidcAttemptRow:
    """The journey with this state, which is over with this. A stranger who knows only the state ends nobody's."""
    lost = Unprocessable(
        "oidc-journey", "This sign-in was not begun in this browser, or is over; start again from the sign-in page."
    )
    with core.database.write() as work:
        row = work.session.get(OidcAttemptRow, digest(state), with_for_update=True)
        if row is None or not hmac.compare_digest(row.browser_sha256, digest(cookie)):
            raise lost
        work.session.delete(row)
    if core.clock.now() >= row.expires_at:
        raise lost
    return row


def _person(core: Core, work: Work, issuer: str, claimed: Claimed) -> PersonRow:
    link = work.session.get(OidcLinkRow, (issuer, claimed.subject))
    if link is not None:
        return work.session.get_one(PersonRow, link.person_id)
    email = _vouched(claimed)
    work.take_turns(f"person {email.key}")
    person = repository.person_with(work.session, email.key)
    person = _new(core, work, email, claimed) if person is None else _taken_over(core, work, person, claimed)
    work.session.add(OidcLinkRow(issuer=issuer, subject=claimed.subject, person_id=person.id, linked_at=core.clock.now()))
    record(core, work, actor(person), "person.link", person.id, detail={"issuer": issuer})
    return person


def _new(core: Core, work: Work, email: Email, claimed: Claimed) -> PersonRow:
    people.refuse_closed_sign_up(core)
    now = core.clock.now()
    person = PersonRow(id=new_id("pers"), email=email.shown, email_key=email.key, name=_name(claimed, email))
    person.is_administrator, person.created_at, person.confirmed_at = False, now, now
    work.session.add(person)
    work.session.flush()
    record(core, work, actor(person), "person.sign-up", person.id)
    return person


def _taken_over(core: Core, work: Work, person: PersonRow, claimed: Claimed) -> PersonRow:
    """An account that is here already. Who signed up without confirming may be a stranger: their password and name go."""
    if person.confirmed_at is None:
        person.confirmed_at, person.password_hash = core.clock.now(), None
        person.name = _name(claimed, read_email(person.email))
        repository.end_sessions(work.session, person.id)
    return person


def _vouched(claimed: Claimed) -> Email:
    try:
        if claimed.email is not None and claimed.is_verified:
            return read_email(claimed.email)
    except ValueError:
        pass
    detail = "Your identity provider does not vouch for a mail address of yours; have it verified there, or sign up here."
    raise Forbidden("oidc-email-unverified", detail)


def _name(claimed: Claimed, email: Email) -> str:
    try:
        name = clean_line(claimed.name)[:100]
    except ValueError:
        name = ""
    return name or email.shown.split("@")[0][:100]


def _local(return_to: str) -> str:
    """A path on this server, whatever was asked for."""
    is_local = return_to.startswith("/") and not return_to.startswith(("//", "/\\")) and return_to.isprintable()
    return return_to if is_local and "\\" not in return_to and len(return_to) <= 500 else "/"
