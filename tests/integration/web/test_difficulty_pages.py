"""The page of difficulty tiers: of closed phases alone, without the names of cases, and with small groups held back."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from board_scene import BoardScene, make_scene

DIFFICULTY = "leaderboard/difficulty"


@pytest.fixture
def scene(make_world: Any) -> BoardScene:
    return make_scene(make_world, {"Ada": 1.6, "Bo": 0.8, "Cy": 0.3})


def lines_of(scene: BoardScene, who: Any = None, **parameters: str) -> list[dict[str, str]]:
    answer = scene.get(f"{DIFFICULTY}.csv", who, **parameters)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def solved(scene: BoardScene, task: str, key: str, threshold: float) -> list[int]:
    """How many algorithms solve each case, counted by hand."""
    cases = [[case.scores[key] >= threshold for case in each.evaluation.cases if case.task == task] for each in scene.entries]
    return [sum(each) for each in zip(*cases, strict=True)]


class TestTiers:
    def test_while_the_phase_is_open_nothing_of_it_is_told_to_anybody(self, scene: BoardScene) -> None:
        for who in (None, scene.world.organiser, scene.world.team("Ada")):
            page = scene.get(DIFFICULTY, who)
            assert page.status_code == 200
            assert "shown when the phase has closed" in page.text
            assert "<table" not in page.text
            assert scene.get(f"{DIFFICULTY}.csv", who).status_code == 404

    def test_counts_are_those_counted_by_hand_and_no_case_is_named(self, scene: BoardScene) -> None:
        scene.close()
        found = {(line["task"], line["centers"]): line for line in lines_of(scene, dsc="0.7")}
        for task, key, threshold in (("Head", "dsc", 0.7), ("Breast", "acc", 1.0)):
            counted = solved(scene, task, key, threshold)
            line = found[task, "all"]
            expected = (counted.count(3), counted.count(2), counted.count(1), counted.count(0))
            assert tuple(int(line[tier]) for tier in ("all", "most", "few", "none")) == expected
            assert int(line["cases"]) == len(counted) == 36
        page = scene.get(DIFFICULTY, dsc="0.7").text
        assert "Head/0.png" not in page
        assert ".png" not in page
        assert "DSC of at least 0.7" in page
        assert "All 3 algorithms solve" in page

    def test_roles_add_up_to_the_whole(self, scene: BoardScene) -> None:
        scene.close()
        found = {(line["task"], line["centers"]): line for line in lines_of(scene)}
        for tier in ("cases", "all", "most", "few", "none"):
            parts = int(found["Head", "internal"][tier]) + int(found["Head", "external"][tier])
            assert parts == int(found["Head", "all"][tier])

    def test_a_threshold_that_is_none_is_told_and_the_usual_one_used(self, scene: BoardScene) -> None:
        scene.close()
        for text in ("abc", "0", "-0.5", "1.5", "nan", "<script>"):
            page = scene.get(DIFFICULTY, dsc=text)
            assert page.status_code == 200
            assert "is no DSC above 0 and up to 1, so the usual 0.8 is used" in page.text
            assert "<script>" not in page.text


class TestSmallGroups:
    def test_of_too_few_cases_both_roles_are_held_back_from_the_public_and_not_from_organizers(self, make_world: Any) -> None:
        scene = make_scene(make_world, {"Ada": 1.6, "Bo": 0.8}, cases=30)
        scene.close()
        public = {(line["task"], line["centers"]) for line in lines_of(scene)}
        assert public == {("Head", "all"), ("Breast", "all")}
        page = scene.get(DIFFICULTY).text
        assert page.count("Held back: a group of this task has fewer than 10 cases") == 4
        organizers = {(line["task"], line["centers"]) for line in lines_of(scene, scene.world.organiser)}
        assert ("Head", "external") in organizers
        assert "Held back" not in scene.get(DIFFICULTY, scene.world.organiser).text

    def test_a_hidden_board_is_not_there(self, make_world: Any) -> None:
        scene = make_scene(make_world, {"Ada": 1.6, "Bo": 0.8}, rules={"scores": "organisers"})
        scene.close()
        assert scene.get(DIFFICULTY).status_code == 404
        assert scene.get(f"{DIFFICULTY}.csv").status_code == 404
        assert scene.get(DIFFICULTY, scene.world.organiser).status_code == 200
