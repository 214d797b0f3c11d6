"""Invitations: a secret by mail, good once, for seven days, for one address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from platform_people import Person, add_member, all_at_once, audited, invite, mails, make_person, make_team
from sqlalchemy import select

from sonobench_platform.db.models import InvitationRow
from sonobench_platform.teams.invitations import LIFE, MOST_A_DAY


def _accept(person: Person, secret: str) -> Any:
    return person.http.post("/api/v1/invitations/accept", json={"secret": secret})


def _members(person: Person, team_id: str) -> list[str]:
    return [member["name"] for member in person.http.get(f"/api/v1/teams/{team_id}").json()["members"]]


class TestInviting:
    def test_the_mail_has_a_link_to_the_pages(self, world: Any, ada: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, "new@example.org")
        (mail,) = mails(world, "new@example.org")
        assert f"http://127.0.0.1:8100/invitations/{secret}\n" in mail.body
        assert (mail.event, mail.subject) == ("team.invited", "Invitation to join U-Vision")

    def test_the_answer_and_the_list_hold_no_secret(self, world: Any, ada: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, "new@example.org")
        listed = ada.http.get(f"/api/v1/teams/{team_id}/invitations")
        assert [each["email"] for each in listed.json()["items"]] == ["new@example.org"]
        assert secret not in listed.text

    def test_only_a_digest_is_kept(self, world: Any, ada: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, "new@example.org")
        with world.platform.core.database.read() as session:
            assert not any(secret in str(vars(row)) for row in session.scalars(select(InvitationRow)))

    @pytest.mark.parametrize(
        "email", ["", "x", "a@b@c", "a b@example.org", "a@example.org\nBcc: b@example.org", "a@exam ple.org", "<a@example.org>"]
    )
    def test_what_is_no_address_is_refused(self, ada: Person, team_id: str, email: str) -> None:
        assert ada.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": email}).status_code == 422

    def test_a_member_invites_nobody(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        answer = bo.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": "new@example.org"})
        assert (answer.status_code, answer.json()["code"]) == (403, "captain-needed")
        assert bo.http.get(f"/api/v1/teams/{team_id}/invitations").status_code == 403

    def test_a_stranger_gets_404(self, bo: Person, team_id: str) -> None:
        assert bo.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": "new@example.org"}).status_code == 404

    def test_who_is_in_the_team_is_not_invited(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        answer = ada.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": "BO@example.org"})
        assert (answer.status_code, answer.json()["code"]) == (409, "member-already")

    def test_whether_an_address_has_an_account_does_not_show(self, ada: Person, bo: Person, team_id: str) -> None:
        answers = [
            ada.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": email}) for email in (bo.email, "no@example.org")
        ]
        assert {(answer.status_code, frozenset(answer.json())) for answer in answers} == {
            (201, frozenset({"id", "email", "created_at", "expires_at"}))
        }

    def test_a_team_is_no_way_to_send_mail_to_strangers(self, world: Any, ada: Person, team_id: str) -> None:
        for number in range(MOST_A_DAY):
            invite(world, ada, team_id, f"{number}@example.org")
        answer = ada.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": "more@example.org"})
        assert (answer.status_code, answer.json()["code"]) == (429, "too-many-invitations")
        assert int(answer.headers["Retry-After"]) > 0
        world.clock.advance(days=1, seconds=1)
        invite(world, ada, team_id, "more@example.org")


class TestAccepting:
    def test_the_invited_person_is_in_the_team(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        assert _accept(bo, invite(world, ada, team_id, bo.email)).json()["name"] == "U-Vision"
        assert _members(bo, team_id) == ["ada", "bo"]
        assert audited(world)[-1] == "team.join"

    def test_case_in_the_address_does_not_count(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        assert _accept(bo, invite(world, ada, team_id, "Bo@Example.ORG")).status_code == 200

    def test_it_works_once(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, bo.email)
        _accept(bo, secret)
        bo.http.post(f"/api/v1/teams/{team_id}/leave")
        assert (_accept(bo, secret).status_code, _members(ada, team_id)) == (404, ["ada"])

    def test_two_clicks_at_once_are_one(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, bo.email)
        answers = all_at_once(*[lambda: _accept(bo, secret).status_code] * 4)
        assert sorted(answers) == [200, 404, 404, 404]
        assert _members(ada, team_id) == ["ada", "bo"]

    def test_a_forwarded_mail_lets_nobody_in(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        cy = make_person(world, "cy")
        secret = invite(world, ada, team_id, bo.email)
        answer = _accept(cy, secret)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-invitation")
        assert bo.email not in answer.text
        assert _accept(bo, secret).status_code == 200

    def test_an_address_that_nobody_confirmed_is_not_ones_own(self, world: Any, ada: Person, team_id: str) -> None:
        from sonobench_platform.domain.errors import Conflict
        from sonobench_platform.teams.invitations import accept

        claimed = make_person(world, "claimed", email="victim@example.org", confirmed_at=None)
        secret = invite(world, ada, team_id, "victim@example.org")
        core = world.platform.core
        with core.database.write() as work, pytest.raises(Conflict, match="Confirm your mail address"):
            accept(core, work, claimed.identity, secret)
        assert _accept(claimed, secret).status_code == 401

    def test_it_runs_out_after_seven_days(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, bo.email)
        world.clock.advance(seconds=LIFE.total_seconds() - 1)
        assert bo.http.post("/api/v1/invitations/look", json={"secret": secret}).status_code == 200
        world.clock.advance(seconds=1)
        assert timedelta(days=7) == LIFE
        assert _accept(bo, secret).status_code == 404

    def test_a_later_one_to_the_same_address_takes_its_place(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        first = invite(world, ada, team_id, bo.email)
        world.clock.advance(seconds=1)
        second = invite(world, ada, team_id, bo.email)
        assert (_accept(bo, first).status_code, _accept(bo, second).status_code) == (404, 200)

    @pytest.mark.parametrize("secret", ["", "x", "../..", "a\0b", "\ud800"])
    def test_a_secret_that_is_none_is_404(self, bo: Person, secret: str) -> None:
        answer = bo.http.post("/api/v1/invitations/accept", content=f'{{"secret": {_json(secret)}}}'.encode())
        assert answer.status_code in {404, 422}

    def test_a_teams_token_joins_nothing(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, bo.email)
        assert world.team("A").post("/api/v1/invitations/accept", json={"secret": secret}).status_code == 403


def _json(text: str) -> str:
    import json

    return json.dumps(text)


class TestRevoking:
    def test_a_revoked_one_does_not_work(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, bo.email)
        (listed,) = ada.http.get(f"/api/v1/teams/{team_id}/invitations").json()["items"]
        url = f"/api/v1/teams/{team_id}/invitations/{listed['id']}"
        assert [ada.http.request("DELETE", url).status_code for _ in range(2)] == [204, 204]
        assert _accept(bo, secret).status_code == 404
        assert ada.http.get(f"/api/v1/teams/{team_id}/invitations").json()["items"] == []
        assert audited(world).count("team.revoke-invitation") == 1

    def test_one_that_was_accepted_is_told_so(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, bo.email)
        (listed,) = ada.http.get(f"/api/v1/teams/{team_id}/invitations").json()["items"]
        _accept(bo, secret)
        answer = ada.http.request("DELETE", f"/api/v1/teams/{team_id}/invitations/{listed['id']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "invitation-used")

    def test_another_teams_is_not_there(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        other = make_team(bo, "Other")
        invite(world, bo, other, "new@example.org")
        (theirs,) = bo.http.get(f"/api/v1/teams/{other}/invitations").json()["items"]
        assert ada.http.request("DELETE", f"/api/v1/teams/{team_id}/invitations/{theirs['id']}").status_code == 404


class TestLooking:
    def test_the_holder_sees_team_and_address_before_signing_in(self, world: Any, ada: Person, team_id: str) -> None:
        secret = invite(world, ada, team_id, "new@example.org")
        shown = world.anyone.post("/api/v1/invitations/look", json={"secret": secret}).json()
        assert (shown["team"], shown["email"]) == ("U-Vision", "new@example.org")

    def test_nobody_else_sees_anything(self, world: Any, team_id: str) -> None:
        assert world.anyone.post("/api/v1/invitations/look", json={"secret": team_id}).status_code == 404
