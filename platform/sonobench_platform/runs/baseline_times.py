"""What baselines take, node by node: the same image on the same data, so that a node that has become slower shows."""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from sonobench_platform.core import Core
from sonobench_platform.db.models import AttemptRow, BaselineRow, RunRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.states import State
from sonobench_platform.runs.attempts import FINISHED, Held
from sonobench_platform.runs.report import Report
from sonobench_platform.runs.telling import tell_organisers
from sonobench_platform.submissions.move import move

LARGEST_DRIFT_PERCENT = 10.0
"""Twice as much as repeated runs may differ by default; a node that drifts further measures something else than it did."""
FEWEST_BEFORE = 2
"""Fewer earlier times than this say nothing of how much a node's times differ anyway."""
_MOST_BEFORE = 20


class Drift(NamedTuple):
    """A baseline's last time on a node against the median of those before it, in percent; above 0: slower."""

    submission_id: str
    percent: float
    last_s: float
    usual_s: float


def record_time(core: Core, work: Work, held: Held) -> None:
    """A baseline has run: its time is kept, its score and the board stay as they are. A node that has drifted is told of."""
    now = core.clock.now()
    results = core.store.results(held.run.id, held.attempt.attempt)
    work.after_commit(lambda: results.unlink(missing_ok=True))
    move(work, held.submission, State.SCORED, cause="run again as a baseline: only its time was taken", at=now)
    row = work.session.get(BaselineRow, held.submission.id)
    if row is not None:
        row.last_at = now
    drift = drift_on(work.session, held.attempt.node, held.submission.id)
    if drift is not None and abs(drift.percent) > LARGEST_DRIFT_PERCENT:
        _tell(core, work, held, drift)


def drift_on(session: Session, node: str, submission_id: str) -> Drift | None:
    """How the last time of this baseline on this node compares with those before it; None where too few are known."""
    times = _times_on(session, node, submission_id)
    if len(times) <= FEWEST_BEFORE:
        return None
    last, before = times[0], median(times[1:])
    return Drift(submission_id, 100.0 * (last / before - 1.0), last, before) if before else None


def worst_drift_on(session: Session, node: str) -> Drift | None:
    """Of all baselines that ran on this node, the one whose last time differs most from its usual one."""
    found = [drift_on(session, node, each) for each in session.scalars(select(BaselineRow.submission_id))]
    return max((each for each in found if each is not None), key=lambda each: abs(each.percent), default=None)


def _times_on(session: Session, node: str, submission_id: str) -> list[float]:
    """Seconds, the newest first; those of its first run too."""
    query = (
        select(RunRow.outcome)
        .join(AttemptRow, and_(AttemptRow.run_id == RunRow.id, AttemptRow.attempt == RunRow.attempt))
        .where(
            RunRow.submission_id == submission_id,
            RunRow.outcome.is_not(None),
            AttemptRow.node == node,
            AttemptRow.ended == FINISHED,
            AttemptRow.reason.is_(None),
        )
        .order_by(RunRow.number.desc())
        .limit(_MOST_BEFORE)
    )
    measured = [Report.model_validate_json(each or "").measurement.wall_time_s for each in session.scalars(query)]
    return [each for each in measured if each is not None]


def _tell(core: Core, work: Work, held: Held, drift: Drift) -> None:
    slower = "slower" if drift.percent > 0 else "faster"
    tell_organisers(
        core,
        work,
        held.submission.challenge_id,
        event="node.drifted",
        subject=f"Node {held.attempt.node} is {abs(drift.percent):.0f} % {slower} than it was",
        text=f"The baseline {drift.submission_id} took {drift.last_s:.2f} s on {held.attempt.node}, where it takes "
        f"{drift.usual_s:.2f} s otherwise. Times measured there now are not comparable with earlier ones: look at its clocks, "
        "temperature and what else runs there (`sonobench admin nodes`, `sonobench doctor`).",
    )
