"""The PostgreSQL and the Redis that tests stand on: reachable by those who should, and gone with whoever started them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis
from infra.real_services import PostgresServer, RedisServer, ServiceMissing, spare_port

from infra import real_services


class TestPostgres:
    def test_it_does_not_run_as_root(self, postgres_server: PostgresServer) -> None:
        assert (postgres_server.folder / "data").stat().st_uid != 0

    def test_over_tcp_it_wants_the_password(self, postgres_server: PostgresServer) -> None:
        address = f"host=127.0.0.1 port={postgres_server.port} user=sonobench dbname=postgres"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(address)
        psycopg.connect(f"{address} password={postgres_server.password}").close()

    def test_a_database_is_a_copy_of_its_template(self, postgres_server: PostgresServer) -> None:
        postgres_server.create_database("first")
        address = f"host={postgres_server.folder} port={postgres_server.port} user=sonobench"
        with psycopg.connect(f"{address} dbname=first") as connection:
            connection.execute("CREATE TABLE kept (value integer)")
        postgres_server.create_database("second", template="first")
        with psycopg.connect(f"{address} dbname=second") as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchall() == [(0,)]
        for name in ("first", "second"):
            postgres_server.drop_database(name)

    def test_where_it_is_not_installed_the_package_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(real_services, "DEBIAN_POSTGRES", tmp_path)
        with pytest.raises(ServiceMissing, match="install the package postgresql"):
            PostgresServer()


class TestRedis:
    def test_it_wants_the_password(self, redis_server: RedisServer) -> None:
        with redis.Redis(host="127.0.0.1", port=redis_server.port) as client, pytest.raises(redis.AuthenticationError):
            client.ping()

    def test_killed_and_started_again_it_has_its_old_address_and_forgot_all(self) -> None:
        server = RedisServer()
        server.start()
        with server.client() as client:
            client.set("key", "value")
        before = server.url()
        server.end(signal.SIGKILL)
        server.start()
        with server.client() as client:
            assert (client.get("key"), server.url()) == (None, before)
        server.stop()


class TestEnding:
    @pytest.mark.parametrize("kind", ["PostgresServer", "RedisServer"])
    def test_killed_with_sigkill_whoever_started_it_takes_it_along(
        self, kind: str, repo_root: Path, postgres_server: PostgresServer, redis_server: RedisServer
    ) -> None:
        code = (
            f"import time; from infra.real_services import {kind}; server = {kind}(); server.start();"
            "print(server.port, server.folder, flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=repo_root) as parent:
            assert parent.stdout is not None
            port, folder = parent.stdout.readline().split()
            assert _listens(int(port))
            parent.kill()
        _wait(lambda: not _listens(int(port)))
        assert Path(folder).is_dir()
        later = RedisServer()
        assert not Path(folder).exists(), "the next one clears away what the dead one left"
        later.stop()

    def test_stopped_it_leaves_no_folder(self) -> None:
        server = RedisServer()
        server.start()
        server.stop()
        assert not server.folder.exists()


class TestSparePort:
    def test_nobody_listens_there(self) -> None:
        assert not _listens(spare_port())

    def test_the_kernel_does_not_give_it_to_clients(self) -> None:
        first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
        assert not first <= spare_port() <= last


def _listens(port: int) -> bool:
    listening = f":{port:04X} "
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(listening.strip()) and line.split()[3] == "0A" for line in lines)


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, "did not happen within 20 s"
        time.sleep(0.05)
