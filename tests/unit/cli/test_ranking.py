"""`sonobench rank` with other schemes, weights and the stability report; and how that is shown."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ranking_world import BREAST, HEAD, World, make_world
from rich.console import Console

from sonobench_eval.challenge.dump import dump_challenge
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.ranking import rank_command
from sonobench_eval.cli.render_stability import stability_view
from sonobench_eval.ranking.stability_analysis import stability_report
from sonobench_eval.ranking.stability_report import StabilityReport

TABLE = (
    "team,seg_rank,cls_rank,time_s,gpu_memory_gb,mean_dsc,mean_auc\n"
    "alpha,1,2,30,1.5,0.9,0.7\nbeta,2,1,20,2.5,0.8,0.8\ngamma,3,3,10,0.5,0.1,0.5\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture
def evaluations(tmp_path: Path) -> tuple[Path, list[Path], World]:
    """A challenge file, two evaluations as `sonobench test` writes them, and what they were made from."""
    world = make_world({"good": 2.0, "poor": 0.0})
    challenge = tmp_path / "challenge.yaml"
    challenge.write_text(dump_challenge(world.challenge))
    paths = []
    for entry in world.entries:
        path = tmp_path / f"{entry.team}.json"
        measurement = {"wall_time_s": entry.time_s, "peak_gpu_memory_bytes": entry.gpu_memory_bytes}
        evaluation = entry.evaluation.model_dump(mode="json", by_alias=True)
        path.write_text(json.dumps({"schema": "sonobench.test/1", "measurement": measurement, "evaluation": evaluation}))
        paths.append(path)
    return challenge, paths, world


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


class TestTables:
    def test_another_scheme_ranks_the_metrics_of_the_same_table(self, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
        rank_command([table], scheme="sonobench-70-30", json=Path("-"))
        document = written(capsys)
        assert document["scheme"] == "sonobench-70-30"
        # alpha: (0.9 + (0.7 - 0.5) / 0.5) / 2. gamma: (0.1 + 0) / 2 is below the gate.
        by_team = {row["team"]: row for row in document["rows"]}
        assert by_team["alpha"]["performance"] == pytest.approx(0.65)
        assert (by_team["gamma"]["performance"], by_team["gamma"]["efficiency"]) == (pytest.approx(0.05), 0)
        assert by_team["alpha"]["parts"]["segmentation"] == pytest.approx(0.9)

    @pytest.mark.parametrize("weights", ["40/60", "0.4/0.6", "2,3"])
    def test_weights_are_written_as_they_come(self, table: Path, capsys: pytest.CaptureFixture[str], weights: str) -> None:
        rank_command([table], weights=weights, json=Path("-"))
        assert written(capsys)["weights"] == pytest.approx({"performance": 0.4, "efficiency": 0.6})

    @pytest.mark.parametrize("weights", ["70", "a/b", "-1/2", "0/0", "1/2/3"])
    def test_weights_that_make_no_sense_are_refused(self, table: Path, weights: str) -> None:
        with pytest.raises(CommandError, match="--weights") as refused:
            rank_command([table], weights=weights)
        assert refused.value.code is ExitCode.USAGE

    def test_weights_are_given_once(self, table: Path) -> None:
        with pytest.raises(CommandError, match="not both"):
            rank_command([table], weights="70/30", performance=0.7)

    def test_an_unknown_scheme_is_refused_with_those_there_are(self, table: Path) -> None:
        with pytest.raises(CommandError, match="choose uusic25, sonobench-70-30, or name a YAML file"):
            rank_command([table], scheme="best")

    def test_a_file_can_bring_a_tree_of_columns(self, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        rules = tmp_path / "rules.yaml"
        tree = {"children": [{"of": "mean_auc", "scale": {"by": "identity"}}]}
        rules.write_text(yaml.safe_dump({"scheme": "custom", "tree": tree}))
        rank_command([table], scheme=str(rules), json=Path("-"))
        assert [row["team"] for row in written(capsys)["rows"]] == ["beta", "alpha", "gamma"]
        with pytest.raises(CommandError, match="own weights"):
            rank_command([table], scheme=str(rules), weights="50/50")

    def test_stability_of_a_table(self, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        rank_command([table], stability=tmp_path / "stability.json")
        report = StabilityReport.from_json((tmp_path / "stability.json").read_bytes())
        assert [scheme.name for scheme in report.schemes] == ["uusic25", "sonobench-70-30"]
        shown = capsys.readouterr().out
        assert "U-Score" in shown
        assert "The winner stays the same while performance weighs" in shown


class TestEvaluations:
    def test_the_challenges_own_scheme_is_no_what_if(
        self, evaluations: tuple[Path, list[Path], World], capsys: pytest.CaptureFixture[str]
    ) -> None:
        challenge, paths, _ = evaluations
        rank_command(paths, challenge=challenge, json=Path("-"))
        board = written(capsys)
        assert [row["team"] for row in board["rows"]] == ["good", "poor"]
        assert not any("what-if" in note for note in board["notes"])

    def test_another_scheme_or_other_weights_are_and_it_is_said(
        self, evaluations: tuple[Path, list[Path], World], capsys: pytest.CaptureFixture[str]
    ) -> None:
        challenge, paths, _ = evaluations
        rank_command(paths, challenge=challenge, scheme="sonobench-70-30", weights="50/50", json=Path("-"))
        board = written(capsys)
        assert (board["scheme"], board["performance_weight"]) == ("sonobench-70-30", 0.5)
        assert board["notes"][0] == "A what-if: the challenge itself declares uusic25, 70 % performance."

    def test_stability_is_written_and_shown(
        self,
        evaluations: tuple[Path, list[Path], World],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("COLUMNS", "160")  # where less is told, headings are broken into lines
        challenge, paths, world = evaluations
        rank_command(paths, challenge=challenge, stability=tmp_path / "s.json")
        assert StabilityReport.from_json((tmp_path / "s.json").read_bytes()) == stability_report(world.challenge, world.entries)
        assert "Confidence set" in capsys.readouterr().out

    def test_without_a_ranking_there_is_no_stability(self, evaluations: tuple[Path, list[Path], World], tmp_path: Path) -> None:
        challenge, paths, _ = evaluations
        document = json.loads(paths[0].read_text())
        document["measurement"] = {}
        paths[0].write_text(json.dumps(document))
        with pytest.raises(CommandError, match="There is no ranking: time was not measured for good"):
            rank_command(paths, challenge=challenge, stability=tmp_path / "s.json")


class TestStabilityView:
    @pytest.mark.parametrize("width", [60, 100, 160])
    def test_no_line_is_wider_than_the_terminal_and_names_are_harmless(self, width: int) -> None:
        world = make_world({"[red]a": 1.0, "b\x1b[31m": 0.5}, tasks=(HEAD, BREAST))
        sink = io.StringIO()
        Console(file=sink, width=width, force_terminal=False).print(
            stability_view(stability_report(world.challenge, world.entries))
        )
        assert max(len(line) for line in sink.getvalue().splitlines()) <= width
        assert "\x1b" not in sink.getvalue()
        assert "Kendall's tau" in sink.getvalue()
