"""The example images on the platform: on real images through the API, and all of them in the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.docker


@pytest.fixture
def example(engine: Any) -> Callable[[str], Path]:
    """Build an example image; its `docker save` tar."""

    def build(name: str) -> Path:
        built = subprocess.run(
            [sys.executable, "-m", "infra.examples", name], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert built.returncode == 0, built.stderr
        return Path(built.stdout.split("\t")[2].strip())

    return build


@pytest.mark.real_data
@pytest.mark.timeout(900)
class TestRealImages:
    def test_an_example_is_run_and_ranked_on_real_images_through_the_api(
        self, open_house: Callable[..., Any], example: Callable[[str], Path], real_data: Path, tmp_path: Path
    ) -> None:
        image, file = example("threshold"), tmp_path / "real.yaml"
        imported = subprocess.run(
            [
                sys.executable,
                "-m",
                "sonobench_eval.cli.main",
                "import",
                "uusic25",
                str(real_data),
                "-o",
                str(file),
                "--name",
                "real",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert imported.returncode == 0, imported.stderr
        house = open_house()
        house.within_s = 600.0  # hundreds of real images; nothing waits for it to pass
        added = house.run_command("admin", "challenge", "add", str(file))
        assert added.returncode == 0, added.stderr
        submission = house.submit("Threshold", image, challenge="real")
        assert house.wait_for_end(submission)["state"] == "scored"
        evaluation = house.call("GET", f"/api/v1/submissions/{submission}/evaluation")
        assert len(evaluation["cases"]) == 221
        (row,) = house.leaderboard("real")["rows"]
        assert (row["rank"], row["team"], row["score"]) == (1, "Threshold", 1)


@pytest.mark.timeout(1800)
class TestDemo:
    def test_the_demo_ranks_the_examples_and_a_second_one_reuses_them(self, engine: Any, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "sonobench_platform.commands", "demo", "--once", "--home", str(tmp_path / "demo")]
        wide = {**os.environ, "COLUMNS": "200"}
        first, second = (subprocess.run(command, capture_output=True, text=True, env=wide, check=False) for _ in range(2))
        assert first.returncode == 0, first.stderr
        assert "Small U-Net" in first.stdout
        assert "GPU memory does not count" in first.stdout
        assert "Crash on purpose is not on the board" in first.stdout
        assert "/challenges/phantom/leaderboard" in first.stdout
        assert second.returncode == 0, second.stderr
        assert second.stdout.splitlines()[:-1] == first.stdout.splitlines()[:-1]
        assert "uploading" not in second.stderr
        assert second.stderr.count("handed in before") == 5
        assert not _still_running(tmp_path)


def _still_running(home: Path) -> list[str]:
    """Processes that name this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(home) in words and int(process.name) != os.getpid():
            found.append(words)
    return found
