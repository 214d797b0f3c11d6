"""Signing in with an identity provider, against a real one on loopback; and everything that must not work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import RSAKey
from oidc_server import CLIENT, SECRET, OidcServer, oidc_server
from platform_browser import Browser, link_in, signed_up
from platform_people import audited
from sqlalchemy import func, select, update

from sonobench_platform.accounts.tidy import tidy_accounts
from sonobench_platform.db.models import OidcAttemptRow, OidcLinkRow, PersonRow

ADA = "ada@example.org"
START = "/api/v1/account/oidc/start"


class Scene:
    """A platform and the provider that its settings name."""

    def __init__(self, world: Any, provider: OidcServer) -> None:
        self.world = world
        self.provider = provider

    def leave(self, browser: Browser, return_to: str = "/") -> str:
        """Set out for the provider; where it sends the browser back to."""
        answer = browser.get(START, params={"return_to": return_to})
        assert answer.status_code == 307, answer.text
        return self.provider.send_back(answer.headers["location"])

    def sign_in(self, browser: Browser | None = None, **claims: Any) -> Any:
        """The whole way; the callback's answer."""
        self.provider.claims |= claims
        browser = browser or Browser(self.world)
        return browser.get(_path(self.leave(browser)))

    def count(self, table: Any) -> int:
        with self.world.platform.core.database.read() as session:
            return session.scalar(select(func.count()).select_from(table))


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def _with(address: str, **changes: str | None) -> str:
    """An address with other parameters; None: without."""
    parts = urlsplit(address)
    said = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return f"{parts.path}?{urlencode({name: value for name, value in {**said, **changes}.items() if value is not None})}"


@pytest.fixture
def scene(make_world: Any, tmp_path: Path, fakes: Any) -> Iterator[Scene]:
    secret = tmp_path / "oidc-secret"
    secret.write_text(f"{SECRET}\n")
    clock = fakes.FakeClock()
    with oidc_server(clock) as provider:
        world = make_world(oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret_file=secret)
        provider.clock = world.clock
        yield Scene(world, provider)


class TestSigningIn:
    def test_a_new_person_has_an_account_and_goes_on_where_they_wished(self, scene: Scene) -> None:
        browser = Browser(scene.world)
        answer = browser.get(_path(scene.leave(browser, "/teams?x=1")))
        assert (answer.status_code, answer.headers["location"]) == (303, "/teams?x=1")
        account = browser.get("/api/v1/account").json()
        assert (account["email"], account["name"], account["has_password"]) == (ADA, "Ada", False)
        assert account["providers"] == [scene.provider.issuer]
        assert audited(scene.world)[-2:] == ["person.sign-up", "person.link"]

    def test_the_same_subject_is_the_same_person_whatever_its_address_is_by_then(self, scene: Scene) -> None:
        scene.sign_in()
        browser = Browser(scene.world)
        assert scene.sign_in(browser, email="lovelace@example.org", email_verified=False).status_code == 303
        assert browser.get("/api/v1/account").json()["email"] == ADA
        assert scene.count(PersonRow) == 1

    def test_another_subject_with_the_same_verified_address_is_the_same_person(self, scene: Scene) -> None:
        scene.sign_in()
        assert scene.sign_in(sub="ada-2").status_code == 303
        assert (scene.count(PersonRow), scene.count(OidcLinkRow)) == (1, 2)

    def test_an_address_that_only_userinfo_tells_will_do(self, scene: Scene) -> None:
        scene.provider.userinfo = {"sub": "ada-1", "email": ADA, "email_verified": True}
        assert scene.sign_in(email=None, email_verified=None).status_code == 303

    def test_keys_that_were_changed_are_asked_for_anew(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        scene.sign_in()
        monkeypatch.setattr("sonobench_platform.accounts.oidc_provider._KEYS_AGAIN_AFTER_S", 0.0)
        scene.provider.published = scene.provider.key = RSAKey.generate_key(2048, {"kid": "k2"})
        scene.provider.header = {"alg": "RS256", "kid": "k2"}
        assert scene.sign_in().status_code == 303

    @pytest.mark.parametrize(
        "return_to", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\\b", "evil", "/a\r\nSet-Cookie: x=1"]
    )
    def test_nobody_is_sent_on_to_another_site(self, scene: Scene, return_to: str) -> None:
        browser = Browser(scene.world)
        assert browser.get(_path(scene.leave(browser, return_to))).headers["location"] == "/"

    def test_where_no_provider_is_named_there_is_none(self, world: Any) -> None:
        assert Browser(world).get(START).json()["code"] == "no-provider"


class TestAccountsThatAreHereAlready:
    def test_one_with_the_same_address_is_linked_where_the_provider_vouches_for_it(self, scene: Scene) -> None:
        signed_up(scene.world, ADA)
        browser = Browser(scene.world)
        assert scene.sign_in(browser).status_code == 303
        assert browser.get("/api/v1/account").json()["has_password"] is True
        assert Browser(scene.world).sign_in(ADA).status_code == 200

    @pytest.mark.parametrize("verified", [False, None, "yes", 1.5, "false"])
    def test_it_is_not_where_the_provider_does_not(self, scene: Scene, verified: Any) -> None:
        signed_up(scene.world, ADA)
        answer = scene.sign_in(email_verified=verified)
        assert (answer.status_code, answer.json()["code"]) == (403, "oidc-email-unverified")
        assert scene.count(OidcLinkRow) == 0

    def test_a_password_that_an_unconfirmed_stranger_left_is_dropped(self, scene: Scene) -> None:
        Browser(scene.world).sign_up(ADA, name="Eve", password="password of a thief")
        link = link_in(scene.world, ADA)
        browser = Browser(scene.world)
        scene.sign_in(browser)
        account = browser.get("/api/v1/account").json()
        assert (account["name"], account["has_password"]) == ("Ada", False)
        assert Browser(scene.world).sign_in(ADA, "password of a thief").status_code == 401
        assert Browser(scene.world).confirm(link, "password of a thief").status_code == 422

    def test_a_disabled_person_stays_out(self, scene: Scene) -> None:
        scene.sign_in()
        with scene.world.platform.core.database.write() as work:
            work.session.execute(update(PersonRow).values(disabled_at=scene.world.clock.now()))
        assert scene.sign_in().json()["code"] == "account-disabled"

    def test_where_sign_up_is_closed_it_makes_no_accounts(self, scene: Scene) -> None:
        object.__setattr__(scene.world.platform.core.settings, "open_sign_up", False)
        assert scene.sign_in().json()["code"] == "sign-up-closed"
        assert scene.count(PersonRow) == 0


class TestTokensThatAreNotToBeBelieved:
    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "another"},
            {"nonce": None},
            {"aud": "another program"},
            {"aud": None},
            {"aud": [CLIENT, "another"], "azp": "another"},
            {"iss": "https://evil.example"},
            {"iss": None},
            {"exp": 1_000_000_000},
            {"exp": None},
            {"iat": 4_000_000_000},
            {"nbf": 4_000_000_000},
            {"sub": None},
            {"sub": ""},
            {"sub": "x" * 201},
            {"sub": 7},
        ],
        ids=str,
    )
    def test_one_that_says_something_else_is_refused(self, scene: Scene, claims: dict[str, Any]) -> None:
        answer = scene.sign_in(**claims)
        assert (answer.status_code, answer.json()["code"]) == (403, "oidc-refused")
        assert scene.count(PersonRow) == 0

    def test_one_for_several_programs_will_do_where_it_was_made_for_this_one(self, scene: Scene) -> None:
        assert scene.sign_in(aud=[CLIENT, "another"], azp=CLIENT).status_code == 303

    def test_one_without_a_signature_is_refused(self, scene: Scene) -> None:
        scene.provider.header = {"alg": "none"}
        assert scene.sign_in().json()["code"] == "oidc-refused"

    def test_one_signed_with_the_public_key_as_a_shared_secret_is_refused(self, scene: Scene) -> None:
        scene.provider.header = {"alg": "HS256", "kid": "k1"}
        assert scene.sign_in().json()["code"] == "oidc-refused"

    def test_one_signed_with_anothers_key_is_refused(self, scene: Scene) -> None:
        scene.provider.key = RSAKey.generate_key(2048, {"kid": "k1"})
        assert scene.sign_in().json()["code"] == "oidc-refused"

    def test_userinfo_about_somebody_else_is_refused(self, scene: Scene) -> None:
        scene.provider.userinfo = {"sub": "eve", "email": ADA, "email_verified": True}
        assert scene.sign_in(email=None).json()["code"] == "oidc-refused"


class TestTheWayBack:
    def test_it_works_once(self, scene: Scene) -> None:
        browser = Browser(scene.world)
        back = scene.leave(browser)
        kept = browser.cookies["sonobench_oidc"]
        assert browser.get(_path(back)).status_code == 303
        replay = Browser(scene.world)
        replay.cookies.set("sonobench_oidc", kept)
        assert replay.get(_path(back)).json()["code"] == "oidc-journey"
        assert scene.provider.tokens_given == 1

    def test_another_browser_cannot_end_it_nor_spoil_it(self, scene: Scene) -> None:
        browser, thief = Browser(scene.world), Browser(scene.world)
        back = scene.leave(browser)
        scene.leave(thief)
        assert thief.get(_path(back)).json()["code"] == "oidc-journey"
        assert Browser(scene.world).get(_path(back)).json()["code"] == "oidc-journey"
        assert browser.get(_path(back)).status_code == 303

    @pytest.mark.parametrize(
        "changes", [{"state": None}, {"state": ""}, {"state": "made up"}, {"code": None}, {"iss": "https://evil.example"}]
    )
    def test_one_that_was_not_begun_so_is_refused(self, scene: Scene, changes: dict[str, str | None]) -> None:
        browser = Browser(scene.world)
        answer = browser.get(_with(scene.leave(browser), **changes))
        assert (answer.status_code, answer.json()["code"]) == (422, "oidc-journey")
        assert browser.me() == 401

    def test_anothers_code_does_not_fit_because_of_its_verifier(self, scene: Scene) -> None:
        browser, thief = Browser(scene.world), Browser(scene.world)
        code = parse_qs(urlsplit(scene.leave(browser)).query)["code"][0]
        assert thief.get(_with(scene.leave(thief), code=code)).json()["code"] == "oidc-refused"

    def test_it_is_over_after_ten_minutes_and_forgotten(self, scene: Scene) -> None:
        browser = Browser(scene.world)
        back = scene.leave(browser)
        scene.leave(Browser(scene.world))
        scene.world.clock.advance(minutes=10)
        assert browser.get(_path(back)).json()["code"] == "oidc-journey"
        tidy_accounts(scene.world.platform.core)
        assert scene.count(OidcAttemptRow) == 0

    def test_a_provider_that_says_no_is_told(self, scene: Scene) -> None:
        answer = Browser(scene.world).get("/api/v1/account/oidc/callback?error=access_denied&state=x")
        assert answer.json()["code"] == "oidc-denied"

    def test_a_provider_that_answers_nonsense_or_nothing_is_503(self, scene: Scene) -> None:
        scene.provider.is_broken = True
        assert Browser(scene.world).get(START).json()["code"] == "oidc-away"

    def test_one_that_calls_itself_otherwise_is_not_believed(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scene.provider, "describe", lambda: {"issuer": "https://evil.example"})
        assert Browser(scene.world).get(START).json()["code"] == "oidc-misconfigured"
