"""What the account pages refuse, and what they say in their headers."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from mailed_links import ADA, invited, signed_in
from page_visitor import Forms, Visitor
from platform_browser import PASSWORD, signed_up
from platform_people import audited, make_person

from sonobench_platform.accounts.rate_limits import MAIL_ACCOUNT, SIGN_IN_HERE


class TestAnotherSitesForms:
    PATHS = ("/account/sign-in", "/account/sign-up", "/account/confirm", "/account/reset", "/account/forgotten")
    SIGNED_IN = ("/account/sign-out", "/invitations/accept")

    def test_they_are_refused_in_a_page(self, world: Any) -> None:
        visitor = signed_in(world, ADA)
        fields = {"email": ADA, "password": PASSWORD, "csrf_token": visitor.form().fields["csrf_token"]}
        foreign = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"})
        for path, headers in product((*self.PATHS, *self.SIGNED_IN), foreign):
            answer = visitor.post_form(path, fields, **headers)
            assert answer.status_code == 403, (path, headers)
            assert "Nothing was changed" in answer.text
            assert "set-cookie" not in answer.headers
            assert visitor.me() == 200

    def test_a_signed_in_persons_form_must_carry_their_sessions_secret(self, world: Any) -> None:
        link = invited(world, ADA)
        visitor = signed_in(world, ADA)
        for path, secret in product(self.SIGNED_IN, ("", "wrong", "é")):
            sent = {"csrf_token": secret, "secret": link.rsplit("/", 1)[1]}
            assert visitor.post_form(path, sent).status_code == 403, (path, secret)
        assert visitor.me() == 200
        assert visitor.get("/api/v1/me").json()["teams"] == []

    def test_a_token_is_no_browser(self, world: Any) -> None:
        ada = make_person(world, "ada", email=ADA)
        secret = invited(world, ADA).rsplit("/", 1)[1]
        form = {"content": f"secret={secret}", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
        assert ada.http.post("/invitations/accept", **form).status_code == 403
        assert ada.http.get("/account").headers["location"] == "/account/sign-in"


class TestHowOften:
    def test_passwords_can_be_tried_as_often_as_at_the_api(self, world: Any, visitor: Visitor) -> None:
        signed_up(world, ADA)
        visitor.open("/account/sign-in")
        for _ in range(SIGN_IN_HERE.amount):
            assert visitor.send(email=ADA, password="not it, not it at all").status_code == 401
        refused = visitor.send(email=ADA, password=PASSWORD)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "That is too often" in refused.text
        assert visitor.form().fields["email"] == ADA
        assert "person.sign-in-refused" in audited(world)

    @pytest.mark.parametrize("path", ["/account/sign-up", "/account/forgotten"])
    def test_mails_can_be_asked_for_as_often_as_at_the_api(self, world: Any, visitor: Visitor, path: str) -> None:
        for turn in range(MAIL_ACCOUNT.amount + 1):
            visitor.open(path)
            typed = {"email": ADA, "name": "Ada", "password": PASSWORD}
            answer = visitor.send(**{name: typed[name] for name in visitor.form().fields if name in typed})
            assert answer.status_code == (200 if turn < MAIL_ACCOUNT.amount else 429)


class TestHeaders:
    PATHS = (
        "/account/sign-in",
        "/account/sign-up",
        "/account/forgotten",
        "/account/confirm?token=x",
        "/account/reset?token=x",
        "/account/sign-up/sent",
        "/account/forgotten/sent",
        "/account",
        "/invitations/x",
    )

    def test_no_page_runs_foreign_scripts_is_kept_or_tells_its_address(self, world: Any) -> None:
        for visitor in (Visitor(world), signed_in(world, ADA)):
            for path in self.PATHS:
                headers = visitor.open(path).headers
                policy = headers["content-security-policy"]
                assert "default-src 'none'" in policy, path
                assert "form-action 'self'" in policy, path
                assert "script-src 'self';" in policy, path
                assert headers["cache-control"] == "no-store", path
                # `no-referrer` would make browsers send `Origin: null` with the forms, which are refused then.
                assert headers["referrer-policy"] == "strict-origin", path

    def test_the_cookie_is_as_the_apis(self, world: Any, visitor: Visitor) -> None:
        signed_up(world, ADA)
        said = visitor.post_form("/account/sign-in", {"email": ADA, "password": PASSWORD}).headers["set-cookie"]
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(said.split("; "))

    def test_every_form_is_for_a_route_that_is_there(self, world: Any) -> None:
        for visitor in (Visitor(world), signed_in(world, ADA)):
            for path in self.PATHS:
                for form in Forms(visitor.open(path).text).forms:
                    assert visitor.get(form.action).status_code != 404 or form.action == "/account/sign-out"


class TestSettings:
    def test_where_people_cannot_make_accounts_the_page_says_so(self, make_world: Any) -> None:
        visitor = Visitor(make_world(open_sign_up=False))
        assert "/account/sign-up" not in visitor.open("/account/sign-in").text
        closed = visitor.open("/account/sign-up")
        assert (closed.status_code, "ask the organisers for one" in closed.text) == (403, True)
        sent = visitor.post_form("/account/sign-up", {"email": ADA, "name": "Ada", "password": PASSWORD})
        assert (sent.status_code, "ask the organisers for one" in sent.text) == (403, True)

    def test_the_identity_provider_is_offered_where_there_is_one(self, make_world: Any) -> None:
        settings = {"oidc_issuer": "https://login.example.org", "oidc_client_id": "bench", "oidc_name": "Hospital <X>"}
        visitor = Visitor(make_world(**settings))
        page = visitor.open("/account/sign-in?next=/challenges/tiny").text
        assert '<a href="/api/v1/account/oidc/start?return_to=/challenges/tiny">Sign in with Hospital &lt;X&gt;</a>' in page
