"""Pages about one board as they are rendered: hostile names are text, and sentences and drawings follow from the figures."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from ranking_world import BREAST, HEAD
from what_if_world import Published, published

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_platform.leaderboards.comparing import Ahead, Compared, side_by_side
from sonobench_platform.leaderboards.comparing_shown import ShownBoard
from sonobench_platform.leaderboards.difficulty import Difficulty, Group, TaskDifficulty, Tiers
from sonobench_platform.leaderboards.service import PublishedBoard
from sonobench_platform.leaderboards.what_if import Answer, Choice, answer, lines_of
from sonobench_platform.leaderboards.what_if_ground import NoGround
from sonobench_platform.web import compare_build, difficulty_build
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.compare_drawing import share_words
from sonobench_platform.web.compare_query import key_of, read_pair
from sonobench_platform.web.rendering import render
from sonobench_platform.web.what_if_build import no_ground_page, what_if_page
from sonobench_platform.web.what_if_chart import apart, takeaway, weight_chart
from sonobench_platform.web.what_if_query import read_asked, says_more
from sonobench_platform.web.what_if_sentences import sentence

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e{{ 7*7 }}"


def shown(world: Published, **changes: Any) -> ShownBoard:
    board = world.board
    known = {
        "name": "world",
        "title": board.title,
        "phase_id": "1",
        "phase": "test",
        "phase_title": "",
        "definition": world.challenge,
        "definition_text": "",
        "definition_hash": challenge_hash(world.challenge),
        "is_closed": True,
        "organises": False,
        "published": PublishedBoard(board.to_json(), "sha256:0", board.generated_at),
    }
    return ShownBoard(**{**known, **changes})  # type: ignore[arg-type]


def page(world: Published, *parameters: tuple[str, str], **changes: Any) -> str:
    state = ViewState("/challenges/world/leaderboard/what-if")
    return render(what_if_page(shown(world, **changes), world.ground, read_asked(parameters), over_cases={}, state=state))


def asked(world: Published, **choice: Any) -> Answer:
    return answer(world.ground, Choice(**choice), over_cases={})


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


class TestHostileNames:
    def test_names_of_teams_tasks_and_challenges_are_text(self) -> None:
        head = HEAD.model_copy(update={"title": HOSTILE})
        world = published({HOSTILE: 1.5, "Bo": 0.4}, tasks=(head, BREAST))
        html = page(world, ("performance", "10"), title=HOSTILE, phase_title=HOSTILE)
        found = side_by_side(*world.board.rows[:2])
        said = compare_build.side_by_side(world.board, found, notes=(), csv_href="/x")
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "\u202e" not in html + said.takeaway + said.first + said.second
        assert "{{ 7*7 }}" in html

    def test_a_row_key_tells_nothing_but_teams_apart(self) -> None:
        rows = published({HOSTILE: 1.5, "Bo": 0.4}).board.rows
        keys = {key_of(row) for row in rows}
        assert len(keys) == 2
        assert all(re.fullmatch(r"[0-9a-f]{12}", key) for key in keys)
        assert keys == {key_of(row.model_copy(update={"submission": "sub-1"})) for row in rows}


class TestSentences:
    def test_they_say_who_moves_and_who_would_win(self) -> None:
        world = published()
        assert plain(sentence(asked(world))) == "This is the official weighting."
        found = asked(world, performance=0.0)
        winner = found.result.rows[0].team
        ends = "stays first." if world.board.rows[0].team == winner else "would win."
        assert plain(sentence(found)) == f"With 0 % for performance, {found.moved} teams change place; {winner} {ends}"

    def test_where_nobody_moves_it_says_that_too(self) -> None:
        world = published({"Ada": 2.0}, twins=())
        assert (
            plain(sentence(asked(world, performance=0.5)))
            == "With 50 % for performance, every team keeps its place; Ada stays first."
        )

    def test_several_who_share_the_first_rank_are_all_named(self) -> None:
        found = asked(published({"Ada": 1.0, "Bo": 0.2}, twins=("Twin",)), performance=1.0)
        assert plain(sentence(found)).endswith("Ada and Twin still share the first rank.")

    def test_the_takeaway_holds_at_both_ends_it_names(self) -> None:
        world = published()
        found = asked(world).sensitivity
        assert found is not None
        told = plain(takeaway(found, 0.7))
        match = re.fullmatch(r"(\w+) stays first from (\d+) % to (\d+) % for performance", told)
        if match is None:
            assert told.endswith("is first whatever performance weighs")
            return
        for end in match.groups()[1:]:
            rows = asked(world, performance=int(end) / 100).result.rows
            assert match[1] in {row.team for row in rows if row.rank == 1}

    def test_every_reason_for_no_answer_has_words(self) -> None:
        world = published()
        for why in NoGround:
            html = render(no_ground_page(shown(world), why, ViewState("/challenges/world/leaderboard/what-if")))
            assert "<form" not in html
            assert len(re.findall(r"<p>[A-Z].*?\.</p>", html)) >= 1, why


class TestTheChart:
    def test_lines_start_at_efficiency_and_end_at_performance(self) -> None:
        world = published()
        found = asked(world)
        chart = weight_chart(found, lines_of(found.result))
        assert chart is not None
        by_team = {row.team: row for row in world.board.rows}
        for line in chart.lines:
            assert line.performance == f"{by_team[line.team].performance:.3f}"
            assert line.efficiency == f"{by_team[line.team].efficiency:.3f}"
        ordered = sorted(chart.lines, key=lambda line: line.y_end)
        assert [line.performance for line in ordered] == sorted((line.performance for line in chart.lines), reverse=True)

    def test_there_is_none_where_performance_alone_counts_or_one_team_is_ranked(self) -> None:
        for found in (
            asked(published(measured=False)),
            asked(published({"One": 1.0})),
            asked(published(), scheme="mean-then-rank"),
        ):
            assert weight_chart(found, lines_of(found.result)) is None

    def test_labels_keep_apart_and_above_the_axis(self) -> None:
        found = apart([10, 10, 12, 90, 99, 100], 100)
        assert all(later - earlier >= 15 for earlier, later in pairwise(found))
        assert max(found) <= 100


class TestReading:
    def test_an_address_says_its_choice_in_the_shortest_way(self) -> None:
        found = read_asked([("performance", "50"), ("w.a", "1"), ("w.b", "2"), ("scheme", ""), ("other", "x")])
        assert found.extra == (("performance", "50"), ("w.b", "2"))
        assert says_more([("performance", "50"), ("w.a", "1")], read_asked([("performance", "50"), ("w.a", "1")]))
        assert not says_more([("performance", "50"), ("phase", "x")], read_asked([("performance", "50"), ("phase", "x")]))
        assert not says_more([("performance", "x"), ("w.a", "1")], read_asked([("performance", "x"), ("w.a", "1")]))

    def test_of_two_teams_the_one_not_named_is_the_best_other(self) -> None:
        rows = published().board.rows
        assert read_pair(rows, "", "").numbers == (0, 1)
        assert read_pair(rows, key_of(rows[2]), "").numbers == (2, 0)
        assert read_pair(rows, "", key_of(rows[0])).numbers == (1, 0)
        assert read_pair(rows[:1], "", "").numbers is None


class TestCompared:
    @pytest.mark.parametrize(
        ("share", "words"), [(0.0, "0 %"), (0.004, "less than 1 %"), (0.934, "93 %"), (0.998, "more than 99 %"), (1.0, "100 %")]
    )
    def test_shares_are_whole_percent_but_never_all_or_none_that_is_not(self, share: float, words: str) -> None:
        assert plain(share_words(share)) == words

    def test_the_takeaway_names_who_is_ahead_and_in_whose_favor_differences_are(self) -> None:
        world = published()
        both = side_by_side(*world.board.rows[:2])
        one, other = (row.team for row in world.board.rows[:2])
        spans = [(0.1, 0.2), (0.1, 0.3), (-0.1, 0.1), (-0.3, -0.2), (None, None)]
        lines = tuple(
            line.__class__(line.task, line.title, line.first, line.second, line.difference, low, high)
            for line, (low, high) in zip(both.lines, spans, strict=True)
        )
        found = Compared(both.first, both.second, lines, is_paired=True, ahead=Ahead(0.05, 0.93, 0.02, 200))
        assert plain(compare_build.takeaway(found)) == (
            f"{other} is ahead of {one} in 93 % of resamples; "
            f"3 of 4 paired differences leave 0 out: 2 in favor of {one}, 1 of {other}"
        )


class TestDifficulty:
    @staticmethod
    def found(*tasks: TaskDifficulty) -> Difficulty:
        return Difficulty(3, 0.8, tasks, ("Age",))

    def test_the_takeaway_counts_every_case_and_names_the_hardest_task(self) -> None:
        easy = TaskDifficulty("a", "Head", True, (Group("all", 50, Tiers(40, 5, 5, 0)),))
        hard = TaskDifficulty("b", "Heart", False, (Group("all", 50, Tiers(10, 10, 20, 10)),))
        assert plain(difficulty_build.takeaway(self.found(easy, hard))) == (
            "All 3 algorithms solve 50 % of 100 cases, none solves 10 %; hardest is Heart, where none solves 20 %"
        )

    def test_a_bar_is_as_wide_as_its_cases(self) -> None:
        task = TaskDifficulty("a", "Head", True, (Group("all", 10, Tiers(5, 0, 3, 2)),))
        made = difficulty_build.difficulty_found(self.found(task), fewest_cases=10, csv_href="/x")
        bar = made.tasks[0].lines[0].bar
        assert [part.look for part in bar] == ["all", "few", "none"]
        assert sum(part.width for part in bar) == pytest.approx(difficulty_build.BAR_WIDTH)

    def test_what_is_held_back_is_in_no_file(self) -> None:
        task = TaskDifficulty("a", "Head", True, (Group("all", 12, Tiers(5, 0, 5, 2)), Group("external", 3, None)))
        assert [line["centers"] for line in difficulty_build.csv_lines(self.found(task))] == ["all"]
