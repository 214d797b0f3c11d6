"""Teams in challenges: entering, terms, approval and withdrawing."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from platform_people import (
    Person,
    add_challenge,
    add_member,
    ask_of_teams,
    audited,
    hide,
    mails,
    make_organiser,
    make_team,
)
from sqlalchemy import select
from team_entries import ENTRIES, ENTRY, enter, hand_in, refused_with, require, seats_of

from sonobench_platform.accounts.identity import Identity, OwnTeam
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.domain.errors import Conflict, Forbidden
from sonobench_platform.teams.entries import team_for

TERMS = "Do no harm.\nShare nothing."


def _sha256(text: str = TERMS) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class TestAChallengeThatAsksForNothing:
    def test_the_first_submission_enters_the_team_and_takes_its_seats(
        self, world: Any, ada: Person, bo: Person, team_id: str
    ) -> None:
        add_member(world, ada, team_id, bo)
        assert hand_in(bo).status_code == 201
        assert ada.http.get(ENTRY).json()["standing"] == "in"
        assert seats_of(world) == {(ada.id, team_id), (bo.id, team_id)}
        assert "entry.enter" in audited(world)

    def test_before_it_the_team_may_hand_in_and_has_not_entered(self, ada: Person, team_id: str) -> None:
        shown = ada.http.get(ENTRY).json()
        assert (shown["team_id"], shown["standing"], shown["entered_at"]) == (team_id, "in", None)

    def test_a_teams_token_enters_too(self, world: Any) -> None:
        assert world.team("A").post(ENTRY, json={}).json()["standing"] == "in"
        world.scored("A")

    def test_who_is_in_no_team_is_told_what_to_do(self, ada: Person) -> None:
        answer = hand_in(ada)
        assert (answer.status_code, answer.json()["code"]) == (409, "no-team")

    def test_twice_is_harmless(self, world: Any, ada: Person, team_id: str) -> None:
        assert [enter(ada, team_id).status_code for _ in range(2)] == [200, 200]
        assert audited(world).count("entry.enter") == 1

    def test_a_member_does_not_enter_the_team(self, world: Any, ada: Person, bo: Person, team_id: str) -> None:
        add_member(world, ada, team_id, bo)
        answer = enter(bo, team_id)
        assert (answer.status_code, answer.json()["code"]) == (403, "captain-needed")

    def test_another_persons_team_is_not_there(self, ada: Person, bo: Person, team_id: str) -> None:
        make_team(bo, "Other")
        assert enter(bo, team_id).status_code == 404


class TestTerms:
    @pytest.fixture(autouse=True)
    def _terms(self, world: Any) -> None:
        ask_of_teams(world, terms=TERMS)

    def test_anyone_reads_them(self, world: Any) -> None:
        assert world.anyone.get("/api/v1/challenges/tiny/terms").json() == {"text": TERMS, "sha256": _sha256()}

    def test_nothing_is_handed_in_before_they_are_signed(self, world: Any, team_id: str) -> None:
        assert refused_with(world, team_id) == (409, "entry-needed")

    def test_entering_without_them_is_refused(self, ada: Person, team_id: str) -> None:
        answer = enter(ada, team_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "terms-unsigned")

    def test_other_terms_than_these_are_not_signed(self, ada: Person, team_id: str) -> None:
        answer = enter(ada, team_id, _sha256("Harm."))
        assert (answer.status_code, answer.json()["code"]) == (409, "terms-changed")

    def test_who_signed_what_and_when_is_kept(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        assert enter(ada, team_id, _sha256()).json()["standing"] == "in"
        (entry,) = organiser.http.get(ENTRIES).json()["items"]
        assert (entry["terms_sha256"], entry["terms_signed_by"]) == (_sha256(), ada.id)
        assert entry["terms_signed_at"] is not None
        assert "entry.sign" in audited(world)
        assert require(world, team_id).status == "approved"

    def test_changed_ones_are_signed_again(self, world: Any, ada: Person, team_id: str) -> None:
        enter(ada, team_id, _sha256())
        ask_of_teams(world, terms=TERMS + "\nCite us.")
        assert refused_with(world, team_id) == (409, "terms-unsigned")
        assert ada.http.get(ENTRY).json()["standing"] == "unsigned"
        assert enter(ada, team_id, _sha256(TERMS + "\nCite us.")).json()["standing"] == "in"
        assert require(world, team_id).terms_sha256 == _sha256(TERMS + "\nCite us.")

    def test_there_may_be_none(self, world: Any) -> None:
        ask_of_teams(world)
        assert world.anyone.get("/api/v1/challenges/tiny/terms").json()["code"] == "no-terms"


class TestApproval:
    @pytest.fixture(autouse=True)
    def _approval(self, world: Any) -> None:
        ask_of_teams(world, approval=True)

    def _decide(self, organiser: Person, team_id: str, verb: str, **body: Any) -> Any:
        return organiser.http.post(f"{ENTRIES}/{team_id}/{verb}", json=body)

    def test_a_team_waits_and_its_organisers_are_told(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        assert refused_with(world, team_id) == (409, "entry-needed")
        assert enter(ada, team_id).json()["standing"] == "pending"
        assert refused_with(world, team_id) == (403, "entry-pending")
        assert [mail.event for mail in mails(world, organiser.email)] == ["entry.pending"]

    def test_approved_it_hands_in_and_its_captain_is_told(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        assert self._decide(organiser, team_id, "approve").json()["standing"] == "in"
        assert mails(world, ada.email)[-1].event == "entry.approved"
        assert require(world, team_id).decided_by == organiser.id
        assert self._decide(organiser, team_id, "approve").status_code == 200
        assert audited(world).count("entry.approve") == 1

    def test_refused_it_is_told_why_and_does_not_come_again(
        self, world: Any, ada: Person, team_id: str, organiser: Person
    ) -> None:
        enter(ada, team_id)
        assert self._decide(organiser, team_id, "refuse", reason="No affiliation.").status_code == 200
        assert "No affiliation." in mails(world, ada.email)[-1].body
        asked = [enter(ada, team_id), ada.http.request("DELETE", ENTRY), ada.http.request("DELETE", f"/api/v1/teams/{team_id}")]
        assert [answer.json()["code"] for answer in asked] == ["entry-refused", "entry-refused", "team-has-history"]
        assert refused_with(world, team_id) == (403, "entry-refused")

    def test_a_refusal_has_a_reason(self, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        assert self._decide(organiser, team_id, "refuse").status_code == 422
        assert self._decide(organiser, team_id, "refuse", reason="").status_code == 422

    def test_a_refused_team_can_be_approved_later(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        self._decide(organiser, team_id, "refuse", reason="No affiliation.")
        assert self._decide(organiser, team_id, "approve").json()["reason"] is None
        assert require(world, team_id).status == "approved"

    def test_an_approval_is_withdrawn(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        self._decide(organiser, team_id, "approve")
        assert self._decide(organiser, team_id, "withdraw-approval", reason="A doubt.").json()["standing"] == "pending"
        assert refused_with(world, team_id) == (403, "entry-pending")
        assert ada.http.get(ENTRY).json()["reason"] == "A doubt."
        answer = self._decide(organiser, team_id, "withdraw-approval", reason="Again.")
        assert (answer.status_code, answer.json()["code"]) == (409, "not-approved")

    def test_coming_and_going_does_not_approve(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        self._decide(organiser, team_id, "approve")
        assert ada.http.request("DELETE", ENTRY).json()["standing"] == "withdrawn"
        assert refused_with(world, team_id) == (409, "entry-withdrawn")
        assert self._decide(organiser, team_id, "approve").json()["code"] == "entry-withdrawn"
        assert enter(ada, team_id).json()["standing"] == "pending"

    def test_who_was_in_before_approval_was_asked_for_waits_for_it(self, world: Any, ada: Person, team_id: str) -> None:
        ask_of_teams(world)
        enter(ada, team_id)
        ask_of_teams(world, approval=True)
        assert refused_with(world, team_id) == (403, "entry-pending")

    def test_approval_without_signed_terms_is_not_enough(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        self._decide(organiser, team_id, "approve")
        ask_of_teams(world, approval=True, terms=TERMS)
        assert refused_with(world, team_id) == (409, "terms-unsigned")

    def test_organisers_list_teams_with_people_and_addresses(self, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        (entry,) = organiser.http.get(f"{ENTRIES}?standing=pending").json()["items"]
        assert (entry["team"], [member["email"] for member in entry["members"]]) == ("U-Vision", [ada.email])
        assert organiser.http.get(f"{ENTRIES}?standing=in").json()["items"] == []

    @pytest.mark.parametrize("verb", ["approve", "refuse", "withdraw-approval"])
    def test_organisers_of_other_challenges_decide_nothing(
        self, world: Any, ada: Person, team_id: str, organiser: Person, verb: str
    ) -> None:
        enter(ada, team_id)
        add_challenge(world, "other")
        stranger = make_organiser(world, "otto", "other")
        assert self._decide(stranger, team_id, verb, reason="x").json()["code"] == "not-your-challenge"
        assert stranger.http.get(ENTRIES).status_code == 403
        hide(world)
        assert self._decide(stranger, team_id, verb, reason="x").status_code == 404
        assert stranger.http.get(ENTRIES).status_code == 404
        assert organiser.http.get(ENTRIES).status_code == 200

    @pytest.mark.parametrize("team", ["team-aaaaaaaaaaaaaaaa", "x%00"])
    def test_a_team_that_did_not_enter_is_404(self, organiser: Person, team: str) -> None:
        assert self._decide(organiser, team, "approve").status_code == 404

    def test_a_hidden_challenge_is_not_there_for_teams(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        ask_of_teams(world, terms=TERMS)
        hide(world)
        assert organiser.http.get("/api/v1/challenges/tiny/terms").status_code == 200
        asked = [enter(ada, team_id), ada.http.get(ENTRY), world.anyone.get("/api/v1/challenges/tiny/terms")]
        assert [answer.status_code for answer in asked] == [404, 404, 404]
        assert {answer.json()["code"] for answer in asked} == {"no-such-challenge"}


class TestWithdrawingWhereNothingIsAsked:
    def test_a_withdrawn_team_does_not_come_back_by_handing_in(self, world: Any, ada: Person, team_id: str) -> None:
        enter(ada, team_id)
        ada.http.request("DELETE", ENTRY)
        assert refused_with(world, team_id) == (409, "entry-withdrawn")
        assert seats_of(world) == set()
        assert enter(ada, team_id).json()["standing"] == "in"
        assert seats_of(world) == {(ada.id, team_id)}

    def test_a_team_that_never_entered_has_nothing_to_withdraw(self, ada: Person, team_id: str) -> None:
        assert ada.http.request("DELETE", ENTRY).json()["code"] == "no-such-entry"

    def test_an_approval_that_nobody_asked_for_is_not_withdrawn(self, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        answer = organiser.http.post(f"{ENTRIES}/{team_id}/withdraw-approval", json={"reason": "x"})
        assert answer.json()["code"] == "no-approval-asked"

    def test_a_team_can_be_refused_all_the_same(self, world: Any, ada: Person, team_id: str, organiser: Person) -> None:
        enter(ada, team_id)
        organiser.http.post(f"{ENTRIES}/{team_id}/refuse", json={"reason": "Cheated."})
        assert refused_with(world, team_id) == (403, "entry-refused")


class TestTeamFor:
    def _ask(self, world: Any, caller: Identity) -> OwnTeam:
        with world.platform.core.database.read() as session:
            return team_for(session, caller, session.scalars(select(ChallengeRow)).one())

    def _caller(self, person: Person, *teams: tuple[str, str]) -> Identity:
        own = tuple(OwnTeam(team_id, name, is_captain=True) for team_id, name in teams)
        return Identity(TokenKind.PERSON, person.name, person_id=person.id, teams=own)

    def test_the_only_one(self, world: Any, ada: Person, team_id: str) -> None:
        assert self._ask(world, self._caller(ada, (team_id, "U-Vision"))).id == team_id

    def test_of_several_the_one_that_is_in_the_challenge(self, world: Any, ada: Person, team_id: str) -> None:
        other = make_team(ada, "Other")
        caller = self._caller(ada, (team_id, "U-Vision"), (other, "Other"))
        with pytest.raises(Conflict, match="Enter one of your teams in Tiny challenge first: U-Vision, Other"):
            self._ask(world, caller)
        enter(ada, other)
        assert self._ask(world, caller).id == other

    def test_none_is_a_sentence(self, world: Any, ada: Person) -> None:
        with pytest.raises(Conflict, match="You are in no team; make one"):
            self._ask(world, self._caller(ada))


class TestRefusals:
    def test_each_says_what_to_do(self, world: Any, ada: Person, team_id: str) -> None:
        ask_of_teams(world, approval=True, terms=TERMS)
        with pytest.raises(Conflict, match=r"its captain enters it first \(POST /api/v1/challenges/tiny/entry\)"):
            require(world, team_id)
        enter(ada, team_id, _sha256())
        with pytest.raises(Forbidden, match="have not approved your team yet; a mail tells"):
            require(world, team_id)
