from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sonobench_platform.queue import embedded
from sonobench_platform.queue.embedded import EmbeddedRedis, EmbeddedRedisError, answers, socket_path

WaitUntil = Callable[[Callable[[], object]], None]


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


class TestEmbeddedRedis:
    def test_it_answers_on_a_socket_only_its_owner_can_reach(self, broker: EmbeddedRedis) -> None:
        assert answers(broker.socket)
        assert stat.S_IMODE(broker.socket.parent.stat().st_mode) == 0o700

    def test_it_listens_on_no_tcp_port(self, broker: EmbeddedRedis) -> None:
        inodes = set()
        for fd in Path(f"/proc/{broker.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # a connection that the server closes meanwhile
                inodes.add(str(fd.readlink()))
        listening = [line.split()[9] for line in Path(f"/proc/{broker.pid}/net/tcp").read_text().splitlines()[1:]]
        assert not [inode for inode in listening if f"socket:[{inode}]" in inodes]

    def test_stopping_leaves_neither_process_nor_socket(self, broker: EmbeddedRedis) -> None:
        pid = broker.pid
        broker.stop()
        assert pid is not None
        assert not _is_running(pid)
        assert list(broker.socket.parent.iterdir()) == []

    def test_a_socket_left_by_a_dead_broker_is_replaced(self, needs_redis: None, tmp_path: Path) -> None:
        path = socket_path(tmp_path)
        path.parent.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
        with EmbeddedRedis(tmp_path) as broker:
            assert answers(broker.socket)

    def test_a_second_broker_for_the_same_home_is_refused_with_a_sentence(self, broker: EmbeddedRedis, tmp_path: Path) -> None:
        with pytest.raises(EmbeddedRedisError, match="another sonobench already runs a broker"):
            EmbeddedRedis(tmp_path / "home").start()
        assert answers(broker.socket)

    def test_a_killed_broker_is_started_again_on_the_same_socket(self, broker: EmbeddedRedis, wait_until: WaitUntil) -> None:
        assert not broker.restart_if_dead()
        killed = broker.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: broker.pid is None)
        assert broker.restart_if_dead()
        assert answers(broker.socket)
        assert broker.pid != killed

    def test_it_dies_with_a_parent_that_was_killed(self, needs_redis: None, tmp_path: Path, wait_until: WaitUntil) -> None:
        code = (
            "import sys, time; from pathlib import Path; from sonobench_platform.queue.embedded import EmbeddedRedis\n"
            "broker = EmbeddedRedis(Path(sys.argv[1])); broker.start(); print(broker.pid, flush=True); time.sleep(60)"
        )
        parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _is_running(pid)
        parent.kill()
        parent.wait()
        parent.stdout.close()
        wait_until(lambda: not _is_running(pid))

    def test_a_home_too_deep_for_a_socket_path_gets_a_short_folder(self, needs_redis: None, tmp_path: Path) -> None:
        deep = tmp_path / ("a" * 60) / ("b" * 60)
        with EmbeddedRedis(deep) as broker:
            assert len(str(broker.socket)) < 108
            assert answers(broker.socket)
            folder = broker.socket.parent
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not folder.exists()

    def test_without_redis_server_there_is_no_address_and_starting_says_what_to_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(embedded, "redis_server", lambda: None)
        broker = EmbeddedRedis(tmp_path)
        assert broker.broker_url is None
        with pytest.raises(EmbeddedRedisError, match="not installed"):
            broker.start()

    def test_a_server_that_cannot_start_says_where_to_look(
        self, needs_redis: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(embedded, "redis_server", lambda: "/bin/false")
        with pytest.raises(EmbeddedRedisError, match=r"ended with status 1; see .*redis\.log"):
            EmbeddedRedis(tmp_path).start()
