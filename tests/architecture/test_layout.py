"""The layout that users were promised, and the traps in it."""

from __future__ import annotations

import platform as standard_library_platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = (
    "pyproject.toml",
    "README.md",
    "platform",
    "evaluator",
    "docker-compose.yml",
    "infra",
    "tests",
    "submissions_example",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Makefile",
)


class TestLayout:
    @pytest.mark.parametrize("name", TOP_LEVEL)
    def test_the_promised_top_level_names_exist(self, name: str) -> None:
        assert (ROOT / name).exists()

    def test_platform_holds_no_python_file_at_its_top_so_the_standard_library_stays_visible(self) -> None:
        assert list((ROOT / "platform").glob("*.py")) == []
        assert not (ROOT / "platform" / "__init__.py").exists()

    def test_import_platform_from_the_checkout_is_the_standard_library(self) -> None:
        printed = subprocess.run(
            [sys.executable, "-c", "import platform; print(platform.__file__)"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        assert printed == standard_library_platform.__file__

    def test_ci_runs_make_test(self) -> None:
        assert "make test" in (ROOT / ".ci" / "run").read_text()

    def test_nothing_committed_names_a_foreign_asset_host(self) -> None:
        pages = [*(ROOT / "platform").rglob("*.html"), *(ROOT / "platform").rglob("*.css"), *(ROOT / "platform").rglob("*.j2")]
        assert pages
        loading = [(page.name, line) for page in pages for line in page.read_text().splitlines() if _loads_from_elsewhere(line)]
        assert loading == []


def _loads_from_elsewhere(line: str) -> bool:
    return any(mark in line for mark in ('src="http', "src='http", "@import", "url(http", 'rel="stylesheet" href="http'))
