"""Signed-in browsers: their cookie, their end, and requests that another site makes them send."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from platform_browser import PASSWORD, Browser, signed_up
from sqlalchemy import func, select

from sonobench_platform.accounts.sessions import digest
from sonobench_platform.accounts.tidy import tidy_accounts
from sonobench_platform.db.models import SessionRow

ADA = "ada@example.org"
TEAM = {"name": "U-Vision"}


def _rows(world: Any) -> list[SessionRow]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(SessionRow)))


class TestTheCookie:
    def test_scripts_cannot_read_it_and_other_sites_forms_do_not_carry_it(self, world: Any) -> None:
        signed_up(world, ADA)
        said = Browser(world).sign_in(ADA).headers["set-cookie"]
        assert said.startswith("sonobench_session=")
        assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=1209600"} <= set(said.split("; "))
        assert "Domain" not in said

    def test_behind_tls_it_is_secure_and_bound_to_the_host(self, make_world: Any) -> None:
        world = make_world(public_url="https://sonobench.example.org")
        signed_up(world, ADA)
        browser = Browser(world, "https://sonobench.example.org")
        said = browser.sign_in(ADA).headers["set-cookie"]
        assert said.startswith("__Host-sonobench_session=")
        assert "Secure" in said
        assert browser.me() == 200
        planted = browser.cookies["__Host-sonobench_session"]
        other = Browser(world, "https://sonobench.example.org")
        assert other.get("/api/v1/me", headers={"Cookie": f"sonobench_session={planted}"}).status_code == 401

    def test_only_its_hash_is_kept(self, world: Any) -> None:
        cookie = signed_up(world, ADA).cookies["sonobench_session"]
        assert [row.sha256 for row in _rows(world)] == [digest(cookie)]

    def test_signing_in_makes_a_new_one_and_ends_the_old_one(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        before = browser.cookies["sonobench_session"]
        browser.sign_in(ADA)
        assert browser.cookies["sonobench_session"] != before
        assert len(_rows(world)) == 1

    def test_one_planted_before_signing_in_is_worth_nothing_afterwards(self, world: Any) -> None:
        signed_up(world, ADA)
        victim = Browser(world)
        victim.cookies.set("sonobench_session", "planted")
        victim.sign_in(ADA)
        thief = Browser(world)
        thief.cookies.set("sonobench_session", "planted")
        assert (victim.me(), thief.me()) == (200, 401)

    @pytest.mark.parametrize("cookie", ["x", "é", "a" * 5000, "%00"])
    def test_any_other_is_nobody(self, world: Any, cookie: str) -> None:
        answer = world.anyone.get("/api/v1/me", headers={"Cookie": f"sonobench_session={cookie}".encode()})
        assert (answer.status_code, answer.json()["code"]) == (401, "session-over")


class TestTheirEnd:
    def test_after_half_a_day_of_silence(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        world.clock.advance(hours=11)
        assert browser.me() == 200
        world.clock.advance(hours=11)
        assert browser.me() == 200
        world.clock.advance(hours=12)
        assert browser.me() == 401

    def test_after_two_weeks_whatever_it_does(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        for _ in range(14 * 3 - 1):
            world.clock.advance(hours=8)
            assert browser.me() == 200
        world.clock.advance(hours=8)
        assert browser.me() == 401

    def test_use_is_noted_at_most_once_a_minute(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        begun = _rows(world)[0].seen_at
        world.clock.advance(seconds=59)
        browser.me()
        assert _rows(world)[0].seen_at == begun
        world.clock.advance(seconds=1)
        browser.me()
        assert _rows(world)[0].seen_at == begun + timedelta(minutes=1)

    def test_at_sign_out_in_this_browser_alone(self, world: Any) -> None:
        here, there = signed_up(world, ADA), Browser(world)
        there.sign_in(ADA)
        kept = here.cookies["sonobench_session"]
        assert here.post("/api/v1/account/sign-out").status_code == 204
        assert "sonobench_session" not in here.cookies
        here.cookies.set("sonobench_session", kept)
        assert (here.me(), there.me()) == (401, 200)

    def test_everywhere_where_that_is_wished(self, world: Any) -> None:
        here, there = signed_up(world, ADA), Browser(world)
        there.sign_in(ADA)
        assert here.post("/api/v1/account/sign-out-everywhere").status_code == 204
        assert there.me() == 401
        assert _rows(world) == []

    def test_those_that_are_over_are_dropped(self, world: Any) -> None:
        signed_up(world, ADA)
        world.clock.advance(hours=12)
        fresh = Browser(world)
        fresh.sign_in(ADA)
        tidy_accounts(world.platform.core)
        with world.platform.core.database.read() as session:
            assert session.scalar(select(func.count()).select_from(SessionRow)) == 1
        assert fresh.me() == 200


class TestRequestsOfOtherSites:
    @pytest.mark.parametrize("secret", [None, "", "wrong", "é"])
    def test_a_change_without_the_sessions_secret_is_refused(self, world: Any, secret: str | None) -> None:
        browser = signed_up(world, ADA)
        browser.csrf = None
        headers = {} if secret is None else {"X-CSRF-Token": secret.encode()}
        answer = browser.post("/api/v1/me/teams", json=TEAM, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")

    def test_another_sessions_secret_does_not_do(self, world: Any) -> None:
        ada, eve = signed_up(world, ADA), signed_up(world, "eve@example.org")
        ada.csrf = eve.csrf
        assert ada.post("/api/v1/me/teams", json=TEAM).json()["code"] == "csrf"

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://test.evil.example"},
            {"Origin": "http://127.0.0.1:8101"},
            {"Origin": "http://[broken"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_one_that_says_it_comes_from_elsewhere_is_refused_whatever_it_carries(
        self, world: Any, headers: dict[str, str]
    ) -> None:
        browser = signed_up(world, ADA)
        assert browser.post("/api/v1/me/teams", json=TEAM, headers=headers).json()["code"] == "csrf"
        stranger = Browser(world)
        assert stranger.sign_in(ADA, headers=headers).json()["code"] == "csrf"

    @pytest.mark.parametrize(
        "headers", [{}, {"Origin": "http://test"}, {"Origin": "http://127.0.0.1:8100"}, {"Sec-Fetch-Site": "same-origin"}]
    )
    def test_the_platforms_own_pages_may(self, world: Any, headers: dict[str, str]) -> None:
        assert signed_up(world, ADA).post("/api/v1/me/teams", json=TEAM, headers=headers).status_code == 201

    def test_a_pages_form_may_carry_the_secret_in_a_field(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        secret, browser.csrf = browser.csrf, None
        assert browser.post("/api/v1/account/sign-out", data={"csrf_token": "wrong"}).status_code == 403
        assert browser.post("/api/v1/account/sign-out", data={"csrf_token": secret}).status_code == 204

    def test_reading_needs_no_secret(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        browser.csrf = None
        assert browser.get("/api/v1/account").json()["email"] == ADA
        assert browser.get("/api/v1/account/session").json()["csrf_token"]

    def test_a_bearer_token_needs_none_and_goes_first(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        browser.csrf = None
        token = {"Authorization": f"Bearer {world.organiser.token}"}
        assert browser.post("/api/v1/teams", json=TEAM, headers=token).status_code == 201
        assert browser.get("/api/v1/me", headers=token).json()["kind"] == "organiser"

    def test_a_bearer_token_that_is_none_does_not_fall_back_to_the_cookie(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        assert browser.get("/api/v1/me", headers={"Authorization": "Bearer sbp_x"}).status_code == 401


class TestSigningInAgain:
    def test_who_signed_out_can_come_back(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        browser.post("/api/v1/account/sign-out")
        assert browser.sign_in(ADA, PASSWORD).status_code == 200
