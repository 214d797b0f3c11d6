"""The API's answers as sentences and exit codes; an image is sent whole, with its digest."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sonobench_eval.cli.client import Client, file_sha256
from sonobench_eval.cli.exits import CommandError, ExitCode

SERVER = "https://bench.example.org"


def client_of(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client(SERVER, "sbt_token", transport=httpx.MockTransport(answer))


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (400, ExitCode.ERROR),
            (401, ExitCode.AUTHENTICATION),
            (403, ExitCode.AUTHENTICATION),
            (404, ExitCode.NOT_FOUND),
            (409, ExitCode.REFUSED),
            (422, ExitCode.ERROR),
            (429, ExitCode.REFUSED),
            (500, ExitCode.RETRY),
            (503, ExitCode.RETRY),
            (507, ExitCode.RETRY),
        ],
    )
    def test_the_platforms_sentence_is_kept_and_gets_a_code(self, status: int, code: ExitCode) -> None:
        problem = {"type": "t", "title": "t", "status": status, "detail": "The challenge is closed.", "code": "x"}
        with client_of(lambda _: httpx.Response(status, json=problem)) as client, pytest.raises(CommandError) as refused:
            client.get("/api/v1/me")
        assert str(refused.value).startswith("The challenge is closed.")
        assert refused.value.code is code

    def test_an_answer_that_is_no_problem_document_is_told_by_its_status(self) -> None:
        with client_of(lambda _: httpx.Response(502, text="<html>")) as client, pytest.raises(CommandError, match="status 502"):
            client.get("/api/v1/me")

    def test_a_redirect_is_not_followed_so_the_token_stays_here(self) -> None:
        seen: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(str(request.url))
            return httpx.Response(302, headers={"Location": "https://evil.example.org/"})

        with client_of(answer) as client, pytest.raises(CommandError, match="sends elsewhere"):
            client.get("/api/v1/me")
        assert seen == [f"{SERVER}/api/v1/me"]

    @pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.ReadError("gone")])
    def test_a_server_that_does_not_answer_is_worth_trying_again(self, error: httpx.HTTPError) -> None:
        def answer(_: httpx.Request) -> httpx.Response:
            raise error

        with client_of(answer) as client, pytest.raises(CommandError, match=r"bench\.example\.org") as refused:
            client.get("/api/v1/me")
        assert refused.value.code is ExitCode.RETRY

    def test_another_program_at_the_address_is_told(self) -> None:
        with (
            client_of(lambda _: httpx.Response(200, text="hello")) as client,
            pytest.raises(CommandError, match="does not speak"),
        ):
            client.get("/api/v1/me")


class TestPutFile:
    def test_the_file_goes_whole_with_length_and_digest(self, tmp_path: Path) -> None:
        content = b"image" * 500_000
        file = tmp_path / "image.tar"
        file.write_bytes(content)
        got: dict[str, object] = {}
        steps: list[tuple[int, int]] = []

        def answer(request: httpx.Request) -> httpx.Response:
            got.update(body=request.read(), headers=request.headers, method=request.method)
            return httpx.Response(202, json={"id": "s1"})

        digest = file_sha256(file, lambda _done, _whole: None)
        with client_of(answer) as client:
            client.put_file("/x", file, sha256=digest, progress=lambda done, whole: steps.append((done, whole)))
        headers = got["headers"]
        assert isinstance(headers, httpx.Headers)
        assert got["body"] == content
        assert headers["content-length"] == str(len(content))
        assert headers["content-digest"] == f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"
        assert headers["authorization"] == "Bearer sbt_token"
        assert "transfer-encoding" not in headers
        assert steps[-1] == (len(content), len(content))
