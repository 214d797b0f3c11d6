"""The pages of accounts, rendered: labelled, complete, said in words, harmless with hostile names; and their forms, read."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from sonobench_platform.accounts.identity import OwnTeam
from sonobench_platform.accounts.schemas import Account, Confirmation, SignIn, SignUp
from sonobench_platform.db.models import InvitationRow, PersonRow, TeamRow
from sonobench_platform.domain.errors import TooMany, Unprocessable
from sonobench_platform.problems import Problem
from sonobench_platform.teams.invitations import Looked
from sonobench_platform.web import account_build as build
from sonobench_platform.web.account_forms import Form, FormRefused, body_of, local, said
from sonobench_platform.web.contexts import PageContext
from sonobench_platform.web.contexts_account import AccountContext, FormError, FormPage
from sonobench_platform.web.invitation_pages import invitation_context
from sonobench_platform.web.rendering import PRIVATE_HEADERS, SECURITY_HEADERS, render

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e{{ 7*7 }}"
TYPED = Form({"email": HOSTILE, "name": HOSTILE, "password": "typed and lost"})
ERRORS = (
    FormError("email", "This is no address."),
    FormError("password", "The password is too short."),
    FormError("", "Too often."),
)
SECRET = "s3cret-of-a-link"
VOID = {"meta", "link", "input"}


class Reader(HTMLParser):
    """Reads a page's tags and text; fails on what is not closed and on doubled ids."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        assert self.open == []
        self.ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def invitation(*, reader: str | None, errors: tuple[FormError, ...] = (), team: str = "U-Vision") -> AccountContext:
    row = InvitationRow(email="ada@example.org", email_key="ada@example.org", expires_at=datetime(2026, 1, 8, 12, tzinfo=UTC))
    person = None if reader is None else PersonRow(email=reader, email_key=reader)
    return invitation_context(Looked(row, TeamRow(name=team)), SECRET, reader=person, csrf_token="of-session", errors=errors)


def account(name: str, *teams: OwnTeam) -> AccountContext:
    made = Account(
        id="pers-a",
        email="ada@example.org",
        name=name,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        is_administrator=False,
        has_password=True,
        providers=[],
    )
    return build.account_context(made, teams, csrf_token="of-session")


@pytest.fixture
def every_page() -> dict[str, AccountContext | PageContext]:
    return {
        "sign in": build.sign_in_context(Form({}), next_="/account", note=build.notes()["signed-out"]),
        "sign in, refused": build.sign_in_context(TYPED, ERRORS, next_="/challenges/tiny"),
        "sign up": build.sign_up_context(Form({}), next_="/account"),
        "sign up, refused": build.sign_up_context(TYPED, ERRORS, next_="/account"),
        "forgotten": build.forgotten_context(Form({})),
        "forgotten, refused": build.forgotten_context(TYPED, ERRORS[:1]),
        "confirm": build.confirm_context(SECRET, HOSTILE),
        "confirm, refused": build.confirm_context(SECRET, HOSTILE, ERRORS[1:]),
        "reset": build.reset_context(SECRET, "ada@example.org"),
        "reset, refused": build.reset_context(SECRET, "ada@example.org", ERRORS[1:2]),
        "spent confirm": build.spent_confirm_context("This link was used already."),
        "spent reset": build.spent_reset_context("This link was used already."),
        "sent": build.mail_sent_context(("A mail is on its way.",)),
        "account": account(HOSTILE, OwnTeam("team-a", HOSTILE, is_captain=True), OwnTeam("team-b", "B", is_captain=False)),
        "account without teams": account("Ada"),
        "invitation": invitation(reader=None, team=HOSTILE),
        "invitation, signed in": invitation(reader="ada@example.org"),
        "invitation, refused": invitation(reader="ada@example.org", errors=ERRORS[2:]),
        "invitation of another": invitation(reader="bo@example.org"),
    }


class TestEveryPage:
    def test_it_has_one_first_heading_and_runs_nothing(self, every_page: dict[str, Any]) -> None:
        for name, context in every_page.items():
            read = Reader(render(context))
            assert len(read.named("h1")) == 1, name
            assert not {"style", "img"} & {tag for tag, _ in read.tags}, name
            assert all(set(given) == {"src", "type"} for tag, given in read.tags if tag == "script"), name
            for tag, attributes in read.tags:
                assert not [key for key in attributes if key.startswith("on") or key == "style"], (name, tag)

    def test_every_field_has_a_label_and_says_what_it_is_for(self, every_page: dict[str, Any]) -> None:
        for name, context in every_page.items():
            read = Reader(render(context))
            labelled = {label["for"] for label in read.named("label")}
            for field in read.named("input"):
                if field["type"] == "hidden":
                    continue
                assert field["id"] in labelled, name
                assert field["autocomplete"] in {"email", "username", "name", "current-password", "new-password"}, name
                assert set(field.get("aria-describedby", "").split()) <= set(read.ids), name

    def test_what_is_wrong_is_above_and_beside_its_field_and_in_the_title(self, every_page: dict[str, Any]) -> None:
        for name in ("sign in, refused", "sign up, refused", "forgotten, refused", "confirm, refused", "reset, refused"):
            context = every_page[name]
            html = render(context)
            read = Reader(html)
            assert context.page.title.startswith("Error: "), name
            (summary,) = [each for each in read.named("div") if each.get("role") == "alert"]
            assert {"autofocus", "tabindex"} <= set(summary), name
            assert html.count("Error: </span>") == len([each for each in context.errors if each.field]), name
            for error in context.errors:
                assert error.sentence in html, name
                assert not error.field or f'<a href="#{error.field}">' in html, name
            wrong = {field["id"] for field in read.named("input") if field.get("aria-invalid") == "true"}
            assert wrong == {error.field for error in context.errors if error.field}, name

    def test_no_password_is_ever_written_into_a_page(self, every_page: dict[str, Any]) -> None:
        for name, context in every_page.items():
            html = render(context)
            assert "typed and lost" not in html, name
            assert all("value" not in field for field in Reader(html).named("input") if field["type"] == "password"), name

    def test_the_secret_of_a_link_is_in_no_title_heading_or_crumb(self, every_page: dict[str, Any]) -> None:
        for name, context in every_page.items():
            assert SECRET not in context.page.title, name
            assert all(SECRET not in crumb.href + crumb.title for crumb in context.page.crumbs), name
            assert all(SECRET not in form["action"] for form in Reader(render(context)).named("form")), name

    def test_names_of_others_are_text_without_turns(self, every_page: dict[str, Any]) -> None:
        for name in ("account", "invitation", "confirm"):
            assert "\u202e" not in render(every_page[name]), name
        assert "<bdi>&lt;script&gt;" in render(every_page["account"])

    def test_what_was_typed_stands_in_the_form_again(self, every_page: dict[str, Any]) -> None:
        fields = {field["name"]: field for field in Reader(render(every_page["sign up, refused"])).named("input")}
        assert (fields["email"]["value"], fields["name"]["value"]) == (HOSTILE, HOSTILE)


class TestSentences:
    def test_a_form_that_was_not_sent_has_no_error(self) -> None:
        page = build.sign_in_context(Form({}), next_="/account")
        assert (page.errors, page.page.title) == ((), "Sign in – Sonobench")

    def test_a_new_password_comes_with_what_is_asked_of_it(self) -> None:
        for page in (build.sign_up_context(Form({}), next_="/account"), build.reset_context("t", "ada@example.org")):
            hints = [field.hint for field in page.fields if field.autocomplete == "new-password"]
            assert [hint.startswith("At least 12 characters") for hint in hints] == [True]

    def test_a_password_that_exists_is_not_asked_for_as_a_new_one(self) -> None:
        for page in (build.sign_in_context(Form({}), next_="/account"), build.confirm_context("t", "ada@example.org")):
            assert [field.autocomplete for field in page.fields if field.kind == "password"] == ["current-password"]

    def test_only_whom_it_is_for_is_offered_to_join(self) -> None:
        offered = ["Join the team" in render(invitation(reader=reader)) for reader in (None, "bo@example.org", "ada@example.org")]
        assert offered == [False, False, True]

    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [
            (401, "token-needed", "You are signed out, and nothing was changed; sign in and try again."),
            (403, "csrf", "Nothing was changed: this form is from before you signed in"),
            (429, "too-often", "the API's own sentence"),
            (404, "no-such-invitation", "the API's own sentence"),
        ],
    )
    def test_refusals_before_a_form_is_read_speak_to_people(self, status: int, code: str, expected: str) -> None:
        problem = Problem(
            type="urn:x", title="x", status=status, detail="the API's own sentence", instance=f"/invitations/{SECRET}", code=code
        )
        html = render(build.refused_context(problem))
        assert expected.replace("'", "&#39;") in html
        assert SECRET not in html


class TestBodyOf:
    def test_what_is_right_is_what_the_api_takes(self) -> None:
        body = body_of(SignUp, Form({"email": " ada@example.org", "name": "Ada ", "password": "x", "next": "/", "more": "y"}))
        assert (body.email, body.name, body.password.get_secret_value()) == ("ada@example.org", "Ada", "x")

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ({"email": "", "password": ""}, {"email": "Type your mail address.", "password": "Type a password."}),
            ({"email": "ada", "password": "x"}, {"email": "This is not a mail address, such as ada@example.org."}),
            (
                {"email": "a@b.org\u202e", "password": "x"},
                {"email": "This contains the invisible or control character U+202E; remove it."},
            ),
            (
                {"email": "a@b.org", "password": "x" * 257},
                {"password": "The password is too long; take at most 256 characters."},
            ),
        ],
    )
    def test_what_is_wrong_is_said_of_its_field(self, typed: dict[str, str], expected: dict[str, str]) -> None:
        with pytest.raises(FormRefused) as caught:
            body_of(SignIn, Form(typed))
        assert {error.field: error.sentence for error in caught.value.errors} == expected

    def test_no_sentence_repeats_a_password(self) -> None:
        with pytest.raises(FormRefused) as caught:
            body_of(Confirmation, Form({"token": "t", "password": "mine" * 100}))
        assert "mine" not in str(said(caught.value))

    def test_a_name_that_is_too_long_is_said_so(self) -> None:
        with pytest.raises(FormRefused) as caught:
            body_of(SignUp, Form({"email": "a@b.org", "name": "n" * 101, "password": "x"}))
        assert caught.value.errors == (FormError("name", "The name is too long; take at most 100 characters."),)


class TestSaid:
    def test_a_refusal_stands_beside_what_it_is_about_or_above_all(self) -> None:
        assert said(Unprocessable("weak-password", "Too short.")) == (422, {}, (FormError("password", "Too short."),))
        refused = said(TooMany("too-often", "Wait.", headers={"Retry-After": "7"}))
        assert refused == (429, {"Retry-After": "7"}, (FormError("", "Wait."),))


class TestLocal:
    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/account",
            "/challenges/two",
            "/challenges/two/leaderboard",
            "/challenges/two/leaderboard?phase=final&sort=dsc",
            "/invitations/aB-_9",
            "/portal",
            "/desk/challenges/two/teams",
            "/submissions/sub_1",
        ],
    )
    def test_known_pages_are_gone_to(self, path: str) -> None:
        assert local(path) == path

    @pytest.mark.parametrize(
        "path",
        [
            *(
                "",
                "account",
                "//x",
                "/\\x",
                "https://x",
                "/account/",
                "/account\n",
                "/invitations/",
                "/invitations/a/b",
                "/a",
                "/?x",
            ),
            *("/portal/../x", "/challenges//x", "/challenges/two?x=//y", "/challenges/two#x", "/desk/..", "/challenges/%2e%2e/x"),
        ],
    )
    def test_all_else_is_the_account(self, path: str) -> None:
        assert local(path) == "/account"

    def test_an_address_carries_where_to_go_on_only_where_that_says_something(self) -> None:
        assert build.address("/account/sign-in", "/account") == "/account/sign-in"
        assert build.address("/account/sign-in", "/invitations/aB") == "/account/sign-in?next=/invitations/aB"


class TestHeaders:
    def test_forms_go_nowhere_else(self) -> None:
        for headers in (PRIVATE_HEADERS, SECURITY_HEADERS):
            assert "form-action 'self'" in headers["Content-Security-Policy"]
        assert PRIVATE_HEADERS["Cache-Control"] == "no-store"

    def test_an_error_in_the_form_as_a_whole_marks_no_field(self) -> None:
        page = build.sign_in_context(TYPED, (FormError("", "Too often."),), next_="/account")
        assert isinstance(page, FormPage)
        assert [field.error for field in page.fields] == ["", ""]
