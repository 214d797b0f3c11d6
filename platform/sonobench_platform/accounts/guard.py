"""Before a password is looked at: how often it may be tried. What goes over the limits is in the audit log, once an hour."""

from __future__ import annotations

from sonobench_platform.accounts import repository
from sonobench_platform.accounts.addresses import Email
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.rate_limits import (
    SIGN_IN_ACCOUNT,
    SIGN_IN_ADDRESS,
    SIGN_IN_HERE,
    TOLD_ONCE,
    RateLimits,
    account_key,
)
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.domain.errors import TooMany


def guard_sign_in(core: Core, limits: RateLimits, email: Email, *, address: str) -> None:
    """Count one try to sign in.

    Raises:
        TooMany: for this account from this address, for this account at all, or from this address.
    """
    account = account_key(email.key)
    try:
        limits.take(SIGN_IN_ADDRESS, address)
        limits.take(SIGN_IN_HERE, account, address)
        limits.take(SIGN_IN_ACCOUNT, account)
    except TooMany:
        if limits.has_room(TOLD_ONCE, account, address):
            _tell(core, email, address=address)
        raise


def _tell(core: Core, email: Email, *, address: str) -> None:
    """What was typed as an address of nobody is not written: it may be a password in the wrong field."""
    with core.database.write() as work:
        person = repository.person_with(work.session, email.key)
        subject = "an unknown address" if person is None else person.id
        record(core, work, SERVER, "person.sign-in-refused", subject, detail={"address": address})
