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
from sonobench_platform.leaderboards.comparing_shown import ShownBoard
from sonobench_platform.runs.report import Report

_MOST_BOARDS = 16
_KNOWN: dict[tuple[str, str], dict[str, str]] = {}
"""Of boards with aliases: to find out anew which submissions count can take a ranking for each team."""


class RunBehind(NamedTuple):
    """One row's run. `number` is that of its evaluation; times are in seconds, None or none where not measured."""

    team: str
    run_id: str
    number: int
    replicates: Path
    reference_s: float | None
    times_s: tuple[float, ...]


def runs_behind(core: Core, session: Session, shown: ShownBoard) -> tuple[RunBehind, ...] | None:
    """The run of each row, in the board's order; None where a row has none by the board's definition and data."""
    board, published = shown.board, shown.published
    if board is None or published is None or not board.rows:
        return None
    submissions = _submissions(core, session, shown.phase_id, board, published.content_hash)
    query = (
        select(RunRow.submission_id, RunRow.id, EvaluationRow.number, RunRow.outcome)
        .join(EvaluationRow, and_(EvaluationRow.run_id == RunRow.id, EvaluationRow.is_current))
        .where(
            RunRow.submission_id.in_(list(submissions.values())),
            RunRow.is_current,
            EvaluationRow.challenge_hash == board.challenge_hash,
            EvaluationRow.dataset_hash == board.dataset_hash,
        )
    )
    found = {submission: (run, number, outcome) for submission, run, number, outcome in session.execute(query)}
    if any(submissions.get(row.team) not in found for row in board.rows):
        return None
    return tuple(_behind(core, row.team, *found[submissions[row.team]]) for row in board.rows)


def documents_behind(session: Session, runs: tuple[RunBehind, ...]) -> list[str]:
    """The evaluation of each run, as JSON. They are large: ask once for a board."""
    query = select(EvaluationRow.run_id, EvaluationRow.document).where(
        EvaluationRow.run_id.in_([run.run_id for run in runs]), EvaluationRow.is_current
    )
    found = {row.run_id: row.document for row in session.execute(query)}
    return [found[run.run_id] for run in runs]


def _submissions(core: Core, session: Session, phase_id: str, board: Leaderboard, content_hash: str) -> dict[str, str]:
    """By what the board calls the team; what had to be looked up is kept for as long as the board stays."""
    key = (phase_id, content_hash)
    if (known := _KNOWN.get(key)) is not None:
        return known
    found = submissions_behind(core, session, board)
    if all(row.team in found for row in board.rows):
        while len(_KNOWN) >= _MOST_BOARDS:
            _KNOWN.pop(next(iter(_KNOWN), key), None)
        _KNOWN[key] = found
    return found


def _behind(core: Core, team: str, run_id: str, number: int, outcome: str | None) -> RunBehind:
    measured = Report.model_validate_json(outcome or "").measurement
    return RunBehind(team, run_id, number, core.store.replicates(run_id, number), measured.reference_s, measured.repeats_s)
