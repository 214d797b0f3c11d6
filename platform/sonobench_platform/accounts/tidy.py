"""What the clock ends: sessions, journeys to the identity provider, sign-ups that nobody confirmed."""

from __future__ import annotations

from sonobench_platform.accounts import oidc, people, sessions
from sonobench_platform.core import Core


def tidy_accounts(core: Core) -> None:
    """Forget what is over. Harmless twice."""
    sessions.drop_expired(core)
    oidc.drop_expired(core)
    people.drop_unconfirmed(core)
