"""Bring a database to the newest revision. The same migrations build SQLite, PostgreSQL and the tests' databases."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from sonobench_platform.db.session import Database

# Any number will do, as long as every process that migrates uses the same one.
_LOCK = 5_033_140_217


RELEASED = ("0001", "0002")
"""The revisions at which databases out there may stand: each was the newest of a release. A release adds its own."""


class DatabaseUnfit(Exception):
    """The database cannot hold what the platform writes; the message says what to do."""


def migrate(database: Database, *, revision: str = "head") -> None:
    """Apply what is missing, in one transaction; processes that start together take turns.

    Raises:
        DatabaseUnfit: a PostgreSQL database in another encoding than UTF-8.
    """
    with database.engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            _refuse_other_encodings(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _current(connection) == _newest() and revision == "head":
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _refuse_other_encodings(connection: Connection) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise DatabaseUnfit(
            f"the database is in {encoding}, and names of people and teams need UTF-8: "
            "make it anew with `createdb --encoding=UTF8 --template=template0`"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "sonobench_platform:db/migrations")
    config.set_main_option("path_separator", "os")
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()
