"""One team per person in a challenge: who takes a seat, who keeps it, and who frees it."""

from __future__ import annotations

from typing import Any

from platform_people import (
    Person,
    add_member,
    all_at_once,
    audited,
    invite,
    make_person,
    make_team,
)
from team_entries import ENTRIES, ENTRY, enter, hand_in, refused_with, seats_of


class TestOneTeamPerPerson:
    def test_a_second_team_cannot_enter_with_the_same_person(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        other = make_team(bo, "Other")
        add_member(world, bo, other, ada)
        assert enter(ada, team_id).status_code == 200
        answer = enter(bo, other)
        assert (answer.status_code, answer.json()["code"]) == (409, "seat-taken")
        assert "ada takes part" in answer.json()["detail"]
        assert refused_with(world, other) == (409, "seat-taken")
        assert seats_of(world) == {(ada.id, team_id)}

    def test_nobody_joins_a_second_team_of_the_challenge(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        other = make_team(bo, "Other")
        enter(ada, team_id)
        enter(bo, other)
        secret = invite(world, bo, other, ada.email)
        answer = ada.http.post("/api/v1/invitations/accept", json={"secret": secret})
        assert (answer.status_code, answer.json()["code"]) == (409, "seat-taken")
        assert bo.http.get(f"/api/v1/teams/{other}/invitations").json()["items"] != []

    def test_who_joins_a_team_that_entered_sits_there(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        enter(ada, team_id)
        add_member(world, ada, team_id, bo)
        assert seats_of(world) == {(ada.id, team_id), (bo.id, team_id)}

    def test_who_leaves_before_anything_was_handed_in_is_free(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        enter(ada, team_id)
        add_member(world, ada, team_id, bo)
        bo.http.post(f"/api/v1/teams/{team_id}/leave")
        assert enter(bo, make_team(bo, "Other")).status_code == 200

    def test_nobody_goes_on_with_the_next_teams_attempts(
        self, world: Any, ada: Person, bo: Person, team_id: str, organiser: Person
    ) -> None:
        add_member(world, ada, team_id, bo)
        assert hand_in(bo).status_code == 201
        bo.http.post(f"/api/v1/teams/{team_id}/leave")
        other = make_team(bo, "Other")
        assert enter(bo, other).json()["code"] == "seat-taken"
        assert hand_in(bo).json()["code"] == "seat-taken"
        free = {"person_id": bo.id, "reason": "Changed the institute."}
        assert organiser.http.post("/api/v1/challenges/tiny/seats/free", json=free).status_code == 204
        assert hand_in(bo).status_code == 201
        assert seats_of(world) == {(ada.id, team_id), (bo.id, other)}
        assert "entry.free-seat" in audited(world)

    def test_a_members_seat_is_not_freed(self, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        free = {"person_id": ada.id, "reason": "x"}
        assert organiser.http.post("/api/v1/challenges/tiny/seats/free", json=free).json()["code"] == "still-a-member"

    def test_a_team_that_handed_in_keeps_its_seats_when_it_withdraws(self, world: Any, ada: Person, team_id: str) -> None:
        hand_in(ada)
        ada.http.request("DELETE", ENTRY)
        assert seats_of(world) == {(ada.id, team_id)}

    def test_a_refused_teams_people_do_not_come_back_under_another_name(
        self, world: Any, ada: Person, bo: Person, team_id: str, organiser: Person
    ) -> None:
        add_member(world, ada, team_id, bo)
        enter(ada, team_id)
        organiser.http.post(f"{ENTRIES}/{team_id}/refuse", json={"reason": "Cheated."})
        bo.http.post(f"/api/v1/teams/{team_id}/leave")
        assert enter(bo, make_team(bo, "Other")).json()["code"] == "seat-taken"

    def test_two_teams_that_enter_at_once_with_the_same_people_leave_one(self, world: Any, ada: Person, bo: Person) -> None:
        first, second = make_team(ada, "First"), make_team(bo, "Second")
        add_member(world, ada, first, bo)
        add_member(world, bo, second, ada)
        answers = all_at_once(lambda: enter(ada, first).status_code, lambda: enter(bo, second).status_code)
        assert sorted(answers) == [200, 409]
        assert {person for person, _ in seats_of(world)} == {ada.id, bo.id}
        assert len({team for _, team in seats_of(world)}) == 1

    def test_joining_two_teams_at_once_leaves_one_seat(self, world: Any, ada: Person, bo: Person) -> None:
        cy = make_person(world, "cy")
        secrets = []
        for captain, name in ((ada, "First"), (bo, "Second")):
            team_id = make_team(captain, name)
            enter(captain, team_id)
            secrets.append(invite(world, captain, team_id, cy.email))
            world.clock.advance(seconds=1)
        join = [lambda s=s: cy.http.post("/api/v1/invitations/accept", json={"secret": s}).status_code for s in secrets]
        assert sorted(all_at_once(*join)) == [200, 409]
        assert [person for person, _ in seats_of(world)].count(cy.id) == 1

    def test_joining_while_the_team_enters_leaves_nobody_without_a_seat(self, world: Any, ada: Person, team_id: str) -> None:
        people = [make_person(world, f"p{number}") for number in range(4)]
        secrets = [invite(world, ada, team_id, person.email) for person in people]
        joins = [
            lambda p=p, s=s: p.http.post("/api/v1/invitations/accept", json={"secret": s}).status_code
            for p, s in zip(people, secrets, strict=True)
        ]
        assert all_at_once(lambda: enter(ada, team_id).status_code, *joins) == [200] * 5
        assert seats_of(world) == {(person.id, team_id) for person in (ada, *people)}
