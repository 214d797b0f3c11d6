"""`sonobench preset`: list, show, make, analyze."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import typer

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.cli import presets, scoring
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.presets.catalogue import PRESETS, preset_named

Command = Callable[..., str]


@pytest.fixture
def sonobench(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run one command in this process; what it said on stdout."""

    def run(*arguments: str | Path) -> str:
        app = typer.Typer()
        presets.register(app)
        scoring.register(app)
        capsys.readouterr()
        typer.main.get_command(app)(list(map(str, arguments)), prog_name="sonobench", standalone_mode=False)
        return capsys.readouterr().out

    return run


class TestList:
    def test_names_every_preset(self, sonobench: Command) -> None:
        said = sonobench("preset", "list")
        assert all(preset.name in said for preset in PRESETS)

    def test_as_json(self, sonobench: Command) -> None:
        document = json.loads(sonobench("preset", "list", "--json"))
        assert document["schema"] == "sonobench.presets/1"
        assert [each["name"] for each in document["presets"]] == [preset.name for preset in PRESETS]


class TestShow:
    def test_prints_the_settings_as_they_are(self, sonobench: Command) -> None:
        assert sonobench("preset", "show", "bus-cot") == preset_named("bus-cot").settings

    def test_writes_them_to_a_file_but_replaces_none(self, sonobench: Command, tmp_path: Path) -> None:
        target = tmp_path / "challenge.yaml"
        assert sonobench("preset", "show", "u-bench", "-o", target) == ""
        assert target.read_text() == preset_named("u-bench").settings
        with pytest.raises(CommandError, match="is there already") as refused:
            sonobench("preset", "show", "abvlm-q", "-o", target)
        assert refused.value.code is ExitCode.USAGE
        assert target.read_text() == preset_named("u-bench").settings

    def test_an_unknown_name_is_not_found(self, sonobench: Command) -> None:
        with pytest.raises(CommandError, match="no preset 'x'") as refused:
            sonobench("preset", "show", "x")
        assert refused.value.code is ExitCode.NOT_FOUND


class TestMake:
    def test_what_it_makes_can_be_scored_as_it_says(
        self, sonobench: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sonobench("preset", "make", "birads-v2025", tmp_path / "try", "--seed", "5", "--cases", "30")
        scored = sonobench("score", tmp_path / "try/challenge.yaml", tmp_path / "try/predictions/good", "--json", "-")
        document = json.loads(scored)
        assert [task["id"] for task in document["tasks"]] == ["diagnosis", "birads", "safety"]
        assert document["findings"] == []

    def test_too_few_cases_are_told_and_nothing_is_made(self, sonobench: Command, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="needs a seed of 0 or more and 120 to 9,999 cases"):
            sonobench("preset", "make", "bus-cot", tmp_path / "try", "--cases", "5")
        assert list(tmp_path.iterdir()) == []


class TestAnalyze:
    def results(self, made: LoadedChallenge) -> list[Path]:
        return [made.folder / "predictions" / name for name in ("perfect", "good", "poor")]

    def test_tells_of_readers_grades_abstention_and_difficulty(
        self, sonobench: Command, smallest: Mapping[str, LoadedChallenge]
    ) -> None:
        made = smallest["birads-v2025"]
        said = sonobench("preset", "analyze", made.path, *self.results(made))
        for words in ("Quadratic-weighted kappa", "arbitrated", "reference by row", "Abstained", "by how many algorithms"):
            assert words in said

    def test_tells_of_rare_classes(self, sonobench: Command, smallest: Mapping[str, LoadedChallenge]) -> None:
        made = smallest["bus-cot"]
        said = sonobench("preset", "analyze", made.path, *self.results(made))
        assert "histopathology: sensitivity by how many cases a class has" in said
        assert "10 and more" in said or "3 to 9" in said

    def test_as_json_has_every_class_and_no_number_that_is_none(
        self, sonobench: Command, smallest: Mapping[str, LoadedChallenge]
    ) -> None:
        made = smallest["bus-cot"]
        said = sonobench("preset", "analyze", made.path, *self.results(made), "--json", "-")
        document = json.loads(said, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
        assert document["schema"] == "sonobench.analysis/1"
        assert len(document["long_tails"][0]["classes"]) == 99

    def test_says_so_where_scores_are_all_there_is(
        self, sonobench: Command, smallest: Mapping[str, LoadedChallenge], capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = smallest["u-bench"]
        assert sonobench("preset", "analyze", made.path, *self.results(made)) == ""

    def test_a_single_algorithm_has_no_difficulty(self, sonobench: Command, smallest: Mapping[str, LoadedChallenge]) -> None:
        made = smallest["birads-v2025"]
        said = json.loads(sonobench("preset", "analyze", made.path, self.results(made)[1], "--json", "-"))
        assert said["difficulty"] == []
        assert [each["algorithm"] for each in said["rejections"]] == ["good"]

    def test_two_results_of_one_name_are_refused(self, sonobench: Command, smallest: Mapping[str, LoadedChallenge]) -> None:
        made = smallest["u-bench"]
        with pytest.raises(CommandError, match="same name"):
            sonobench("preset", "analyze", made.path, self.results(made)[0], self.results(made)[0])

    def test_a_reader_study_that_does_not_fit_is_told(
        self, sonobench: Command, smallest: Mapping[str, LoadedChallenge], tmp_path: Path
    ) -> None:
        made = smallest["birads-v2025"]
        study = tmp_path / "study.csv"
        study.write_text("case,first\n")
        with pytest.raises(CommandError, match="no column 'second'"):
            sonobench("preset", "analyze", made.path, self.results(made)[1], "--readings", study)
