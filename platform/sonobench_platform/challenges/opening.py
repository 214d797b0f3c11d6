"""Opening and closing: whether a challenge takes images, and with it how exactly its board shows times and memory."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from sonobench_platform.accounts.identity import SERVER, Identity
from sonobench_platform.audit.log import record
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.phases import get_phase, of_challenge, rules_of, takes_images
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.leaderboards.publish import latest, publish
from sonobench_platform.notices.events import phase_settled


def set_open(
    core: Core, work: Work, name: str, *, is_open: bool, caller: Identity = SERVER, phase: str | None = None
) -> ChallengeRow:
    """Open or close a challenge, or one phase of it, and publish its board anew; as it is already, nothing changes.

    Closed, it takes no new image; what was handed in before still runs and counts. Its board is published with exact
    figures, and rounded again should it open again (who read the exact ones has them). Opened, it takes images within its dates.

    Raises:
        NotFound: there is no such challenge or phase.
        Conflict: `data-not-sound`: it was never open, and its data was found unsound.
    """
    challenge = repository.get(work.session, name)
    meant = of_challenge(work.session, challenge.id) if phase is None else [get_phase(work.session, challenge, phase)]
    if is_open:
        _refuse_unsound(meant)
    changed = [row.name for row in meant if row.is_held is is_open]
    for row in meant:
        row.is_held = not is_open
        settle_phase(core, work, row)
    challenge.is_open = any(row.is_open for row in of_challenge(work.session, challenge.id))
    if changed:
        action = "challenge.open" if is_open else "challenge.close"
        record(core, work, caller, action, name, challenge_id=challenge.id, detail={"phases": changed})
    return challenge


def _refuse_unsound(phases: Sequence[PhaseRow]) -> None:
    unsound = [row.name for row in phases if not row.is_sound and row.opened_at is None]
    if unsound:
        detail = f"The data of {', '.join(unsound)} was found unsound; read its report, mend it, and have it verified again."
        raise Conflict("data-not-sound", detail)


def settle_phase(core: Core, work: Work, phase: PhaseRow) -> bool:
    """Bring what is announced of a phase in line with its dates and the organiser's hand; True where that changed it."""
    # A scoring that ends at the same time publishes before or after this, never with the other policy.
    work.take_turns(f"leaderboard of {phase.id}")
    now = core.clock.now()
    is_open = takes_images(phase, now)
    if phase.is_open == is_open:
        return False
    phase.is_open = is_open
    if is_open:
        phase.opened_at = phase.opened_at or now
        if rules_of(phase).opens is not None:
            freeze(core, work, work.session.get_one(ChallengeRow, phase.challenge_id))
    else:
        phase.closed_at = now
    phase_settled(work, phase, at=now)
    work.session.flush()
    challenge = work.session.get_one(ChallengeRow, phase.challenge_id)
    challenge.is_open = any(row.is_open for row in of_challenge(work.session, challenge.id))
    if latest(work.session, phase.id) is not None:
        publish(core, work, phase_id=phase.id)
    return True


def freeze(core: Core, work: Work, challenge: ChallengeRow) -> None:
    """From now on a change of the challenge needs a reason and is shown. Twice is harmless.

    A challenge is frozen at the first date on which one of its phases opens, and by its first submission.
    """
    if challenge.frozen_at is None:
        challenge.frozen_at = core.clock.now()
        work.session.flush()


def settle_due_phases(core: Core) -> list[str]:
    """Open and close what the clock says is due; ids of the phases that changed."""
    now = core.clock.now()
    with core.database.read() as session:
        due = [row.id for row in session.scalars(select(PhaseRow)) if takes_images(row, now) != row.is_open]
    changed = []
    for phase_id in due:
        with core.database.write() as work:
            if settle_phase(core, work, work.session.get_one(PhaseRow, phase_id)):
                changed.append(phase_id)
    return changed
