"""Scoring images on a real engine: what they can reach, what becomes of their scores, and how `sonobench score` tells of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.docker
Declare = Callable[..., Any]


def score(challenge: Path, results: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sonobench_eval.cli.main", "score", str(challenge), str(results), *options]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env={"PATH": "/usr/bin:/bin", **environment}
    )


class TestSonobenchScore:
    def test_scores_by_the_image_in_the_archive(self, own: Any, scored_by: Declare, right_scores: Any, writing: Any) -> None:
        checks = "test -s /truth/truth.json && test -s /predictions/predictions.json && test -s /predictions/masks/000001.png"
        loaded = scored_by(f"{checks} && {writing(json.dumps(right_scores()))}")
        ended = score(own.yaml, own.results, "--json", "-")
        assert ended.returncode == 0, ended.stderr
        evaluation = json.loads(ended.stdout)
        metrics = {each["name"]: each["value"] for task in evaluation["tasks"] for each in task["metrics"]}
        assert metrics == pytest.approx({"dsc": 1, "clinic_score": 7, "acc": 1, "regret": 0.5, "fairness": 0.75})
        assert evaluation["made_from"]["scoring_image"] == loaded.challenge.scoring_image.image

    def test_takes_an_image_that_the_engine_holds(
        self, own: Any, scored_by: Declare, right_scores: Any, writing: Any, engine: Any
    ) -> None:
        from sonobench_eval.sandbox.port import ImageIdentity

        loaded = scored_by(writing(json.dumps(right_scores())), archive=None)
        image = loaded.challenge.scoring_image.image
        assert "does not hold the scoring image" in score(own.yaml, own.results).stderr
        import sandbox_bench

        _, identity = sandbox_bench.image_tar(sandbox_bench.TestImage(script=writing(json.dumps(right_scores()))))
        engine.load(own.folder / "scorer.tar", ImageIdentity(image, identity.diff_ids))
        ended = score(own.yaml, own.results)
        assert ended.returncode == 0, ended.stderr

    def test_shows_the_organiser_what_a_crash_printed(self, own: Any, scored_by: Declare) -> None:
        scored_by("echo cannot read that; exit 7")
        ended = score(own.yaml, own.results)
        assert ended.returncode == 1
        assert ended.stderr.splitlines()[-2:] == ["cannot read that", "sonobench: The scoring image ended with exit code 7."]

    def test_ends_one_that_runs_too_long(self, own: Any, scored_by: Declare) -> None:
        scored_by("sleep 60", time_s=2)
        assert "ran longer than its 2 s" in score(own.yaml, own.results).stderr

    def test_refuses_another_image_than_the_declared_one(self, own: Any, scored_by: Declare) -> None:
        scored_by("true", image=f"sha256:{'0' * 64}")
        assert "and the challenge declares sha256:0000" in score(own.yaml, own.results).stderr

    def test_says_so_where_no_engine_answers(self, own: Any, scored_by: Declare) -> None:
        scored_by("true")
        ended = score(own.yaml, own.results, DOCKER_HOST="unix:///nowhere.sock")
        assert ended.returncode == 1
        assert "there is no Docker Engine here to run it on" in ended.stderr


class TestWhatItCannotDo:
    def test_reach_a_network_or_write_anywhere_else(self, own: Any, scored_by: Declare, right_scores: Any, writing: Any) -> None:
        scores = writing(json.dumps(right_scores()))
        tries = "for f in /x /truth/x /predictions/x /truth/truth.json /etc/x; do echo x >> $f && exit 9; done"
        scored_by(f"{tries}; test $(ls /sys/class/net) = lo || exit 8; test $(id -u) = 10001 || exit 6; {scores}")
        ended = score(own.yaml, own.results)
        assert ended.returncode == 0, ended.stderr

    def test_flood_the_disk(self, own: Any, scored_by: Declare) -> None:
        scored_by("dd if=/dev/zero of=/scores.json bs=1048576 count=200")
        assert "wrote more than 64 MiB" in score(own.yaml, own.results).stderr
