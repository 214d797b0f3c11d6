"""A phase that shows no names: whatever the public can read of its board tells nobody which team is behind an alias."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from phased_world import scored, with_rules
from sqlalchemy import select

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.db.models import PhaseRow, SubmissionRow, TeamRow
from sonobench_platform.leaderboards.aliases import alias_of, names_behind
from sonobench_platform.leaderboards.behind import submissions_behind
from sonobench_platform.leaderboards.publish import contenders
from sonobench_platform.leaderboards.study_making import matching
from sonobench_platform.runs.rank_changes import changes_when_closed

PATHS = (
    "/",
    "/challenges/tiny",
    "/challenges/tiny/leaderboard",
    "/challenges/tiny/leaderboard?view=tasks",
    "/challenges/tiny/leaderboard?view=task",
    "/challenges/tiny/leaderboard?q=Zebra",
    "/challenges/tiny/leaderboard.json",
    "/challenges/tiny/leaderboard.csv",
    "/challenges/tiny/leaderboard.csv?view=tasks",
    "/challenges/tiny/leaderboard.json?view=tasks",
    "/api/v1/challenges/tiny/leaderboard",
    "/api/v1/challenges/tiny",
)
ALIAS = re.compile(r"Team [0-9A-F]{4}-[0-9A-F]{4}")


def rename(world: Any, names: dict[str, str]) -> None:
    """Names that stand nowhere by chance, as "A" does."""
    with world.platform.core.database.write() as work:
        for team in work.session.scalars(select(TeamRow)):
            if team.name in names:
                team.name, team.name_key = names[team.name], names[team.name].casefold()


def facts(world: Any) -> tuple[PhaseRow, dict[str, str]]:
    """The phase, and each team's alias by its id."""
    core = world.platform.core
    with core.database.read() as session:
        phase = session.scalars(select(PhaseRow)).one()
        return phase, {team.id: alias_of(core, phase, team.id) or "" for team in session.scalars(select(TeamRow))}


@pytest.fixture
def aliased(world: Any) -> Any:
    with_rules(world, names="aliases")
    world.submissions = {team: scored(world, team) for team in ("A", "B")}
    rename(world, {"A": "Zebra Crossing", "B": "Yellow Quilt"})
    world.submissions["A"] = scored(world, "A")  # published once more, with these names
    return world


class TestTheBoard:
    def test_nothing_public_tells_a_name_a_submission_or_an_image(self, aliased: Any) -> None:
        said = {path: aliased.anyone.get(path) for path in PATHS}
        assert {answer.status_code for answer in said.values()} == {200}
        shown = "".join(re.sub(r'value="[^"]*"|“[^”]*”', "", answer.text) for answer in said.values())
        for told in ("Zebra Crossing", "Yellow Quilt", *aliased.submissions.values()):
            assert told not in shown
        rows = said["/challenges/tiny/leaderboard.json"].json()["rows"]
        assert len(rows) == 2
        assert all(ALIAS.fullmatch(row["team"]) and row["submission"] is None and row["image_digest"] is None for row in rows)

    def test_the_api_says_that_the_phase_shows_aliases(self, aliased: Any) -> None:
        (phase,) = aliased.anyone.get("/api/v1/challenges/tiny").json()["phases"]
        assert phase["names"] == "aliases"

    def test_every_team_has_an_alias_of_its_own(self, aliased: Any) -> None:
        _, aliases = facts(aliased)
        rows = aliased.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
        assert {row["team"] for row in rows} <= set(aliases.values())
        assert len(set(aliases.values())) == len(aliases)

    def test_an_alias_stays_when_the_board_is_published_again(self, aliased: Any) -> None:
        before = {row["team"] for row in aliased.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]}
        scored(aliased, "A")
        after = {row["team"] for row in aliased.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]}
        assert after == before

    def test_the_page_says_that_these_are_aliases(self, aliased: Any) -> None:
        assert "shown under aliases" in aliased.anyone.get("/challenges/tiny/leaderboard").text

    def test_what_is_made_from_contenders_has_aliases_too(self, aliased: Any) -> None:
        phase, aliases = facts(aliased)
        with aliased.platform.core.database.read() as session:
            assert {each.team for each in contenders(aliased.platform.core, session, phase.id)} <= set(aliases.values())

    def test_organisers_can_tell_who_is_who(self, aliased: Any) -> None:
        core = aliased.platform.core
        with core.database.read() as session:
            behind = names_behind(core, session, session.scalars(select(PhaseRow)).one())
        assert set(behind.values()) == {"Zebra Crossing", "Yellow Quilt"}
        rows = aliased.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
        assert {row["team"] for row in rows} == set(behind)

    def test_organisers_read_both_in_what_closing_would_change(self, aliased: Any) -> None:
        core, (phase, aliases) = aliased.platform.core, facts(aliased)
        with core.database.read() as session:
            told = {each.team for each in changes_when_closed(core, session, session.get_one(PhaseRow, phase.id)).teams}
        assert {each[: len("Team 0000-0000")] for each in told} <= set(aliases.values())
        assert {each[len("Team 0000-0000") :] for each in told} == {" (Zebra Crossing)", " (Yellow Quilt)"}


class TestNames:
    def test_a_phase_shows_names_where_it_says_nothing(self, world: Any) -> None:
        with_rules(world)
        submission = scored(world, "A")
        (row,) = world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"]
        assert (row["team"], row["submission"]) == ("A", submission)
        phase, aliases = facts(world)
        assert set(aliases.values()) == {""}
        assert "shown under aliases" not in world.anyone.get("/challenges/tiny/leaderboard").text
        with world.platform.core.database.read() as session:
            assert names_behind(world.platform.core, session, phase) == {}

    def test_another_phase_and_another_key_give_another_alias(self, aliased: Any) -> None:
        core, (phase, aliases) = aliased.platform.core, facts(aliased)
        team = next(iter(aliases))
        other = PhaseRow(id="phas_other", challenge_id=phase.challenge_id, name="x", rules=phase.rules)
        assert alias_of(core, other, team) not in {None, aliases[team]}
        key = core.settings.home / "alias-key"
        assert key.stat().st_mode & 0o777 == 0o600
        assert json.dumps(aliases).find(key.read_text().strip()) == -1


class TestWhatStandsBehind:
    def test_the_platform_finds_the_submission_of_each_row(self, aliased: Any) -> None:
        core, (_, aliases) = aliased.platform.core, facts(aliased)
        board = Leaderboard.from_json(aliased.anyone.get("/api/v1/challenges/tiny/leaderboard").text)
        with core.database.read() as session:
            behind = submissions_behind(core, session, board)
            teams = {alias: session.get_one(SubmissionRow, each).team_id for alias, each in behind.items()}
        assert set(behind.values()) == set(aliased.submissions.values())
        assert teams == {aliases[team]: team for team in teams.values()}

    def test_its_charts_are_made_from_what_it_was_made_from(self, aliased: Any) -> None:
        core, (phase, _) = aliased.platform.core, facts(aliased)
        board = Leaderboard.from_json(aliased.anyone.get("/api/v1/challenges/tiny/leaderboard").text)
        with core.database.read() as session:
            entries = matching(board, contenders(core, session, phase.id))
        assert entries is not None
        assert [entry.team for entry in entries] == [row.team for row in board.rows]

    def test_a_team_finds_its_own_place_and_alias(self, aliased: Any) -> None:
        _, aliases = facts(aliased)
        page = aliased.team("A").get(f"/submissions/{aliased.submissions['A']}")
        assert page.status_code == 200
        found = re.search(r"It is on the board as (Team [0-9A-F-]{9}), ranked", page.text)
        assert found is not None
        assert found[1] in aliases.values()

    def test_another_team_and_the_public_find_no_page_of_it(self, aliased: Any) -> None:
        address = f"/submissions/{aliased.submissions['A']}"
        assert aliased.team("B").get(address).status_code == 404
        assert aliased.anyone.get(address, follow_redirects=False).status_code in {303, 401, 404}
