"""The portal and a challenge's checklist, as people without JavaScript walk through them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from mailed_links import ADA, mailed
from page_visitor import Visitor
from phased_world import with_rules
from platform_browser import PASSWORD
from platform_people import add_challenge, add_member, ask_of_teams, audited, hide, make_organiser, make_person, make_team
from portal_people import at_the_portal, steps_of, words_of

CHECKLIST = "/portal/challenges/tiny"


class TestTheWayIn:
    def test_from_registration_to_the_first_score_by_forms_alone(self, world: Any, visitor: Visitor) -> None:
        ask_of_teams(world, approval=True, terms="Be fair.\n\nCite us.")
        assert "Make an account" in visitor.open("/portal").text
        visitor.open(re.search(r'href="(/account/sign-up[^"]*)"', visitor.page.text)[1])  # type: ignore[index]
        visitor.send(email=ADA, name="Ada", password=PASSWORD)
        visitor.open(mailed(world, ADA))
        visitor.send(password=PASSWORD)
        assert visitor.path == "/portal?note=confirmed"
        assert "Next: Form a team" in words_of(visitor.page)

        visitor.send("/portal/teams", name="U-Vision")
        assert visitor.path == "/portal?note=team-made"
        assert "Choose a challenge" in words_of(visitor.page)

        marks = ("done", "done", "now", "later", "later", "later", "later")
        assert tuple(steps_of(visitor.open(CHECKLIST)).values()) == marks
        assert "Be fair.\n\nCite us." in visitor.page.text
        visitor.send("/entry", agree="yes")
        assert steps_of(visitor.page)["entry"] == "waiting"

        organiser = make_organiser(world, "olga")
        team_id = visitor.get("/api/v1/me").json()["teams"][0]["id"]
        assert organiser.http.post(f"/api/v1/challenges/tiny/entries/{team_id}/approve").status_code == 200
        assert steps_of(visitor.open(CHECKLIST))["token"] == "now"

        visitor.send("/token")
        token = re.search(r"sbt_[a-z2-7]{52}[0-9a-f]{8}", visitor.page.text)[0]  # type: ignore[index]
        assert f"{token} | sonobench login --server http://127.0.0.1:8100" in words_of(visitor.page)
        assert token not in visitor.open(CHECKLIST).text
        assert (steps_of(visitor.page)["test"], steps_of(visitor.page)["hand-in"]) == ("now", "now")

        world.teams["U-Vision"] = type(world.anyone)(world.app, token)
        world.scored("U-Vision")
        assert set(steps_of(visitor.open(CHECKLIST)).values()) == {"done"}
        assert "7 of 7 steps are done" in words_of(visitor.page)

    def test_a_stranger_learns_the_way_and_the_open_challenges(self, world: Any, visitor: Visitor) -> None:
        add_challenge(world, "secret")
        hide(world, "secret")
        page = visitor.open("/portal")
        assert (page.status_code, visitor.path) == (200, "/portal")
        assert "Tiny challenge" in page.text
        assert "secret" not in page.text
        assert 'href="/account/sign-in?next=/portal"' in page.text

    def test_where_people_cannot_make_accounts_none_is_offered(self, make_world: Any) -> None:
        page = Visitor(make_world(open_sign_up=False)).open("/portal")
        assert "sign-up" not in page.text
        assert "ask the organizers for one" in page.text

    def test_a_checklist_leads_strangers_to_sign_in_and_back(self, visitor: Visitor) -> None:
        visitor.open(CHECKLIST)
        assert visitor.path == f"/account/sign-in?next={CHECKLIST}"


class TestATeam:
    def test_one_whose_name_is_taken_is_said_beside_the_field(self, world: Any) -> None:
        make_team(make_person(world, "bo"), "U-Vision")
        ada = at_the_portal(world, make_person(world, "ada"))
        ada.open("/portal")
        page = ada.send("/portal/teams", name="u-vision")
        assert page.status_code == 409
        assert ada.form("/portal/teams").fields["name"] == "u-vision"
        assert 'href="#name"' in page.text
        assert "choose another name" in page.text
        assert "<title>Error: " in page.text

    @pytest.mark.parametrize("name", ["", "   ", "a\u202eb", "x" * 81])
    def test_one_that_is_no_name_is_refused(self, world: Any, name: str) -> None:
        ada = at_the_portal(world, make_person(world, "ada"))
        ada.open("/portal")
        assert ada.send("/portal/teams", name=name).status_code == 422
        assert "\u202e" not in ada.page.text

    def test_one_made_on_a_checklist_goes_on_there(self, world: Any) -> None:
        ada = at_the_portal(world, make_person(world, "ada"))
        assert steps_of(ada.open(CHECKLIST))["team"] == "now"
        ada.send("/portal/teams", name="U-Vision")
        assert ada.path == CHECKLIST
        assert steps_of(ada.page)["team"] == "done"

    def test_a_hostile_name_is_text(self, world: Any) -> None:
        ada = make_person(world, "<img src=x onerror=alert(1)>")
        make_team(ada, "<script>alert(1)</script>")
        visitor = at_the_portal(world, ada)
        for path in ("/portal", CHECKLIST):
            page = visitor.open(path).text
            assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>" in page
            assert "<script>alert" not in page
            assert "<img" not in page

    def test_one_of_several_is_chosen_and_entered(self, world: Any) -> None:
        ada = make_person(world, "ada")
        one, two = make_team(ada, "One"), make_team(ada, "Two")
        visitor = at_the_portal(world, ada)
        visitor.open(f"{CHECKLIST}?team={two}")
        assert steps_of(visitor.page)["entry"] == "now"
        visitor.send("/entry")
        assert steps_of(visitor.page)["entry"] == "done"
        assert "with <a href" not in visitor.page.text
        other = visitor.open(f"{CHECKLIST}?team={one}")
        assert steps_of(other)["entry"] == "stopped"
        assert "You take part in this challenge with Two" in words_of(other)
        assert "/upload" not in other.text

    def test_another_persons_team_is_not_there(self, world: Any) -> None:
        theirs = make_team(make_person(world, "bo"), "Theirs")
        ada = at_the_portal(world, make_person(world, "ada"))
        assert ada.open(f"{CHECKLIST}?team={theirs}").status_code == 404
        assert ada.open(f"{CHECKLIST}/withdraw?team={theirs}").status_code == 404
        make_team_of_their_own(ada)
        fields = {**ada.form("/token").fields, "team_id": theirs}
        for verb in ("token", "entry"):
            assert ada.post_form(f"{CHECKLIST}/{verb}", fields).status_code == 404
        assert "token.create" not in audited(world)
        assert "entry.enter" not in audited(world)


def make_team_of_their_own(visitor: Visitor) -> None:
    visitor.open(CHECKLIST)
    visitor.send("/portal/teams", name="Mine")


class TestAnEntry:
    def test_terms_are_agreed_to_by_a_ticked_box(self, world: Any) -> None:
        ask_of_teams(world, terms="Be fair.")
        ada = captain(world)
        ada.open(CHECKLIST)
        refused = ada.send("/entry")
        assert (refused.status_code, "Tick the box" in refused.text) == (422, True)
        assert steps_of(refused)["entry"] == "now"
        ada.send("/entry", agree="yes")
        assert steps_of(ada.page)["entry"] == "done"

    def test_terms_that_changed_meanwhile_are_read_again(self, world: Any) -> None:
        ask_of_teams(world, terms="Be fair.")
        ada = captain(world)
        ada.open(CHECKLIST)
        ask_of_teams(world, terms="Be fair, and quick.")
        refused = ada.send("/entry", agree="yes")
        assert (refused.status_code, "other ones than you read" in refused.text) == (409, True)
        assert "Be fair, and quick." in refused.text

    def test_a_member_is_told_that_the_captain_enters(self, world: Any) -> None:
        ask_of_teams(world, terms="Be fair.")
        ada, bo = make_person(world, "ada"), make_person(world, "bo")
        team = make_team(ada, "U-Vision")
        add_member(world, ada, team, bo)
        page = at_the_portal(world, bo).open(CHECKLIST)
        assert "Your captain enters the team" in page.text
        assert "/entry" not in page.text

    def test_a_refused_team_reads_why(self, world: Any) -> None:
        ask_of_teams(world, approval=True)
        ada = captain(world)
        ada.open(CHECKLIST)
        ada.send("/entry")
        organiser, team_id = make_organiser(world, "olga"), ada.get("/api/v1/me").json()["teams"][0]["id"]
        organiser.http.post(f"/api/v1/challenges/tiny/entries/{team_id}/refuse", json={"reason": "You know the data <b>."})
        page = ada.open(CHECKLIST)
        assert steps_of(page)["entry"] == "stopped"
        assert "You know the data &lt;b&gt;." in page.text

    def test_withdrawing_asks_for_the_challenges_name(self, world: Any) -> None:
        ask_of_teams(world, terms="Be fair.")
        ada = captain(world)
        ada.open(CHECKLIST)
        ada.send("/entry", agree="yes")
        ada.open(re.search(rf'href="({CHECKLIST}/withdraw[^"]*)"', ada.page.text)[1].replace("&amp;", "&"))  # type: ignore[index]
        refused = ada.send(confirm="yes")
        assert (refused.status_code, "Type tiny as it stands here" in refused.text) == (422, True)
        ada.send(confirm=" Tiny ")
        assert "Your team has withdrawn" in ada.page.text
        assert steps_of(ada.page)["entry"] == "now"
        assert "entry.withdraw" in audited(world)


class TestQuota:
    def test_it_is_shown_before_it_is_spent(self, world: Any) -> None:
        with_rules(world, quota={"daily": 2, "total": 5, "concurrent": 1, "time_zone": "Europe/Berlin"}, counts="best")
        ada = captain(world)
        said = words_of(ada.open(CHECKLIST))
        assert "1 submission left 2 of 2 5 of 5 1 of 1 Your best scored submission counts." in said
        assert "A day begins at midnight in Europe/Berlin." in said
        assert "Nothing is spent where the platform failed" in said

    def test_a_spent_day_says_when_the_next_one_begins(self, world: Any) -> None:
        with_rules(world, quota={"daily": 1, "time_zone": "Europe/Berlin"})
        person = make_person(world, "ada")
        make_team(person, "U-Vision")
        assert person.http.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 9}).status_code == 201
        page = at_the_portal(world, person).open(CHECKLIST)
        assert "0 submissions left The next one is free when the day ends:" in words_of(page)
        assert '<time datetime="2026-01-01T23:00:00+00:00">' in page.text
        assert 'data-free="no"' in page.text

    def test_a_spent_phase_says_that_none_will_be_free(self, world: Any) -> None:
        with_rules(world, quota={"total": 1})
        person = make_person(world, "ada")
        make_team(person, "U-Vision")
        person.http.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 9})
        assert "None will be: all of this phase are used." in words_of(at_the_portal(world, person).open(CHECKLIST))

    def test_a_closed_phase_offers_no_upload(self, world: Any) -> None:
        with_rules(world, closes="2025-12-01T00:00:00+00:00")
        page = captain(world).open(CHECKLIST)
        assert "takes no images now" in page.text
        assert "No phase takes images now." in page.text
        assert "upload.js" not in page.text


class TestWhichOneCounts:
    def test_a_team_chooses_among_its_scored_ones(self, world: Any) -> None:
        with_rules(world, counts="chosen")
        person = make_person(world, "ada")
        make_team(person, "U-Vision")
        world.teams["U-Vision"] = person.http
        first, second = world.scored("U-Vision"), world.scored("U-Vision")
        visitor = at_the_portal(world, person)
        visitor.open(CHECKLIST)
        assert visitor.form("/choose").fields["submission_id"] == first
        visitor.send("/choose")
        assert "Your choice is kept" in visitor.page.text
        assert world.submission(first)["chosen"]
        assert visitor.form("/choose").fields["submission_id"] == second

    def test_another_teams_submission_cannot_be_chosen(self, world: Any) -> None:
        with_rules(world, counts="chosen")
        theirs = world.scored("Theirs")
        ada = captain(world)
        ada.open(CHECKLIST)
        fields = {**ada.form("/token").fields, "submission_id": theirs}
        assert ada.post_form(f"{CHECKLIST}/choose", fields).status_code == 404
        assert not world.submission(theirs)["chosen"]


class TestTokens:
    def test_a_member_makes_one_of_their_own(self, world: Any) -> None:
        ada, bo = make_person(world, "ada"), make_person(world, "bo")
        team = make_team(ada, "U-Vision")
        add_member(world, ada, team, bo)
        visitor = at_the_portal(world, bo)
        visitor.open(CHECKLIST)
        visitor.send("/token")
        token = re.search(r"sbp_[a-z2-7]{52}[0-9a-f]{8}", visitor.page.text)[0]  # type: ignore[index]
        held = type(world.anyone)(world.app, token)
        assert held.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 9}).status_code == 201

    def test_the_page_with_a_fresh_one_is_kept_by_no_cache(self, world: Any) -> None:
        ada = captain(world)
        ada.open(CHECKLIST)
        page = ada.send("/token")
        assert page.headers["cache-control"] == "no-store"
        assert "sbt_" not in str(page.url)

    def test_the_registrys_commands_are_there_where_a_registry_is(self, make_world: Any) -> None:
        world = make_world(registry_host="registry.example.org", registry_url="https://registry.example.org")
        page = captain(world).open(CHECKLIST)
        assert "docker login registry.example.org --username team --password-stdin" in page.text

    def test_and_not_where_none_is(self, world: Any) -> None:
        assert "docker login" not in captain(world).open(CHECKLIST).text


class TestWhatIsNotTheirs:
    def test_a_hidden_challenge_is_not_there(self, world: Any) -> None:
        hide(world)
        ada = captain(world)
        assert ada.open(CHECKLIST).status_code == 404
        assert "Tiny" not in ada.open("/portal").text

    def test_an_organiser_sees_their_own_teams_submissions_alone(self, world: Any) -> None:
        world.create("Theirs")
        organiser = make_organiser(world, "olga")
        assert "Theirs" not in at_the_portal(world, organiser).open("/portal").text

    def test_forms_of_other_sites_change_nothing(self, world: Any) -> None:
        ada = captain(world)
        ada.open(CHECKLIST)
        fields = ada.form("/token").fields
        for verb in ("token", "entry", "choose", "withdraw"):
            answer = ada.post_form(f"{CHECKLIST}/{verb}", fields, Origin="https://evil.example")
            assert answer.status_code == 403
            without = ada.post_form(f"{CHECKLIST}/{verb}", {**fields, "csrf_token": "wrong"})
            assert without.status_code == 403
        assert "token.create" not in audited(world)


def captain(world: Any) -> Visitor:
    """Somebody with a team, at the portal."""
    person = make_person(world, "ada")
    make_team(person, "U-Vision")
    return at_the_portal(world, person)
