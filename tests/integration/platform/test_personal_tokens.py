"""Personal API tokens: what they may do, how they are kept, and how they end."""

from __future__ import annotations

import re
from typing import Any

import pytest
from platform_browser import Browser, signed_up
from platform_people import audited
from platform_world import Http
from sqlalchemy import select, update

from sonobench_platform.accounts.tokens import digest
from sonobench_platform.db.models import ChallengeRow, OrganiserRow, PersonRow, TokenRow

ADA = "ada@example.org"


def _make(browser: Browser, *scopes: str, **more: Any) -> dict[str, Any]:
    answer = browser.post("/api/v1/account/tokens", json={"name": "nightly", "scopes": list(scopes) or ["read"], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _http(browser: Browser, made: dict[str, Any]) -> Http:
    return Http(browser.world.app, made["token"])


def _organise(browser: Browser) -> None:
    world = browser.world
    with world.platform.core.database.write() as work:
        person, challenge = work.session.scalar(select(PersonRow.id)), work.session.scalar(select(ChallengeRow.id))
        work.session.add(OrganiserRow(challenge_id=challenge, person_id=person, added_at=world.clock.now()))


def _administer(browser: Browser, *, is_administrator: bool = True) -> None:
    with browser.world.platform.core.database.write() as work:
        work.session.execute(update(PersonRow).values(is_administrator=is_administrator))


@pytest.fixture
def browser(world: Any) -> Browser:
    return signed_up(world, ADA)


class TestMaking:
    def test_it_is_shown_once_and_kept_as_a_hash(self, world: Any, browser: Browser) -> None:
        made = _make(browser, "read", "submit")
        assert re.fullmatch(r"sbp_[a-z2-7]{52}[0-9a-f]{8}", made["token"])
        listed = browser.get("/api/v1/account/tokens").json()["items"]
        assert [(each["id"], each["hint"], each["scopes"]) for each in listed] == [
            (made["id"], made["token"][:8], ["read", "submit"])
        ]
        assert "token" not in listed[0]
        with world.platform.core.database.read() as session:
            row = session.scalars(select(TokenRow).where(TokenRow.id == made["id"])).one()
        assert row.sha256 == digest(made["token"])
        assert made["token"] not in str(vars(row))
        assert "token.create" in audited(world)

    @pytest.mark.parametrize(
        "wrong",
        [{"scopes": []}, {"scopes": ["everything"]}, {"days": 0}, {"days": 367}, {"name": ""}, {"name": "a\u200bb"}, {"x": 1}],
    )
    def test_nonsense_is_refused(self, browser: Browser, wrong: dict[str, Any]) -> None:
        body = {"name": "nightly", "scopes": ["read"], **wrong}
        assert browser.post("/api/v1/account/tokens", json=body).status_code == 422

    def test_none_gets_more_than_its_owner_has(self, browser: Browser) -> None:
        for scope in ("organise", "administer"):
            answer = browser.post("/api/v1/account/tokens", json={"name": "more", "scopes": [scope]})
            assert answer.json()["code"] == "scope-beyond-owner"
        _organise(browser)
        _make(browser, "organise")
        assert browser.post("/api/v1/account/tokens", json={"name": "more", "scopes": ["administer"]}).status_code == 422

    def test_a_token_makes_no_tokens_and_touches_no_password(self, browser: Browser) -> None:
        _administer(browser)
        http = _http(browser, _make(browser, "read", "submit", "organise", "administer"))
        for method, path in (
            ("POST", "/api/v1/account/tokens"),
            ("GET", "/api/v1/account/tokens"),
            ("POST", "/api/v1/account/password"),
            ("POST", "/api/v1/account/sign-out-everywhere"),
            ("GET", "/api/v1/account/session"),
        ):
            assert http.request(method, path, json={}).json()["code"] == "not-your-role", path

    def test_there_is_an_end_to_how_many(self, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sonobench_platform.accounts.personal_tokens.MOST", 2)
        _make(browser)
        _make(browser, days=1)
        again = {"name": "third", "scopes": ["read"]}
        assert browser.post("/api/v1/account/tokens", json=again).json()["code"] == "too-many-tokens"
        browser.world.clock.advance(hours=11)
        browser.me()
        browser.world.clock.advance(hours=11)
        browser.me()
        browser.world.clock.advance(hours=3)
        assert browser.post("/api/v1/account/tokens", json=again).status_code == 201


class TestWhatTheyMayDo:
    def test_one_to_read_only_reads(self, browser: Browser) -> None:
        http = _http(browser, _make(browser, "read"))
        assert http.get("/api/v1/me").json()["roles"] == ["participant", "person"]
        assert http.get("/api/v1/me/teams").status_code == 200
        assert http.post("/api/v1/me/teams", json={"name": "A"}).json()["code"] == "scope-missing"
        assert http.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 1}).json()["code"] == "scope-missing"

    def test_one_to_submit_changes_things_as_a_participant(self, browser: Browser) -> None:
        http = _http(browser, _make(browser, "submit"))
        assert http.post("/api/v1/me/teams", json={"name": "A"}).status_code == 201

    def test_an_organisers_token_organises_with_that_scope_only(self, browser: Browser) -> None:
        _organise(browser)
        close = "/api/v1/challenges/tiny/close"
        assert _http(browser, _make(browser, "read", "submit")).post(close).json()["code"] == "not-your-role"
        assert _http(browser, _make(browser, "organise")).post(close).status_code == 200

    def test_an_administrators_token_administers_with_that_scope_only(self, browser: Browser) -> None:
        _administer(browser)
        assert _http(browser, _make(browser, "organise")).get("/api/v1/people").json()["code"] == "not-your-role"
        assert _http(browser, _make(browser, "administer")).get("/api/v1/people").status_code == 200

    def test_it_loses_what_its_owner_loses(self, browser: Browser) -> None:
        _administer(browser)
        http = _http(browser, _make(browser, "administer"))
        _administer(browser, is_administrator=False)
        assert http.get("/api/v1/people").status_code == 403


class TestTheirEnd:
    def test_a_revoked_one_is_unknown_at_once(self, world: Any, browser: Browser) -> None:
        made = _make(browser)
        assert browser.request("DELETE", f"/api/v1/account/tokens/{made['id']}").status_code == 204
        assert _http(browser, made).get("/api/v1/me").json()["code"] == "unknown-token"
        assert browser.request("DELETE", f"/api/v1/account/tokens/{made['id']}").status_code == 404
        assert browser.get("/api/v1/account/tokens").json()["items"] == []
        assert audited(world)[-1] == "token.revoke"

    def test_another_persons_is_not_there_to_be_revoked(self, world: Any, browser: Browser) -> None:
        made, eve = _make(browser), signed_up(world, "eve@example.org")
        theirs = eve.request("DELETE", f"/api/v1/account/tokens/{made['id']}")
        missing = eve.request("DELETE", "/api/v1/account/tokens/tok-aaaaaaaaaaaaaaaa")
        assert theirs.status_code == missing.status_code == 404
        assert theirs.json()["detail"].replace(made["id"], "") == missing.json()["detail"].replace("tok-aaaaaaaaaaaaaaaa", "")
        assert _http(browser, made).get("/api/v1/me").status_code == 200

    def test_a_teams_token_is_not_a_persons_to_revoke(self, world: Any, browser: Browser) -> None:
        world.team("A")
        with world.platform.core.database.read() as session:
            others = session.scalars(select(TokenRow.id)).all()
        assert {browser.request("DELETE", f"/api/v1/account/tokens/{each}").status_code for each in others} == {404}

    def test_it_ends_by_itself(self, browser: Browser) -> None:
        http = _http(browser, _make(browser, days=2))
        browser.world.clock.advance(days=2, seconds=-1)
        assert http.get("/api/v1/me").status_code == 200
        browser.world.clock.advance(seconds=1)
        assert http.get("/api/v1/me").status_code == 401

    def test_a_disabled_persons_is_unknown(self, world: Any, browser: Browser) -> None:
        http, person = _http(browser, _make(browser)), browser.get("/api/v1/account").json()["id"]
        world.organiser.post(f"/api/v1/people/{person}/disable")
        assert http.get("/api/v1/me").status_code == 401
        world.organiser.post(f"/api/v1/people/{person}/enable")
        assert http.get("/api/v1/me").status_code == 200

    def test_when_it_was_last_used_is_known_to_within_a_minute(self, browser: Browser) -> None:
        made = _make(browser)
        assert made["last_used_at"] is None
        http, used = _http(browser, made), []
        for _ in range(3):
            http.get("/api/v1/me")
            used.append(browser.get("/api/v1/account/tokens").json()["items"][0]["last_used_at"])
            browser.world.clock.advance(seconds=30)
        assert used[0] == used[1] != used[2]
