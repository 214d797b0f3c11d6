"""A team's page: who sees what of it, and what its captain does there by forms alone."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from page_visitor import Visitor
from platform_people import Person, add_member, audited, invite, mails, make_person, make_team
from portal_people import at_the_portal, words_of


class Scene(NamedTuple):
    """A team with its captain, a member, and somebody who is not in it."""

    team: str
    captain: Visitor
    member: Visitor
    stranger: Visitor
    member_id: str

    @property
    def href(self) -> str:
        return f"/teams/{self.team}"


@pytest.fixture
def scene(world: Any) -> Scene:
    ada, bo = make_person(world, "Ada"), make_person(world, "Bo")
    team = make_team(ada, "U-Vision")
    add_member(world, ada, team, bo)
    stranger = at_the_portal(world, make_person(world, "Stranger"))
    return Scene(team, at_the_portal(world, ada), at_the_portal(world, bo), stranger, bo.id)


class TestWhoSeesIt:
    def test_the_captain_sees_people_invitations_and_tokens(self, world: Any, scene: Scene) -> None:
        said = words_of(scene.captain.open(scene.href))
        assert "Ada (you) captain" in said
        assert "Invite somebody" in said
        assert "Tokens of the team" in said
        assert "Delete the team" in said

    def test_a_member_sees_people_and_a_way_out(self, scene: Scene) -> None:
        page = scene.member.open(scene.href)
        said = words_of(page)
        assert "Bo (you) member" in said
        assert "Leave the team" in said
        assert "<form" not in page.text
        assert "Tokens of the team" not in said

    def test_for_everybody_else_it_is_not_there(self, world: Any, scene: Scene) -> None:
        beneath = ("", "/leave", "/delete", f"/members/{scene.member_id}/captain", f"/members/{scene.member_id}/remove")
        for path in beneath:
            theirs = scene.stranger.open(scene.href + path)
            none = scene.stranger.open("/teams/team-aaaaaaaaaaaaaaaa" + path)
            assert (theirs.status_code, none.status_code) == (404, 404)
            assert words_of(theirs) == words_of(none)

    def test_a_strangers_forms_find_nothing(self, world: Any, scene: Scene) -> None:
        scene.stranger.open("/portal")
        secret = scene.stranger.form("/portal/teams").fields["csrf_token"]
        before = audited(world)
        verbs = ("invitations", "tokens", "leave", "delete", f"members/{scene.member_id}/captain")
        fields = {"csrf_token": secret, "email": "x@example.org", "token_name": "x", "confirm": "U-Vision"}
        for verb in (*verbs, f"members/{scene.member_id}/remove"):
            assert scene.stranger.post_form(f"{scene.href}/{verb}", fields).status_code == 404, verb
        assert audited(world) == before

    def test_a_members_forms_for_captains_are_refused(self, world: Any, scene: Scene) -> None:
        scene.member.open(f"{scene.href}/leave")
        fields = {**scene.member.form().fields, "email": "x@example.org", "token_name": "x", "confirm": "Bo"}
        for verb in ("invitations", "tokens", f"members/{scene.member_id}/captain"):
            answer = scene.member.post_form(f"{scene.href}/{verb}", fields)
            assert (answer.status_code, "Only the captain" in answer.text) == (403, True), verb


class TestInvitations:
    def test_one_is_sent_listed_and_revoked(self, world: Any, scene: Scene) -> None:
        scene.captain.open(scene.href)
        scene.captain.send("/invitations", email="carla@example.org")
        assert "The invitation is on its way" in scene.captain.page.text
        assert "carla@example.org" in scene.captain.page.text
        assert len(mails(world, "carla@example.org")) == 1
        scene.captain.send("/revoke")
        assert "carla@example.org" not in scene.captain.page.text

    def test_what_is_no_address_is_said_beside_the_field(self, scene: Scene) -> None:
        scene.captain.open(scene.href)
        page = scene.captain.send("/invitations", email="carla")
        assert page.status_code == 422
        assert 'href="#email"' in page.text
        assert scene.captain.form("/invitations").fields["email"] == "carla"

    def test_another_teams_invitation_cannot_be_revoked(self, world: Any, scene: Scene) -> None:
        other = make_person(world, "Other")
        theirs = make_team(other, "Theirs")
        invite(world, other, theirs, "dora@example.org")
        (row,) = other.http.get(f"/api/v1/teams/{theirs}/invitations").json()["items"]
        scene.captain.open(scene.href)
        fields = scene.captain.form("/invitations").fields
        assert scene.captain.post_form(f"{scene.href}/invitations/{row['id']}/revoke", fields).status_code == 404
        assert len(other.http.get(f"/api/v1/teams/{theirs}/invitations").json()["items"]) == 1


class TestTokens:
    def test_one_is_shown_once_works_and_is_revoked(self, world: Any, scene: Scene) -> None:
        scene.captain.open(scene.href)
        page = scene.captain.send("/tokens", token_name="our build server")
        token = re.search(r"sbt_[a-z2-7]{52}[0-9a-f]{8}", page.text)[0]  # type: ignore[index]
        held = type(world.anyone)(world.app, token)
        assert held.get("/api/v1/me").json()["team"]["name"] == "U-Vision"
        again = scene.captain.open(scene.href)
        assert token not in again.text
        assert "our build server" in again.text
        assert "not noted" not in words_of(again)  # it was used just now
        scene.captain.send("/revoke")
        assert held.get("/api/v1/me").status_code == 401

    def test_a_nameless_one_is_refused_beside_the_field(self, scene: Scene) -> None:
        scene.captain.open(scene.href)
        page = scene.captain.send("/tokens", token_name=" ")
        assert (page.status_code, 'href="#token_name"' in page.text) == (422, True)


class TestWhatAsksForAName:
    def test_a_member_is_removed_once_their_name_was_typed(self, world: Any, scene: Scene) -> None:
        scene.captain.open(f"{scene.href}/members/{scene.member_id}/remove")
        refused = scene.captain.send(confirm="bob")
        assert (refused.status_code, "Type Bo as it stands here; nothing was changed." in refused.text) == (422, True)
        scene.captain.send(confirm="Bo")
        assert "The member was removed" in scene.captain.page.text
        assert scene.member.open(scene.href).status_code == 404

    def test_the_team_is_handed_over(self, scene: Scene) -> None:
        scene.captain.open(f"{scene.href}/members/{scene.member_id}/captain")
        scene.captain.send(confirm="Bo")
        assert "Bo captain" in words_of(scene.captain.page)
        assert "Invite somebody" in scene.member.open(scene.href).text
        assert "Invite somebody" not in scene.captain.page.text

    def test_a_member_leaves(self, world: Any, scene: Scene) -> None:
        scene.member.open(f"{scene.href}/leave")
        scene.member.send(confirm="U-Vision")
        assert scene.member.path == "/portal?note=left"
        assert "team.leave" in audited(world)

    def test_a_captain_who_would_leave_is_told_what_to_do_first(self, scene: Scene) -> None:
        scene.captain.open(f"{scene.href}/leave")
        page = scene.captain.send(confirm="U-Vision")
        assert (page.status_code, "hand it over to another member first" in page.text) == (409, True)

    def test_a_team_with_members_is_not_deleted(self, world: Any, scene: Scene) -> None:
        scene.captain.open(f"{scene.href}/delete")
        page = scene.captain.send(confirm="U-Vision")
        assert (page.status_code, "has other members" in page.text) == (409, True)
        assert scene.captain.open(scene.href).status_code == 200

    def test_a_team_of_one_that_handed_nothing_in_is(self, world: Any) -> None:
        ada = make_person(world, "Ada")
        team = make_team(ada, "Alone")
        visitor = at_the_portal(world, ada)
        visitor.open(f"/teams/{team}/delete")
        visitor.send(confirm="alone")
        assert (visitor.path, "The team is deleted" in visitor.page.text) == ("/portal?note=deleted", True)
        assert visitor.open(f"/teams/{team}").status_code == 404


def test_hostile_names_are_text_wherever_they_stand(world: Any) -> None:
    captain: Person = make_person(world, "<b>Ada</b>\u202e", email="ada@example.org")
    member = make_person(world, '"><img src=x>', email="bo@example.org")
    team = make_team(captain, "<script>alert(1)</script>")
    add_member(world, captain, team, member)
    visitor = at_the_portal(world, captain)
    for path in ("", "/delete", f"/members/{member.id}/remove", f"/members/{member.id}/captain"):
        page = visitor.open(f"/teams/{team}{path}").text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\u202e" not in page
