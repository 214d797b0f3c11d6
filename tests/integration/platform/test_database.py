"""The database itself: migrations, transactions, times, append-only history. On SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from infra.real_services import PostgresServer
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from sonobench_platform.db.migrate import DatabaseUnfit, migrate
from sonobench_platform.db.models import AttemptRow, Base, HistoryRow, TeamRow
from sonobench_platform.db.session import Database

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str, tmp_path: Path, put_sqlite: Callable[[Path], None]) -> Iterator[Database]:
    put_sqlite(tmp_path)
    made = Database(database_url or f"sqlite:///{tmp_path}/sonobench.sqlite")
    yield made
    made.close()


@pytest.fixture
def new_database(new_database_url: str) -> Iterator[Database]:
    made = Database(new_database_url)
    yield made
    made.close()


def _team(name: str, at: datetime = NOON) -> TeamRow:
    return TeamRow(id=f"team-{name}", name=name, name_key=name, created_at=at)


class TestMigrations:
    def test_they_build_exactly_the_models(self, new_database: Database) -> None:
        migrate(new_database)
        with new_database.engine.begin() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []

    def test_again_is_harmless(self, database: Database) -> None:
        migrate(database)

    def test_processes_that_start_together_take_turns(self, new_database_url: str) -> None:
        databases = [Database(new_database_url) for _ in range(4)]
        failed: list[Exception] = []

        def start(each: Database) -> None:
            try:
                migrate(each)
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=start, args=(each,)) for each in databases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for each in databases:
            each.close()
        assert failed == []


class TestUnitOfWork:
    def test_an_error_rolls_back_and_drops_the_wake_ups(self, database: Database) -> None:
        woken: list[str] = []

        def fail_half_way() -> None:
            with database.write() as work:
                work.session.add(_team("a"))
                work.after_commit(lambda: woken.append("a"))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail_half_way()
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(TeamRow)) == 0
        assert woken == []

    def test_what_the_database_refuses_is_told_without_its_values(self, database: Database) -> None:
        secret = AttemptRow(run_id="no-such-run", attempt=1, node="n", claimed_at=NOON, pseudonym_key="5e" * 32)
        with pytest.raises(DBAPIError) as refused, database.write() as work:
            work.session.add(secret)
        assert "5e5e" not in str(refused.value)

    def test_wake_ups_leave_after_the_commit(self, database: Database) -> None:
        seen: list[int] = []

        def look() -> None:
            with database.read() as session:
                seen.append(session.scalar(select(func.count()).select_from(TeamRow)) or 0)

        with database.write() as work:
            work.after_commit(look)
            work.session.add(_team("a"))
        assert seen == [1]

    def test_writers_queue_up_instead_of_failing(self, database: Database) -> None:
        failed: list[Exception] = []

        def add(number: int) -> None:
            try:
                with database.write() as work:
                    work.session.scalars(select(TeamRow)).all()
                    work.session.add(_team(str(number)))
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(TeamRow)) == 20

    def test_taking_turns_lets_one_in_at_a_time(self, database: Database) -> None:
        inside, most = [], []

        def enter() -> None:
            with database.write() as work:
                work.take_turns("test")
                inside.append(1)
                most.append(len(inside))
                work.session.execute(text("SELECT 1"))
                inside.pop()

        threads = [threading.Thread(target=enter) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(most) == {1}


class TestTimes:
    def test_they_come_back_as_utc_whatever_zone_they_were_given_in(self, database: Database) -> None:
        with database.write() as work:
            work.session.add(_team("a", NOON.astimezone(timezone(timedelta(hours=5)))))
        with database.read() as session:
            found = session.scalars(select(TeamRow)).one().created_at
        assert found == NOON
        assert found.utcoffset() == timedelta(0)

    def test_one_without_a_zone_is_refused(self, database: Database) -> None:
        with pytest.raises(StatementError, match="no time zone"), database.write() as work:
            work.session.add(_team("a", datetime(2026, 1, 1)))


class TestHistory:
    @pytest.mark.parametrize("statement", ["UPDATE submission_history SET cause = 'x'", "DELETE FROM submission_history"])
    def test_the_database_itself_refuses_to_change_it(self, world: object, statement: str) -> None:
        database = world.platform.core.database  # type: ignore[attr-defined]
        world.queued("A")  # type: ignore[attr-defined]
        with pytest.raises(DBAPIError, match="append-only"), database.write() as work:
            work.session.execute(text(statement))
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(HistoryRow)) == 3

    @pytest.mark.parametrize("table", ["submission_history", "challenge_changes", "quota_ledger", "audit_log", "submissions"])
    def test_no_book_is_emptied_at_once_not_even_with_what_it_refers_to(self, world: object, table: str) -> None:
        database = world.platform.core.database  # type: ignore[attr-defined]
        world.queued("A")  # type: ignore[attr-defined]
        # SQLite has no such statement at all.
        refusal = pytest.raises(DBAPIError, match=r"append-only|near \"TRUNCATE\": syntax error")
        with refusal, database.write() as work:
            work.session.execute(text(f"TRUNCATE {table} CASCADE"))
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(HistoryRow)) == 3


class TestAddress:
    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
    def test_what_is_not_supported_is_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match="database_url must be"):
            Database(url)


class TestAnUnfitDatabase:
    def test_one_in_another_encoding_is_refused_with_what_to_do(self, postgres_server: PostgresServer) -> None:
        postgres_server.create_database("plain_ascii", template="template0", encoding="SQL_ASCII")
        made = Database(postgres_server.url("plain_ascii"))
        try:
            with pytest.raises(DatabaseUnfit, match=r"SQL_ASCII.*createdb --encoding=UTF8"):
                migrate(made)
        finally:
            made.close()
            postgres_server.drop_database("plain_ascii")
