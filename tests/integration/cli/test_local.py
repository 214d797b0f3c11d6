"""`import`, `score` and `rank` as people call them: what goes to stdout, what to stderr, and how each ends."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sonobench_eval.challenge.errors import ChallengeError

Run = Callable[..., Any]

TABLE = "team,seg_rank,cls_rank,time_s,gpu_memory_gb\nalpha,1,2,30,1.5\nbeta,2,1,20,2.5\ngamma,3,3,10,0.5\n"
COMMANDS = (
    *("init", "import", "dataset", "test", "score", "metrics", "preset", "rank", "compare", "report"),
    *("challenge", "login", "submit", "status", "logs", "leaderboard"),
    *("serve", "worker", "admin", "demo"),
)


@pytest.fixture
def challenge(sonobench: Run, uusic_folder: Path, tmp_path: Path) -> Path:
    made = sonobench("import", "uusic25", uusic_folder, "-o", "challenge.yaml", "--external", "south")
    assert made.returncode == 0, made.stderr
    return tmp_path / "challenge.yaml"


class TestHelp:
    def test_every_command_is_listed(self, sonobench: Run) -> None:
        shown = sonobench("--help")
        assert shown.returncode == 0
        assert shown.stderr == ""
        listed = {word for line in shown.stdout.splitlines() for word in line.replace("│", " ").split()[:1]}
        assert set(COMMANDS) <= listed

    @pytest.mark.parametrize(
        "command", ["init", "test", "score", "metrics", "rank", "compare", "submit", "status", "logs", "leaderboard", "login"]
    )
    def test_every_command_has_examples_that_name_it(self, sonobench: Run, command: str) -> None:
        shown = sonobench(command, "--help")
        assert shown.returncode == 0
        assert f"sonobench {command}" in shown.stdout.split("Examples:")[1]

    def test_the_start_imports_nothing_heavy(self) -> None:
        heavy = {"numpy", "pandas", "scipy", "PIL", "docker", "httpx", "pydantic", "fastapi", "sqlalchemy", "celery", "yaml"}
        program = (
            "import sys; from sonobench_eval.cli.main import make_app; make_app(); "
            f"print(sorted({heavy!r} & {{name.partition('.')[0] for name in sys.modules}}))"
        )
        printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert printed.strip() == "[]"

    def test_the_version_is_one_line(self, sonobench: Run) -> None:
        assert sonobench("--version").stdout.startswith("sonobench ")

    def test_wrong_usage_ends_with_2(self, sonobench: Run) -> None:
        assert sonobench("nonsense").returncode == 2
        assert sonobench("score", "only-one").returncode == 2


class TestWithoutTheServer:
    def test_its_commands_say_how_to_install_it_and_the_help_still_works(self) -> None:
        program = (
            "import sys; sys.modules['sonobench_platform'] = None; sys.argv = ['sonobench', *{arguments!r}]; "
            "from sonobench_eval.cli.main import main; main()"
        )

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-c", program.format(arguments=list(arguments))], capture_output=True, text=True, check=False
            )

        helped = run("--help")
        assert helped.returncode == 0
        assert "serve" in helped.stdout
        for arguments in (("serve",), ("worker", "run", "--home", "x"), ("demo", "--help")):
            refused = run(*arguments)
            assert refused.returncode == 1, arguments
            assert "pip install 'sonobench[server]'" in refused.stderr
            assert "Traceback" not in refused.stderr


class TestImport:
    def test_the_file_loads_and_points_at_the_folder(self, challenge: Path, sonobench: Run) -> None:
        written = yaml.safe_load(challenge.read_text())
        assert (written["inputs"], written["truth"]) == ("data/images", "data/truth")
        assert {center["id"]: center["role"] for center in written["centers"]} == {"north": "internal", "south": "external"}

    def test_paths_are_relative_to_where_the_file_lies(self, sonobench: Run, uusic_folder: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        assert sonobench("import", "uusic25", uusic_folder, "-o", "elsewhere/c.yaml").returncode == 0
        assert yaml.safe_load((tmp_path / "elsewhere" / "c.yaml").read_text())["inputs"] == "../data/images"

    def test_an_existing_file_is_kept_unless_forced(self, challenge: Path, sonobench: Run, uusic_folder: Path) -> None:
        before = challenge.read_bytes()
        refused = sonobench("import", "uusic25", uusic_folder, "-o", "challenge.yaml", "--name", "other")
        assert refused.returncode == 2
        assert "--force" in refused.stderr
        assert challenge.read_bytes() == before
        assert sonobench("import", "uusic25", uusic_folder, "-o", "challenge.yaml", "--name", "other", "--force").returncode == 0
        assert yaml.safe_load(challenge.read_text())["name"] == "other"

    def test_a_broken_folder_leaves_no_file(self, sonobench: Run, tmp_path: Path) -> None:
        (tmp_path / "bad").mkdir()
        refused = sonobench("import", "uusic25", "bad")
        assert refused.returncode == 1
        assert "ground_truth.json" in refused.stderr
        assert not (tmp_path / "challenge.yaml").exists()


class TestScore:
    def test_perfect_answers_score_one_and_the_files_agree_with_the_table(
        self, sonobench: Run, challenge: Path, results: Path, tmp_path: Path
    ) -> None:
        scored = sonobench("score", challenge, results, "--json", "e.json", "--csv", "e.csv")
        assert scored.returncode == 0, scored.stderr
        assert "Every result was read without a problem." in scored.stdout
        evaluation = json.loads((tmp_path / "e.json").read_text())
        assert evaluation["schema"] == "sonobench.evaluation/1"
        values = {(task["id"], each["name"]): each["value"] for task in evaluation["tasks"] for each in task["metrics"]}
        assert set(values.values()) == {1.0}
        lines = list(csv.DictReader(io.StringIO((tmp_path / "e.csv").read_text())))
        assert {float(line["value"]) for line in lines if line["scope"] == "overall"} <= {1.0}

    def test_json_on_stdout_is_json_alone(self, sonobench: Run, challenge: Path, results: Path) -> None:
        scored = sonobench("score", challenge, results, "--json", "-")
        assert json.loads(scored.stdout)["schema"] == "sonobench.evaluation/1"

    def test_missing_results_are_told_and_cost_score_not_the_command(
        self, sonobench: Run, challenge: Path, results: Path
    ) -> None:
        (results / "classification.json").unlink()
        scored = sonobench("score", challenge, results)
        assert scored.returncode == 0
        assert "2 cases have no result" in scored.stdout

    def test_no_colour_is_written_off_a_terminal_nor_with_no_color(self, sonobench: Run, challenge: Path, results: Path) -> None:
        assert "\x1b" not in sonobench("score", challenge, results, NO_COLOR="1").stdout

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("score", "none.yaml", "results"), "none.yaml"),
            (("score", "challenge.yaml", "none"), "no such folder of results"),
            (("score", "results", "results"), "results"),
            (("score", "challenge.yaml", "results", "--json", "/dev/full"), "The disk is full"),
            (("score", "challenge.yaml", "results", "--json", "none/e.json"), "There is no folder"),
        ],
    )
    def test_each_trouble_is_one_sentence_without_a_traceback(
        self, sonobench: Run, challenge: Path, results: Path, arguments: tuple[str, ...], words: str
    ) -> None:
        refused = sonobench(*arguments)
        assert refused.returncode == 1
        assert refused.stderr.startswith("sonobench: ")
        assert words in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1

    def test_a_traceback_is_there_for_those_who_ask(self, sonobench: Run) -> None:
        with pytest.raises(ChallengeError, match=r"none\.yaml"):
            sonobench("score", "none.yaml", "none", SONOBENCH_DEBUG="1")


class TestScoreOfSeveral:
    def test_each_gets_its_files_and_they_can_be_compared(
        self, sonobench: Run, challenge: Path, results: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "empty").mkdir()
        scored = sonobench("score", challenge, results, "empty", "--out", "scored")
        assert scored.returncode == 0, scored.stderr
        assert {path.name for path in (tmp_path / "scored").iterdir()} == {
            *(f"{name}.{end}" for name in (results.name, "empty") for end in ("json", "npz"))
        }
        alone = json.loads(sonobench("score", challenge, results, "--json", "-").stdout)
        assert json.loads((tmp_path / "scored" / f"{results.name}.json").read_text()) == alone
        compared = sonobench(
            "compare", f"scored/{results.name}.json", "scored/empty.json", "--challenge", challenge, "--json", "-"
        )
        assert compared.returncode == 0, compared.stderr
        assert json.loads(compared.stdout)["schema"].startswith("sonobench.comparison/")

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ((), "say where their evaluations shall go: --out FOLDER"),
            (("--out", "scored", "--json", "x.json"), "--json is for one set of results"),
            (("--out", "challenge.yaml"), "is a file; name a folder"),
        ],
    )
    def test_what_makes_no_sense_for_several_is_refused(
        self, sonobench: Run, challenge: Path, results: Path, tmp_path: Path, options: tuple[str, ...], said: str
    ) -> None:
        (tmp_path / "other").mkdir()
        refused = sonobench("score", challenge, results, "other", *options)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in refused.stderr

    def test_two_of_one_name_are_refused(self, sonobench: Run, challenge: Path, results: Path, tmp_path: Path) -> None:
        again = tmp_path / "again" / results.name
        again.mkdir(parents=True)
        assert f"called {results.name}" in sonobench("score", challenge, results, again, "--out", "scored").stderr


class TestMetrics:
    def test_json_tells_every_kind_what_it_can_ask_for(self, sonobench: Run) -> None:
        listed = json.loads(sonobench("metrics", "--json").stdout)["metrics"]
        assert {kind for metric in listed for kind in metric["kinds"]} == {
            *(
                "segmentation",
                "instances",
                "binary",
                "multiclass",
                "multilabel",
                "ordinal",
                "regression",
                "detection",
                "keypoints",
            )
        }

    def test_one_metric_is_told_with_its_settings_and_source(self, sonobench: Run) -> None:
        shown = sonobench("metrics", "nsd").stdout
        assert "tolerance: the largest distance that still matches; required" in shown
        assert "Nikolov et al., arXiv 1809.04430" in shown

    def test_unknown_names_and_kinds_are_told(self, sonobench: Run) -> None:
        assert (sonobench("metrics", "nds").returncode, sonobench("metrics", "--kind", "poetry").returncode) == (5, 2)


class TestRank:
    def test_a_table_is_ranked_and_its_json_agrees(self, sonobench: Run, tmp_path: Path) -> None:
        (tmp_path / "table.csv").write_text(TABLE)
        shown = sonobench("rank", "table.csv")
        assert shown.returncode == 0, shown.stderr
        document = json.loads(sonobench("rank", "table.csv", "--json", "-").stdout)
        assert document["schema"] == "sonobench.ranking/1"
        assert document["weights"] == {"performance": 0.7, "efficiency": 0.3}
        # alpha and beta: performance 1 - (1.5 - 1) / 2 = 0.75; gamma: 0. Time 0, 0.5, 1; memory 0.5, 0, 1 of the range.
        scores = {row["team"]: row["score"] for row in document["rows"]}
        assert scores == pytest.approx({"alpha": 0.7 * 0.75 + 0.3 * 0.25, "beta": 0.7 * 0.75 + 0.3 * 0.25, "gamma": 0.3})
        assert [row["rank"] for row in document["rows"]] == [1, 1, 3]

    def test_evaluations_are_ranked_with_ranges_where_replicates_stand_beside_them(
        self, sonobench: Run, challenge: Path, results: Path
    ) -> None:
        assert sonobench("score", challenge, results, "--json", "good.json", "--replicates", "good.npz").returncode == 0
        (results / "classification.json").unlink()
        assert sonobench("score", challenge, results, "--json", "poor.json", "--replicates", "poor.npz").returncode == 0
        ranked = sonobench("rank", "poor.json", "good.json", "--challenge", challenge, "--json", "-")
        assert ranked.returncode == 0, ranked.stderr
        rows = json.loads(ranked.stdout)["rows"]
        assert [(row["rank"], row["team"]) for row in rows] == [(1, "good"), (2, "poor")]
        assert rows[0]["rank_low"] is not None

    def test_evaluations_need_their_challenge(self, sonobench: Run, challenge: Path, results: Path) -> None:
        assert sonobench("score", challenge, results, "--json", "a.json").returncode == 0
        refused = sonobench("rank", "a.json")
        assert refused.returncode == 2
        assert "--challenge" in refused.stderr

    @pytest.mark.parametrize("content", ["{", "[]", '{"schema": "other"}'])
    def test_other_files_are_refused(self, sonobench: Run, challenge: Path, tmp_path: Path, content: str) -> None:
        (tmp_path / "a.json").write_text(content)
        refused = sonobench("rank", "a.json", "--challenge", challenge)
        assert refused.returncode == 1
        assert "a.json" in refused.stderr
        assert "Traceback" not in refused.stderr
