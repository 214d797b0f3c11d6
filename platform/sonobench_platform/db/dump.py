"""A whole database as one file, taken while others write, and a new database from it. SQLite's own backup; `pg_dump`."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, inspect, make_url

from sonobench_platform.db.session import Database

_HOURS_S = 6 * 3600
_PAGES_AT_ONCE = 1000


class DumpTrouble(Exception):
    """The database could not be written to a file, or not be made from one. The message says why."""


def kind_of(database: Database) -> str:
    """`sqlite` or `postgresql`: a dump of one does not go into the other."""
    return str(database.engine.dialect.name)


def dump(database: Database, target: Path) -> None:
    """Write the database as it is at one moment to a new file, for its owner alone.

    Raises:
        DumpTrouble: the database or `pg_dump` refuses, or `pg_dump` is missing.
    """
    target.touch(mode=0o600, exist_ok=False)
    if kind_of(database) == "sqlite":
        _dump_sqlite(Path(str(database.engine.url.database)), target)
    else:
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"]
        _postgres("pg_dump", options, database.engine.url)


def load(url: str, source: Path) -> None:
    """Make an empty database what a dump says. An empty `url` means nothing here: the caller knows the address.

    Raises:
        DumpTrouble: the database is not empty, or the dump is not one of its kind.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        _load_sqlite(source, Path(str(address.database)))
        return
    _refuse_tables(url)
    _postgres("pg_restore", ["--exit-on-error", "--single-transaction", "--no-owner", str(source)], address)


def _dump_sqlite(path: Path, target: Path) -> None:
    """In steps, so that writers are held up for moments only; what they change meanwhile is taken along."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy, pages=_PAGES_AT_ONCE, sleep=0.01)
            copy.execute("PRAGMA journal_mode=DELETE").close()  # one file, without the log of writes beside it
            found = copy.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise DumpTrouble(f"SQLite could not copy {path}: {error}") from error
    if found != ("ok",):
        raise DumpTrouble(f"SQLite finds {path} damaged: {found[0] if found else 'it says nothing'}")


def _load_sqlite(source: Path, path: Path) -> None:
    if path.exists():
        raise DumpTrouble(f"there is a database at {path} already; restore into an empty home")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    shutil.copyfile(source, path)


def _refuse_tables(url: str) -> None:
    with closing(Database(url)) as database:
        tables = inspect(database.engine).get_table_names()
    if tables:
        raise DumpTrouble(f"the database has tables already ({', '.join(sorted(tables)[:3])}, ...); restore into an empty one")


def _postgres(program: str, options: list[str], url: URL) -> None:
    """Run one of PostgreSQL's programs. The password travels in the environment: anybody may read a command line."""
    if shutil.which(program) is None:
        raise DumpTrouble(f"{program} is not installed; install the package postgresql-client, as new as the server")
    where = [f"--dbname={_address(url)}", "--no-password"]
    try:
        done = subprocess.run(
            [program, *where, *options],
            env={**os.environ, "PGPASSWORD": url.password or ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_HOURS_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DumpTrouble(f"{program} did not end within {_HOURS_S // 3600} hours") from error
    if done.returncode != 0:
        raise DumpTrouble(f"{program} failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")


def _address(url: URL) -> str:
    """The address as libpq reads it, without the password."""
    parts = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database}
    parts |= {name: value for name, value in url.query.items() if isinstance(value, str)}
    return " ".join(f"{name}='{_quoted(str(value))}'" for name, value in parts.items() if value is not None)


def _quoted(value: str) -> str:
    return value.replace("\\", r"\\").replace("'", r"\'")
