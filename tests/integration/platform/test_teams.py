"""Teams that people make: who is in them, who runs them, and their tokens."""

from __future__ import annotations

from typing import Any

import pytest
from platform_people import Person, add_member, audited, invite, mails, make_team, with_scopes
from platform_world import Http
from sqlalchemy import select

from sonobench_platform.db.models import Base, ChallengeRow, OrganiserRow, TeamRow, TokenRow
from sonobench_platform.teams.membership import MOST_TEAMS
from sonobench_platform.teams.removal import OF_A_TEAM
from sonobench_platform.teams.team_tokens import MOST


def _roles(person: Person, team_id: str) -> dict[str, bool]:
    """Who is in the team, and whether as captain."""
    answer = person.http.get(f"/api/v1/teams/{team_id}")
    assert answer.status_code == 200, answer.text
    return {member["name"]: member["is_captain"] for member in answer.json()["members"]}


class TestMakingATeam:
    def test_who_makes_it_is_its_captain(self, ada: Person, team_id: str) -> None:
        assert _roles(ada, team_id) == {"ada": True}
        assert ada.http.get("/api/v1/me/teams").json()["items"][0] | {"created_at": ""} == {
            "id": team_id,
            "name": "U-Vision",
            "created_at": "",
            "is_captain": True,
        }

    def test_it_is_in_the_audit_log_by_the_persons_id_alone(self, world: Any, ada: Person, team_id: str) -> None:
        answer = world.organiser.get("/api/v1/audit")
        row = next(each for each in answer.json()["items"] if each["action"] == "team.create")
        assert (row["actor"], row["subject"]) == (f"person {ada.id}", team_id)

    @pytest.mark.parametrize("name", ["u-vision", "U-VISION ", "Ｕ-Vision"])
    def test_a_name_that_differs_by_case_or_form_is_taken(self, bo: Person, team_id: str, name: str) -> None:
        answer = bo.http.post("/api/v1/me/teams", json={"name": name})
        assert (answer.status_code, answer.json()["code"]) == (409, "team-exists"), team_id

    @pytest.mark.parametrize("name", ["", " ", "a\u202eb", "x" * 81, "a\0b"])
    def test_a_name_that_cannot_be_read_is_refused(self, ada: Person, name: str) -> None:
        assert ada.http.post("/api/v1/me/teams", json={"name": name}).status_code == 422

    def test_nobody_takes_all_names(self, ada: Person) -> None:
        for number in range(MOST_TEAMS):
            make_team(ada, f"team {number}")
        answer = ada.http.post("/api/v1/me/teams", json={"name": "one more"})
        assert (answer.status_code, answer.json()["code"]) == (429, "too-many-teams")

    def test_a_teams_token_makes_none(self, world: Any) -> None:
        assert world.team("A").post("/api/v1/me/teams", json={"name": "B"}).status_code == 403


class TestLookingAtATeam:
    def test_a_stranger_learns_nothing(self, bo: Person, team_id: str) -> None:
        theirs, missing = bo.http.get(f"/api/v1/teams/{team_id}"), bo.http.get("/api/v1/teams/team-aaaaaaaaaaaaaaaa")
        assert theirs.status_code == missing.status_code == 404
        assert theirs.json()["detail"] == missing.json()["detail"]

    def test_members_see_names_and_no_addresses(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        assert "example.org" not in bo.http.get(f"/api/v1/teams/{team_id}").text

    def test_an_administrator_sees_any(self, world: Any, team_id: str) -> None:
        assert world.organiser.get(f"/api/v1/teams/{team_id}").json()["name"] == "U-Vision"


class TestLeaving:
    def test_a_member_leaves(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        assert bo.http.post(f"/api/v1/teams/{team_id}/leave").status_code == 204
        assert _roles(ada, team_id) == {"ada": True}
        assert bo.http.get(f"/api/v1/teams/{team_id}").status_code == 404

    def test_a_captain_hands_over_first(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        answer = ada.http.post(f"/api/v1/teams/{team_id}/leave")
        assert (answer.status_code, answer.json()["code"]) == (409, "captain-stays")
        assert ada.http.post(f"/api/v1/teams/{team_id}/captain", json={"person_id": bo.id}).status_code == 200
        assert _roles(bo, team_id) == {"bo": True, "ada": False}
        assert mails(world, bo.email)[-1].event == "team.captain"
        assert ada.http.post(f"/api/v1/teams/{team_id}/leave").status_code == 204

    def test_a_former_captain_runs_the_team_no_more(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        ada.http.post(f"/api/v1/teams/{team_id}/captain", json={"person_id": bo.id})
        answer = ada.http.post(f"/api/v1/teams/{team_id}/captain", json={"person_id": ada.id})
        assert (answer.status_code, answer.json()["code"]) == (403, "captain-needed")

    def test_a_stranger_cannot_be_made_captain(self, ada: Person, bo: Person, team_id: str) -> None:
        assert ada.http.post(f"/api/v1/teams/{team_id}/captain", json={"person_id": bo.id}).status_code == 404

    def test_an_administrator_hands_over_where_a_captain_is_gone(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        assert world.organiser.post(f"/api/v1/teams/{team_id}/captain", json={"person_id": bo.id}).status_code == 200
        assert _roles(ada, team_id) == {"bo": True, "ada": False}


class TestRemoving:
    def test_a_captain_removes_a_member_who_is_told(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}/members/{bo.id}").status_code == 204
        assert _roles(ada, team_id) == {"ada": True}
        assert mails(world, bo.email)[-1].event == "team.removed"

    def test_a_member_removes_nobody(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        assert bo.http.request("DELETE", f"/api/v1/teams/{team_id}/members/{ada.id}").status_code == 403

    def test_the_captain_is_not_removed_by_an_administrator_either(self, world: Any, ada: Person, team_id: str) -> None:
        answer = world.organiser.request("DELETE", f"/api/v1/teams/{team_id}/members/{ada.id}")
        assert (answer.status_code, answer.json()["code"]) == (409, "captain-stays")

    def test_an_id_that_is_none_is_404(self, ada: Person, team_id: str) -> None:
        assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}/members/x%00").status_code == 404


class TestTokens:
    def _make(self, person: Person, team_id: str) -> Any:
        return person.http.post(f"/api/v1/teams/{team_id}/tokens", json={"name": "build server"})

    def _signed_in(self, world: Any, person: Person, team_id: str) -> str:
        """A token of the team, made as the person's browser would."""
        from sonobench_platform.teams import team_tokens

        core = world.platform.core
        with core.database.write() as work:
            return team_tokens.make(core, work, person.identity, team_id=team_id, name="build server").token

    def test_a_captain_makes_lists_and_revokes_them(self, world: Any, ada: Person, team_id: str) -> None:
        token = Http(world.app, self._signed_in(world, ada, team_id))
        assert token.get("/api/v1/me").json()["team"]["name"] == "U-Vision"
        (listed,) = ada.http.get(f"/api/v1/teams/{team_id}/tokens").json()["items"]
        assert listed["name"] == "build server"
        assert "token" not in listed
        assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}/tokens/{listed['id']}").status_code == 204
        assert token.get("/api/v1/me").status_code == 401
        assert ada.http.get(f"/api/v1/teams/{team_id}/tokens").json()["items"] == []

    def test_it_is_shown_once_and_kept_as_a_digest(self, world: Any, ada: Person, team_id: str) -> None:
        token = self._signed_in(world, ada, team_id)
        with world.platform.core.database.read() as session:
            assert not any(token in str(vars(row)) for row in session.scalars(select(TokenRow)))
        assert token not in ada.http.get(f"/api/v1/teams/{team_id}/tokens").text

    def test_a_personal_token_makes_none(self, ada: Person, team_id: str) -> None:
        answer = self._make(ada, team_id)
        assert (answer.status_code, answer.json()["code"]) == (403, "limited-token")

    def test_a_member_makes_none(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        assert self._make(bo, team_id).json()["code"] == "captain-needed"
        assert bo.http.get(f"/api/v1/teams/{team_id}/tokens").status_code == 403

    def test_those_of_whoever_leaves_stop_working(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        token = Http(world.app, self._signed_in(world, ada, team_id))
        add_member(world, ada, team_id, bo)
        ada.http.post(f"/api/v1/teams/{team_id}/captain", json={"person_id": bo.id})
        assert token.get("/api/v1/me").status_code == 200
        ada.http.post(f"/api/v1/teams/{team_id}/leave")
        assert token.get("/api/v1/me").status_code == 401

    def test_a_token_found_in_a_script_does_not_run_a_team_with_a_captain(self, world: Any, ada: Person, team_id: str) -> None:
        token = Http(world.app, self._signed_in(world, ada, team_id))
        asked = [
            token.post(f"/api/v1/teams/{team_id}/invitations", json={"email": "me@example.org"}),
            token.post(f"/api/v1/teams/{team_id}/tokens", json={"name": "mine"}),
            token.request("DELETE", f"/api/v1/teams/{team_id}/members/{ada.id}"),
            token.request("DELETE", f"/api/v1/teams/{team_id}"),
        ]
        assert [answer.json()["code"] for answer in asked] == ["captain-needed"] * 4

    def test_another_teams_token_is_not_there(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        other = make_team(bo, "Other")
        self._signed_in(world, bo, other)
        (theirs,) = bo.http.get(f"/api/v1/teams/{other}/tokens").json()["items"]
        assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}/tokens/{theirs['id']}").status_code == 404

    def test_there_are_not_more_than_anybody_could_keep_track_of(self, world: Any, ada: Person, team_id: str) -> None:
        from sonobench_platform.domain.errors import Conflict

        for _ in range(MOST):
            self._signed_in(world, ada, team_id)
        with pytest.raises(Conflict, match="revoke one first"):
            self._signed_in(world, ada, team_id)


class TestLimitedTokens:
    @pytest.mark.parametrize("scopes", ["read", "organise", "organise read"])
    def test_one_that_may_not_submit_does_not_run_a_team(self, world: Any, ada: Person, team_id: str, scopes: str) -> None:
        with world.platform.core.database.write() as work:
            challenge = work.session.scalars(select(ChallengeRow)).one()
            work.session.add(OrganiserRow(challenge_id=challenge.id, person_id=ada.id, added_at=world.clock.now()))
        limited = with_scopes(world, ada.id, scopes)
        asked = [
            limited.post(f"/api/v1/teams/{team_id}/invitations", json={"email": "new@example.org"}),
            limited.post(f"/api/v1/teams/{team_id}/captain", json={"person_id": ada.id}),
            limited.request("DELETE", f"/api/v1/teams/{team_id}"),
            limited.post("/api/v1/challenges/tiny/entry", json={}),
            limited.post("/api/v1/me/teams", json={"name": "New"}),
        ]
        assert [answer.status_code for answer in asked] == [403] * 5

    def test_one_that_only_reads_shows_the_team(self, world: Any, ada: Person, team_id: str) -> None:
        assert with_scopes(world, ada.id, "read").get(f"/api/v1/teams/{team_id}").status_code == 200


class TestATeamWithATokenAndNoMembers:
    def test_its_token_invites_and_who_accepts_is_its_captain(self, world: Any, ada: Person) -> None:
        token = world.team("A")
        team_id = token.get("/api/v1/me").json()["team"]["id"]
        person = Person("", "the token", "", token)
        secret = invite(world, person, team_id, ada.email)
        ada.http.post("/api/v1/invitations/accept", json={"secret": secret})
        assert _roles(ada, team_id) == {"ada": True}
        assert token.post(f"/api/v1/teams/{team_id}/invitations", json={"email": "b@example.org"}).status_code == 403


class TestDissolving:
    def test_it_is_gone_with_all_that_it_had(self, world: Any, ada: Person, team_id: str) -> None:
        invite(world, ada, team_id, "new@example.org")
        assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}").status_code == 204
        with world.platform.core.database.read() as session:
            assert session.get(TeamRow, team_id) is None
        assert audited(world)[-1] == "team.dissolve"
        make_team(ada, "U-Vision")

    def test_not_while_others_are_in_it(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}").json()["code"] == "team-has-members"

    def test_not_once_it_handed_something_in(self, world: Any, ada: Person, team_id: str) -> None:
        assert ada.http.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10}).status_code == 201
        assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}").json()["code"] == "team-has-history"

    def test_each_table_of_a_team_is_known(self) -> None:
        """A new table that refers to teams goes with its team, or keeps it: say which."""
        keeps = {"submissions", "images", "quota_ledger"}
        refer = {
            table.name
            for table in Base.metadata.tables.values()
            for key in table.foreign_keys
            if key.column.table.name == "teams"
        }
        assert refer == {row.__tablename__ for row in OF_A_TEAM} | keeps
