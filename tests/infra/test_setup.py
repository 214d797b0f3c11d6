"""infra/setup.sh: says what is missing, asks, and never goes on half-way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NEEDED = ("bash", "cat", "chmod", "cp", "cut", "dirname", "env", "grep", "id", "mkdir", "sha256sum", "tail", "touch", "uname")
MAKES_SONOBENCH = "touch .venv/bin/sonobench; chmod +x .venv/bin/sonobench"


@pytest.fixture
def checkout(repo_root: Path, tmp_path: Path) -> Path:
    """A copy of what set-up reads, on a machine that has next to no programs (and an engine somewhere else)."""
    for name in ("infra/setup.sh", "infra/engine_ping.py", "pyproject.toml", "requirements.lock"):
        target = tmp_path / "checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repo_root / name, target)
    (tmp_path / "bin").mkdir()
    for tool in NEEDED:
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    return tmp_path / "checkout"


def program(checkout: Path, name: str, script: str) -> None:
    path = checkout.parent / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def setup(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    elsewhere = {
        "PATH": str(checkout.parent / "bin"),
        "HOME": str(checkout),
        "DOCKER_HOST": "tcp://elsewhere:2375",
        "SONOBENCH_DEBIAN_POSTGRES": str(checkout.parent / "postgresql"),
    }
    return subprocess.run(
        [checkout / "infra" / "setup.sh", *arguments],
        env=elsewhere | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


class TestPython:
    def test_one_that_is_too_old_is_named_with_what_to_do(self, checkout: Path) -> None:
        program(checkout, "python3", 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi')
        done = setup(checkout, YES="1")
        assert done.returncode == 1
        assert "Python 3.11 or newer is needed, and none was found (python3 is Python 3.9.2)" in done.stderr

    def test_an_older_python3_is_passed_over_for_a_newer_one_beside_it(self, checkout: Path) -> None:
        program(checkout, "python3", "exit 1")
        (checkout.parent / "bin" / "python3.12").symlink_to(sys.executable)
        assert "Python 3.11 or newer is needed" not in setup(checkout).stderr


class TestSystemPackages:
    def test_they_are_named_first_and_without_a_terminal_nothing_is_installed(self, checkout: Path) -> None:
        program(checkout, "apt-get", "echo apt-get ran; exit 1")
        done = setup(checkout)
        assert done.returncode == 1
        assert "These system packages are missing and will be installed with apt-get:" in done.stderr
        assert "redis-server" in done.stderr
        assert "there is no terminal to ask on. Run it again as 'YES=1 make ...'" in done.stderr
        assert "apt-get ran" not in done.stdout + done.stderr

    def test_an_engine_somewhere_else_means_docker_is_not_installed(self, checkout: Path) -> None:
        assert "docker.io" not in setup(checkout).stderr

    @pytest.mark.parametrize("yes", [{"YES": "1"}, {"CI": "true"}])
    def test_yes_and_ci_answer_and_a_failure_of_apt_is_told(self, checkout: Path, yes: dict[str, str]) -> None:
        program(checkout, "apt-get", 'echo "E: $*" >&2; exit 100')
        program(checkout, "sudo", '"$@"')
        done = setup(checkout, **yes)
        assert done.returncode == 1
        assert "E: -qq -o Acquire::Retries=3 update" in done.stderr
        assert done.stderr.splitlines()[-1] == "setup: apt-get update failed; its own words are above."
        assert not (checkout / ".venv").exists()

    def test_without_root_and_sudo_it_says_what_it_wanted_to_run(self, checkout: Path) -> None:
        if os.geteuid() == 0:
            program(checkout, "id", "echo 1000")
        program(checkout, "apt-get", "exit 0")
        done = setup(checkout, YES="1")
        assert done.returncode == 1
        assert "this needs root: run it as root, or install sudo. It was: apt-get" in done.stderr

    def test_tests_also_need_a_compiler(self, checkout: Path) -> None:
        for package in ("gcc", "libc6-dev"):
            assert package in setup(checkout, "tests").stderr
            assert package not in setup(checkout).stderr

    def test_tests_also_need_postgresql_and_its_service_is_never_started(self, checkout: Path) -> None:
        """What the packages would start is held while they come in, and PostgreSQL makes no cluster."""
        calls = checkout.parent / "calls"
        program(checkout, "sudo", f'echo "$*" >>{calls}')
        program(checkout, "apt-get", "exit 0")
        program(checkout, "postgres", "exit 1")
        assert "postgresql" not in setup(checkout, "tests").stderr
        (checkout.parent / "bin" / "postgres").unlink()
        if os.geteuid() == 0:
            program(checkout, "id", "echo 1000")
        assert "postgresql" in setup(checkout, "tests", YES="1").stderr
        asked = calls.read_text()
        assert asked.index("createcluster.d/sonobench.conf") < asked.index("install --no-install-recommends")
        assert "rm -f /etc/postgresql-common/createcluster.d/sonobench.conf" in asked


class TestVirtualEnvironment:
    def test_a_stamp_of_the_same_python_and_pins_means_nothing_is_done(self, checkout: Path) -> None:
        all_there(checkout)
        made = setup(checkout)
        again = setup(checkout)
        assert "Making .venv" in made.stderr
        assert (made.returncode, again.returncode, again.stderr) == (0, 0, "")

    def test_what_was_made_for_the_tests_serves_the_demo_but_not_the_other_way_round(self, checkout: Path) -> None:
        all_there(checkout)
        for name in ("cc", "mkfs.ext4", "postgres", "node", "npm", "chromium"):
            program(checkout, name, "true")
        demo = setup(checkout)
        tests = setup(checkout, "tests")
        demo_again = setup(checkout)
        assert ["Making .venv" in each.stderr for each in (demo, tests, demo_again)] == [True, True, False]

    def test_a_changed_lock_installs_again(self, checkout: Path) -> None:
        all_there(checkout)
        setup(checkout)
        (checkout / "requirements.lock").write_text("numpy==2.4.6\n")
        assert "Making .venv" in setup(checkout).stderr

    def test_a_failing_pip_is_told_with_its_last_words_and_leaves_no_stamp(self, checkout: Path) -> None:
        all_there(checkout, pip="echo ERROR: no index >&2; exit 1")
        done = setup(checkout)
        assert done.returncode == 1
        assert "ERROR: no index" in done.stderr
        assert "setup: pip could not install the dependencies" in done.stderr.splitlines()[-1]
        assert not (checkout / ".venv" / ".sonobench-setup").exists()


def all_there(checkout: Path, *, pip: str = MAKES_SONOBENCH) -> None:
    """Every system package is there, and making an environment makes one whose pip is `pip`."""
    for name in ("redis-server", "debootstrap", "busybox"):
        program(checkout, name, "true")
    program(checkout, "dpkg-query", "echo installed")
    venv_python = f'case "$*" in *"-m pip install"*) {pip} ;; esac'
    program(checkout, "made-python", venv_python)
    program(
        checkout,
        "python3",
        f"""case "$*" in
          "-m venv"*) mkdir -p .venv/bin; cp {checkout.parent}/bin/made-python .venv/bin/python ;;
          -VV) echo Python 3.12.1 ;;
        esac""",
    )
