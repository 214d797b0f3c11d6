"""Where a phase's board shows no names, the portal tells a team its own alias, and no other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from page_visitor import Visitor
from phased_world import with_rules
from platform_people import add_member, make_person, make_team
from portal_people import at_the_portal, words_of

CHECKLIST = "/portal/challenges/tiny"
ALIAS = re.compile(r"Team [0-9A-F]{4}-[0-9A-F]{4}")


def people_of(world: Any) -> tuple[Visitor, Visitor]:
    """Ada and Bo at the portal: Ada's team U-Vision has a score, and so has Bo's, Q-Vision."""
    return _with_score(world, "ada", "U-Vision"), _with_score(world, "bo", "Q-Vision")


def _with_score(world: Any, name: str, team: str) -> Visitor:
    person = make_person(world, name)
    make_team(person, team)
    world.teams[team] = person.http
    world.scored(team)
    return at_the_portal(world, person)


def told(visitor: Visitor, path: str) -> set[str]:
    """Every alias that a page speaks of."""
    page = visitor.open(path)
    assert page.status_code == 200, page.text
    return set(ALIAS.findall(page.text))


def on_the_board(world: Any) -> set[str]:
    return {row["team"] for row in world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]}


class TestAnAlias:
    @pytest.mark.parametrize("path", ["/portal", CHECKLIST])
    def test_each_team_is_told_its_own_as_the_board_has_it(self, world: Any, path: str) -> None:
        with_rules(world, names="aliases", title="Final round")
        ada, bo = people_of(world)
        hers, his = told(ada, path), told(bo, path)
        assert (len(hers), len(his)) == (1, 1)
        assert hers | his == on_the_board(world)

    def test_it_stands_beside_the_challenge_with_its_phase_and_beside_each_submission(self, world: Any) -> None:
        with_rules(world, names="aliases", title="Final round")
        ada, _ = people_of(world)
        (alias,) = told(ada, "/portal")
        said = f"The board of Final round shows no names: there your team is called {alias} ,"
        for path in ("/portal", CHECKLIST):
            words = words_of(ada.open(path))
            assert said in words
            assert f"U-Vision on the board: {alias}" in words

    def test_a_member_is_told_too_and_a_stranger_is_not(self, world: Any) -> None:
        with_rules(world, names="aliases")
        ada, stranger = make_person(world, "ada"), make_person(world, "eve")
        team = make_team(ada, "U-Vision")
        world.teams["U-Vision"] = ada.http
        world.scored("U-Vision")
        member = make_person(world, "bo")
        add_member(world, ada, team, member)
        assert told(at_the_portal(world, member), "/portal") == on_the_board(world)
        for path in ("/portal", CHECKLIST):
            assert told(at_the_portal(world, stranger), path) == set()

    def test_a_team_that_does_not_take_part_has_none(self, world: Any) -> None:
        with_rules(world, names="aliases")
        ada = make_person(world, "ada")
        make_team(ada, "U-Vision")
        for path in ("/portal", CHECKLIST):
            assert told(at_the_portal(world, ada), path) == set()

    def test_where_the_board_shows_names_none_is_spoken_of(self, world: Any) -> None:
        with_rules(world, names="teams")
        ada, _ = people_of(world)
        for path in ("/portal", CHECKLIST):
            assert told(ada, path) == set()
            assert "on the board:" not in words_of(ada.page)
