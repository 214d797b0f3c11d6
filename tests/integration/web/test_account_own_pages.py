"""Looking after one's own account by forms alone: password, browsers, API tokens, what is kept of one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from page_visitor import Visitor
from platform_browser import PASSWORD, signed_up
from platform_people import audited, make_organiser, make_person, make_team
from portal_people import at_the_portal, with_password, words_of

from sonobench_platform.accounts.rate_limits import SIGN_IN_HERE

NEW = "seven teal kettles humming"
PAGES = ("/account/password", "/account/sessions", "/account/tokens", "/account/data", "/account/export", "/account/erase")


@pytest.fixture
def ada(world: Any) -> Visitor:
    return at_the_portal(world, with_password(world, "ada"))


class TestWhoMay:
    @pytest.mark.parametrize("path", PAGES)
    def test_strangers_are_led_to_sign_in(self, visitor: Visitor, path: str) -> None:
        assert visitor.open(path).status_code == 200
        assert visitor.path.startswith("/account/sign-in?next=/account")

    @pytest.mark.parametrize("path", PAGES)
    def test_no_token_opens_them(self, world: Any, path: str) -> None:
        assert make_person(world, "bo").http.get(path).status_code == 403

    def test_the_account_leads_to_each(self, ada: Visitor) -> None:
        page = ada.open("/account").text
        for path in ("/account/password", "/account/sessions", "/account/tokens", "/account/data"):
            assert f'href="{path}"' in page
            assert ada.open(path).status_code == 200


class TestPassword:
    def test_it_is_changed_and_other_browsers_are_signed_out(self, world: Any) -> None:
        person = with_password(world, "ada")
        here, elsewhere = at_the_portal(world, person), at_the_portal(world, person)
        here.open("/account/password")
        here.send(current=PASSWORD, new=NEW)
        assert here.path == "/account?note=password-changed"
        assert "Your password is changed" in here.page.text
        assert elsewhere.me() == 401
        fresh = Visitor(world)
        fresh.open("/account/sign-in")
        assert fresh.send(email=person.email, password=NEW).status_code == 200

    @pytest.mark.parametrize(
        ("typed", "field", "status"),
        [({"current": "wrong", "new": NEW}, "current", 403), ({"current": PASSWORD, "new": "short"}, "new", 422)],
    )
    def test_what_is_wrong_stands_beside_its_field(self, ada: Visitor, typed: dict[str, str], field: str, status: int) -> None:
        ada.open("/account/password")
        page = ada.send(**typed)
        assert (page.status_code, f'id="{field}-error"' in page.text) == (status, True)
        assert PASSWORD not in page.text

    def test_it_can_be_tried_as_often_as_at_the_api(self, ada: Visitor) -> None:
        ada.open("/account/password")
        for _ in range(SIGN_IN_HERE.amount):
            assert ada.send(current="wrong", new=NEW).status_code == 403
        assert ada.send(current=PASSWORD, new=NEW).status_code == 429


class TestBrowsers:
    def test_they_are_listed_this_one_first_and_signed_out_together(self, world: Any) -> None:
        person = with_password(world, "ada")
        here, elsewhere = at_the_portal(world, person), at_the_portal(world, person)
        said = words_of(here.open("/account/sessions"))
        assert said.count("Lynx") == 2
        assert said.count("Lynx this browser") == 1
        here.send()
        assert here.path == "/account/sign-in?note=signed-out"
        assert (here.me(), elsewhere.me()) == (401, 401)

    def test_those_of_others_are_not(self, world: Any, ada: Visitor) -> None:
        signed_up(world, "bo@example.org")
        assert words_of(ada.open("/account/sessions")).count("last seen") == 1


class TestTokens:
    def test_one_is_made_shown_once_and_revoked(self, world: Any, ada: Visitor) -> None:
        ada.open("/account/tokens")
        page = ada.send("/tokens", name="nightly upload", days="30")
        token = re.search(r"sbp_[a-z2-7]{52}[0-9a-f]{8}", page.text)[0]  # type: ignore[index]
        held = type(world.anyone)(world.app, token)
        assert held.get("/api/v1/me").status_code == 200
        again = ada.open("/account/tokens")
        assert token not in again.text
        assert "nightly upload" in again.text
        assert "Read, Hand in" in again.text
        assert '<time datetime="2026-01-31T12:00:00+00:00">' in again.text
        ada.send("/revoke")
        ada.send("/revoke")  # the newest first; the other one is of the person's beginning
        assert "You have none." in ada.page.text
        assert held.get("/api/v1/me").status_code == 401

    @pytest.mark.parametrize(
        ("typed", "field"),
        [({"name": ""}, "name"), ({"name": "x", "days": "0"}, "days"), ({"name": "x", "days": "soon"}, "days")],
    )
    def test_what_is_wrong_stands_beside_its_field(self, ada: Visitor, typed: dict[str, str], field: str) -> None:
        ada.open("/account/tokens")
        page = ada.send("/tokens", **typed)
        assert (page.status_code, f'id="{field}-error"' in page.text) == (422, True)

    def test_one_that_may_do_nothing_is_refused(self, world: Any, ada: Visitor) -> None:
        ada.open("/account/tokens")
        form = ada.form("/tokens")
        fields = {name: value for name, value in form.fields.items() if not name.startswith("scope-")}
        answer = ada.post_form(form.action, {**fields, "name": "x"})
        assert (answer.status_code, "Tick what the token may do" in answer.text) == (422, True)

    def test_scopes_are_offered_to_those_who_may(self, world: Any, ada: Visitor) -> None:
        assert "scope-organise" not in ada.open("/account/tokens").text
        assert "scope-organise" in at_the_portal(world, make_organiser(world, "olga")).open("/account/tokens").text

    def test_a_scope_beyond_ones_own_is_refused(self, world: Any, ada: Visitor) -> None:
        ada.open("/account/tokens")
        form = ada.form("/tokens")
        answer = ada.post_form(form.action, {**form.fields, "name": "x", "scope-administer": "yes"})
        assert (answer.status_code, "you may not do that" in answer.text) == (422, True)

    def test_anothers_cannot_be_revoked(self, world: Any, ada: Visitor) -> None:
        bo = at_the_portal(world, with_password(world, "bo"))
        bo.open("/account/tokens")
        theirs = bo.form("/revoke").action
        ada.open("/account/tokens")
        assert ada.post_form(theirs, ada.form("/tokens").fields).status_code == 404


class TestOwnData:
    def test_it_is_a_file_to_save_without_secrets(self, ada: Visitor) -> None:
        answer = ada.open("/account/export")
        assert answer.headers["content-disposition"] == 'attachment; filename="sonobench-own-data.json"'
        assert answer.headers["cache-control"] == "no-store"
        tables = {each["table"]: each["rows"] for each in json.loads(answer.text)["items"]}
        assert tables["people"][0]["email"] == "ada@example.org"
        assert "password_hash" not in answer.text

    def test_erasing_asks_for_address_and_password(self, world: Any, ada: Visitor) -> None:
        ada.open("/account/erase")
        wrong_address = ada.send(confirm="bo@example.org", password=PASSWORD)
        assert (wrong_address.status_code, 'id="confirm-error"' in wrong_address.text) == (422, True)
        wrong_password = ada.send(confirm="ada@example.org", password="wrong")
        assert (wrong_password.status_code, 'id="password-error"' in wrong_password.text) == (403, True)
        assert "person.erase" not in audited(world)
        ada.send(confirm=" ADA@example.org", password=PASSWORD)
        assert ada.path == "/account/sign-in?note=erased"
        assert "Your account is erased." in ada.page.text
        assert ada.me() == 401
        assert "person.erase" in audited(world)

    def test_a_captain_is_told_which_teams_to_hand_over(self, world: Any) -> None:
        person = with_password(world, "ada")
        make_team(person, "U-Vision")
        assert "You are captain of U-Vision : hand each over first" in words_of(
            at_the_portal(world, person).open("/account/data")
        )


def test_forms_of_other_sites_change_nothing(world: Any, ada: Visitor) -> None:
    ada.open("/account/tokens")
    fields = {**ada.form("/tokens").fields, "name": "x", "confirm": "ada@example.org", "password": PASSWORD, "current": PASSWORD}
    for path in ("/account/tokens", "/account/password", "/account/erase", "/account/sign-out-everywhere"):
        assert ada.post_form(path, {**fields, "new": NEW}, Origin="https://evil.example").status_code == 403, path
        assert ada.post_form(path, {**fields, "new": NEW, "csrf_token": ""}).status_code == 403, path
    assert ada.me() == 200
