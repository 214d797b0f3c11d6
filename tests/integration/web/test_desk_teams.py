"""The desk's teams: who waits and who they are, deciding on one and on several, seats, organizers."""

from __future__ import annotations

from typing import Any

import pytest
from desk_visitor import DeskVisitor, at_desk
from platform_people import Person, add_member, ask_of_teams, audited, mails, make_organiser, make_person, make_team
from sqlalchemy import select, update
from team_entries import enter, hand_in

from sonobench_platform.db.models import EntryRow, TeamRow
from sonobench_platform.teams import deciding

DESK = "/desk/challenges/tiny"


@pytest.fixture
def olga(world: Any) -> DeskVisitor:
    return at_desk(world, make_organiser(world, "olga"))


def applying(world: Any, name: str) -> tuple[Person, str]:
    """A person whose team of one waits for approval; and the team's id."""
    captain = make_person(world, name)
    team_id = make_team(captain, f"Team {name}")
    assert enter(captain, team_id).status_code == 200
    return captain, team_id


def status(world: Any, team_id: str) -> str:
    with world.platform.core.database.read() as session:
        return str(session.scalars(select(EntryRow.status).where(EntryRow.team_id == team_id)).one())


class TestWhoWaits:
    def test_it_is_told_who_they_are(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True, terms="Be kind.")
        captain = make_person(world, "ann", email="ann@clinic.example")
        team_id = make_team(captain, "Nodules")
        sha256 = world.anyone.get("/api/v1/challenges/tiny/terms").json()["sha256"]
        assert enter(captain, team_id, sha256).status_code == 200
        page = olga.open(f"{DESK}/teams").text
        for told in ("Nodules", "ann@clinic.example", "clinic.example", "(captain)", "as they are now"):
            assert told in page

    def test_a_challenge_without_approval_says_so(self, world: Any, olga: DeskVisitor) -> None:
        assert "asks for no approval" in olga.open(f"{DESK}/teams").text

    def test_the_list_is_searched_and_filtered(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        applying(world, "ann")
        _, other = applying(world, "ben")
        olga.open(f"{DESK}/teams?q=TEAM%20BEN")
        assert f"/teams/{other}" in olga.page.text.split('id="teams"')[1]
        assert "Team ann" not in olga.page.text.split('id="teams"')[1]
        olga.open(f"{DESK}/teams?standing=refused")
        assert "No team matches." in olga.page.text
        for odd in ("?standing=nonsense", "?q=%25", "?q=%00"):
            assert olga.open(f"{DESK}/teams{odd}").status_code == 200

    def test_hostile_names_are_text(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        _, team_id = applying(world, "ann")
        with world.platform.core.database.write() as work:
            work.session.execute(update(TeamRow).values(name="<script>alert(1)</script>\u202e"))
        for path in (f"{DESK}/teams", f"{DESK}/teams/{team_id}"):
            page = olga.open(path).text
            assert "<script>alert" not in page
            assert "&lt;script&gt;" in page


class TestDecidingOnSeveral:
    def test_those_that_are_checked_are_approved(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        teams = [applying(world, name)[1] for name in ("ann", "ben", "cai")]
        olga.open(f"{DESK}/teams")
        page = olga.submit("/teams/decide", teams[:2], decision="approve").text
        assert "2 of 2 done." in page
        assert [status(world, each) for each in teams] == ["approved", "approved", "pending"]

    def test_refusing_needs_a_reason_which_is_told(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        captain, team_id = applying(world, "ann")
        olga.open(f"{DESK}/teams")
        assert olga.submit("/teams/decide", [team_id], decision="refuse", reason=" ").status_code == 422
        assert status(world, team_id) == "pending"
        olga.open(f"{DESK}/teams")
        olga.submit("/teams/decide", [team_id], decision="refuse", reason="no such clinic")
        assert status(world, team_id) == "refused"
        assert "no such clinic" in mails(world, captain.email)[-1].body

    def test_one_that_is_refused_keeps_no_other_one_from_it(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        (ann, first), (_, second) = applying(world, "ann"), applying(world, "ben")
        olga.open(f"{DESK}/teams")
        assert ann.http.request("DELETE", "/api/v1/challenges/tiny/entry").status_code == 200
        page = olga.submit("/teams/decide", [first, second], decision="approve").text
        assert "1 of 2 done." in page
        assert "withdrew from Tiny challenge itself" in page
        assert [status(world, each) for each in (first, second)] == ["withdrawn", "approved"]

    def test_a_mistake_of_the_server_is_that_ones_alone(
        self, world: Any, olga: DeskVisitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_of_teams(world, approval=True)
        first, second = applying(world, "ann")[1], applying(world, "ben")[1]
        real = deciding.entry_decided

        def breaks(work: Any, entry: Any, **options: Any) -> None:
            real(work, entry, **options)
            if entry.team_id == first:
                raise RuntimeError("a secret")

        monkeypatch.setattr(deciding, "entry_decided", breaks)
        olga.open(f"{DESK}/teams")
        page = olga.submit("/teams/decide", [first, second], decision="approve").text
        assert "1 of 2 done." in page
        assert "a secret" not in page
        assert [status(world, each) for each in (first, second)] == ["pending", "approved"]

    def test_a_form_that_is_sent_twice_tells_the_captain_once(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        captain, team_id = applying(world, "ann")
        olga.open(f"{DESK}/teams")
        olga.submit("/teams/decide", [team_id], decision="refuse", reason="no such clinic")
        told = len(mails(world, captain.email))
        olga.send_again()
        assert "1 of 1 done." in olga.page.text
        assert len(mails(world, captain.email)) == told
        assert audited(world).count("entry.refuse") == 1

    def test_none_and_too_many_are_refused(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        teams = [applying(world, f"p{number}")[1] for number in range(11)]
        for checked, decision in (([], "approve"), (teams, "refuse"), (teams[:1], "erase")):
            olga.open(f"{DESK}/teams")
            answer = olga.submit("/teams/decide", checked, decision=decision, reason="no such clinic")
            assert answer.status_code == 422, decision
        assert {status(world, each) for each in teams} == {"pending"}


class TestOneTeam:
    def test_approving_refusing_and_withholding(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        captain, team_id = applying(world, "ann")
        page = f"{DESK}/teams/{team_id}"
        olga.open(page)
        olga.submit(f"{team_id}/decide", decision="approve")
        assert "told by mail" in olga.page.text
        assert status(world, team_id) == "approved"
        olga.submit(f"{team_id}/decide", decision="withhold", reason="a question")
        assert status(world, team_id) == "pending"
        refuse = [each for each in olga.forms() if ("decision", "refuse") in each.fields]
        assert [name for name, _ in refuse[0].fields] == ["csrf_token", "decision", "reason", "confirm"]
        assert "a question" in mails(world, captain.email)[-1].body

    def test_refusing_asks_for_the_teams_name(self, world: Any, olga: DeskVisitor) -> None:
        captain, team_id = applying(world, "ann")
        olga.open(f"{DESK}/teams/{team_id}")
        (form,) = [each for each in olga.forms() if ("decision", "refuse") in each.fields]
        token = form.values("csrf_token")[0]
        for confirm, expected in (("", "approved"), ("team ann", "approved"), ("Team ann", "refused")):
            fields = [("csrf_token", token), ("decision", "refuse"), ("reason", "a cheat"), ("confirm", confirm)]
            olga.sent_as = (form.action, fields)
            olga.send_again()
            assert status(world, team_id) == expected
        assert "a cheat" in mails(world, captain.email)[-1].body

    def test_a_seat_of_somebody_who_left_is_freed(self, world: Any, olga: DeskVisitor) -> None:
        captain, team_id = applying(world, "ann")
        leaver = make_person(world, "lee")
        add_member(world, captain, team_id, leaver)
        assert hand_in(captain).status_code == 201
        assert leaver.http.post(f"/api/v1/teams/{team_id}/leave").status_code < 300
        olga.open(f"{DESK}/teams/{team_id}")
        assert "Free the seat of <bdi>lee" in olga.page.text or "Free the seat of lee" in olga.page.text
        olga.submit("/seats", reason="they asked")
        assert "The seat is free" in olga.page.text
        assert "entry.free-seat" in audited(world)

    def test_a_team_that_has_not_entered_is_not_there(self, world: Any, olga: DeskVisitor) -> None:
        stranger = make_team(make_person(world, "ann"), "Elsewhere")
        for name in (stranger, "team-aaaaaaaaaaaaaaaa", "x"):
            answer = olga.open(f"{DESK}/teams/{name}")
            assert answer.status_code == 404
            assert "Elsewhere" not in answer.text


class TestOrganizers:
    def test_somebody_is_added_by_mail_address_and_told(self, world: Any, olga: DeskVisitor) -> None:
        new = make_person(world, "oscar")
        olga.open(f"{DESK}/teams")
        olga.submit("/organizers", who=" Oscar@Example.org ")
        assert "organizes the challenge now" in olga.page.text
        assert new.email in olga.page.text
        assert "You organi" in mails(world, new.email)[-1].body
        assert at_desk(world, new).open(DESK).status_code == 200

    def test_nobody_of_that_address_is_said_and_kept_in_the_field(self, world: Any, olga: DeskVisitor) -> None:
        olga.open(f"{DESK}/teams")
        answer = olga.submit("/organizers", who="nobody@example.org")
        assert answer.status_code == 404
        assert "Nobody has an account with this id or mail address" in answer.text
        assert olga.form_to("/organizers").values("who") == ["nobody@example.org"]

    def test_removing_asks_for_the_address(self, world: Any, olga: DeskVisitor) -> None:
        other = make_organiser(world, "oscar")
        olga.open(f"{DESK}/teams")
        (form,) = [each for each in olga.forms() if each.values("who") == [other.email]]
        token = form.values("csrf_token")[0]
        for confirm, expected in (("", 422), ("oscar", 422), (other.email, 200)):
            olga.sent_as = (form.action, [("csrf_token", token), ("who", other.email), ("confirm", confirm)])
            assert olga.send_again().status_code == expected
        assert at_desk(world, other).open(DESK).status_code == 403

    def test_who_removes_themselves_goes_to_what_is_left(self, world: Any) -> None:
        person = make_organiser(world, "olga")
        visitor = at_desk(world, person)
        visitor.open(f"{DESK}/teams")
        visitor.submit("/organizers/remove", confirm=person.email)
        assert visitor.path == "/desk"
        assert visitor.page.status_code == 403
