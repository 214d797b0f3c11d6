"""`sonobench admin nodes` on a platform of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sonobench_platform.commands.plugin import register
from sonobench_platform.config import Settings
from sonobench_platform.nodes import service
from sonobench_platform.wiring import Platform


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A platform that has heard of two nodes: one that became slower, one that only reported."""
    platform = Platform(Settings(home=tmp_path))
    platform.prepare()
    core = platform.core
    with core.database.write() as work:
        service.keep_report(core, work, "fast", is_safe=True, report={"engine": "20.10"})
        service.keep_reference(core, work, "fast", 1.0)
        service.keep_reference(core, work, "fast", 1.08)
        service.keep_report(core, work, "new", is_safe=False, report={})
    platform.close()
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    register(app)
    found = CliRunner().invoke(app, ["admin", "nodes", *words], env={"COLUMNS": "200"})
    return found.exit_code, found.output


class TestListNodes:
    def test_the_table_tells_safety_and_drift(self, home: Path) -> None:
        code, said = run("--home", str(home))
        assert code == 0
        fast, new = (line for line in said.splitlines() if line.startswith(("fast", "new")))
        assert "yes" in fast
        assert "+8.0 %" in fast
        assert "1.080 s" in fast
        assert "no" in new

    def test_as_json_it_has_the_whole_report(self, home: Path) -> None:
        _, said = run("--home", str(home), "--json")
        fast, new = json.loads(said)
        assert (fast["report"], fast["drift_percent"]) == ({"engine": "20.10"}, pytest.approx(8.0))
        assert (new["is_safe"], new["drift_percent"]) == (False, None)

    def test_without_nodes_it_says_how_there_come_to_be_some(self, tmp_path: Path) -> None:
        code, said = run("--home", str(tmp_path))
        assert code == 0
        assert "worker run" in said


class TestForgetNode:
    def test_one_that_is_forgotten_is_gone(self, home: Path) -> None:
        assert run("--home", str(home), "--forget", "fast")[0] == 0
        assert [each["name"] for each in json.loads(run("--home", str(home), "--json")[1])] == ["new"]

    def test_one_that_is_not_there_is_an_error_in_a_sentence(self, home: Path) -> None:
        code, said = run("--home", str(home), "--forget", "none")
        assert code == 1
        assert "no node 'none'" in said
