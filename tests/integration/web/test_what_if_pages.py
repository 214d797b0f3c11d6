"""The page of other weights, as readers without a script use it: open and closed boards, hostile names, nonsense in addresses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from board_scene import BoardScene, make_scene

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}"
WHAT_IF = "leaderboard/what-if"


@pytest.fixture
def scene(make_world: Any) -> BoardScene:
    return make_scene(make_world)


def table_of(page: str) -> list[tuple[str, str]]:
    """Rank and team of each row of the ranking."""
    rows = re.findall(r'<td class="rank">(?:<b>(\d+)</b>)?.*?<th scope="row" class="team">.*?<bdi>(.*?)</bdi>', page, re.S)
    return [(rank, team) for rank, team in rows]


def said(page: str) -> str:
    found = re.search(r'role="status">(.*?)</p>', page)
    assert found is not None
    return found[1].replace("\u00a0", " ")


class TestThePage:
    def test_it_shows_the_official_ranking_first_and_says_so(self, scene: BoardScene) -> None:
        page = scene.get(WHAT_IF).text
        assert said(page) == "This is the official weighting."
        assert table_of(page) == [(str(row.rank), row.team) for row in scene.board().rows]
        assert page.count("as in the official ranking") == len(scene.entries) * 2

    def test_another_weight_gives_another_order_with_the_official_ranks_marked(self, scene: BoardScene) -> None:
        page = scene.get(WHAT_IF, performance="0").text
        assert said(page).startswith("With 0 % for performance, ")
        by_efficiency = sorted(scene.board().rows, key=lambda row: -(row.efficiency or 0))
        assert [team for _, team in table_of(page)] == [row.team for row in by_efficiency]
        assert "above the official rank" in page

    def test_it_is_a_plain_form_whose_fields_say_what_was_chosen(self, scene: BoardScene) -> None:
        page = scene.get(WHAT_IF, performance="35", scheme="sonobench-70-30", **{"w.performance.segmentation": "2"}).text
        form = re.search(r'<form id="what-if".*?</form>', page, re.S)
        assert form is not None
        assert 'method="get"' in form[0]
        assert re.search(r'type="range" id="performance" name="performance"[^>]* value="35"', form[0])
        assert re.search(r'name="w.performance.segmentation"[^>]* value="2"', form[0])
        assert '<option value="sonobench-70-30" selected>' in form[0]
        assert '<button type="submit">' in form[0]

    def test_what_a_form_sends_without_a_script_leads_to_the_short_address(self, scene: BoardScene) -> None:
        sent = {"performance": "35", "scheme": "", "w.efficiency.time": "1", "w.efficiency.gpu-memory": "2", "phase": "test"}
        answer = scene.get(WHAT_IF, **sent)
        assert answer.status_code == 303
        assert answer.headers["location"] == (
            "/challenges/tiny/leaderboard/what-if?phase=test&performance=35&w.efficiency.gpu-memory=2"
        )
        assert scene.world.anyone.get(answer.headers["location"]).status_code == 200

    def test_the_part_alone_is_what_the_page_has(self, scene: BoardScene) -> None:
        part = scene.get(WHAT_IF, performance="20", part="rows")
        page = scene.get(WHAT_IF, performance="20").text
        assert part.status_code == 200
        assert part.text.startswith('<div id="what-if-found"')
        assert part.text.strip() in page
        assert "<html" not in part.text

    def test_links_that_sort_keep_the_weights(self, scene: BoardScene) -> None:
        page = scene.get(WHAT_IF, performance="20").text
        assert re.search(r'href="/challenges/tiny/leaderboard/what-if\?sort=score[^"]*performance=20"', page)

    def test_the_sentence_over_the_lines_tells_how_far_the_winner_holds(self, scene: BoardScene) -> None:
        page = scene.get(WHAT_IF).text
        assert re.search(r"(stays first from .* to .* for performance|is first whatever performance weighs)", page)


class TestOpenAndClosed:
    def test_while_the_phase_is_open_rounded_figures_count_and_schemes_over_cases_are_not_there(self, scene: BoardScene) -> None:
        page = scene.get(WHAT_IF).text
        assert "The phase is open: times and memory are the rounded ones" in page
        assert 'value="median-then-rank"' not in page
        asked = scene.get(WHAT_IF, scheme="median-then-rank")
        assert asked.status_code == 200
        assert "cannot be ranked by the scheme that was asked for" in asked.text

    def test_when_it_has_closed_every_scheme_answers(self, scene: BoardScene) -> None:
        scene.close()
        for name in ("mean-then-rank", "median-then-rank", "rank-then-mean", "rank-then-median", "test-based"):
            page = scene.get(WHAT_IF, scheme=name).text
            assert "cannot be ranked" not in page, name
            assert len(table_of(page)) == len(scene.entries), name

    def test_a_hidden_board_is_not_there(self, make_world: Any) -> None:
        scene = make_scene(make_world, rules={"scores": "organisers"})
        assert scene.get(WHAT_IF).status_code == 404
        assert scene.get(WHAT_IF, part="rows").status_code == 404
        assert "Ada" not in scene.get(WHAT_IF).text
        assert scene.get(WHAT_IF, scene.world.organiser).status_code == 200

    def test_before_the_first_score_it_says_so(self, world: Any) -> None:
        page = world.anyone.get("/challenges/tiny/leaderboard/what-if")
        assert page.status_code == 200
        assert "No algorithm has been scored yet" in page.text

    def test_a_board_that_its_figures_do_not_give_is_said_to_be_none_to_rank_by(self, world: Any) -> None:
        world.scored("A")
        page = world.anyone.get("/challenges/tiny/leaderboard/what-if")
        assert page.status_code == 200
        assert "does not come out again from the figures" in page.text
        assert "<form id" not in page.text


class TestNonsense:
    def test_a_share_that_is_none_is_told_and_left_out(self, scene: BoardScene) -> None:
        for value in ("abc", "-1", "101", "nan", "1e999", "<script>", "0x10", "1" * 500):
            answer = scene.get(WHAT_IF, performance=value, part="rows")
            assert answer.status_code == 200, value
            assert "<script>" not in answer.text
            assert "stays as declared" in answer.text
            assert 'data-said="This is the official weighting."' in answer.text
        assert 'data-said="With 3\u00a0% for performance' in scene.get(WHAT_IF, performance="٣", part="rows").text

    def test_parts_that_are_not_there_and_schemes_that_are_none_are_told(self, scene: BoardScene) -> None:
        nonsense = {"w.no.such": "2", "w.": "3", "scheme": HOSTILE, "tolerance": "x", "w.efficiency.time": "9", "phase": "test"}
        page = scene.get(WHAT_IF, **nonsense).text
        assert "has no part of this name" in page
        assert "cannot be ranked by the scheme" in page
        assert "tolerance that was asked for" in page
        assert "is no number from 0 to 4" in page

    def test_no_weight_at_all_is_told(self, scene: BoardScene) -> None:
        zeros = {"w.efficiency.time": "0", "w.efficiency.gpu-memory": "0"}
        assert "all its parts were set to 0" in scene.get(WHAT_IF, **zeros).text

    def test_an_unknown_phase_or_challenge_is_not_found(self, scene: BoardScene) -> None:
        assert scene.get(WHAT_IF, phase="nope").status_code == 404
        assert scene.world.anyone.get("/challenges/none/leaderboard/what-if").status_code == 404

    def test_hostile_names_are_text(self, make_world: Any) -> None:
        page = make_scene(make_world, {HOSTILE: 1.5, "Bo": 0.5}).get(WHAT_IF, performance="10").text
        assert "<script>alert" not in page
        assert "{{ 7*7 }}" in page
