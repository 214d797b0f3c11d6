"""Up from every revision that was ever released, with rows in every table that it had: nothing is lost, nothing is left half-way.

The rows are written as the old release wrote them, straight into its tables; what comes out is read through today's models.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from sonobench_platform.db.migrate import RELEASED, migrate
from sonobench_platform.db.models import (
    AttemptRow,
    Base,
    ChallengeRow,
    EvaluationRow,
    HistoryRow,
    NodeRow,
    PhaseRow,
    RunRow,
    SnapshotRow,
    SubmissionRow,
    TeamRow,
    TokenRow,
)
from sonobench_platform.db.session import Database

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HASH, OTHER_HASH = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
IMAGE = f"sha256:{'c' * 64}"

CHALLENGE = {"hash": HASH, "dataset_hash": HASH, "public_definition": "{}", "folder": "/data", "gpus": 1, "created_at": NOON}
CHALLENGE |= {"updated_at": NOON}
SUBMISSION = {"team_id": "team-1", "challenge_id": "chal-open", "state_since": NOON, "created_at": NOON, "queued_at": NOON}
SUBMISSION |= {"declared_size_bytes": 5_000_000_000, "tries": 0}
EVALUATION = {"challenge_hash": HASH, "dataset_hash": HASH, "evaluator_version": "0.1", "document": '{"whole": 1}'}
EVALUATION |= {"summary": '{"told": 1}', "created_at": NOON}

ROWS_OF_0001: list[tuple[str, dict[str, Any]]] = [
    ("challenges", {"id": "chal-open", "name": "open", "title": "Open", "is_open": True, **CHALLENGE}),
    ("challenges", {"id": "chal-closed", "name": "closed", "title": "Closed", "is_open": False, **CHALLENGE, "gpus": 0}),
    ("teams", {"id": "team-1", "name": "Équipe", "name_key": "équipe", "created_at": NOON}),
    ("tokens", {"id": "tok-1", "kind": "team", "team_id": "team-1", "sha256": "d" * 64, "hint": "sbt_abcd", "created_at": NOON}),
    ("tokens", {"id": "tok-2", "kind": "node", "team_id": None, "sha256": "e" * 64, "hint": "sbn_abcd", "created_at": NOON}),
    ("images", {"config_digest": IMAGE, "team_id": "team-1", "size_bytes": 2**33, "description": "{}", "created_at": NOON}),
    ("submissions", {"id": "sub-done", "state": "scored", "image_digest": IMAGE, "note": "first", **SUBMISSION}),
    ("submissions", {"id": "sub-live", "state": "running", "image_digest": IMAGE, "note": None, **SUBMISSION}),
    ("runs", {"id": "run-done", "submission_id": "sub-done", "created_at": NOON, "attempt": 1, "lost": 0, "outcome": "{}"}),
    ("runs", {"id": "run-live", "submission_id": "sub-live", "created_at": NOON, "attempt": 2, "lost": 1, "node": "n1"}),
    ("submission_history", {"submission_id": "sub-done", "at": NOON, "to_state": "uploading", "cause": "created"}),
    (
        "submission_history",
        {"submission_id": "sub-done", "at": NOON, "from_state": "scoring", "to_state": "scored", "cause": "scored"},
    ),
    ("attempts", {"run_id": "run-live", "attempt": 1, "node": "n1", "claimed_at": NOON, "ended": "lost", "ended_at": NOON}),
    ("attempts", {"run_id": "run-live", "attempt": 2, "node": "n1", "claimed_at": NOON}),
    ("evaluations", {"run_id": "run-done", "submission_id": "sub-done", **EVALUATION}),
    (
        "leaderboard_snapshots",
        {"challenge_id": "chal-open", "number": 1, "content_hash": HASH, "document": '{"rows": [1]}', "created_at": NOON},
    ),
    (
        "leaderboard_snapshots",
        {"challenge_id": "chal-open", "number": 2, "content_hash": OTHER_HASH, "document": '{"rows": [2]}', "created_at": NOON},
    ),
]
ROWS_OF_0002: list[tuple[str, dict[str, Any]]] = [
    *ROWS_OF_0001,
    ("attempts", {"run_id": "run-done", "attempt": 1, "node": "n1", "claimed_at": NOON, "pseudonym_key": "f" * 64}),
    ("nodes", {"name": "n1", "seen_at": NOON, "is_safe": True, "report": "{}", "reported_at": NOON, "reference_s": 1.5}),
]
ROWS = {"0001": ROWS_OF_0001, "0002": ROWS_OF_0002}


@pytest.fixture(params=RELEASED)
def old(request: pytest.FixtureRequest, new_database_url: str) -> Iterator[tuple[str, Database]]:
    """A released revision, and a database of that age, in use."""
    database = Database(new_database_url)
    migrate(database, revision=request.param)
    _fill(database, ROWS[request.param])
    yield request.param, database
    database.close()


def _fill(database: Database, rows: list[tuple[str, dict[str, Any]]]) -> None:
    tables = MetaData()
    with database.engine.execution_options(writes=True).begin() as connection:
        for name, values in rows:
            connection.execute(insert(Table(name, tables, autoload_with=connection)).values(**values))


@pytest.fixture
def raised(old: tuple[str, Database]) -> Database:
    """The same database after today's release was started on it."""
    migrate(old[1])
    return old[1]


class TestEveryRelease:
    def test_each_has_rows_here_to_be_moved(self) -> None:
        assert set(ROWS) == set(RELEASED)

    def test_every_table_it_had_has_a_row_here(self, old: tuple[str, Database]) -> None:
        revision, database = old
        had = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
        assert {name for name, _ in ROWS[revision]} == had


class TestWhatIsKept:
    def test_it_is_exactly_what_the_models_say(self, raised: Database) -> None:
        with raised.engine.begin() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []

    def test_no_row_points_to_one_that_is_gone(self, raised: Database) -> None:
        unchecked = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
        asked = unchecked if raised.engine.dialect.name == "postgresql" else "PRAGMA foreign_key_check"
        with raised.engine.begin() as connection:
            assert connection.execute(text(asked)).all() == []

    def test_every_row_is_still_there(self, old: tuple[str, Database]) -> None:
        revision, database = old
        migrate(database)
        with database.engine.begin() as connection:
            tables = {name: Table(name, MetaData(), autoload_with=connection) for name, _ in ROWS[revision]}
            found = {name: connection.scalar(select(func.count()).select_from(table)) for name, table in tables.items()}
        assert found == {name: sum(each == name for each, _ in ROWS[revision]) for name in tables}

    def test_a_team_its_token_and_its_submission_read_as_before(self, raised: Database) -> None:
        with raised.read() as session:
            team, submission = session.get_one(TeamRow, "team-1"), session.get_one(SubmissionRow, "sub-done")
            token = session.scalars(select(TokenRow).where(TokenRow.sha256 == "d" * 64)).one()
            assert (team.name, token.team_id, token.revoked_at, token.expires_at) == ("Équipe", "team-1", None, None)
            assert (submission.state, submission.note, submission.created_at) == ("scored", "first", NOON)
            assert submission.declared_size_bytes == 5_000_000_000

    def test_history_is_kept_in_order_and_still_cannot_be_changed(self, raised: Database) -> None:
        with raised.read() as session:
            steps = session.scalars(select(HistoryRow.to_state).order_by(HistoryRow.number)).all()
        assert steps == ["uploading", "scored"]
        with pytest.raises(DBAPIError, match="append-only"), raised.write() as work:
            work.session.execute(text("UPDATE submission_history SET cause = 'x'"))

    def test_a_living_attempt_is_still_alive(self, raised: Database) -> None:
        with raised.read() as session:
            living = session.scalars(
                select(AttemptRow).where(AttemptRow.ended_at.is_(None), AttemptRow.run_id == "run-live")
            ).one()
            assert (living.attempt, session.get_one(RunRow, "run-live").node) == (2, "n1")

    def test_what_only_the_second_release_had_is_kept_too(self, old: tuple[str, Database]) -> None:
        revision, database = old
        migrate(database)
        with database.read() as session:
            node, attempt = session.get(NodeRow, "n1"), session.get(AttemptRow, ("run-done", 1))
        if revision == "0001":
            assert (node, attempt) == (None, None)
        else:
            assert node is not None
            assert attempt is not None
            assert (node.reference_s, attempt.pseudonym_key) == (1.5, "f" * 64)


class TestPhases:
    def test_each_challenge_gets_its_one_phase_with_its_own_words(self, raised: Database) -> None:
        with raised.read() as session:
            phases = session.scalars(select(PhaseRow).order_by(PhaseRow.challenge_id)).all()
        assert [(row.challenge_id, row.name, row.is_open, row.gpus) for row in phases] == [
            ("chal-closed", "test", False, 0),
            ("chal-open", "test", True, 1),
        ]
        assert {(row.hash, row.dataset_hash, row.public_definition, row.folder) for row in phases} == {
            (HASH, HASH, "{}", "/data")
        }
        assert [row.is_held for row in phases] == [True, False]

    def test_submissions_and_boards_are_in_it_and_boards_keep_their_numbers(self, raised: Database) -> None:
        with raised.read() as session:
            phase = session.scalars(select(PhaseRow).where(PhaseRow.challenge_id == "chal-open")).one()
            assert set(session.scalars(select(SubmissionRow.phase_id))) == {phase.id}
            boards = session.scalars(select(SnapshotRow).order_by(SnapshotRow.number)).all()
        assert [(row.phase_id, row.number, row.content_hash, row.document) for row in boards] == [
            (phase.id, 1, HASH, '{"rows": [1]}'),
            (phase.id, 2, OTHER_HASH, '{"rows": [2]}'),
        ]

    def test_a_challenge_that_has_submissions_is_frozen_and_another_is_not(self, raised: Database) -> None:
        with raised.read() as session:
            frozen = dict(session.execute(select(ChallengeRow.name, ChallengeRow.frozen_at)).all())
        assert frozen == {"open": NOON, "closed": None}

    def test_two_boards_of_a_phase_cannot_have_one_number(self, raised: Database) -> None:
        with raised.read() as session:
            phase_id = session.scalars(select(PhaseRow.id).where(PhaseRow.challenge_id == "chal-open")).one()
        again = {"challenge_id": "chal-open", "phase_id": phase_id, "number": 2, "content_hash": HASH, "document": "{}"}
        with pytest.raises(IntegrityError), raised.write() as work:
            work.session.add(SnapshotRow(**again, created_at=NOON))


class TestRuns:
    def test_what_there_was_is_current_and_the_first(self, raised: Database) -> None:
        with raised.read() as session:
            runs = session.execute(select(RunRow.id, RunRow.number, RunRow.is_current, RunRow.attempt).order_by(RunRow.id)).all()
            evaluation = session.scalars(select(EvaluationRow)).one()
        assert runs == [("run-done", 1, True, 1), ("run-live", 1, True, 2)]
        assert (evaluation.run_id, evaluation.number, evaluation.is_current) == ("run-done", 1, True)
        assert (evaluation.document, evaluation.summary, evaluation.rescoring_id) == ('{"whole": 1}', '{"told": 1}', None)

    def test_a_new_row_still_gets_a_number_of_its_own(self, raised: Database) -> None:
        """Sequences and row numbers go on where the old release stopped."""
        with raised.write() as work:
            row = HistoryRow(submission_id="sub-live", at=NOON, from_state="queued", to_state="running", cause="claimed")
            work.session.add(row)
            work.session.flush()
            assert row.number == 3


class TestTwice:
    def test_started_again_nothing_more_happens(self, raised: Database) -> None:
        with raised.read() as session:
            before = [session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables]
        migrate(raised)
        with raised.read() as session:
            after = [session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables]
        assert after == before

    def test_a_migration_that_fails_half_way_leaves_the_old_database(
        self, old: tuple[str, Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        revision, database = old
        before = _revision(database)
        monkeypatch.setattr("sonobench_platform.db.migrations.append_only.refuse_changes", _fail, raising=True)
        assert before == revision
        with pytest.raises(RuntimeError, match="half-way"):
            migrate(database)
        assert _revision(database) == revision
        assert "phases" not in inspect(database.engine).get_table_names()
        monkeypatch.undo()
        migrate(database)
        assert "phases" in inspect(database.engine).get_table_names()


def _fail(_table: str) -> None:
    raise RuntimeError("half-way")


def _revision(database: Database) -> str | None:
    with database.engine.begin() as connection:
        return MigrationContext.configure(connection).get_current_revision()
