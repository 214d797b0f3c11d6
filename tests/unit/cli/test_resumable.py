"""Sending so that it can go on: what is asked of a server, what is remembered, when it gives up."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from sonobench_eval.cli import resumable, unfinished
from sonobench_eval.cli.client import Client
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.resumable import Outgoing
from sonobench_eval.cli.unfinished import Unfinished

BODY = b"0123456789"
KNOWS = {"Tus-Version": "1.0.0", "Tus-Extension": "creation,checksum"}


class FakeServer:
    """A tus server of one upload. `broken` answers so many requests with that status first."""

    def __init__(self, *, broken: int = 0, status: int = 503) -> None:
        self.received = bytearray()
        self.created = 0
        self.gone = False
        self.broken, self.status = broken, status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "OPTIONS":
            return httpx.Response(204, headers=KNOWS)
        if self.broken > 0:
            self.broken -= 1
            return httpx.Response(self.status, json={"detail": "Not now.", "code": "not-now"})
        if request.method == "POST":
            self.created += 1
            self.gone = False
            return httpx.Response(201, headers={"Location": "/api/v1/uploads/upl-1", "Sonobench-Submission": "sub-1"})
        if self.gone:
            return httpx.Response(410, json={"detail": "It is gone.", "code": "upload-gone"})
        if request.method == "PATCH":
            assert int(request.headers["upload-offset"]) == len(self.received)
            self.received += request.read()
        return httpx.Response(204 if request.method == "PATCH" else 200, headers={"Upload-Offset": str(len(self.received))})


@pytest.fixture
def outgoing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outgoing:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(resumable, "_FIRST_PAUSE_S", 0.0)
    file = tmp_path / "image.tar"
    file.write_bytes(BODY)
    return Outgoing(file, hashlib.sha256(BODY).digest(), challenge="tiny")


def _client(server: object) -> Client:
    return Client("http://bench.test", "sbt_token", transport=httpx.MockTransport(server))  # type: ignore[arg-type]


def _nothing(_done: int, _whole: int) -> None:
    pass


class TestIsSpokenBy:
    def test_a_server_that_says_so_takes_resumable_uploads(self) -> None:
        with _client(FakeServer()) as client:
            assert resumable.is_spoken_by(client)

    @pytest.mark.parametrize("answer", [httpx.Response(404), httpx.Response(405), httpx.Response(204)])
    def test_an_older_server_does_not(self, answer: httpx.Response) -> None:
        with _client(lambda _request: answer) as client:
            assert not resumable.is_spoken_by(client)


class TestBeginAndComplete:
    def test_a_file_goes_whole_and_is_forgotten_then(self, outgoing: Outgoing) -> None:
        server = FakeServer()
        with _client(server) as client:
            upload = resumable.begin(client, outgoing)
            assert (upload.upload_id, upload.submission_id) == ("upl-1", "sub-1")
            resumable.complete(client, outgoing, upload, _nothing)
            assert bytes(server.received) == BODY
            resumable.begin(client, outgoing)
        assert server.created == 2

    def test_what_was_begun_is_gone_on_with(self, outgoing: Outgoing) -> None:
        server = FakeServer()
        with _client(server) as client:
            resumable.begin(client, outgoing)
            server.received += BODY[:7]
            resumable.complete(client, outgoing, resumable.begin(client, outgoing), _nothing)
        assert bytes(server.received) == BODY
        assert server.created == 1

    def test_what_the_server_has_forgotten_is_begun_anew(self, outgoing: Outgoing) -> None:
        server = FakeServer()
        with _client(server) as client:
            resumable.begin(client, outgoing)
            server.gone = True
            resumable.begin(client, outgoing)
        assert server.created == 2

    @pytest.mark.parametrize("status", [503, 502, 408, 423])
    def test_what_passes_is_waited_out(self, outgoing: Outgoing, status: int) -> None:
        server = FakeServer(broken=3, status=status)
        with _client(server) as client:
            resumable.complete(client, outgoing, resumable.begin(client, outgoing), _nothing)
        assert bytes(server.received) == BODY

    def test_a_quota_that_is_used_up_is_told_at_once(self, outgoing: Outgoing) -> None:
        with _client(FakeServer(broken=1, status=429)) as client, pytest.raises(CommandError, match="Not now") as told:
            resumable.begin(client, outgoing)
        assert told.value.code is ExitCode.REFUSED

    def test_after_ten_minutes_without_a_step_it_gives_up_and_says_how_to_go_on(
        self, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SONOBENCH_PATIENCE_S", "0.05")
        with _client(FakeServer(broken=10**9)) as client, pytest.raises(CommandError, match="Run the same command") as told:
            resumable.begin(client, outgoing)
        assert told.value.code is ExitCode.RETRY

    def test_the_metadata_names_the_content(self, outgoing: Outgoing) -> None:
        assert outgoing.metadata.startswith("challenge dGlueQ==,sha256 ")


class TestUnfinished:
    def test_a_memory_that_is_broken_remembers_nothing(self, outgoing: Outgoing) -> None:
        unfinished.state_path().parent.mkdir(parents=True)
        unfinished.state_path().write_text("{broken")
        assert unfinished.recall("key") is None
        unfinished.remember("key", Unfinished("upl-1", "sub-1", 2e10))
        assert unfinished.recall("key") == Unfinished("upl-1", "sub-1", 2e10)
        assert unfinished.state_path().stat().st_mode & 0o777 == 0o600

    def test_what_no_server_knows_any_more_is_forgotten(self, outgoing: Outgoing) -> None:
        unfinished.remember("key", Unfinished("upl-1", "sub-1", 1.0))
        assert unfinished.recall("key") is None

    @pytest.mark.parametrize("other", [{"challenge": "b"}, {"phase": "test"}, {"size_bytes": 2}, {"sha256": b"b"}])
    def test_another_file_phase_or_challenge_is_another_upload(self, other: dict[str, object]) -> None:
        said: dict[str, object] = {"challenge": "a", "phase": None, "size_bytes": 1, "sha256": b"a"}
        one = unfinished.upload_key("http://a", **said)  # type: ignore[arg-type]
        assert one == unfinished.upload_key("http://a", **said)  # type: ignore[arg-type]
        assert one != unfinished.upload_key("http://a", **{**said, **other})  # type: ignore[arg-type]
        assert one != unfinished.upload_key("http://b", **said)  # type: ignore[arg-type]
