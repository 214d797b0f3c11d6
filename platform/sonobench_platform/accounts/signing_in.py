"""Passwords in use: signing in, changing one, setting a new one by a link. Every refusal reads the same, whoever asks."""

from __future__ import annotations

from typing import NamedTuple

from sonobench_platform.accounts import links, mails, repository, sessions
from sonobench_platform.accounts.addresses import Email
from sonobench_platform.accounts.links import Purpose
from sonobench_platform.accounts.passwords import check_password, hash_password
from sonobench_platform.accounts.people import actor, refuse_weak
from sonobench_platform.accounts.sessions import NewSession
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import PersonRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Forbidden, Unauthorised


class Browser(NamedTuple):
    """The browser that asks: how it calls itself, and the session cookie it has, if any."""

    agent: str
    cookie: str | None


def sign_in(core: Core, email: Email, password: str, browser: Browser) -> NewSession:
    """Sign a browser in with address and password.

    Raises:
        Unauthorised: they do not belong together, or the address is not confirmed. It takes as long for unknown addresses.
        Forbidden: they do, and the account is disabled.
    """
    with core.database.read() as session:
        person = repository.person_with(session, email.key)
    kept = None if person is None else person.password_hash
    verdict = check_password(kept, password)
    if person is None or not verdict.is_right or person.confirmed_at is None or person.erased_at is not None:
        raise _refused()
    if person.disabled_at is not None:
        raise Forbidden("account-disabled", "This account is disabled; ask the organisers.")
    renewed = hash_password(password) if verdict.is_outdated else None
    return _begin(core, person.id, browser, kept=kept, renewed=renewed)


def _begin(core: Core, person_id: str, browser: Browser, *, kept: str | None, renewed: str | None) -> NewSession:
    with core.database.write() as work:
        person = repository.lock_person(work.session, person_id)
        if person is None or person.password_hash != kept or not repository.is_live(person):
            raise _refused()  # it was changed while the password was checked
        if renewed is not None:
            person.password_hash = renewed
        return sessions.start(core, work, person, agent=browser.agent, instead_of=browser.cookie)


def change_password(core: Core, person_id: str, *, current: str, new: str, browser: Browser) -> NewSession:
    """Change one's own password. Every other browser is signed out; this one gets a new session.

    Raises:
        Forbidden: the current one is not right. Unprocessable: the new one will not do.
    """
    with core.database.read() as session:
        person = session.get_one(PersonRow, person_id)
    refuse_weak(new, email=person.email, name=person.name)
    if not check_password(person.password_hash, current).is_right:
        raise Forbidden("wrong-password", "The current password is not right; if you have none, have it reset by mail.")
    kept = hash_password(new)
    with core.database.write() as work:
        return _set_password(core, work, person_id, kept, before=person.password_hash, browser=browser)


def _set_password(core: Core, work: Work, person_id: str, kept: str, *, before: str | None, browser: Browser) -> NewSession:
    person = repository.lock_person(work.session, person_id)
    if person is None or person.password_hash != before:
        raise Forbidden("wrong-password", "The password was changed elsewhere at this moment; sign in again.")
    person.password_hash = kept
    repository.end_sessions(work.session, person.id)
    record(core, work, actor(person), "person.password-change", person.id)
    mails.tell_of_new_password(core, work, person)
    return sessions.start(core, work, person, agent=browser.agent)


def ask_for_reset(core: Core, email: Email) -> None:
    """Mail a link to set a new password, where the address is known. Called after the answer was sent."""
    with core.database.write() as work:
        person = repository.person_with(work.session, email.key)
        if person is not None and person.disabled_at is None and person.erased_at is None:
            mails.send_reset(core, work, person)


def reset_password(core: Core, token: str, new: str, browser: Browser) -> NewSession:
    """Set a new password by a link, which proves that the address is the person's; every browser but this is signed out.

    Raises:
        Unprocessable: the link was used, is over or was made up; or the password will not do.
    """
    link = links.read(core, Purpose.RESET, token)
    with core.database.read() as session:
        person = session.get(PersonRow, link.person_id)
    if person is None or not links.still_fits(link, person):
        raise links.spent()
    refuse_weak(new, email=person.email, name=person.name)
    kept = hash_password(new)
    with core.database.write() as work:
        locked = repository.lock_person(work.session, link.person_id)
        if locked is None or not links.still_fits(link, locked) or locked.disabled_at is not None or locked.erased_at is not None:
            raise links.spent()
        locked.password_hash, locked.confirmed_at = kept, locked.confirmed_at or core.clock.now()
        repository.end_sessions(work.session, locked.id)
        record(core, work, actor(locked), "person.password-reset", locked.id)
        mails.tell_of_new_password(core, work, locked)
        return sessions.start(core, work, locked, agent=browser.agent)


def _refused() -> Unauthorised:
    detail = "The address or the password is wrong, or the address is not confirmed yet: look for the mail with the link."
    return Unauthorised("wrong-credentials", detail)
