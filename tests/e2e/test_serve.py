"""`sonobench serve --with-workers` as one program: it looks after its children, and takes them along when it goes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.docker

OpenHouse = Callable[..., Any]
MakeImage = Callable[..., Path]


@pytest.fixture
def house(open_house: OpenHouse) -> Iterator[Any]:
    house = open_house("all")
    yield house
    house.close()  # in peace: a worker may be trying this node with containers of its own
    for pid in _family(house.home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _family(home: Path) -> dict[int, str]:
    """Every process that was told of this home, by pid, with what it is."""
    found: dict[int, str] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                words = (process / "cmdline").read_bytes()
                told = (process / "environ").read_bytes()
            except OSError:
                continue
            if words and (str(home).encode() in words or f"SONOBENCH_HOME={home}".encode() in told):
                found[int(process.name)] = words.replace(b"\0", b" ").decode(errors="replace")
    return found


def _pid_of(home: Path, words: str) -> int:
    """The first of them; killing "none" would be killing this test's own group."""
    return next(pid for pid, said in _family(home).items() if words in said)


class TestServeWithWorkers:
    def test_one_command_scores_an_image_and_leaves_nothing_when_it_ends(self, house: Any, make_image: MakeImage) -> None:
        submission = house.submit("Team", make_image())
        assert house.wait_for_end(submission)["state"] == "scored"
        assert house.stop("all") == 0
        assert _family(house.home) == {}
        assert list((house.home / "run").iterdir()) == []

    def test_told_to_end_in_mid_run_it_takes_the_run_back_before_it_goes(self, house: Any, make_image: MakeImage) -> None:
        submission = house.submit("Team", make_image(waits=True))
        house.wait_for_phase(submission, "run")
        assert house.stop("all") == 0
        assert house.containers() == []
        (left,) = json.loads(house.run_command("admin", "submissions", "--json").stdout)
        assert left["state"] == "queued"
        assert "shut down" in left["history"][-1]["cause"]

    def test_a_worker_that_is_killed_is_started_again_and_finishes_the_run(self, house: Any, make_image: MakeImage) -> None:
        submission = house.submit("Team", make_image(waits=True))
        attempt = house.wait_for_phase(submission, "run")
        os.kill(_pid_of(house.home, "worker run"), signal.SIGKILL)
        assert house.let_end(submission)["state"] == "scored"
        assert house.submission(submission)["attempt"] == attempt + 1
        assert house.containers() == []

    def test_when_it_is_killed_itself_its_children_leave_and_take_the_container_along(
        self, house: Any, make_image: MakeImage
    ) -> None:
        submission = house.submit("Team", make_image(waits=True))
        house.wait_for_phase(submission, "run")
        house.kill("all")
        house.wait_for(lambda: _family(house.home) == {} and house.containers() == [], "its children to leave")


class TestServeWhereItCannot:
    def test_a_second_server_on_the_same_home_is_told_no(self, open_house: OpenHouse) -> None:
        second = open_house("serve").run_command("serve", "--port", "0")
        assert second.returncode == 1
        assert "another sonobench serves" in second.stderr
        assert "Traceback" not in second.stderr

    def test_a_taken_port_is_one_sentence(self, open_house: OpenHouse, tmp_path: Path) -> None:
        house = open_house("serve")
        second = house.run_command("serve", "--home", str(tmp_path / "elsewhere"), "--port", str(house.port))
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert f"cannot listen on 127.0.0.1 port {house.port}" in second.stderr
