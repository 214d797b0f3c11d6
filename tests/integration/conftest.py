"""Databases for the platform's tests: each test runs on SQLite, and again on a real PostgreSQL.

A test gets a copy of a database that the migrations made once. Copying takes a fraction of what migrating does.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from infra.real_services import PostgresServer

from sonobench_platform.accounts import passwords
from sonobench_platform.db.migrate import migrate
from sonobench_platform.db.session import Database

BACKENDS = ("sqlite", "postgresql")
_TEMPLATE = "migrated"


_CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hashing a password is slow on purpose; what is tested here is all around it.

    Not by the fixture `monkeypatch`: that would then be the first of every test, and undo what a test patched last of all.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", _CHEAP)
        yield


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Which database this run of the test is on."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database on the server that is at the newest revision, and that nobody is connected to."""
    postgres_server.create_database(_TEMPLATE)
    _migrated(postgres_server.url(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A SQLite file at the newest revision."""
    path = tmp_path_factory.mktemp("template") / "sonobench.sqlite"
    _migrated(f"sqlite:///{path}")
    return path.read_bytes()


def _migrated(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, backend: str) -> Iterator[str]:
    """A migrated database without rows: empty for SQLite, whose file `put_sqlite` lays under the home."""
    if backend == "sqlite":
        yield ""
        return
    template = request.getfixturevalue("postgres_template")
    yield from _on_postgres(request.getfixturevalue("postgres_server"), template=template)


@pytest.fixture
def new_database_url(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> Iterator[str]:
    """A database that no migration has touched."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path}/new.sqlite"
        return
    yield from _on_postgres(request.getfixturevalue("postgres_server"), template=None)


@pytest.fixture
def put_sqlite(sqlite_template: bytes, backend: str) -> Callable[[Path], None]:
    """Lays the migrated file into a platform's home, unless there is one or the database is elsewhere."""

    def put(home: Path) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = home / "sonobench.sqlite"
        if backend == "sqlite" and not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(sqlite_template)

    return put


def _on_postgres(server: PostgresServer, *, template: str | None) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    server.create_database(name, template=template)
    yield server.url(name)
    server.drop_database(name)
