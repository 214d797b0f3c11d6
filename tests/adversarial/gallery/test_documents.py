"""The gallery's README and the threat model say what the folders say. No engine is needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gallery import GALLERY, LIST_BEGINS, attack_names, read_attack, readme_list

from sonobench_eval.intake.records import Refusal
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.sandbox.failure import Category

FEWEST = 60
LONGEST_STORY = 200


@pytest.fixture(scope="module")
def threat_model(repo_root: Path) -> str:
    return (repo_root / "docs" / "threat-model.md").read_text(encoding="utf-8")


class TestFolders:
    def test_there_are_as_many_as_were_promised(self) -> None:
        assert len(attack_names()) >= FEWEST

    def test_every_folder_says_what_to_expect_and_holds_an_attack(self) -> None:
        folders = {path.name for path in GALLERY.iterdir() if path.is_dir()} - {"common"}
        assert folders == set(attack_names())
        assert [name for name in folders if not ({"attack.sh", "forge.py"} & {p.name for p in (GALLERY / name).iterdir()})] == []

    @pytest.mark.parametrize("name", attack_names())
    def test_a_story_is_one_line_and_its_words_are_known(self, name: str) -> None:
        attack = read_attack(name)
        for sentence in (attack.story, attack.why_harmless):
            assert sentence.endswith(".")
            assert "\n" not in sentence
            assert len(sentence) <= LONGEST_STORY
        known = set(Refusal) if attack.stage == "intake" else set(Category)
        assert attack.category is None or attack.category in known
        assert set(attack.findings) <= set(FindingCode)


class TestReadme:
    def test_its_list_is_that_of_the_folders(self) -> None:
        text = (GALLERY / "README.md").read_text(encoding="utf-8")
        written = text[text.index(LIST_BEGINS) :]
        assert written == readme_list(), "write it anew: python tests/factories/gallery.py --list"


class TestThreatModel:
    def test_it_names_every_attack_of_the_gallery(self, threat_model: str) -> None:
        assert [name for name in attack_names() if f"`{name}`" not in threat_model] == []

    def test_it_names_no_attack_that_is_not_there(self, threat_model: str) -> None:
        named = {name for row in _rows(threat_model) for name in re.findall(r"`([a-z0-9-]+)`", row[0])}
        assert named == set(attack_names())

    def test_every_test_it_names_is_there(self, threat_model: str, repo_root: Path) -> None:
        named = set(re.findall(r"`(tests/[^`]+)`", threat_model))
        assert len(named) > 20
        assert [path for path in sorted(named) if not (repo_root / path).exists()] == []

    def test_every_attack_has_a_defence_a_test_and_what_remains(self, threat_model: str) -> None:
        rows = _rows(threat_model)
        assert all(len(row) == 4 and all(row) for row in rows)
        assert all("tests/" in row[2] for row in rows)


def _rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables of attacks."""
    attacks = text[text.index("## Attacks") : text.index("## What remains")]
    lines = [line for line in attacks.splitlines() if line.startswith("| ") and not line.startswith("| attack |")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
