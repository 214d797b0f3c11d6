"""The pages that links in mails lead to, as people without JavaScript walk through them."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from mailed_links import ADA, BO, NEW, PUBLIC, invited, mailed, signed_in
from page_visitor import Visitor
from platform_browser import PASSWORD, signed_up
from platform_people import all_at_once, audited, invite, mails, make_person, make_team

from sonobench_platform.web.account_forms import local


class TestWholeJourneys:
    def test_from_an_invitation_by_sign_up_and_confirmation_into_the_team_and_out(self, world: Any, visitor: Visitor) -> None:
        link = invited(world, ADA)
        assert "Invitation to join <bdi>U-Vision</bdi>" in visitor.open(link).text

        visitor.open(re.search(r'href="(/account/sign-up[^"]*)"', visitor.page.text)[1])  # type: ignore[index]
        assert visitor.send(email=ADA, name="Ada Lovelace", password=PASSWORD).status_code == 200
        assert "A mail is on its way" in visitor.page.text

        assert "Confirm your address" in visitor.open(mailed(world, ADA)).text
        assert visitor.send(password=PASSWORD).status_code == 200
        assert (visitor.path, visitor.me()) == ("/portal?note=confirmed", 200)
        assert "Your address is confirmed" in visitor.page.text
        assert "You were invited into <b><bdi>U-Vision</bdi></b>: open the link in the invitation's mail" in visitor.page.text
        assert "<bdi>Ada Lovelace</bdi>" in visitor.open("/account").text
        assert "You are in no team yet" in visitor.page.text

        assert visitor.send().status_code == 200
        assert (visitor.path, visitor.me()) == ("/account/sign-in?note=signed-out", 401)
        assert "You are signed out." in visitor.page.text

        visitor.open(link)
        visitor.open(re.search(r'href="(/account/sign-in\?[^"]*)"', visitor.page.text)[1])  # type: ignore[index]
        visitor.send(email=ADA, password=PASSWORD)
        assert visitor.path == link

        assert visitor.send().status_code == 200
        assert visitor.path == "/account?note=joined"
        assert "<bdi>U-Vision</bdi></a> (member)" in visitor.page.text
        assert [team["name"] for team in visitor.get("/api/v1/me").json()["teams"]] == ["U-Vision"]

        visitor.send()
        assert visitor.open("/account").status_code == 200
        assert visitor.path == "/account/sign-in"

    def test_a_forgotten_password_is_set_anew_by_the_mailed_link(self, world: Any, visitor: Visitor) -> None:
        elsewhere = signed_in(world, ADA)
        visitor.open("/account/sign-in")
        visitor.open(re.search(r'href="(/account/forgotten)"', visitor.page.text)[1])  # type: ignore[index]
        assert "If the address that you gave has an account here" in visitor.send(email=ADA).text

        assert f'value="{ADA}"' in visitor.open(mailed(world, ADA)).text
        assert visitor.send(password=NEW).status_code == 200
        assert visitor.path == "/account?note=password-set"
        assert (visitor.me(), elsewhere.me()) == (200, 401)

        fresh = Visitor(world)
        fresh.open("/account/sign-in")
        assert fresh.send(email=ADA, password=PASSWORD).status_code == 401
        assert fresh.send(email=ADA, password=NEW).status_code == 200

    def test_somebody_whom_an_administrator_added_sets_their_first_password(self, world: Any, visitor: Visitor) -> None:
        from sonobench_platform.accounts import people
        from sonobench_platform.accounts.addresses import read_email
        from sonobench_platform.accounts.identity import SERVER

        core = world.platform.core
        with core.database.write() as work:
            added = people.add(core, work, read_email(ADA), name="Ada", caller=SERVER, is_administrator=False)
        visitor.open(added.link.removeprefix(PUBLIC))
        visitor.send(password=PASSWORD)
        assert visitor.path == "/account?note=password-set"


class TestLinksInMails:
    def test_one_that_was_made_up_is_said_not_to_work_and_offers_no_form(self, visitor: Visitor) -> None:
        for path, token in product(("/account/confirm", "/account/reset"), ("", "x", "a.b.c", "é", "%00", "x" * 1999)):
            page = visitor.open(f"{path}?token={token}")
            assert page.status_code == 422, (path, token)
            assert "This link was used already, or its time is over, or it is not whole" in page.text
            assert "<form" not in page.text

    def test_one_to_confirm_that_was_used_is_said_to_be(self, world: Any, visitor: Visitor) -> None:
        signed_up(world, ADA)
        page = visitor.open(mailed(world, ADA))
        assert (page.status_code, "<form" in page.text) == (422, False)
        assert "This link was used already" in page.text

    def test_one_to_reset_that_was_used_leads_to_a_new_one(self, world: Any, visitor: Visitor) -> None:
        signed_up(world, ADA)
        visitor.open("/account/forgotten")
        visitor.send(email=ADA)
        link = mailed(world, ADA)
        visitor.open(link)
        visitor.send(password=NEW)
        page = Visitor(world).open(link)
        assert (page.status_code, 'href="/account/forgotten"' in page.text) == (422, True)

    def test_one_whose_time_is_over_does_not_work_even_where_its_form_was_open(self, world: Any, visitor: Visitor) -> None:
        signed_up(world, ADA)
        visitor.open("/account/forgotten")
        visitor.send(email=ADA)
        visitor.open(mailed(world, ADA))
        world.clock.advance(minutes=61)
        page = visitor.send(password=NEW)
        assert (page.status_code, "This link does not work" in page.text) == (422, True)
        assert visitor.me() == 401

    def test_to_open_one_changes_nothing(self, world: Any, visitor: Visitor) -> None:
        link = invited(world, ADA)
        visitor.open("/account/sign-up")
        visitor.send(email=ADA, name="Ada", password=PASSWORD)
        before = audited(world)
        for _ in range(2):
            for path in (mailed(world, ADA), link):
                assert visitor.open(path).status_code == 200
                assert visitor.request("HEAD", path).status_code == 200
        assert audited(world) == before
        assert visitor.me() == 401

    def test_the_one_for_an_address_does_not_set_a_password(self, world: Any, visitor: Visitor) -> None:
        visitor.open("/account/sign-up")
        visitor.send(email=ADA, name="Ada", password=PASSWORD)
        assert visitor.open(mailed(world, ADA).replace("confirm", "reset")).status_code == 422

    def test_a_disabled_person_gets_no_form(self, world: Any, visitor: Visitor) -> None:
        from sonobench_platform.accounts import people
        from sonobench_platform.accounts.identity import SERVER

        me = signed_up(world, ADA).get("/api/v1/account").json()["id"]
        visitor.open("/account/forgotten")
        visitor.send(email=ADA)
        core = world.platform.core
        with core.database.write() as work:
            people.disable(core, work, me, caller=SERVER)
        assert visitor.open(mailed(world, ADA)).status_code == 422

    def test_no_secret_is_in_a_title_a_link_or_an_address_that_forms_are_sent_to(self, world: Any, visitor: Visitor) -> None:
        link = invited(world, ADA)
        visitor.open("/account/sign-up")
        visitor.send(email=ADA, name="Ada", password=PASSWORD)
        secrets = [mailed(world, ADA).split("token=")[1], link.rsplit("/", 1)[1]]
        for path, secret in zip((mailed(world, ADA), link), secrets, strict=True):
            page = visitor.open(path).text
            shown = re.findall(r"<title>.*?</title>|<h1>.*?</h1>|action=\"[^\"]*\"", page)
            assert len(shown) >= 2
            assert not [part for part in shown if secret in part]
            linked = [href for href in re.findall(r'href="([^"]*)"', page) if secret in href]
            assert all(href.startswith(("/account/sign-in?next=", "/account/sign-up?next=")) for href in linked)

    def test_no_secret_is_logged(self, world: Any, visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG", logger="sonobench_platform")
        visitor.open("/account/sign-up")
        visitor.send(email=ADA, name="Ada", password=PASSWORD)
        token = mailed(world, ADA).split("token=")[1]
        visitor.open(mailed(world, ADA))
        visitor.send(password="not it, not it at all")
        visitor.send(password=PASSWORD)
        assert token not in caplog.text
        assert PASSWORD not in caplog.text


class TestErrors:
    def test_they_stand_beside_their_fields_and_nothing_typed_is_lost_but_the_password(self, visitor: Visitor) -> None:
        visitor.open("/account/sign-up")
        page = visitor.send(email="ada at example.org", name="Ada <3", password="short")
        assert page.status_code == 422
        assert '<p class="error" id="email-error"><span class="hidden">Error: </span>This is not a mail address' in page.text
        assert 'href="#email"' in page.text
        assert "<title>Error: Make an account" in page.text
        assert visitor.form().fields == {
            "next": "/account",
            "email": "ada at example.org",
            "name": "Ada <3",
            "password": "",
        }
        assert "Ada &lt;3" in page.text

    def test_all_fields_left_empty_are_named_at_once(self, visitor: Visitor) -> None:
        visitor.open("/account/sign-up")
        page = visitor.send()
        assert page.status_code == 422
        for sentence in ("Type your mail address.", "Type your name.", "Type a password."):
            assert page.text.count(sentence) == 2

    def test_a_weak_password_is_refused_with_the_reason(self, world: Any, visitor: Visitor) -> None:
        visitor.open("/account/sign-up")
        page = visitor.send(email=ADA, name="Ada", password="password1234")
        assert page.status_code == 422
        assert 'id="password-error"' in page.text
        assert "well-known one" in page.text
        assert "password1234" not in page.text
        assert mails(world, ADA) == []

    def test_a_weak_new_password_leaves_the_link_good(self, world: Any, visitor: Visitor) -> None:
        signed_up(world, ADA)
        visitor.open("/account/forgotten")
        visitor.send(email=ADA)
        visitor.open(mailed(world, ADA))
        assert visitor.send(password="aaaaaaaaaaaaaaaa").status_code == 422
        assert visitor.send(password=NEW).status_code == 200

    def test_a_wrong_password_does_not_confirm_and_may_be_tried_again(self, world: Any, visitor: Visitor) -> None:
        visitor.open("/account/sign-up")
        visitor.send(email=ADA, name="Ada", password=PASSWORD)
        visitor.open(mailed(world, ADA))
        page = visitor.send(password="another one altogether")
        assert (page.status_code, 'id="password-error"' in page.text) == (422, True)
        assert visitor.me() == 401
        assert visitor.send(password=PASSWORD).status_code == 200
        assert visitor.me() == 200

    def test_a_wrong_address_and_a_wrong_password_are_answered_alike(self, world: Any, visitor: Visitor) -> None:
        signed_up(world, ADA)
        pages = []
        for email in (ADA, "eve@example.org"):
            visitor.open("/account/sign-in")
            page = visitor.send(email=email, password="not it, not it at all")
            assert visitor.form().fields["email"] == email
            pages.append((page.status_code, page.text.replace(email, "...")))
        assert pages[0] == pages[1]
        assert pages[0][0] == 401

    @pytest.mark.parametrize("path", ["/account/sign-up", "/account/forgotten"])
    def test_known_and_unknown_addresses_are_answered_alike(self, world: Any, visitor: Visitor, path: str) -> None:
        signed_up(world, ADA)
        told = []
        for email in (ADA, "eve@example.org"):
            visitor.open(path)
            typed = {"email": email, "name": "Ada", "password": PASSWORD}
            told.append(visitor.send(**{name: typed[name] for name in visitor.form().fields if name in typed}).text)
        assert told[0] == told[1]

    def test_other_bodies_are_refused_in_a_page(self, visitor: Visitor) -> None:
        bodies = [
            ("multipart/form-data; boundary=x", b"--x--"),
            ("application/json", b"{}"),
            ("application/x-www-form-urlencoded", b"\xff%ff&&=&=x&email"),
            ("application/x-www-form-urlencoded", b"email=" + b"a" * 70_000),
            ("application/x-www-form-urlencoded", b"email=%00&password=%00"),
        ]
        for path, (kind, body) in product(("sign-in", "sign-up", "forgotten", "confirm", "reset"), bodies):
            answer = visitor.post(f"/account/{path}", content=body, headers={"Content-Type": kind, "Accept": "text/html"})
            assert answer.status_code == 422, (path, body)
            assert answer.headers["content-type"] == "text/html; charset=utf-8"


class TestGoingOn:
    ELSEWHERE = (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/account/../..//evil.example",
        "javascript:alert(1)",
        "/challenges/../../x",
        "/challenges//evil.example",
        "/invitations/accept/..",
        "/account\r\nSet-Cookie: x=y",
        "/account\n",
        "/static/style.css",
        "account",
        "",
    )

    def test_nobody_is_sent_to_where_no_known_page_is(self, world: Any) -> None:
        visitor = signed_in(world, ADA)
        for wished in self.ELSEWHERE:
            shown = visitor.get("/account/sign-in", params={"next": wished})
            assert (shown.status_code, shown.headers["location"]) == (303, "/account"), wished
            assert local(wished) == "/account", wished
        for wished in self.ELSEWHERE[:2]:
            answer = visitor.post_form("/account/sign-in", {"email": ADA, "password": PASSWORD, "next": wished})
            assert (answer.status_code, answer.headers["location"]) == (303, "/account"), wished

    def test_known_pages_are_gone_to_also_after_a_wrong_password(self, world: Any) -> None:
        signed_up(world, ADA)
        for wished in ("/", "/challenges/tiny", "/challenges/tiny/leaderboard", "/account"):
            visitor = Visitor(world)
            visitor.open(f"/account/sign-in?next={wished}")
            visitor.send(email=ADA, password="wrong, and typed again")
            visitor.send(email=ADA, password=PASSWORD)
            assert visitor.path == wished

    def test_whoever_is_signed_in_needs_no_form(self, world: Any) -> None:
        visitor = signed_in(world, ADA)
        for path in ("/account/sign-in", "/account/sign-up"):
            visitor.open(path)
            assert visitor.path == "/account"

    def test_what_is_said_of_what_was_done_comes_from_no_link(self, visitor: Visitor) -> None:
        assert 'role="status"' not in visitor.open("/account/sign-in?note=<b>call+0123</b>").text
        assert visitor.open(f"/account/sign-in?note={'x' * 41}").status_code == 422


class TestInvitations:
    def test_the_holder_of_the_link_sees_what_it_is_for(self, world: Any, visitor: Visitor) -> None:
        page = visitor.open(invited(world, ADA)).text
        assert f"<bdi>{ADA}</bdi>" in page
        assert "<form" not in page

    def test_another_persons_cannot_be_accepted_and_the_page_says_why(self, world: Any) -> None:
        link = invited(world, ADA)
        bo = signed_in(world, BO)
        page = bo.open(link).text
        assert f"You are signed in as <b><bdi>{BO}</bdi></b>, so you cannot accept it." in page
        assert bo.form().action == "/account/sign-out"
        sent = {"csrf_token": bo.form().fields["csrf_token"], "secret": link.rsplit("/", 1)[1]}
        refused = bo.post_form("/invitations/accept", sent)
        assert refused.status_code == 403
        assert "This invitation is for another mail address" in refused.text
        bo.send()
        assert (bo.path, bo.me()) == (link, 401)

    def test_one_of_a_second_team_in_a_challenge_is_refused_with_the_reason_and_stays(self, world: Any) -> None:
        links = []
        for team in ("U-Vision", "Rivals"):
            captain = make_person(world, f"captain of {team}")
            team_id = make_team(captain, team)
            assert captain.http.post("/api/v1/challenges/tiny/entry", json={}).status_code < 300
            links.append(f"/invitations/{invite(world, captain, team_id, ADA)}")
        ada = signed_in(world, ADA)
        ada.open(links[0])
        assert ada.send().status_code == 200
        ada.open(links[1])
        refused = ada.send()
        assert (refused.status_code, 'role="alert"' in refused.text) == (409, True)
        assert ada.form().action == "/invitations/accept"

    def test_a_used_one_is_not_there(self, world: Any) -> None:
        link = invited(world, ADA)
        ada = signed_in(world, ADA)
        ada.open(link)
        sent = ada.form().fields
        ada.send()
        for answer in (ada.open(link), ada.post_form("/invitations/accept", sent)):
            assert answer.status_code == 404
            assert "This invitation does not work: it was used, revoked or ran out." in answer.text

    def test_a_form_that_is_sent_twice_at_once_joins_once(self, world: Any) -> None:
        link = invited(world, ADA)
        ada = signed_in(world, ADA)
        ada.open(link)
        form = ada.form()
        answers = all_at_once(*[lambda: ada.post_form(form.action, form.fields)] * 3)
        assert sorted(answer.status_code for answer in answers) == [303, 404, 404]

    def test_a_made_up_one_is_not_there(self, visitor: Visitor) -> None:
        for secret in ("x", "é", "%3Cscript%3E", "accept", "a" * 5000):
            answer = visitor.open(f"/invitations/{secret}")
            assert (answer.status_code, "There is no such page" in answer.text) == (404, True), secret

    def test_whoever_is_signed_out_meanwhile_is_told_so(self, world: Any) -> None:
        link = invited(world, ADA)
        ada = signed_in(world, ADA)
        ada.open(link)
        world.clock.advance(hours=13)
        answer = ada.send()
        assert (answer.status_code, "You are signed out, and nothing was changed" in answer.text) == (401, True)
