"""`sonobench compare`: what it needs, what it writes, what it shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ranking_world import make_world

from sonobench_eval.challenge.dump import dump_challenge
from sonobench_eval.cli.comparing import compare_command
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.ranking.entries import BoardError


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, list[Path]]:
    world = make_world({"good": 2.0, "poor": 0.0})
    challenge = tmp_path / "challenge.yaml"
    challenge.write_text(dump_challenge(world.challenge))
    paths = [tmp_path / f"{entry.team}.json" for entry in world.entries]
    for path, entry in zip(paths, world.entries, strict=True):
        path.write_text(entry.evaluation.to_json())
    return challenge, paths


class TestCompare:
    def test_shows_who_is_better_and_says_how_it_was_tested(
        self, files: tuple[Path, list[Path]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        challenge, paths = files
        compare_command(paths, challenge=challenge)
        said = capsys.readouterr()
        line = next(line for line in said.out.splitlines() if "DSC" in line)
        assert line.split()[-1] == "good"
        assert "<0.001" in line
        assert "Holm over all tests of this comparison" in said.err

    def test_writes_json(self, files: tuple[Path, list[Path]], capsys: pytest.CaptureFixture[str]) -> None:
        challenge, paths = files
        compare_command(paths, challenge=challenge, json=Path("-"))
        document = json.loads(capsys.readouterr().out)
        assert (document["schema"], document["teams"]) == ("sonobench.comparison/1", ["good", "poor"])

    def test_one_set_of_results_is_too_few(self, files: tuple[Path, list[Path]]) -> None:
        challenge, paths = files
        with pytest.raises(CommandError, match="two or more") as refused:
            compare_command(paths[:1], challenge=challenge)
        assert refused.value.code is ExitCode.USAGE

    def test_results_of_another_challenge_are_refused(self, files: tuple[Path, list[Path]]) -> None:
        challenge, paths = files
        challenge.write_text(challenge.read_text().replace("title: World", "title: Another"))
        with pytest.raises(BoardError, match="another version of the challenge"):
            compare_command(paths, challenge=challenge)
