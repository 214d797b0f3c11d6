"""What people are told about their accounts by mail. Only the owner of an address learns whether it is known here."""

from __future__ import annotations

from datetime import timedelta

from sonobench_platform.accounts import links
from sonobench_platform.accounts.links import Purpose
from sonobench_platform.core import Core
from sonobench_platform.db.models import PersonRow
from sonobench_platform.db.session import Work
from sonobench_platform.notices.outbox import mail

CONFIRM_WITHIN = timedelta(days=2)
RESET_WITHIN = timedelta(hours=1)


def ask_to_confirm(core: Core, work: Work, person: PersonRow) -> None:
    """Ask the owner of an address whether they made this account."""
    link = _link(core, Purpose.CONFIRM, person, within=CONFIRM_WITHIN)
    text = (
        f"Somebody, hopefully you, made an account with this address at {core.settings.public_url}.\n\n"
        f"To confirm it, open this within two days and give the password that you chose:\n\n{link}\n\n"
        "If it was not you, do nothing: without this link the account cannot be used, and it is deleted after a week.\n"
    )
    mail(core, work, to=person.email, event="account.confirm", subject="Confirm your address", text=text)


def tell_of_sign_up(core: Core, work: Work, person: PersonRow) -> None:
    """Tell an account's owner that somebody tried to make it again."""
    text = (
        f"Somebody, perhaps you, tried to make an account with this address at {core.settings.public_url}. You have one.\n\n"
        "Nothing was changed. Sign in with your password; if you forgot it, have it reset there.\n"
    )
    mail(core, work, to=person.email, event="account.exists", subject="You have an account already", text=text)


def send_reset(core: Core, work: Work, person: PersonRow) -> None:
    """Send a link by which a new password can be set."""
    link = _link(core, Purpose.RESET, person, within=RESET_WITHIN)
    text = (
        f"Somebody, hopefully you, asked for a new password at {core.settings.public_url}.\n\n"
        f"To set one, open this within the hour; it can be used once:\n\n{link}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n"
    )
    mail(core, work, to=person.email, event="account.reset", subject="Set a new password", text=text)


def tell_of_new_password(core: Core, work: Work, person: PersonRow) -> None:
    """Tell a person that their password is another now, so that a thief cannot change it unnoticed."""
    text = (
        f"Your password at {core.settings.public_url} was changed, and every other browser was signed out.\n\n"
        "Your API tokens still work; revoke on your account's page those that you do not know.\n"
        "If it was not you, reset the password now and tell the organisers.\n"
    )
    mail(core, work, to=person.email, event="account.password", subject="Your password was changed", text=text)


def _link(core: Core, purpose: Purpose, person: PersonRow, *, within: timedelta) -> str:
    return links.address_of(core, purpose, links.token_of(core, purpose, person, until=core.clock.now() + within))
