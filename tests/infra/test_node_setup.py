"""infra/node/setup-gpu.sh on machines with and without what a GPU node needs: it says first, and does only when told."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SMI = """
echo "nvidia-smi $*" >>"$CALLS"
case "$*" in
  *driver_version*) echo "${DRIVER:-550.54.15}" ;;
  *persistence_mode*) echo "${PERSISTENCE:-Disabled}" ;;
  *accounting.mode*) echo "${ACCOUNTING:-Disabled}" ;;
esac
"""
CTK = """
echo "nvidia-ctk $*" >>"$CALLS"
case "$1" in --version) [ -z "${TOOLKIT:-}" ] || echo "NVIDIA Container Toolkit CLI version $TOOLKIT" ;; esac
"""
CACHE = 'echo "  Candidate: ${OFFERED:-(none)}"'
NOTES = 'echo "$(basename "$0") $*" >>"$CALLS"'

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def node(repo_root: Path, tmp_path: Path) -> Run:
    """The script on a machine whose programs are these; what it called is in `calls`."""
    programs = {"nvidia-smi": SMI, "nvidia-ctk": CTK, "apt-cache": CACHE}
    programs |= dict.fromkeys(("apt-get", "systemctl"), NOTES) | {"id": "echo ${USER_ID:-0}"}
    (tmp_path / "bin").mkdir()
    for name, script in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/bash\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "calls").touch()

    def run(*words: str, without: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "bin" / without).unlink() if without else None
        own = {"CALLS": str(tmp_path / "calls"), "SONOBENCH_CDI_FILE": str(tmp_path / "nvidia.yaml")}
        own |= {"SONOBENCH_DOCKER_CONFIG": str(tmp_path / "daemon.json"), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
        command = [str(repo_root / "infra/node/setup-gpu.sh"), *words]
        return subprocess.run(
            command, env={**os.environ, **own, **variables}, capture_output=True, text=True, timeout=240, check=False
        )

    return run


def _calls(tmp_path: Path) -> str:
    """What was called and changes something."""
    lines = (tmp_path / "calls").read_text().splitlines()
    return "\n".join(line for line in lines if "--query" not in line and "--version" not in line)


class TestPlan:
    def test_it_says_what_it_would_do_and_does_nothing(self, node: Run, tmp_path: Path) -> None:
        done = node(OFFERED="1.18.0-1")
        assert done.returncode == 0, done.stderr
        assert _calls(tmp_path) == ""
        for words in (
            "would do:  install container toolkit 1.18.0 in the place of none (CVE-2025-23266, CVE-2024-0132)",
            "would do:  tell the engine of the nvidia runtime",
            "would do:  name the GPUs for CDI",
            "would do:  keep the GPUs awake",
            "would do:  have the driver keep each process's peak memory",
        ):
            assert words in done.stdout
        assert "Nothing was changed. Run it again with --yes to do the " in done.stdout

    def test_where_all_is_there_it_finds_nothing_to_do(self, node: Run, tmp_path: Path) -> None:
        (tmp_path / "daemon.json").write_text('{"runtimes": {"nvidia": {}}}')
        (tmp_path / "nvidia.yaml").write_text("hostPath: /usr/lib/libnvidia-ml.so.550.54.15\n")
        done = node("--yes", TOOLKIT="1.17.8", PERSISTENCE="Enabled", ACCOUNTING="Enabled")
        assert done.returncode == 0, done.stderr
        assert _calls(tmp_path) == ""
        assert done.stdout.count("fine:") == 6

    def test_gpus_are_named_anew_after_another_driver_came(self, node: Run, tmp_path: Path) -> None:
        (tmp_path / "nvidia.yaml").write_text("hostPath: /usr/lib/libnvidia-ml.so.535.1.1\n")
        assert "would do:  name the GPUs for CDI" in node(TOOLKIT="1.17.8").stdout


class TestDoing:
    def test_told_yes_it_does_every_step(self, node: Run, tmp_path: Path) -> None:
        done = node("--yes", "--lock-clocks", "1200,1300", OFFERED="1.18.0-1")
        assert done.returncode == 0, done.stderr
        calls = _calls(tmp_path)
        for call in (
            "apt-get install -y --no-install-recommends nvidia-container-toolkit",
            "nvidia-ctk runtime configure --runtime=docker --cdi.enabled",
            "systemctl restart docker",
            "nvidia-ctk cdi generate",
            "nvidia-smi --persistence-mode=1",
            "nvidia-smi --accounting-mode=1",
            "nvidia-smi --lock-gpu-clocks=1200,1300",
        ):
            assert call in calls

    def test_clocks_are_left_alone_unless_asked(self, node: Run, tmp_path: Path) -> None:
        node("--yes", TOOLKIT="1.17.8")
        assert "lock-gpu-clocks" not in _calls(tmp_path)

    def test_without_root_it_changes_nothing(self, node: Run, tmp_path: Path) -> None:
        done = node("--yes", USER_ID="1000")
        assert (done.returncode, _calls(tmp_path)) == (1, "")
        assert "--yes needs root" in done.stderr


class TestRefusals:
    @pytest.mark.parametrize("version", ["1.17.7", "1.16.2", "1.9.0", ""])
    def test_a_toolkit_that_lets_images_out_is_refused_where_apt_has_no_better_one(
        self, node: Run, tmp_path: Path, version: str
    ) -> None:
        done = node("--yes", TOOLKIT=version, OFFERED="1.17.7-1")
        assert (done.returncode, _calls(tmp_path)) == (1, "")
        assert f"the container toolkit is {version or 'missing'} and apt offers 1.17.7" in done.stderr

    @pytest.mark.parametrize("version", ["1.17.8", "1.17.10", "1.18.0", "2.0.0"])
    def test_a_safe_one_is_fine(self, node: Run, version: str) -> None:
        assert f"fine:      container toolkit {version}" in node(TOOLKIT=version).stdout

    def test_an_old_driver_is_named(self, node: Run) -> None:
        assert "the driver is 470.1; the GPU meter needs 535.0 or newer" in node(DRIVER="470.1").stderr

    def test_without_a_driver_it_says_what_to_install(self, node: Run) -> None:
        done = node(without="nvidia-smi")
        assert done.returncode == 1
        assert "install the NVIDIA driver first" in done.stderr

    @pytest.mark.parametrize("words", [["--yse"], ["--lock-clocks"], ["--lock-clocks", "1200;reboot"]])
    def test_an_option_that_makes_no_sense_changes_nothing(self, node: Run, tmp_path: Path, words: list[str]) -> None:
        done = node("--yes", *words, TOOLKIT="1.17.8")
        assert (done.returncode, _calls(tmp_path)) == (1, "")
