"""`ETag` and `If-Match`: of two organisers who change the same thing, neither undoes the other unseen."""

from __future__ import annotations

from typing import Any

import pytest
from platform_people import Person, add_member, make_organiser, make_person, make_team

URL = "/api/v1/challenges/tiny"


def _tag(world: Any) -> str:
    return str(world.organiser.get(URL).headers["ETag"])


class TestReading:
    def test_the_tag_changes_with_what_is_shown_and_only_then(self, world: Any) -> None:
        before = _tag(world)
        world.clock.advance(minutes=5)
        assert _tag(world) == before
        assert world.organiser.post(f"{URL}/close").status_code == 200
        assert _tag(world) != before

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
    def test_who_has_this_version_is_sent_nothing(self, world: Any, form: str) -> None:
        answer = world.anyone.get(URL, headers={"If-None-Match": form.format(_tag(world))})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == _tag(world)

    def test_who_has_another_is_sent_it(self, world: Any) -> None:
        assert world.anyone.get(URL, headers={"If-None-Match": '"other"'}).status_code == 200


class TestChanging:
    @pytest.mark.parametrize("verb", ["close", "open", "hide", "show"])
    def test_what_was_changed_meanwhile_is_not_changed_again(self, world: Any, verb: str) -> None:
        seen = _tag(world)
        world.organiser.post(f"{URL}/close")
        now = _tag(world)
        answer = world.organiser.post(f"{URL}/{verb}", headers={"If-Match": seen})
        assert (answer.status_code, answer.json()["code"]) == (412, "changed-meanwhile")
        assert _tag(world) == now

    @pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
    def test_what_is_as_it_was_read_is_changed(self, world: Any, form: str) -> None:
        assert world.organiser.post(f"{URL}/close", headers={"If-Match": form.format(_tag(world))}).status_code == 200
        assert world.organiser.get(URL).json()["open"] is False

    def test_a_weak_tag_never_matches(self, world: Any) -> None:
        assert world.organiser.post(f"{URL}/close", headers={"If-Match": f"W/{_tag(world)}"}).status_code == 412

    def test_without_the_header_it_is_changed_whatever_it_was(self, world: Any) -> None:
        assert world.organiser.post(f"{URL}/close").status_code == 200

    def test_who_may_not_change_it_learns_nothing_of_its_version(self, world: Any) -> None:
        assert world.team("A").post(f"{URL}/close", headers={"If-Match": '"x"'}).status_code == 403


class TestATeam:
    @pytest.fixture
    def captain(self, world: Any) -> Person:
        return make_person(world, "ann")

    @pytest.fixture
    def team(self, captain: Person) -> str:
        """Its address."""
        return f"/api/v1/teams/{make_team(captain, 'Ann and others')}"

    def test_who_has_this_version_is_sent_nothing(self, captain: Person, team: str) -> None:
        tag = captain.http.get(team).headers["ETag"]
        answer = captain.http.request("GET", team, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.content) == (304, b"")

    def test_a_member_who_came_meanwhile_keeps_it_from_being_handed_over_unseen(
        self, world: Any, captain: Person, team: str
    ) -> None:
        seen, bo = captain.http.get(team).headers["ETag"], make_person(world, "bo")
        add_member(world, captain, team.rsplit("/", 1)[1], bo)
        said = {"json": {"person_id": bo.id}, "headers": {"If-Match": seen}}
        answer = captain.http.post(f"{team}/captain", **said)
        assert (answer.status_code, answer.json()["code"]) == (412, "changed-meanwhile")
        assert captain.http.request("DELETE", f"{team}/members/{bo.id}", headers={"If-Match": seen}).status_code == 412
        said["headers"] = {"If-Match": captain.http.get(team).headers["ETag"]}
        assert captain.http.post(f"{team}/captain", **said).status_code == 200

    def test_it_is_dissolved_as_it_was_read_or_not_at_all(self, captain: Person, team: str) -> None:
        assert captain.http.request("DELETE", team, headers={"If-Match": '"other"'}).status_code == 412
        tag = captain.http.get(team).headers["ETag"]
        assert captain.http.request("DELETE", team, headers={"If-Match": tag}).status_code == 204

    def test_a_stranger_learns_nothing_of_it(self, world: Any, team: str) -> None:
        answer = make_person(world, "eve").http.request("DELETE", team, headers={"If-Match": '"other"'})
        assert answer.status_code == 404


class TestOrganisers:
    LIST = f"{URL}/organisers"

    def test_of_two_changes_made_from_one_reading_the_second_is_refused(self, world: Any) -> None:
        olga, otto, bo = make_organiser(world, "olga"), make_organiser(world, "otto"), make_person(world, "bo")
        headers = {"If-Match": olga.http.get(self.LIST).headers["ETag"]}
        assert olga.http.request("DELETE", f"{self.LIST}/{otto.id}", headers=headers).status_code == 204
        answer = olga.http.post(self.LIST, json={"who": bo.id}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "changed-meanwhile")
        assert [each["id"] for each in olga.http.get(self.LIST).json()["items"]] == [olga.id]

    def test_without_the_header_they_are_changed_as_before(self, world: Any) -> None:
        olga, bo = make_organiser(world, "olga"), make_person(world, "bo")
        assert olga.http.post(self.LIST, json={"who": bo.id}).status_code == 201
