"""Hiding a challenge while it is being prepared: its organisers alone know of it."""

from __future__ import annotations

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.db.session import Work


def set_hidden(core: Core, work: Work, caller: Identity, challenge: ChallengeRow, *, is_hidden: bool) -> ChallengeRow:
    """Hide or show it; as it is already, nothing changes."""
    if challenge.is_hidden != is_hidden:
        challenge.is_hidden = is_hidden
        work.session.flush()
        record(core, work, caller, "challenge.hide" if is_hidden else "challenge.show", challenge.name, challenge_id=challenge.id)
    return challenge
