"""One's own account: sign up, confirm, sign in and out, passwords."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Depends, status
from sqlalchemy import select

from sonobench_platform.accounts import people, repository, sessions, signing_in
from sonobench_platform.accounts.access import Everyone, PersonCaller, SignedInCaller
from sonobench_platform.accounts.addresses import read_email
from sonobench_platform.accounts.csrf import same_site_only
from sonobench_platform.accounts.door import Door, DoorDep
from sonobench_platform.accounts.guard import guard_sign_in
from sonobench_platform.accounts.rate_limits import LINK_ADDRESS, MAIL_ACCOUNT, MAIL_ADDRESS, SIGN_IN_HERE, account_key
from sonobench_platform.accounts.schemas import (
    Account,
    Confirmation,
    Noted,
    PasswordChange,
    Reset,
    ResetWish,
    SessionSecret,
    SignedIn,
    SignIn,
    SignUp,
)
from sonobench_platform.core import CoreDep
from sonobench_platform.db.models import OidcLinkRow, PersonRow
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1/account", tags=["accounts"])

_Strangers = [Everyone, Depends(same_site_only)]
_ACCEPTED, _NOTHING = status.HTTP_202_ACCEPTED, status.HTTP_204_NO_CONTENT


@router.post("/sign-up", status_code=_ACCEPTED, dependencies=_Strangers, responses=refusals(403, 429), summary="Make an account")
def sign_up(door: DoorDep, later: BackgroundTasks, body: SignUp) -> Noted:
    """Sends a mail with a link that confirms the address. The answer is the same where the address has an account."""
    people.refuse_closed_sign_up(door.core)
    password, email = body.password.get_secret_value(), read_email(body.email)
    people.refuse_weak(password, email=body.email, name=body.name)
    _take_mail(door, email.key)
    later.add_task(people.sign_up, door.core, email, name=body.name, password=password)
    return Noted(detail="A mail is on its way to this address. Open the link in it to confirm the address.")


@router.post("/confirm", dependencies=_Strangers, responses=refusals(403, 429), summary="Confirm one's address")
def confirm(door: DoorDep, body: Confirmation) -> SignedIn:
    """Takes the link from the mail and the password of the sign-up, and signs in."""
    door.take(LINK_ADDRESS)
    person = people.confirm(door.core, body.token, body.password.get_secret_value())
    with door.core.database.write() as work:
        return door.let_in(sessions.start(door.core, work, person, agent=door.browser.agent, instead_of=door.browser.cookie))


@router.post("/sign-in", dependencies=_Strangers, responses=refusals(401, 403, 429), summary="Sign in")
def sign_in(door: DoorDep, body: SignIn) -> SignedIn:
    """Sets the session's cookie. Wrong addresses and wrong passwords are answered alike."""
    email = read_email(body.email)
    guard_sign_in(door.core, door.limits, email, address=door.address)
    return door.let_in(signing_in.sign_in(door.core, email, body.password.get_secret_value(), door.browser))


@router.post("/sign-out", status_code=_NOTHING, responses=refusals(401, 403), summary="Sign out")
def sign_out(door: DoorDep, _caller: SignedInCaller) -> None:
    with door.core.database.write() as work:
        sessions.end(work, door.browser.cookie or "")
    door.see_out()


@router.post("/sign-out-everywhere", status_code=_NOTHING, responses=refusals(401, 403), summary="Sign out in every browser")
def sign_out_everywhere(door: DoorDep, caller: SignedInCaller) -> None:
    """In this one too. API tokens go on working until they are revoked."""
    with door.core.database.write() as work:
        repository.end_sessions(work.session, caller.person_id or "")
    door.see_out()


@router.post("/password", responses=refusals(401, 403, 429), summary="Change one's password")
def change_password(door: DoorDep, caller: SignedInCaller, body: PasswordChange) -> SignedIn:
    """Signs every other browser out, and gives this one a new session."""
    person_id = caller.person_id or ""
    door.take(SIGN_IN_HERE, person_id)
    current, new = body.current.get_secret_value(), body.new.get_secret_value()
    return door.let_in(signing_in.change_password(door.core, person_id, current=current, new=new, browser=door.browser))


@router.post("/reset-request", status_code=_ACCEPTED, dependencies=_Strangers, responses=refusals(403, 429))
def ask_for_reset(door: DoorDep, later: BackgroundTasks, body: ResetWish) -> Noted:
    """Sends a mail with a link, good for an hour and once. The answer is the same where the address is not known."""
    email = read_email(body.email)
    _take_mail(door, email.key)
    later.add_task(signing_in.ask_for_reset, door.core, email)
    return Noted(detail="If this address has an account here, a mail is on its way. Open the link in it within the hour.")


@router.post("/reset", dependencies=_Strangers, responses=refusals(403, 429), summary="Set a new password by a link")
def reset(door: DoorDep, body: Reset) -> SignedIn:
    """Takes the link from the mail, and signs in. Every other browser is signed out."""
    door.take(LINK_ADDRESS)
    return door.let_in(signing_in.reset_password(door.core, body.token, body.password.get_secret_value(), door.browser))


@router.get("/session", responses=refusals(401, 403), summary="The secret that this browser's forms carry")
def session(caller: SignedInCaller) -> SessionSecret:
    return SessionSecret(csrf_token=caller.csrf or "")


@router.get("", responses=refusals(401, 403), summary="One's own account")
def account(core: CoreDep, caller: PersonCaller) -> Account:
    with core.database.read() as work:
        person = work.get_one(PersonRow, caller.person_id)
        issuers = work.scalars(select(OidcLinkRow.issuer).where(OidcLinkRow.person_id == person.id).order_by(OidcLinkRow.issuer))
        return Account(
            id=person.id,
            email=person.email,
            name=person.name,
            created_at=person.created_at,
            is_administrator=person.is_administrator,
            has_password=person.password_hash is not None,
            providers=list(issuers),
        )


def _take_mail(door: Door, email_key: str) -> None:
    door.take(MAIL_ADDRESS)
    door.limits.take(MAIL_ACCOUNT, account_key(email_key))
