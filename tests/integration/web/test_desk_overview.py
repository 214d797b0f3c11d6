"""The desk's front page and a challenge's overview: what waits, phases opened and closed by hand, hiding and showing."""

from __future__ import annotations

from typing import Any

import pytest
from desk_visitor import DeskVisitor, at_desk
from phased_world import in_two_phases, with_rules
from platform_people import ask_of_teams, audited, make_organiser, make_person, make_team
from platform_world import write_challenge
from sqlalchemy import update
from team_entries import enter

from sonobench_platform.db.models import ChallengeRow, PhaseRow

DESK = "/desk/challenges/tiny"
FORMS = {
    "phases": "close",
    "visibility": "hide",
    "teams/decide": "",
    "teams/team-aaaaaaaaaaaaaaaa/decide": "",
    "organizers": "",
    "organizers/remove": "",
    "submissions/check": "rerun",
    "submissions/do": "rerun",
}
"""Every form of these pages, with what it is told to do."""

PAGES = ("", "/teams", "/submissions", "/failures", "/quota")


@pytest.fixture
def olga(world: Any) -> DeskVisitor:
    return at_desk(world, make_organiser(world, "olga"))


def is_open(world: Any) -> dict[str, bool]:
    return {each["id"]: each["open"] for each in world.organiser.get("/api/v1/challenges/tiny").json()["phases"]}


class TestWhoMaySee:
    def test_nobody_is_led_to_sign_in_and_back(self, world: Any) -> None:
        for page in ("/desk", *(f"{DESK}{each}" for each in PAGES)):
            visitor = DeskVisitor(world)
            visitor.open(page)
            assert visitor.path.startswith("/account/sign-in?next=/desk")

    def test_somebody_who_organizes_nothing_is_refused(self, world: Any) -> None:
        visitor = at_desk(world, make_person(world, "ann"))
        for page in ("/desk", *(f"{DESK}{each}" for each in PAGES)):
            assert visitor.open(page).status_code == 403

    def test_to_an_organizer_of_another_challenge_there_is_none(self, world: Any) -> None:
        world.platform.register_challenge(write_challenge(world.folder.parent / "other", name="other"))
        submission = world.scored("A")
        otto = at_desk(world, make_organiser(world, "otto", "other"))
        assert "Tiny challenge" not in otto.open("/desk").text.replace("Tiny challenge</bdi></a></h2>", "", 1)
        for page in (*PAGES, f"/failures/{submission}/log", "/done/aaaaaaaaaaaaaaaaaaaaaa", "/teams/team-aaaaaaaaaaaaaaaa"):
            theirs, none = otto.open(f"{DESK}{page}"), otto.open(f"/desk/challenges/nothing{page}")
            assert (theirs.status_code, none.status_code) == (404, 404), page
            assert theirs.text == none.text, page

    def test_their_forms_change_nothing_either(self, world: Any) -> None:
        world.platform.register_challenge(write_challenge(world.folder.parent / "other", name="other"))
        world.scored("A")
        otto = at_desk(world, make_organiser(world, "otto", "other"))
        otto.open("/desk/challenges/other")
        token = otto.form_to("/phases").values("csrf_token")[0]
        before = audited(world)
        for path in (
            "phases",
            "visibility",
            "teams/decide",
            "organizers",
            "organizers/remove",
            "submissions/check",
            "submissions/do",
        ):
            fields = [
                ("act", "close"),
                ("act", "rerun"),
                ("phase", "test"),
                ("confirm", "tiny"),
                ("reason", "because"),
                ("team", "x"),
            ]
            otto.sent_as = (f"{DESK}/{path}", [("csrf_token", token), ("ticket", "a" * 22), ("submission", "x"), *fields])
            assert otto.send_again().status_code in {404, 422}, path
        assert audited(world) == before
        assert is_open(world) == {"test": True}

    def test_a_form_without_the_sessions_secret_changes_nothing(self, world: Any, olga: DeskVisitor) -> None:
        olga.open(DESK)
        olga.sent_as = (f"{DESK}/phases", [("act", "close"), ("phase", "test"), ("confirm", "tiny"), ("csrf_token", "x")])
        assert olga.send_again().status_code == 403
        assert is_open(world) == {"test": True}


class TestWhatWaits:
    def test_nothing_is_said_to_wait_where_nothing_does(self, world: Any, olga: DeskVisitor) -> None:
        assert "Nothing waits for you." in olga.open("/desk").text
        assert "Nothing waits for you." in olga.open(DESK).text

    def test_teams_failures_and_data_are_named_with_where_to_go(self, world: Any, olga: DeskVisitor) -> None:
        ask_of_teams(world, approval=True)
        captain = make_person(world, "ann")
        assert enter(captain, make_team(captain, "Nodules")).status_code == 200
        with world.platform.core.database.write() as work:
            work.session.execute(update(PhaseRow).values(is_sound=False))
        for path in ("/desk", DESK):
            page = olga.open(path).text
            assert "1 team waits for your approval." in page
            assert f'href="{DESK}/teams"' in page
            assert "was found unsound" in page

    def test_a_phase_that_closes_soon_is_told(self, world: Any, olga: DeskVisitor) -> None:
        soon = world.clock.now().replace(microsecond=0)
        with_rules(world, opens="2020-01-01T00:00:00Z", closes=f"{soon.replace(hour=23):%Y-%m-%dT%H:%M:%SZ}")
        assert "test closes on" in olga.open(DESK).text

    def test_an_administrator_sees_how_the_server_does(self, world: Any, olga: DeskVisitor) -> None:
        root = at_desk(world, make_person(world, "root", is_administrator=True))
        page = root.open("/desk").text
        assert "No node has ever been heard of" in page
        assert "sweep" in page
        assert "Tiny challenge" in page
        assert "The server" not in olga.open("/desk").text

    def test_a_hostile_title_is_text(self, world: Any, olga: DeskVisitor) -> None:
        with world.platform.core.database.write() as work:
            work.session.execute(update(ChallengeRow).values(title="<script>alert(1)</script>\u202e"))
        for path in ("/desk", *(f"{DESK}{each}" for each in PAGES)):
            page = olga.open(path).text
            assert "<script>alert" not in page, path
            assert "\u202e" not in page, path


class TestPhases:
    def test_closing_asks_for_the_challenges_name(self, world: Any, olga: DeskVisitor) -> None:
        olga.open(DESK)
        for wrong in ("", "test", "Tiny challenge"):
            answer = olga.submit("/phases", confirm=wrong)
            assert answer.status_code == 422
            assert "Type the name tiny" in answer.text
        assert is_open(world) == {"test": True}
        olga.submit("/phases", confirm="tiny")
        assert "The phase is closed" in olga.page.text
        assert is_open(world) == {"test": False}
        olga.submit("/phases")
        assert is_open(world) == {"test": True}
        assert [each for each in audited(world) if each.startswith("challenge.")][-2:] == ["challenge.close", "challenge.open"]

    def test_one_phase_is_closed_and_the_other_is_not(self, world: Any, olga: DeskVisitor) -> None:
        in_two_phases(world)
        olga.open(DESK)
        form = olga.form_to("/phases")
        assert form.values("phase") == ["first"]
        olga.submit("/phases", confirm="tiny")
        assert is_open(world) == {"first": False, "final": True}

    def test_data_that_is_unsound_is_not_opened(self, world: Any, olga: DeskVisitor) -> None:
        with world.platform.core.database.write() as work:
            work.session.execute(update(PhaseRow).values(is_sound=False, opened_at=None, is_held=True, is_open=False))
        olga.open(DESK)
        answer = olga.submit("/phases")
        assert answer.status_code == 409
        assert "was found unsound" in answer.text

    def test_a_phase_that_there_is_not_is_not_found(self, world: Any, olga: DeskVisitor) -> None:
        olga.open(DESK)
        token = olga.form_to("/phases").values("csrf_token")[0]
        olga.sent_as = (f"{DESK}/phases", [("csrf_token", token), ("act", "close"), ("phase", "none"), ("confirm", "tiny")])
        assert olga.send_again().status_code == 404


class TestWhoKnowsOfIt:
    def test_hiding_asks_for_the_name_and_showing_does_not(self, world: Any, olga: DeskVisitor) -> None:
        olga.open(DESK)
        assert olga.submit("/visibility", confirm="no").status_code == 422
        assert world.anyone.get("/api/v1/challenges/tiny").status_code == 200
        olga.submit("/visibility", confirm="tiny")
        assert "is hidden" in olga.page.text
        assert world.anyone.get("/api/v1/challenges/tiny").status_code == 404
        olga.submit("/visibility")
        assert world.anyone.get("/api/v1/challenges/tiny").status_code == 200
