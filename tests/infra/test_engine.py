"""infra/engine.sh: an engine beside a command, started only where there is none and stopped only by its last user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

UNAVAILABLE, USAGE = 69, 64
NO_DOCKERD_LEFT = "grep -lx dockerd /proc/[0-9]*/comm >/dev/null && echo left || echo none left"


def _until(path: str) -> str:
    """Shell: wait until this file is there."""
    return f"until [ -e {path} ]; do sleep 0.1; done"


class TestWhereAnEngineRuns:
    pytestmark = pytest.mark.docker

    def test_the_command_runs_and_its_exit_status_comes_through(self, engine_sh: Path, docker_client: Any) -> None:
        done = subprocess.run(
            [engine_sh, "run", "sh", "-c", "cat; exit 7"], input="in", capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (7, "in", "")
        assert docker_client.ping()


class TestWhatCannotBeDone:
    def test_without_a_command_it_says_how_it_is_used(self, engine_sh: Path) -> None:
        done = subprocess.run([engine_sh, "run"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (USAGE, "usage: infra/engine.sh run COMMAND [ARGUMENT...]\n")

    def test_a_docker_host_that_does_not_answer_is_named_in_one_sentence(self, engine_sh: Path) -> None:
        environment = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"}
        done = subprocess.run([engine_sh, "run", "echo", "ran"], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == UNAVAILABLE
        assert done.stdout == ""
        assert done.stderr == "docker: DOCKER_HOST is unix:///nowhere/docker.sock, and no engine answers there.\n"


class TestWhereNoEngineRuns:
    def test_one_is_started_for_the_command_and_stopped_after_it(self, machine: Any) -> None:
        done = machine.bash(f'$ENGINE run sh -c "test -S /run/docker.sock && exit 5"; echo $?; {NO_DOCKERD_LEFT}; ls /run')
        assert done.stdout.split("\n")[:2] == ["5", "none left"]
        assert "sonobench-engine" not in done.stdout

    def test_the_first_to_end_leaves_it_to_the_other_user(self, machine: Any) -> None:
        ping = f"python3 {machine.engine_sh.parent}/engine_ping.py"
        first = f'$ENGINE run sh -c ": >/run/up; {_until("/run/second-ended")}; {ping} && echo still there" &'
        second = f"$ENGINE run true; {ping} && echo left for the other; : >/run/second-ended"
        done = machine.bash(f"{first} {_until('/run/up')}; {second}; wait; {NO_DOCKERD_LEFT}")
        assert done.stdout.splitlines() == ["left for the other", "still there", "none left"]

    def test_a_term_signal_reaches_the_command_and_the_engine_is_stopped(self, machine: Any) -> None:
        told = 'trap "echo told; exit 3" TERM; echo up; : >/run/up; while :; do sleep 0.1; done'
        stop = f"{_until('/run/up')}; kill -TERM $pid; wait $pid; echo $?; {NO_DOCKERD_LEFT}"
        done = machine.bash(f"$ENGINE run bash -c '{told}' & pid=$!; {stop}")
        assert done.stdout.splitlines() == ["up", "told", "3", "none left"]

    def test_an_interrupt_reaches_the_command_even_from_a_background_job(self, machine: Any) -> None:
        told = 'trap "echo told; exit 4" INT; echo up; : >/run/up; while :; do sleep 0.1; done'
        launch = f"env --default-signal=INT setsid $ENGINE run bash -c '{told}' & pid=$!"
        done = machine.bash(f"{launch}; {_until('/run/up')}; kill -INT $pid; wait $pid; echo $?; {NO_DOCKERD_LEFT}")
        assert done.stdout.splitlines() == ["up", "told", "4", "none left"]

    def test_a_dockerd_that_needs_no_packet_filter_is_tried_second(self, machine: Any) -> None:
        done = machine.bash("$ENGINE run tail -n 1 /var/log/sonobench-dockerd.log", FAKE_DOCKERD_NEEDS="--iptables=false")
        assert done.returncode == 0
        assert "--bridge=none --iptables=false" in done.stdout

    def test_a_dockerd_that_does_not_start_ends_in_a_sentence_and_its_last_words(self, machine: Any) -> None:
        done = machine.bash("$ENGINE run echo ran", FAKE_DOCKERD_NEEDS="what nobody has")
        assert (done.returncode, done.stdout) == (UNAVAILABLE, "")
        assert "no packet filter" in done.stderr
        assert "docker: dockerd does not start on this machine" in done.stderr.splitlines()[-1]
