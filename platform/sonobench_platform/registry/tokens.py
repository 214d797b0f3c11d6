"""Tokens for the registry: short-lived, signed by this platform, and good for what they name and nothing else.

Source: the distribution project's token authentication; ES256 with the signing certificate in `x5c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import ECKey

from sonobench_platform.core import Core
from sonobench_platform.domain.ids import new_id
from sonobench_platform.registry.keys import SigningKey
from sonobench_platform.registry.scopes import READ, Grant

SERVICE = "sonobench"
"""What the registry calls itself; it takes tokens for this audience alone."""
ISSUER = "sonobench"
VALID_FOR = timedelta(minutes=5)
"""A client whose push takes longer asks again by itself."""
_SLOW_CLOCK = timedelta(seconds=30)


def mint(core: Core, grants: Sequence[Grant], *, subject: str) -> str:
    """A token for these grants. `subject` is whom the registry's log names."""
    now = core.clock.now()
    key = SigningKey(core.settings.home)
    claims = {
        "iss": ISSUER,
        "sub": subject,
        "aud": SERVICE,
        "exp": _seconds(now + VALID_FOR),
        "nbf": _seconds(now - _SLOW_CLOCK),
        "iat": _seconds(now),
        "jti": new_id("tok"),
        "access": [{"type": "repository", "name": each.repository, "actions": list(each.actions)} for each in grants],
    }
    return jwt.encode({"alg": "ES256", "typ": "JWT", "x5c": key.chain}, claims, ECKey.import_key(key.pem), algorithms=["ES256"])


def own_token(core: Core, repository: str) -> str:
    """A token with which the platform itself reads one repository."""
    return mint(core, [Grant(repository, (READ,))], subject="the platform")


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
