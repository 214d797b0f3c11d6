"""Who organises a challenge."""

from __future__ import annotations

from typing import Any

import pytest
from platform_people import Person, add_challenge, audited, hide, mails, make_organiser, make_person

URL = "/api/v1/challenges/tiny/organisers"


@pytest.fixture
def olga(world: Any) -> Person:
    return make_organiser(world, "olga")


def _names(person: Any) -> list[str]:
    return [each["name"] for each in person.http.get(URL).json()["items"]]


class TestAdding:
    @pytest.mark.parametrize("by", ["id", "email"])
    def test_an_organiser_adds_another_who_is_told(self, world: Any, olga: Person, ada: Person, by: str) -> None:
        world.clock.advance(seconds=1)
        answer = olga.http.post(URL, json={"who": getattr(ada, by)})
        assert (answer.status_code, answer.json()["email"]) == (201, ada.email)
        assert _names(ada) == ["olga", "ada"]
        assert mails(world, ada.email)[-1].event == "organiser.added"
        assert audited(world)[-1] == "organiser.add"

    def test_an_administrator_adds_the_first(self, world: Any, ada: Person) -> None:
        assert world.organiser.post(URL, json={"who": ada.email}).status_code == 201
        assert _names(ada) == ["ada"]

    def test_twice_is_harmless(self, world: Any, olga: Person, ada: Person) -> None:
        assert [olga.http.post(URL, json={"who": ada.id}).status_code for _ in range(2)] == [201, 201]
        assert audited(world).count("organiser.add") == 1

    @pytest.mark.parametrize("who", ["no@example.org", "pers-aaaaaaaaaaaaaaaa", "", "a\0b"])
    def test_somebody_without_an_account_is_404(self, olga: Person, who: str) -> None:
        answer = olga.http.post(URL, json={"who": who})
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-person")

    @pytest.mark.parametrize("state", [{"confirmed_at": None}, {"disabled_at": "now"}])
    def test_an_account_that_does_not_work_organises_nothing(self, world: Any, olga: Person, state: dict[str, Any]) -> None:
        at = {name: world.clock.now() if value else None for name, value in state.items()}
        claimed = make_person(world, "claimed", **at)
        assert olga.http.post(URL, json={"who": claimed.email}).json()["code"] == "account-not-ready"

    def test_somebody_who_does_not_organise_cannot(self, ada: Person, olga: Person) -> None:
        assert ada.http.post(URL, json={"who": ada.id}).status_code == 403
        assert _names(olga) == ["olga"]

    def test_an_organiser_of_another_challenge_cannot(self, world: Any, olga: Person) -> None:
        add_challenge(world, "other")
        otto = make_organiser(world, "otto", "other")
        asked = [
            otto.http.get(URL),
            otto.http.post(URL, json={"who": otto.id}),
            otto.http.request("DELETE", f"{URL}/{olga.id}"),
        ]
        assert [answer.json()["code"] for answer in asked] == ["not-your-challenge"] * 3
        hide(world)
        assert otto.http.post(URL, json={"who": otto.id}).status_code == 404
        assert _names(olga) == ["olga"]


class TestRemoving:
    def test_it_counts_from_the_next_request_on(self, world: Any, olga: Person, ada: Person) -> None:
        olga.http.post(URL, json={"who": ada.id})
        assert olga.http.request("DELETE", f"{URL}/{ada.id}").status_code == 204
        assert ada.http.get(URL).status_code == 403
        assert audited(world)[-1] == "organiser.remove"

    def test_the_last_one_may_go_and_administrators_remain(self, world: Any, olga: Person) -> None:
        assert olga.http.request("DELETE", f"{URL}/{olga.id}").status_code == 204
        assert world.organiser.get(URL).json()["items"] == []

    def test_who_does_not_organise_it_is_404(self, olga: Person, ada: Person) -> None:
        assert olga.http.request("DELETE", f"{URL}/{ada.id}").json()["code"] == "no-such-organiser"
