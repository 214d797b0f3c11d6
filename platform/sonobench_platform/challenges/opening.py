"""Opening and closing: whether a challenge takes images, and with it how exactly its board shows times and memory."""

from __future__ import annotations

from sonobench_platform.challenges import repository
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.db.session import Work
from sonobench_platform.leaderboards.publish import latest, publish


def set_open(core: Core, work: Work, name: str, *, is_open: bool) -> ChallengeRow:
    """Open or close a challenge and publish its board anew; as it is already, nothing changes.

    Closed, it takes no new image; what was handed in before still runs and counts. Its board is published with exact
    figures, and rounded again should it open again (who read the exact ones has them).

    Raises:
        NotFound: there is no such challenge.
    """
    challenge = repository.get(work.session, name)
    # A scoring that ends at the same time publishes before or after this, never with the other policy.
    work.take_turns(f"leaderboard of {challenge.id}")
    work.session.refresh(challenge)
    if challenge.is_open != is_open:
        challenge.is_open = is_open
        challenge.updated_at = core.clock.now()
        work.session.flush()
        if latest(work.session, challenge.id) is not None:
            publish(core, work, challenge_id=challenge.id)
    return challenge
