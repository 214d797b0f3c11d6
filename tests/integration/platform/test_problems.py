"""Every error is a problem document, every response is guarded, and the API describes itself whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from sonobench_platform.protection import MAX_BODY_BYTES

JSON = {"Content-Type": "application/json"}


def _is_a_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"urn:sonobench:problem:{problem['code']}"
    assert problem["instance"] == answer.url.path
    assert problem["detail"].endswith((".", ")."))


class TestProblems:
    def test_an_unknown_address(self, world: Any) -> None:
        _is_a_problem(world.anyone.get("/api/v1/nothing"), 404)

    def test_a_method_that_is_not_taken_names_those_that_are(self, world: Any) -> None:
        answer = world.anyone.request("DELETE", "/api/v1/teams")
        _is_a_problem(answer, 405)
        assert answer.headers["Allow"]

    @pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 50_000, b'{"size_bytes": ' + b"9" * 5000 + b"}", b'"\\ud800"'])
    def test_a_body_that_is_no_json_of_ours(self, world: Any, body: bytes) -> None:
        answer = world.team("A").post("/api/v1/challenges/tiny/submissions", content=body, headers=JSON)
        _is_a_problem(answer, 422 if answer.status_code == 422 else 400)

    def test_half_a_surrogate_pair_in_a_name_is_refused_not_stored(self, world: Any) -> None:
        answer = world.organiser.post("/api/v1/teams", content=b'{"name": "a\\ud800b"}', headers=JSON)
        _is_a_problem(answer, 422)

    def test_what_was_sent_is_not_echoed(self, world: Any) -> None:
        answer = world.organiser.post("/api/v1/teams", json={"name": 7, "password": "hunter2"})
        _is_a_problem(answer, 422)
        assert "hunter2" not in answer.text

    def test_a_body_that_is_too_large(self, world: Any) -> None:
        answer = world.organiser.post("/api/v1/teams", content=b" " * (MAX_BODY_BYTES + 1), headers=JSON)
        _is_a_problem(answer, 413)

    def test_a_mistake_of_ours_shows_nothing_of_it(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken() -> None:
            raise RuntimeError("password=hunter2")

        monkeypatch.setattr(world.platform.core.database, "read", broken)
        answer = world.anyone.get("/api/v1/challenges")
        _is_a_problem(answer, 500)
        assert "hunter2" not in answer.text

    def test_a_database_that_does_not_answer_is_worth_a_retry(
        self, world: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def away() -> None:
            raise OperationalError("SELECT", {}, Exception("database or disk is full"))

        monkeypatch.setattr(world.platform.core.database, "read", away)
        answer = world.anyone.get("/api/v1/challenges")
        _is_a_problem(answer, 503)
        assert answer.headers["Retry-After"] == "5"
        assert "database or disk is full" in caplog.text  # where the organiser looks


class TestGuards:
    @pytest.mark.parametrize("url", ["/healthz", "/api/v1/nothing", "/api/v1/openapi.json", "/", "/nothing"])
    def test_every_response_has_the_headers(self, world: Any, url: str) -> None:
        headers = world.anyone.get(url).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]

    def test_answers_to_tokens_are_not_cached(self, world: Any) -> None:
        assert world.organiser.get("/api/v1/teams").headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("url", ["/docs", "/redoc", "/openapi.json"])
    def test_no_page_that_loads_from_elsewhere(self, world: Any, url: str) -> None:
        assert world.anyone.get(url).status_code == 404


class TestDescription:
    def test_every_operation_says_what_can_go_wrong_as_a_problem(self, world: Any) -> None:
        document = world.anyone.get("/api/v1/openapi.json").json()
        for path, operations in document["paths"].items():
            for operation in operations.values():
                assert operation["summary"], path
                for status, answer in operation["responses"].items():
                    if status[0] in "45":
                        assert list(answer["content"]) == ["application/problem+json"], (path, status)

    def test_every_reference_resolves(self, world: Any) -> None:
        text = world.anyone.get("/api/v1/openapi.json").text
        document = json.loads(text)
        named = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
        assert named == named & set(document["components"]["schemas"])

    def test_all_statuses_in_these_tests_are_documented(self, world: Any) -> None:
        document = world.anyone.get("/api/v1/openapi.json").json()
        put = document["paths"]["/api/v1/submissions/{submission_id}/image"]["put"]["responses"]
        assert {"202", "400", "401", "403", "404", "408", "409", "411", "413", "422", "429", "503", "507"} == set(put)


class TestHead:
    @pytest.mark.parametrize("path", ["/", "/challenges/tiny", "/api/v1/challenges", "/healthz"])
    def test_it_says_what_get_says_without_the_body(self, world: Any, path: str) -> None:
        got, asked = world.anyone.get(path), world.anyone.request("HEAD", path)
        assert asked.status_code == got.status_code == 200
        assert asked.headers["Content-Length"] == str(len(got.content))
        assert asked.headers["Content-Type"] == got.headers["Content-Type"]
        assert asked.content == b""

    def test_what_takes_no_get_takes_no_head(self, world: Any) -> None:
        assert world.anyone.request("HEAD", "/internal/v1/claims").status_code == 405
