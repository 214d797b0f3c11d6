"""`sonobench admin team`, `entries`, `organisers` and `people export|erase`: on the server itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import typer
from platform_people import Person, add_member, ask_of_teams, audited, invite, make_team
from platform_world import Http
from typer.testing import CliRunner

from sonobench_platform.commands.plugin import register

Run = Callable[..., Any]


@pytest.fixture
def run(world: Any) -> Run:
    """Runs `sonobench admin ...` on the test's platform."""
    settings = world.platform.settings
    environment = {"SONOBENCH_HOME": str(settings.home), "SONOBENCH_DATABASE_URL": settings.database_url, "COLUMNS": "200"}
    app = typer.Typer()
    register(app)

    def invoke(*words: str, answer: str | None = None) -> Any:
        return CliRunner().invoke(app, ["admin", *words], env=environment, input=answer)

    return invoke


def _ok(result: Any) -> str:
    assert result.exit_code == 0, result.output
    return str(result.stdout)


class TestTeam:
    def test_add_prints_the_token_alone_on_stdout(self, world: Any, run: Run) -> None:
        token = _ok(run("team", "add", "New")).strip()
        assert Http(world.app, token).get("/api/v1/me").json()["team"]["name"] == "New"
        assert audited(world)[-1] == "team.register"

    def test_list_names_captains_and_takes_json(self, world: Any, run: Run, team_id: str) -> None:
        world.team("A")
        shown = _ok(run("team", "list"))
        assert "U-Vision" in shown
        assert "ada" in shown
        listed = json.loads(_ok(run("team", "list", "--json")))
        assert {each["name"]: len(each["members"]) for each in listed} == {"A": 0, "U-Vision": 1}

    @pytest.mark.parametrize("by", ["name", "id"])
    def test_show_takes_a_name_in_any_case_or_an_id(self, run: Run, team_id: str, by: str) -> None:
        shown = _ok(run("team", "show", {"name": "u-vision", "id": team_id}[by]))
        assert shown.startswith(f"U-Vision ({team_id})")

    def test_a_team_that_is_not_there_ends_with_a_sentence(self, run: Run) -> None:
        result = run("team", "show", "Nobody")
        assert result.exit_code != 0
        assert "There is no team 'Nobody'; `sonobench admin team list` lists them." in result.output

    def test_invite_prints_the_link_that_works(self, run: Run, bo: Person, team_id: str) -> None:
        link = _ok(run("team", "invite", "U-Vision", bo.email)).strip()
        answer = bo.http.post("/api/v1/invitations/accept", json={"secret": link.rsplit("/", 1)[1]})
        assert answer.json()["id"] == team_id

    def test_captain_hands_over_and_remove_removes(self, world: Any, run: Run, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        assert _ok(run("team", "captain", "U-Vision", bo.email)) == "bo is the captain of U-Vision.\n"
        assert _ok(run("team", "remove", "U-Vision", ada.id)) == "ada is no longer in U-Vision.\n"
        assert [member["name"] for member in bo.http.get(f"/api/v1/teams/{team_id}").json()["members"]] == ["bo"]

    def test_tokens_are_made_listed_and_revoked(self, world: Any, run: Run, team_id: str) -> None:
        made = json.loads(_ok(run("team", "token", "U-Vision", "--name", "build", "--json")))
        token = Http(world.app, made["token"])
        assert token.get("/api/v1/me").status_code == 200
        assert "build" in _ok(run("team", "tokens", "U-Vision"))
        _ok(run("team", "revoke-token", "U-Vision", made["id"]))
        assert token.get("/api/v1/me").status_code == 401
        assert json.loads(_ok(run("team", "tokens", "U-Vision", "--json"))) == []

    def test_dissolve_removes_an_unused_team(self, run: Run, team_id: str) -> None:
        assert _ok(run("team", "dissolve", team_id)) == "Team U-Vision is gone.\n"
        assert run("team", "show", team_id).exit_code != 0


class TestEntries:
    def test_a_waiting_team_is_listed_and_approved(self, world: Any, run: Run, ada: Person, team_id: str) -> None:
        ask_of_teams(world, approval=True)
        ada.http.post("/api/v1/challenges/tiny/entry", json={})
        (waiting,) = json.loads(_ok(run("entries", "list", "tiny", "--standing", "pending", "--json")))
        assert waiting["members"][0]["email"] == ada.email
        assert "ada@example.org" in _ok(run("entries", "list", "tiny"))
        assert _ok(run("entries", "approve", "tiny", "U-Vision")) == "U-Vision is approved for tiny.\n"
        assert _ok(run("entries", "list", "tiny", "--standing", "pending")) == ""
        _ok(run("entries", "withdraw-approval", "tiny", "U-Vision", "--reason", "A doubt."))
        assert ada.http.get("/api/v1/challenges/tiny/entry").json()["standing"] == "pending"

    def test_a_refusal_needs_its_reason(self, ada: Person, run: Run, team_id: str) -> None:
        ada.http.post("/api/v1/challenges/tiny/entry", json={})
        assert run("entries", "refuse", "tiny", "U-Vision").exit_code != 0
        assert run("entries", "refuse", "tiny", "U-Vision", "--reason", " ").exit_code != 0
        _ok(run("entries", "refuse", "tiny", "U-Vision", "--reason", "Cheated."))
        assert ada.http.get("/api/v1/challenges/tiny/entry").json()["reason"] == "Cheated."

    def test_a_seat_is_freed(self, world: Any, run: Run, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        ada.http.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10})
        bo.http.post(f"/api/v1/teams/{team_id}/leave")
        make_team(bo, "Other")
        _ok(run("entries", "free-seat", "tiny", bo.email, "--reason", "Changed the institute."))
        assert bo.http.post("/api/v1/challenges/tiny/entry", json={}).status_code == 200

    def test_a_standing_that_is_none_is_a_sentence(self, run: Run) -> None:
        result = run("entries", "list", "tiny", "--standing", "winning")
        assert "'winning' is no standing; take one of absent, unsigned" in result.output

    def test_a_challenge_that_is_not_there_is_a_sentence(self, run: Run) -> None:
        assert "There is no challenge of that name here." in run("entries", "list", "none").output


class TestOrganisers:
    def test_they_are_added_listed_and_removed(self, run: Run, ada: Person) -> None:
        assert "Nobody but the administrators" in run("organisers", "list", "tiny").output
        assert _ok(run("organisers", "add", "tiny", ada.email)) == "ada@example.org organises tiny.\n"
        assert [each["id"] for each in json.loads(_ok(run("organisers", "list", "tiny", "--json")))] == [ada.id]
        assert "ada@example.org" in _ok(run("organisers", "list", "tiny"))
        _ok(run("organisers", "remove", "tiny", ada.email))
        assert json.loads(_ok(run("organisers", "list", "tiny", "--json"))) == []


class TestPeople:
    def test_export_prints_what_is_kept_and_is_noted(self, world: Any, run: Run, ada: Person, team_id: str) -> None:
        kept = json.loads(_ok(run("people", "export", ada.email)))
        assert (kept["people"][0]["email"], kept["memberships"][0]["team_id"]) == (ada.email, team_id)
        assert audited(world)[-1] == "person.export"

    def test_erase_asks_first(self, world: Any, run: Run, ada: Person, team_id: str) -> None:
        assert run("people", "erase", ada.id, answer="n\n").exit_code != 0
        assert ada.http.get("/api/v1/me").status_code == 200
        invite(world, ada, team_id, "new@example.org")
        _ok(run("people", "erase", ada.id, answer="y\n"))
        assert ada.http.get("/api/v1/me").status_code == 401
        assert ada.id not in _ok(run("people", "list", "--json"))

    def test_erase_does_not_ask_with_yes(self, run: Run, ada: Person) -> None:
        assert f"Person {ada.id} is erased." in _ok(run("people", "erase", ada.email, "--yes"))
        assert "Nobody has an account" in run("people", "erase", ada.email, "--yes").output
