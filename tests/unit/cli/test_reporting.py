"""`sonobench report`: what it takes, what it refuses, what it writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ranking_world import World, make_world

from sonobench_eval.challenge.dump import dump_challenge
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.reporting import report_command
from sonobench_eval.ranking.build import build_leaderboard


@pytest.fixture(scope="module")
def world() -> World:
    return make_world({"good": 2.0, "poor": 0.0}, cases=12)


@pytest.fixture
def challenge(tmp_path: Path, world: World) -> Path:
    path = tmp_path / "challenge.yaml"
    path.write_text(dump_challenge(world.challenge))
    return path


@pytest.fixture
def evaluations(tmp_path: Path, world: World) -> list[Path]:
    paths = []
    for entry in world.entries:
        path = tmp_path / f"{entry.team}.json"
        measurement = {"wall_time_s": entry.time_s, "peak_gpu_memory_bytes": entry.gpu_memory_bytes}
        evaluation = entry.evaluation.model_dump(mode="json", by_alias=True)
        path.write_text(json.dumps({"schema": "sonobench.test/1", "measurement": measurement, "evaluation": evaluation}))
        paths.append(path)
    return paths


@pytest.fixture
def board(tmp_path: Path, world: World) -> Path:
    made = datetime(2026, 1, 2, tzinfo=UTC)
    path = tmp_path / "board.json"
    path.write_text(build_leaderboard(world.challenge, world.entries, dataset_hash="sha256:data", generated_at=made).to_json())
    return path


class TestReportCommand:
    def test_writes_page_tables_charts_and_exports_of_evaluations(
        self, evaluations: list[Path], challenge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "out"
        report_command(evaluations, challenge=challenge, out=out, formats="svg")
        assert {each.name for each in out.iterdir()} >= {
            "index.html",
            "tables",
            "charts",
            "data",
            "methods.txt",
            "stability.json",
        }
        assert {each.suffix for each in (out / "charts").iterdir()} == {".svg", ".csv"}
        said = capsys.readouterr().err
        assert "open" in said
        assert "keep the folder to the organizers" in said

    def test_for_the_public_nothing_tells_of_single_cases(
        self, evaluations: list[Path], challenge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report_command(evaluations, challenge=challenge, out=tmp_path / "out", formats="", stability=False, public=True)
        assert not (tmp_path / "out/data").exists()
        assert not (tmp_path / "out/stability.json").exists()
        assert "organizers" not in capsys.readouterr().err

    def test_of_a_board_alone_only_its_own_tables_are_made(
        self, board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        report_command([board], out=tmp_path / "out", formats="")
        assert (tmp_path / "out/tables/ranking.csv").exists()
        assert not (tmp_path / "out/data").exists()
        assert "from a board alone" in capsys.readouterr().err

    def test_asks_for_the_challenge_of_evaluations(self, evaluations: list[Path], tmp_path: Path) -> None:
        for inputs in (evaluations, evaluations[:1]):
            with pytest.raises(CommandError, match="--challenge") as refused:
                report_command(inputs, out=tmp_path / "out")
            assert refused.value.code == ExitCode.USAGE

    def test_refuses_a_folder_that_is_not_empty_before_any_work(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="not empty"):
            report_command([tmp_path / "missing.json"], out=Path(__file__).parent)

    def test_refuses_a_format_that_it_does_not_know(self, board: Path, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="'gif'"):
            report_command([board], out=tmp_path / "out", formats="svg,gif")

    def test_refuses_two_inputs_of_one_name(self, evaluations: list[Path], challenge: Path, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="same name"):
            report_command([*evaluations, evaluations[0]], challenge=challenge, out=tmp_path / "out", stability=False)

    def test_refuses_a_name_that_cannot_be_shown(self, evaluations: list[Path], challenge: Path, tmp_path: Path) -> None:
        hostile = evaluations[0].rename(tmp_path / "a\u202eb.json")
        with pytest.raises(CommandError, match="cannot be shown"):
            report_command([hostile], challenge=challenge, out=tmp_path / "out", stability=False)
        assert not (tmp_path / "out").exists()

    def test_says_where_a_file_is_no_evaluation(self, challenge: Path, tmp_path: Path) -> None:
        (tmp_path / "x.json").write_text("[1]")
        with pytest.raises(CommandError, match="not an evaluation"):
            report_command([tmp_path / "x.json"], challenge=challenge, out=tmp_path / "out")
