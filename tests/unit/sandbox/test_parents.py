"""Whether this engine's control groups are ours to use: its socket's peer, its own words, and a sweep's caution."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from sonobench_eval.meter.parent import ParentPlace
from sonobench_eval.sandbox.docker_engine import parents
from sonobench_eval.sandbox.docker_engine.parents import kept_by, sweep_parents
from sonobench_eval.sandbox.limits import NodeFacts

INFO = {"CgroupDriver": "cgroupfs", "CgroupVersion": "1", "SecurityOptions": ["name=seccomp,profile=default"]}


@pytest.fixture
def listener(monkeypatch, tmp_path):
    """Somebody who listens at the engine's socket: this very process."""
    address = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(address))
        door.listen(4)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{address}")
        yield address


class TestKeptBy:
    def test_an_engine_that_sees_our_groups_tells_who_keeps_them(self, listener):
        assert kept_by(INFO) == ("cgroupfs", "1")

    def test_one_in_another_view_of_them_has_none_for_us(self, listener, monkeypatch):
        monkeypatch.setattr(parents, "_group_namespace", lambda pid: "theirs" if pid == str(os.getpid()) else "ours")
        assert kept_by(INFO) == ("", "")

    def test_one_whose_process_is_not_to_be_seen_has_none_for_us(self, listener, monkeypatch):
        monkeypatch.setattr(parents, "_listener", lambda address: 0)
        assert kept_by(INFO) == ("", "")

    @pytest.mark.parametrize("host", ["tcp://10.0.0.1:2375", "ssh://node", "unix:///no/such/socket"])
    def test_one_that_is_elsewhere_has_none_for_us(self, monkeypatch, host):
        monkeypatch.setenv("DOCKER_HOST", host)
        assert kept_by(INFO) == ("", "")

    def test_one_without_root_keeps_its_groups_where_we_do_not_look(self, listener):
        assert kept_by({**INFO, "SecurityOptions": ["name=rootless"]}) == ("", "")

    def test_an_engine_that_says_nothing_has_none(self, listener):
        assert kept_by({}) == ("", "")


class TestSweepParents:
    @pytest.fixture
    def place(self, tmp_path, monkeypatch):
        monkeypatch.setattr(parents, "this_machines_place", lambda driver, version: ParentPlace("cgroupfs", 2, root=tmp_path))
        return tmp_path / "sonobench" / "n"

    def test_only_names_of_runs_that_are_dead_are_removed(self, place):
        names = ("sonobench-r1-a1", "sonobench-r1-a1-control", "sonobench-r2-a1", "somebody", "sonobench-r1-aX")
        for name in names:
            (place / name).mkdir(parents=True)
        removed = sweep_parents(NodeFacts(1, 1), "n", lambda run, attempt: (run, attempt) == ("r2", 1))
        assert removed == ["sonobench-r1-a1", "sonobench-r1-a1-control"]
        assert {path.name for path in place.iterdir()} == set(names[2:])

    def test_where_there_can_be_none_there_is_nothing_to_do(self):
        assert sweep_parents(NodeFacts(1, 1), "n", lambda run, attempt: False) == []


def test_the_listener_is_whoever_made_the_socket(tmp_path: Path) -> None:
    address, ready, done = str(tmp_path / "s"), threading.Event(), threading.Event()

    def listen() -> None:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(address)
            door.listen(1)
            ready.set()
            done.wait(60)

    thread = threading.Thread(target=listen)
    thread.start()
    assert ready.wait(60)
    assert parents._listener(address) == os.getpid()
    done.set()
    thread.join()
