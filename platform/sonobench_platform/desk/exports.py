"""A challenge's submissions, results, cases, board and entries as tables, for its organisers. Read a few rows at a time.

Results are every score of every scored submission; cases are every single case's, which tell of the hidden references: who
exports them is in the audit log.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from sqlalchemy import and_, select

from sonobench_eval.evaluation import Evaluation, MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_platform.core import Core
from sonobench_platform.db.models import EntryRow, EvaluationRow, ImageRow, PhaseRow, RunRow, SubmissionRow, TeamRow
from sonobench_platform.desk.paging import Place, newer
from sonobench_platform.desk.sheets import Cell, csv_lines
from sonobench_platform.leaderboards.publish import latest

_AT_A_TIME = 200


class Subject(StrEnum):
    """What can be exported."""

    SUBMISSIONS = "submissions"
    RESULTS = "results"
    CASES = "cases"
    LEADERBOARD = "leaderboard"
    ENTRIES = "entries"


class Form(StrEnum):
    """How a table is written: CSV with a heading, or a JSON list of objects."""

    CSV = "csv"
    JSON = "json"


class Table(NamedTuple):
    """Headings, and rows with as many cells each."""

    headings: tuple[str, ...]
    rows: Iterator[Sequence[Cell]]


def table(core: Core, subject: Subject, *, challenge_id: str, phase_id: str | None) -> Table:
    """A table, whose rows are read as they are taken; of one phase where given."""
    headings, rows = _TABLES[subject]
    return Table(headings, rows(core, challenge_id, phase_id))


def lines(form: Form, wanted: Table) -> Iterator[str]:
    """The table as text, piece by piece."""
    return csv_lines(wanted.headings, wanted.rows) if form == Form.CSV else _json_lines(wanted)


def _json_lines(wanted: Table) -> Iterator[str]:
    separator = "[\n"
    for row in wanted.rows:
        said = dict(zip(wanted.headings, row, strict=True))
        yield f"{separator}{json.dumps(said, ensure_ascii=False, allow_nan=False)}"
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


class _Found(NamedTuple):
    submission: SubmissionRow
    team: str
    phase: str
    image: str | None
    image_bytes: int | None
    run: RunRow | None
    evaluation: str | None


def _submissions(core: Core, challenge_id: str, phase_id: str | None) -> Iterator[_Found]:
    """Every submission, oldest first; each handful in a transaction of its own, so that none stays open while a client reads."""
    place: Place | None = None
    while True:
        query = (
            select(SubmissionRow, TeamRow.name, PhaseRow.name, ImageRow.config_digest, ImageRow.size_bytes, RunRow)
            .add_columns(EvaluationRow.document)
            .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
            .join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
            .outerjoin(ImageRow, ImageRow.config_digest == SubmissionRow.image_digest)
            .outerjoin(RunRow, and_(RunRow.submission_id == SubmissionRow.id, RunRow.is_current))
            .outerjoin(EvaluationRow, and_(EvaluationRow.run_id == RunRow.id, EvaluationRow.is_current))
            .where(SubmissionRow.challenge_id == challenge_id)
            .order_by(SubmissionRow.created_at, SubmissionRow.id)
            .limit(_AT_A_TIME)
        )
        if phase_id is not None:
            query = query.where(SubmissionRow.phase_id == phase_id)
        if place is not None:
            query = query.where(newer(SubmissionRow.created_at, SubmissionRow.id, place))
        with core.database.read() as session:
            found = [_Found(*row) for row in session.execute(query)]
        yield from found
        if len(found) < _AT_A_TIME:
            return
        place = Place(found[-1].submission.created_at, found[-1].submission.id)


def _submission_rows(core: Core, challenge_id: str, phase_id: str | None) -> Iterator[Sequence[Cell]]:
    for each in _submissions(core, challenge_id, phase_id):
        row = each.submission
        yield (
            row.id,
            each.team,
            row.team_id,
            each.phase,
            row.state,
            row.created_at.isoformat(),
            row.state_since.isoformat(),
            each.image,
            each.image_bytes,
            row.source,
            row.note,
            row.failure_category,
            row.failure_blame,
            row.failure_sentence,
            row.trouble,
        )


_RESULT = ("value", "ci_low", "ci_high", "n", "units", "unit", "undefined")


def _result_rows(core: Core, challenge_id: str, phase_id: str | None) -> Iterator[Sequence[Cell]]:
    for each, evaluation in _scored(core, challenge_id, phase_id):
        own = (each.submission.id, each.team, each.phase, each.submission.state)
        for task, part, metric in _metrics(evaluation):
            yield (*own, task, part, metric.name, *(getattr(metric, name) for name in _RESULT))


def _metrics(evaluation: Evaluation) -> Iterator[tuple[str | None, str | None, MetricScore]]:
    """Every figure: of the whole (no task), of each task, of each of its centres and roles."""
    yield from ((None, None, metric) for metric in evaluation.means)
    for task in evaluation.tasks:
        yield from ((task.id, None, metric) for metric in task.metrics)
        for part in chain(task.centers, task.roles):
            yield from ((task.id, part.id, metric) for metric in part.metrics)


def _case_rows(core: Core, challenge_id: str, phase_id: str | None) -> Iterator[Sequence[Cell]]:
    for each, evaluation in _scored(core, challenge_id, phase_id):
        own = (each.submission.id, each.team, each.phase)
        for case in evaluation.cases:
            scores: Sequence[tuple[str | None, float | None]] = list(case.scores.items()) or [(None, None)]
            yield from ((*own, case.id, case.task, case.center, name, value, case.problem) for name, value in scores)


def _scored(core: Core, challenge_id: str, phase_id: str | None) -> Iterator[tuple[_Found, Evaluation]]:
    for each in _submissions(core, challenge_id, phase_id):
        if each.evaluation is not None:
            yield each, Evaluation.from_json(each.evaluation)


def _board_rows(core: Core, challenge_id: str, phase_id: str | None) -> Iterator[Sequence[Cell]]:
    for phase in _phases(core, challenge_id, phase_id):
        with core.database.read() as session:
            found = latest(session, phase.id)
        board = None if found is None else Leaderboard.from_json(found.document)
        for row in () if board is None else board.rows:
            yield (phase.name, *(getattr(row, name) for name in _BOARD[1:]))


def _phases(core: Core, challenge_id: str, phase_id: str | None) -> list[PhaseRow]:
    query = select(PhaseRow).where(PhaseRow.challenge_id == challenge_id).order_by(PhaseRow.position)
    if phase_id is not None:
        query = query.where(PhaseRow.id == phase_id)
    with core.database.read() as session:
        return list(session.scalars(query))


def _entry_rows(core: Core, challenge_id: str, _phase_id: str | None) -> Iterator[Sequence[Cell]]:
    query = (
        select(TeamRow.id, TeamRow.name, EntryRow)
        .join(EntryRow, EntryRow.team_id == TeamRow.id)
        .where(EntryRow.challenge_id == challenge_id)
        .order_by(TeamRow.name_key)
    )
    with core.database.read() as session:
        found = session.execute(query).all()
    for team_id, team, entry in found:
        decided = None if entry.decided_at is None else entry.decided_at.isoformat()
        signed = None if entry.terms_signed_at is None else entry.terms_signed_at.isoformat()
        terms = (entry.terms_sha256, entry.terms_signed_by, signed)
        entered = entry.entered_at.isoformat()
        yield team_id, team, entry.status, entered, decided, entry.decided_by, entry.reason, *terms


_SUBMISSIONS = (
    *("submission", "team", "team_id", "phase", "state", "created_at", "state_since", "image_digest", "image_bytes", "source"),
    *("note", "failure_category", "failure_blame", "failure_sentence", "trouble"),
)
_RESULTS = ("submission", "team", "phase", "state", "task", "part", "metric", *_RESULT)
_CASES = ("submission", "team", "phase", "case", "task", "center", "score", "value", "problem")
_BOARD = ("phase", *(name for name in Row.model_fields if name not in {"means", "tasks"}))
_ENTRIES = (
    *("team_id", "team", "status", "entered_at", "decided_at", "decided_by", "reason"),
    *("terms_sha256", "terms_signed_by", "terms_signed_at"),
)

_TABLES: dict[Subject, tuple[tuple[str, ...], Callable[[Core, str, str | None], Iterator[Sequence[Cell]]]]] = {
    Subject.SUBMISSIONS: (_SUBMISSIONS, _submission_rows),
    Subject.RESULTS: (_RESULTS, _result_rows),
    Subject.CASES: (_CASES, _case_rows),
    Subject.LEADERBOARD: (_BOARD, _board_rows),
    Subject.ENTRIES: (_ENTRIES, _entry_rows),
}
