"""The runs behind a closed board: where their replicates lie, and what was timed. Only for those who see the board.

Whoever asks has checked both (`comparing_shown.py`). A row whose submission has no evaluation by the board's own definition and
data, because it waits to be scored again, leaves nothing to look at for any.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.core import Core
from sonobench_platform.db.models import EvaluationRow, RunRow
from sonobench_platform.leaderboards.behind import submissions_behind
from sonobench_platform.runs.report import Report


class RunBehind(NamedTuple):
    """One row's run. `number` is that of its evaluation; times are in seconds, None or none where not measured."""

    team: str
    run_id: str
    number: int
    replicates: Path
    reference_s: float | None
    times_s: tuple[float, ...]


def runs_behind(core: Core, session: Session, board: Leaderboard) -> tuple[RunBehind, ...] | None:
    """The run of each row, in the board's order; None where a row has none by the board's definition and data."""
    behind = submissions_behind(core, session, board)
    query = (
        select(RunRow.submission_id, RunRow.id, EvaluationRow.number, RunRow.outcome)
        .join(EvaluationRow, and_(EvaluationRow.run_id == RunRow.id, EvaluationRow.is_current))
        .where(
            RunRow.submission_id.in_(list(behind.values())),
            RunRow.is_current,
            EvaluationRow.challenge_hash == board.challenge_hash,
            EvaluationRow.dataset_hash == board.dataset_hash,
        )
    )
    found = {submission: (run, number, outcome) for submission, run, number, outcome in session.execute(query)}
    if not board.rows or len(found) < len(board.rows):
        return None
    return tuple(_behind(core, row.team, *found[behind[row.team]]) for row in board.rows)


def documents_behind(session: Session, runs: tuple[RunBehind, ...]) -> list[str]:
    """The evaluation of each run, as JSON. They are large: ask once for a board."""
    query = select(EvaluationRow.run_id, EvaluationRow.document).where(
        EvaluationRow.run_id.in_([run.run_id for run in runs]), EvaluationRow.is_current
    )
    found = {row.run_id: row.document for row in session.execute(query)}
    return [found[run.run_id] for run in runs]


def _behind(core: Core, team: str, run_id: str, number: int, outcome: str | None) -> RunBehind:
    measured = Report.model_validate_json(outcome or "").measurement
    return RunBehind(team, run_id, number, core.store.replicates(run_id, number), measured.reference_s, measured.repeats_s)
