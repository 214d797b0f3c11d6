"""An image sent by the plain form: whole or not at all, for whom it belongs to, at no cost where it breaks."""

from __future__ import annotations

from typing import Any

import pytest
from page_visitor import Visitor
from phased_world import with_rules
from platform_people import hide, make_person, make_team
from portal_people import at_the_portal, send_form, whole_form, words_of

from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.protection import MAX_BODY_BYTES

CHECKLIST = "/portal/challenges/tiny"
UPLOAD = f"{CHECKLIST}/upload"


@pytest.fixture
def ada(world: Any) -> Visitor:
    """Somebody with a team, whose checklist is open."""
    return at_the_checklist(world)


def at_the_checklist(world: Any) -> Visitor:
    person = make_person(world, "ada")
    make_team(person, "U-Vision")
    visitor = at_the_portal(world, person)
    visitor.open(CHECKLIST)
    return visitor


def fields_of(visitor: Visitor) -> dict[str, str]:
    return {name: value for name, value in visitor.form("/upload").fields.items() if name != "image"}


def submissions(world: Any) -> list[SubmissionRow]:
    with world.platform.core.database.read() as session:
        return session.query(SubmissionRow).all()


class TestAWholeForm:
    @pytest.mark.parametrize("size_bytes", [1, 70_000, MAX_BODY_BYTES + 5])
    def test_its_image_is_stored_as_it_is_and_checked(self, world: Any, ada: Visitor, size_bytes: int) -> None:
        image = bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256)
        answer = send_form(ada, UPLOAD, whole_form({**fields_of(ada), "note": "né"}, image))
        (row,) = submissions(world)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/submissions/{row.id}")
        assert (row.state, row.note, row.declared_size_bytes, row.source) == ("checking", "né", size_bytes, "upload")
        assert world.platform.core.store.upload(row.id).read_bytes() == image

    def test_it_is_for_the_phase_that_was_ticked(self, world: Any, ada: Visitor) -> None:
        assert fields_of(ada)["phase"] == "test"
        answer = send_form(ada, UPLOAD, whole_form({**fields_of(ada), "phase": "nosuch"}, b"x"))
        assert answer.status_code == 404
        assert submissions(world) == []


class TestARefusedForm:
    def test_without_a_file_the_page_says_so(self, world: Any, ada: Visitor) -> None:
        answer = send_form(ada, UPLOAD, whole_form(fields_of(ada), b"", filename=""))
        assert (answer.status_code, "Choose the file with the image first" in answer.text) == (422, True)
        assert submissions(world) == []

    def test_a_spent_quota_is_said_on_the_page(self, world: Any) -> None:
        with_rules(world, quota={"total": 1})
        ada = at_the_checklist(world)
        fields = fields_of(ada)
        assert send_form(ada, UPLOAD, whole_form(fields, b"first")).status_code == 303
        answer = send_form(ada, UPLOAD, whole_form(fields, b"second"))
        assert answer.status_code == 409
        assert "0 of 1 submissions to test are left" in words_of(answer)
        assert len(submissions(world)) == 1

    def test_an_image_that_is_too_large_is_refused_before_it_is_kept(self, make_world: Any) -> None:
        world = make_world(max_upload_bytes=1000)
        ada = at_the_checklist(world)
        answer = send_form(ada, UPLOAD, whole_form(fields_of(ada), b"x" * 1001))
        assert (answer.status_code, "at most 1,000" in answer.text) == (413, True)
        assert submissions(world) == []

    def test_a_note_that_turns_the_line_around_is_refused(self, world: Any, ada: Visitor) -> None:
        answer = send_form(ada, UPLOAD, whole_form({**fields_of(ada), "note": "a\u202eb"}, b"x"))
        assert answer.status_code == 422
        assert submissions(world) == []

    @pytest.mark.parametrize("body", [b"", b"no form", b"------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n"])
    def test_what_is_no_form_is_refused(self, world: Any, ada: Visitor, body: bytes) -> None:
        assert send_form(ada, UPLOAD, body).status_code == 400
        assert submissions(world) == []


class TestABrokenForm:
    def test_something_behind_the_file_costs_no_attempt_and_leaves_nothing(self, world: Any, ada: Visitor) -> None:
        whole = whole_form(fields_of(ada), b"x" * 1000)
        answer = send_form(ada, UPLOAD, whole[:-4] + b"zzzz")
        assert answer.status_code == 400
        (row,) = submissions(world)
        assert row.state == "cancelled"
        assert not world.submission(row.id)["costs_attempt"]
        assert world.files("uploads") == []


class TestWhoMaySendIt:
    def test_nobody_without_a_session(self, world: Any, ada: Visitor) -> None:
        body = whole_form(fields_of(ada), b"x")
        assert send_form(Visitor(world), UPLOAD, body).status_code == 401
        assert submissions(world) == []

    def test_no_token(self, world: Any, ada: Visitor) -> None:
        body, person = whole_form(fields_of(ada), b"x"), make_person(world, "bo")
        answer = send_form(Visitor(world), UPLOAD, body, Authorization=f"Bearer {person.http.token}")
        assert answer.status_code == 401

    @pytest.mark.parametrize("secret", ["", "wrong", "é"])
    def test_no_form_without_the_sessions_secret(self, world: Any, ada: Visitor, secret: str) -> None:
        answer = send_form(ada, UPLOAD, whole_form({**fields_of(ada), "csrf_token": secret}, b"x"))
        assert (answer.status_code, "Nothing was changed" in answer.text) == (403, True)
        assert submissions(world) == []

    def test_no_other_sites_form(self, world: Any, ada: Visitor) -> None:
        body = whole_form(fields_of(ada), b"x")
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert send_form(ada, UPLOAD, body, **headers).status_code == 403
        assert submissions(world) == []

    def test_a_secret_behind_the_file_is_none(self, world: Any, ada: Visitor) -> None:
        fields = fields_of(ada)
        secret = fields.pop("csrf_token")
        assert send_form(ada, UPLOAD, whole_form(fields, secret.encode())).status_code == 403

    def test_nobody_to_a_hidden_challenge(self, world: Any, ada: Visitor) -> None:
        body = whole_form(fields_of(ada), b"x")
        hide(world)
        assert send_form(ada, UPLOAD, body).status_code == 404

    def test_nobody_who_is_in_no_team(self, world: Any, ada: Visitor) -> None:
        lone = at_the_portal(world, make_person(world, "lone"))
        lone.open(CHECKLIST)
        body = whole_form({"csrf_token": lone.form("/portal/teams").fields["csrf_token"]}, b"x")
        answer = send_form(lone, UPLOAD, body)
        assert (answer.status_code, "You are in no team" in answer.text) == (409, True)
