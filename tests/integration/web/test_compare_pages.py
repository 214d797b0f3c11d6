"""The page of two teams side by side: what an open board lets it say, what a closed one, and to whom."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from board_scene import BoardScene, make_scene

from sonobench_platform.web.compare_query import key_of

COMPARE = "leaderboard/compare"
LINES = 4
"""Metrics of the two tasks that have replicates; the fifth, F1, has none."""


@pytest.fixture
def scene(make_world: Any) -> BoardScene:
    return make_scene(make_world)


def keys(scene: BoardScene) -> dict[str, str]:
    return {row.team: key_of(row) for row in scene.board().rows}


def status(page: str) -> str:
    found = re.search(r'role="status">(.*?)</p>', page)
    assert found is not None
    return found[1]


class TestWhileThePhaseIsOpen:
    def test_the_first_two_stand_side_by_side_without_differences(self, scene: BoardScene) -> None:
        page = scene.get(COMPARE).text
        first, second = scene.board().rows[:2]
        assert f"{first.team} is on rank 1, {second.team} on rank 2" in page
        assert "When it has closed, the paired differences with their intervals stand here" in page
        assert "is ahead of" not in page
        assert '<th scope="col">Difference</th>' not in page

    def test_the_file_has_values_and_no_differences(self, scene: BoardScene) -> None:
        lines = list(csv.DictReader(io.StringIO(scene.get(f"{COMPARE}.csv").text)))
        assert {line["metric"] for line in lines} == {"dsc", "nsd", "auc", "acc", "f1"}
        assert "difference" not in lines[0]

    def test_no_submission_is_named(self, scene: BoardScene) -> None:
        page = scene.get(COMPARE).text
        assert not [row for row in scene.board().rows if row.submission and row.submission in page]

    def test_nonsense_gets_a_sentence(self, scene: BoardScene) -> None:
        known = keys(scene)["Ada"]
        for query in ({"a": "<script>"}, {"b": "x" * 5000}, {"a": known, "b": "nobody"}):
            answer = scene.get(COMPARE, **query)
            assert answer.status_code == 200
            assert status(answer.text).startswith("No team of this board has the key")
            assert "<script>" not in answer.text
            assert scene.get(f"{COMPARE}.csv", **query).status_code == 404
        assert status(scene.get(COMPARE, a=known, b=known).text) == "That is the same team twice. Choose two teams."
        assert scene.get(COMPARE, phase="nope").status_code == 404


class TestWhenThePhaseHasClosed:
    def test_every_metric_with_replicates_has_a_paired_difference_and_the_heading_says_who_is_ahead(
        self, scene: BoardScene
    ) -> None:
        scene.close()
        page = scene.get(COMPARE, a=keys(scene)["Ada"], b=keys(scene)["Di"]).text
        assert re.search(r"Ada is ahead of Di in (more than )?\d+\s% of resamples; \d of 4 paired differences", page)
        assert page.count('class="compare-dot') == LINES
        assert page.count("no interval") == 1
        assert re.search(r">\d\.\d\d times</td>", page)

    def test_the_file_says_the_same_and_swapping_turns_signs(self, scene: BoardScene) -> None:
        scene.close()
        ada, di = keys(scene)["Ada"], keys(scene)["Di"]
        one = list(csv.DictReader(io.StringIO(scene.get(f"{COMPARE}.csv", a=ada, b=di).text)))
        other = list(csv.DictReader(io.StringIO(scene.get(f"{COMPARE}.csv", a=di, b=ada).text)))
        for line, turned in zip(one, other, strict=True):
            assert float(line["difference"]) == -float(turned["difference"])
            assert line["better"] == turned["better"]
        assert {line["better"] for line in one} <= {"Ada", "Di", ""}
        assert "Ada" in {line["better"] for line in one}

    def test_without_replicates_the_page_says_so(self, make_world: Any) -> None:
        scene = make_scene(make_world, {"Ada": 1.0, "Bo": 0.5})
        for path in (scene.world.platform.settings.home / "evaluations").glob("*.npz"):
            path.unlink()
        scene.close()
        page = scene.get(COMPARE).text
        assert "There are no paired differences: replicates of these two runs are missing" in page


class TestAliases:
    def test_teams_go_by_their_aliases_everywhere_and_are_compared_all_the_same(self, make_world: Any) -> None:
        scene = make_scene(make_world, {"Ada": 1.6, "Bo": 0.2}, rules={"names": "aliases", "counts": "best"})
        scene.close()
        aliases = [row.team for row in scene.board().rows]
        page = scene.get(COMPARE, a=key_of(scene.board().rows[1])).text
        lines = list(csv.DictReader(io.StringIO(scene.get(f"{COMPARE}.csv").text)))
        assert re.search(f"{aliases[0]} is ahead of {aliases[1]} in", page)
        assert lines[0]["difference_low"]
        for text in (page, scene.get(f"{COMPARE}.csv").text, scene.get("leaderboard/what-if", performance="10").text):
            assert "Ada" not in text
            assert "sub-" not in text


class TestWhoMaySee:
    def test_a_hidden_board_is_not_there_but_for_its_organizers(self, make_world: Any) -> None:
        scene = make_scene(make_world, {"Ada": 1.0, "<b>Bo</b>": 0.5}, rules={"scores": "organisers"})
        scene.close()
        for path in (COMPARE, f"{COMPARE}.csv"):
            assert scene.get(path).status_code == 404
            assert "Ada" not in scene.get(path).text
        page = scene.get(COMPARE, scene.world.organiser)
        assert page.status_code == 200
        assert page.headers["cache-control"].startswith("private")
        assert "&lt;b&gt;Bo&lt;/b&gt;" in page.text
        assert "<b>Bo</b>" not in page.text

    def test_a_board_of_one_team_or_none_is_said_to_be_too_small(self, world: Any) -> None:
        assert "no teams to compare" in world.anyone.get("/challenges/tiny/leaderboard/compare").text
        world.scored("A")
        assert "One team alone is on this board" in world.anyone.get("/challenges/tiny/leaderboard/compare").text
