"""Uploads: streamed, bounded, verified; broken off anywhere, nothing is kept and it can be sent again."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from waiting import until

BODY = b"0123456789"


def _put(world: Any, submission_id: str, body: bytes = BODY, **headers: str) -> httpx.Response:
    return world.team("A").put(f"/api/v1/submissions/{submission_id}/image", content=body, headers=headers)


class TestCreate:
    def test_an_image_larger_than_the_server_takes_is_refused_before_a_byte_is_sent(self, make_world: Callable[..., Any]) -> None:
        world = make_world(max_upload_bytes=100)
        answer = world.team("A").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 101})
        assert (answer.status_code, answer.json()["code"]) == (413, "image-too-large")

    def test_a_disk_without_room_is_said_so(self, make_world: Callable[..., Any]) -> None:
        world = make_world(min_free_bytes=2**60)
        answer = world.team("A").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10})
        assert (answer.status_code, answer.json()["code"]) == (507, "no-space")

    def test_a_team_cannot_fill_the_queue_without_end(self, make_world: Callable[..., Any]) -> None:
        world = make_world(max_open_submissions=2)
        first, _ = world.create("A"), world.create("A")
        answer = world.team("A").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10})
        assert (answer.status_code, answer.json()["code"]) == (429, "too-many-open")
        assert answer.headers["Retry-After"] == "60"
        world.create("B")
        world.team("A").post(f"/api/v1/submissions/{first['id']}/cancel")
        world.create("A")

    def test_parallel_creations_do_not_slip_past_the_limit(self, make_world: Callable[..., Any]) -> None:
        world = make_world(max_open_submissions=3)
        team, statuses = world.team("A"), []

        def create() -> None:
            statuses.append(team.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10}).status_code)

        threads = [threading.Thread(target=create) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [201] * 3 + [429] * 9

    @pytest.mark.parametrize(
        "body", [{}, {"size_bytes": 0}, {"size_bytes": "x"}, {"size_bytes": 1, "more": 1}, {"size_bytes": 2**60}]
    )
    def test_a_malformed_request_says_where(self, world: Any, body: dict[str, Any]) -> None:
        answer = world.team("A").post("/api/v1/challenges/tiny/submissions", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["location"].startswith("body.")

    def test_a_note_with_invisible_characters_is_refused(self, world: Any) -> None:
        answer = world.team("A").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 1, "note": "a\0b"})
        assert answer.status_code == 422
        assert "U+0000" in answer.json()["detail"]

    def test_an_unknown_or_closed_challenge_takes_nothing(self, world: Any) -> None:
        url = "/api/v1/challenges/{}/submissions"
        assert world.team("A").post(url.format("other"), json={"size_bytes": 1}).status_code == 404
        assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        answer = world.team("A").post(url.format("tiny"), json={"size_bytes": 1})
        assert (answer.status_code, answer.json()["code"]) == (409, "challenge-closed")


class TestPutImage:
    def test_a_whole_body_is_kept_and_checked(self, world: Any, worlds: Any) -> None:
        made = world.create()
        answer = _put(world, made["id"], **{"Content-Digest": worlds.content_digest(BODY)})
        assert (answer.status_code, answer.json()["state"]) == (202, "checking")
        assert world.files("uploads") == [f"{made['id']}.tar"]
        assert world.wake.checks == [made["id"]]

    def test_a_wrong_digest_keeps_nothing_and_it_can_be_sent_again(self, world: Any, worlds: Any) -> None:
        made = world.create()
        answer = _put(world, made["id"], **{"Content-Digest": worlds.content_digest(b"other")})
        assert (answer.status_code, answer.json()["code"]) == (422, "digest-mismatch")
        assert world.files("uploads") == []
        assert world.state(made["id"]) == "uploading"
        assert _put(world, made["id"]).status_code == 202

    @pytest.mark.parametrize(
        ("body", "headers", "status", "code"),
        [
            (BODY + b"x", {}, 422, "other-size"),
            (BODY, {"Content-Digest": "sha-256=nonsense"}, 400, "bad-content-digest"),
            (BODY, {"Content-Length": "ten"}, 411, "length-required"),
        ],
    )
    def test_what_is_refused_beforehand_changes_nothing(
        self, world: Any, body: bytes, headers: dict[str, str], status: int, code: str
    ) -> None:
        made = world.create()
        answer = _put(world, made["id"], body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert world.files("uploads") == []
        assert world.state(made["id"]) == "uploading"

    def test_a_second_upload_of_a_submission_is_refused(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        answer = _put(world, submission_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "not-uploading")

    def test_a_disk_that_fills_up_meanwhile_is_507_and_keeps_nothing(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        made = world.create()
        monkeypatch.setattr(type(world.platform.core.store), "free_bytes", lambda self: 5)
        answer = _put(world, made["id"])
        assert (answer.status_code, answer.json()["code"]) == (507, "no-space")
        assert world.state(made["id"]) == "uploading"


class TestOnARealConnection:
    """What only a socket shows."""

    def test_many_megabytes_arrive_unchanged(self, world: Any, served: str, worlds: Any) -> None:
        body = os.urandom(5 * 2**20 + 17)
        made = world.create(size_bytes=len(body))
        answer = _real_put(world, served, made["id"], body, {"Content-Digest": worlds.content_digest(body)})
        assert answer.status_code == 202
        assert world.platform.core.store.upload(made["id"]).read_bytes() == body

    def test_a_dropped_connection_keeps_nothing_and_it_can_be_sent_again(self, world: Any, served: str) -> None:
        body = os.urandom(3 * 2**20)
        made = world.create(size_bytes=len(body))
        with _half_sent(world, served, made["id"], body) as connection:
            until(lambda: world.files("uploads") != [])
            connection.close()
        until(lambda: world.files("uploads") == [])
        assert world.state(made["id"]) == "uploading"
        assert _real_put(world, served, made["id"], body).status_code == 202

    def test_of_two_uploads_at_once_the_first_to_be_whole_counts(self, world: Any, served: str) -> None:
        body = os.urandom(3 * 2**20)
        made = world.create(size_bytes=len(body))
        with _half_sent(world, served, made["id"], b"\0" * len(body)) as slow:
            until(lambda: world.files("uploads") != [])
            assert _real_put(world, served, made["id"], body).status_code == 202
            slow.sendall(b"\0" * (len(body) - len(body) // 2))
            assert b" 409 " in slow.recv(4096).split(b"\r\n")[0]
        assert world.platform.core.store.upload(made["id"]).read_bytes() == body
        until(lambda: world.files("uploads") == [f"{made['id']}.tar"])

    def test_uploads_at_once_cannot_be_promised_the_same_disk(
        self, world: Any, served: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = os.urandom(2**20)
        first, second = world.create("A", size_bytes=len(body)), world.create("A", size_bytes=len(body))
        room_for_one = 3 * len(body)  # the upload, its verified copy, and half an upload more
        monkeypatch.setattr(type(world.platform.core.store), "free_bytes", lambda self: room_for_one)
        with _half_sent(world, served, first["id"], body):
            until(lambda: world.files("uploads") != [])
            answer = _real_put(world, served, second["id"], body)
            assert (answer.status_code, answer.json()["code"]) == (507, "no-space")
            refused = world.team("B").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": len(body)})
            assert (refused.status_code, refused.json()["code"]) == (507, "no-space")
        until(lambda: world.files("uploads") == [])
        assert _real_put(world, served, second["id"], body).status_code == 202

    def test_a_team_sends_only_so_many_bodies_at_once_and_holds_up_no_other(
        self, make_world: Callable[..., Any], serve: Callable[[Any], str]
    ) -> None:
        world = make_world(max_uploads_at_once=1)
        served = serve(world)
        body = os.urandom(2**20)
        made = world.create("A", size_bytes=len(body))
        with _half_sent(world, served, made["id"], body):
            until(lambda: world.files("uploads") != [])
            answer = _real_put(world, served, made["id"], body)
            assert (answer.status_code, answer.json()["code"]) == (429, "too-many-uploads")
            world.uploaded("B")
        until(lambda: len(world.files("uploads")) == 1)
        assert _real_put(world, served, made["id"], body).status_code == 202

    def test_a_chunked_body_is_asked_for_its_length(self, world: Any, served: str) -> None:
        made = world.create()
        answer = _real_put(world, served, made["id"], iter([BODY]))
        assert (answer.status_code, answer.json()["code"]) == (411, "length-required")

    def test_a_refusal_is_read_by_a_client_that_is_still_sending(self, world: Any, served: str) -> None:
        submission_id = world.uploaded("A")
        answer = _real_put(world, served, submission_id, b"x" * 4 * 2**20)
        assert (answer.status_code, answer.json()["code"]) == (409, "not-uploading")


class TestAStalledUpload:
    def test_it_is_broken_off_and_can_be_sent_again(self, make_world: Callable[..., Any]) -> None:
        world = make_world(upload_idle_s=0.3)
        made = world.create()
        app = world.app

        async def stalled() -> list[dict[str, Any]]:
            import asyncio

            sent: list[dict[str, Any]] = []
            messages = iter([{"type": "http.request", "body": BODY[:3], "more_body": True}])

            async def receive() -> dict[str, Any]:
                message = next(messages, None)
                if message is None:
                    await asyncio.sleep(30)
                assert message is not None
                return message

            async def send(message: dict[str, Any]) -> None:
                sent.append(message)

            await app(_scope(world, made["id"]), receive, send)
            return sent

        import asyncio

        sent = asyncio.run(stalled())
        assert sent[0]["status"] == 408
        assert world.files("uploads") == []
        assert _put(world, made["id"]).status_code == 202


def _scope(world: Any, submission_id: str) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {world.team('A').token}", "content-length": str(len(BODY)), "host": "test"}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": f"/api/v1/submissions/{submission_id}/image",
        "raw_path": b"",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("test", 80),
        "client": ("test", 1),
    }


def _real_put(world: Any, served: str, submission_id: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    token = {"Authorization": f"Bearer {world.team('A').token}"}
    url = f"http://{served}/api/v1/submissions/{submission_id}/image"
    return httpx.put(url, content=body, headers={**token, **(headers or {})}, timeout=60)


def _half_sent(world: Any, served: str, submission_id: str, body: bytes) -> socket.socket:
    """A connection over which half of the body has been sent."""
    host, port = served.split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    head = (
        f"PUT /api/v1/submissions/{submission_id}/image HTTP/1.1\r\nHost: {served}\r\n"
        f"Authorization: Bearer {world.team('A').token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body[: len(body) // 2])
    return connection
