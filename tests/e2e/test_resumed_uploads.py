"""Resumable uploads with real servers, real clients and a line that breaks: nothing lost, nothing doubled, one submission."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tus_bench as bench_module
from waiting import until

pytestmark = pytest.mark.timeout(400)

CLIENTS = ("tus-js-client", "tuspy")
MEGABYTE = 1 << 20


@pytest.fixture
def bench() -> ModuleType:
    return bench_module


@pytest.fixture
def servers(tmp_path: Path, bench: ModuleType) -> Iterator[Any]:
    made = bench.Servers(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def line(bench: ModuleType) -> Iterator[Callable[..., Any]]:
    made = []

    def lay(port: int, **options: Any) -> Any:
        made.append(bench.BadLine(port, **options))
        return made[-1]

    yield lay
    for each in made:
        each.close()


@pytest.fixture
def image(tmp_path: Path) -> Callable[[int], Path]:
    def make(megabytes: int) -> Path:
        path = tmp_path / "image.tar"
        path.write_bytes(os.urandom(megabytes * MEGABYTE + 17))
        return path

    return make


def _orders(port: int, token: str, file: Path, **more: Any) -> dict[str, Any]:
    metadata = {"challenge": "tiny", "filename": file.name, "filetype": "application/x-tar"}
    return {
        "endpoint": f"http://127.0.0.1:{port}/api/v1/uploads",
        "token": token,
        "file": str(file),
        "metadata": metadata,
        **more,
    }


def _assert_one_whole(servers: Any, port: int, file: Path) -> None:
    """One submission, its image byte for byte, and nothing beside it."""
    (submission,) = servers.submissions(port)
    assert submission["state"] == "checking"
    assert [step["to"] for step in submission["history"]] == ["uploading", "checking"]
    kept = servers.home / "uploads" / f"{submission['id']}.tar"
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == hashlib.sha256(file.read_bytes()).hexdigest()
    assert [path.name for path in (servers.home / "uploads").iterdir()] == [kept.name]


@pytest.mark.parametrize("kind", CLIENTS)
class TestEveryClient:
    def test_an_upload_arrives_whole(self, servers: Any, bench: ModuleType, image: Callable[[int], Path], kind: str) -> None:
        port, file = servers.start(), image(60)
        bench.Client(kind, **_orders(port, servers.team(port), file)).wait()
        _assert_one_whole(servers, port, file)

    def test_a_server_that_is_killed_in_the_middle_and_started_again_loses_nothing_that_it_acknowledged(
        self, servers: Any, bench: ModuleType, line: Callable[..., Any], image: Callable[[int], Path], kind: str
    ) -> None:
        port, file = servers.start(), image(16)
        token, stalling = servers.team(port), line(port, stalls_after=8 * MEGABYTE)
        client = bench.Client(kind, **_orders(stalling.port, token, file, chunk_bytes=5 * MEGABYTE))
        until(lambda: client.said("accepted"), "a first request to be acknowledged")
        until(lambda: servers.bytes_on_disk() > 6 * MEGABYTE, "the next request to be under way")
        acknowledged = client.said("accepted")
        servers.kill(port)
        servers.start(port)
        assert acknowledged >= 5 * MEGABYTE
        head = _head(port, token, client.said("url").rpartition("/")[2])
        assert int(head.headers["Upload-Offset"]) >= acknowledged
        stalling.go_on()
        client.wait()
        _assert_one_whole(servers, port, file)

    def test_one_request_in_twenty_is_dropped_and_nothing_is_lost_or_doubled(
        self, servers: Any, bench: ModuleType, line: Callable[..., Any], image: Callable[[int], Path], kind: str
    ) -> None:
        port, file = servers.start(), image(40)
        bad = line(port, one_in=20)
        bench.Client(kind, **_orders(bad.port, servers.team(port), file, chunk_bytes=MEGABYTE // 2)).wait()
        assert set(bad.dropped) == {"answer lost", "body cut", "never arrived"}
        _assert_one_whole(servers, port, file)

    def test_a_page_that_is_loaded_again_goes_on_from_the_uploads_address(
        self, servers: Any, bench: ModuleType, line: Callable[..., Any], image: Callable[[int], Path], kind: str
    ) -> None:
        port, file = servers.start(), image(12)
        token, stalling = servers.team(port), line(port, stalls_after=7 * MEGABYTE)
        first = bench.Client(kind, **_orders(stalling.port, token, file, chunk_bytes=4 * MEGABYTE))
        until(lambda: servers.bytes_on_disk() > 5 * MEGABYTE, "a part to have come")
        first.kill()
        address = f"http://127.0.0.1:{port}/api/v1/uploads/{first.said('url').rpartition('/')[2]}"
        bench.Client(kind, **_orders(port, token, file, url=address)).wait()
        _assert_one_whole(servers, port, file)

    def test_two_at_once_on_two_servers_write_one_file(
        self, servers: Any, bench: ModuleType, image: Callable[[int], Path], kind: str
    ) -> None:
        ports, file = (servers.start(), servers.start()), image(30)
        token = servers.team(ports[0])
        path = _created(ports[0], token, file)
        orders = [_orders(port, token, file, url=f"http://127.0.0.1:{port}{path}", chunk_bytes=MEGABYTE) for port in ports]
        clients = [bench.Client(kind, **each) for each in orders]
        for client in clients:
            client.wait()
        _assert_one_whole(servers, ports[0], file)


class TestTusJsClient:
    def test_where_only_post_passes_the_method_travels_in_a_header(
        self, servers: Any, bench: ModuleType, image: Callable[[int], Path]
    ) -> None:
        port, file = servers.start(), image(5)
        bench.Client("tus-js-client", **_orders(port, servers.team(port), file, override=True)).wait()
        _assert_one_whole(servers, port, file)


class TestTuspy:
    def test_with_a_checksum_for_every_request_on_a_bad_line(
        self, servers: Any, bench: ModuleType, line: Callable[..., Any], image: Callable[[int], Path]
    ) -> None:
        port, file = servers.start(), image(20)
        bad = line(port, one_in=10)
        bench.Client("tuspy", **_orders(bad.port, servers.team(port), file, chunk_bytes=MEGABYTE, checksum=True)).wait()
        assert "body cut" in bad.dropped
        _assert_one_whole(servers, port, file)


class Submit:
    """`sonobench submit` as a process, with a home of its own."""

    def __init__(self, home: Path, address: str, token: str, file: Path) -> None:
        home.mkdir(exist_ok=True)
        own = {name: value for name, value in os.environ.items() if not name.startswith(("SONOBENCH_", "XDG_"))}
        environment = {**own, "HOME": str(home), "SONOBENCH_SERVER": address, "SONOBENCH_TOKEN": token}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sonobench_eval.cli.main", "submit", str(file), "--challenge", "tiny"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def interrupt(self) -> tuple[int, str, str]:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str, str]:
        """Status, data and messages."""
        said, told = self._process.communicate(timeout=150)
        return self._process.returncode, said.strip(), told


class TestSonobenchSubmit:
    def test_on_a_bad_line_it_goes_on_by_itself(
        self, servers: Any, line: Callable[..., Any], image: Callable[[int], Path], tmp_path: Path
    ) -> None:
        port, file = servers.start(), image(5)
        bad = line(port, one_in=2)
        status, said, told = Submit(tmp_path / "user", f"http://127.0.0.1:{bad.port}", servers.team(port), file).end()
        assert status == 0, told
        assert "body cut" in bad.dropped
        (submission,) = servers.submissions(port)
        assert said == submission["id"]
        _assert_one_whole(servers, port, file)

    def test_when_the_server_is_killed_it_waits_and_goes_on(
        self, servers: Any, bench: ModuleType, line: Callable[..., Any], image: Callable[[int], Path], tmp_path: Path
    ) -> None:
        port, file = servers.start(), image(12)
        stalling = line(port, stalls_after=6 * MEGABYTE)
        submit = Submit(tmp_path / "user", f"http://127.0.0.1:{stalling.port}", servers.team(port), file)
        until(lambda: servers.bytes_on_disk() > 4 * MEGABYTE, "a part to have come")
        servers.kill(port)
        servers.start(port)
        stalling.go_on()
        status, _, told = submit.end()
        assert status == 0, told
        _assert_one_whole(servers, port, file)

    def test_after_ctrl_c_the_same_command_goes_on_with_the_same_submission(
        self, servers: Any, bench: ModuleType, line: Callable[..., Any], image: Callable[[int], Path], tmp_path: Path
    ) -> None:
        port, file = servers.start(), image(16)
        stalling, token = line(port, stalls_after=9 * MEGABYTE + MEGABYTE // 2), servers.team(port)
        submit = Submit(tmp_path / "user", f"http://127.0.0.1:{stalling.port}", token, file)
        until(lambda: servers.bytes_on_disk() > 8 * MEGABYTE, "half of it to have come")
        status, _, told = submit.interrupt()
        assert status == 130
        assert "Run the same command again" in told
        (before,) = servers.submissions(port)
        stalling.go_on()
        status, said, told = Submit(tmp_path / "user", f"http://127.0.0.1:{stalling.port}", token, file).end()
        assert status == 0, told
        assert said == before["id"]
        assert stalling.carried_bytes < 18 * MEGABYTE
        _assert_one_whole(servers, port, file)


def _head(port: int, token: str, upload_id: str) -> Any:
    import httpx

    headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
    answer = httpx.head(f"http://127.0.0.1:{port}/api/v1/uploads/{upload_id}", headers=headers, timeout=20)
    assert answer.status_code == 200
    return answer


def _created(port: int, token: str, file: Path) -> str:
    import httpx

    headers = {
        "Authorization": f"Bearer {token}",
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(file.stat().st_size),
        "Upload-Metadata": "challenge dGlueQ==",
    }
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/uploads", headers=headers, timeout=20)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])
