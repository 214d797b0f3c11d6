"""What runs may leave behind when all submissions have ended: nothing. Looked up in the database, on disk, and in the engine."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra.house import House
from sonobench_platform.db.models import AttemptRow, EvaluationRow, QuotaRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Database

_TEMPORARY = (".incoming-*", ".*.tmp")


def left_over(house: House, submissions: Collection[str]) -> list[str]:
    """A sentence for each thing that is left, doubled or lost."""
    database = Database(house.database_url)
    try:
        with database.read() as session:
            found = [*_leases(session), *_doubles(session, submissions), *_quotas(session)]
    finally:
        database.close()
    found += [f"the container {name} is left" for name in house.containers()]
    found += [f"the volume {name} is left" for name in house.volumes()]
    found += [f"the control group {name} is left" for name in house.groups()]
    found += [f"the file {path.relative_to(house.home)} is left" for path in _files(house.home)]
    return found + _board(house)


def _leases(session: Session) -> Iterator[str]:
    for run_id in session.scalars(select(RunRow.id).where(RunRow.node.is_not(None))):
        yield f"run {run_id} is still leased to a node"
    for attempt in session.scalars(select(AttemptRow).where(AttemptRow.ended_at.is_(None))):
        yield f"attempt {attempt.attempt} of run {attempt.run_id} never ended"
    for submission_id in session.scalars(select(SubmissionRow.id).where(SubmissionRow.worker.is_not(None))):
        yield f"{submission_id} is still leased to a worker"


def _doubles(session: Session, submissions: Collection[str]) -> Iterator[str]:
    evaluated = select(EvaluationRow.submission_id, func.count()).group_by(EvaluationRow.submission_id)
    counts = dict(session.execute(evaluated).all())
    for row in session.scalars(select(SubmissionRow)):
        if row.id not in submissions:
            yield f"{row.id} ({row.state}) was never handed in: a submission was doubled"
        if counts.get(row.id, 0) != (row.state == "scored"):
            yield f"{row.id} is {row.state} and has {counts.get(row.id, 0)} evaluations"


def _quotas(session: Session) -> Iterator[str]:
    ledger = select(QuotaRow.submission_id, func.sum(QuotaRow.amount)).group_by(QuotaRow.submission_id)
    counted = dict(session.execute(ledger).all())
    for row in session.scalars(select(SubmissionRow)):
        allowed = {"scored": {1}, "rejected": {0}, "cancelled": {0, 1}}.get(row.state, {1})
        if counted and counted.get(row.id, 0) not in allowed:
            yield f"{row.id} is {row.state} and counts {counted.get(row.id, 0)} times against its team's quota"


def _files(home: Path) -> list[Path]:
    temporary = [path for pattern in _TEMPORARY for path in home.rglob(pattern) if path.is_file()]
    uploads = [path for path in (home / "uploads").rglob("*") if path.is_file()]
    work = [path for folder in (home / "node").glob("slot-*") for path in folder.rglob("*") if path.name != "lock"]
    return sorted({*temporary, *uploads, *work})


def _board(house: House) -> list[str]:
    rows = house.leaderboard()["rows"]
    teams = [row["team"] for row in rows]
    return [f"{team} is {teams.count(team)} times on the board" for team in sorted(set(teams)) if teams.count(team) > 1]
