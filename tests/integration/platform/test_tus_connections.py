"""Resumable uploads over a real connection: what only a socket shows."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import httpx
from tus_requests import BODY, STREAM, checksum_of, code_of, created, offset_of, patch
from waiting import until


class TestOnARealConnection:
    """What only a socket shows."""

    def test_a_broken_connection_keeps_what_came(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, submission_id = created(world, body)
        with _half_sent(world, served, url, body):
            until(lambda: _part_bytes(world, url) > 1 << 20)
        until(lambda: offset_of(world, url) == len(body) // 2)
        assert patch(world, url, len(body) // 2, body[len(body) // 2 :]).status_code == 204
        assert world.platform.core.store.upload(submission_id).read_bytes() == body

    def test_with_a_checksum_a_broken_connection_keeps_nothing(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, _ = created(world, body)
        with _half_sent(world, served, url, body, f"Upload-Checksum: {checksum_of('sha256', body)}\r\n"):
            until(lambda: _part_bytes(world, url) >= 1 << 20)
        until(lambda: _part_bytes(world, url) == 0)
        assert offset_of(world, url) == 0

    def test_while_one_writes_another_waits_and_is_told_423(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, _ = created(world, body)
        with _half_sent(world, served, url, body) as first:
            until(lambda: _part_bytes(world, url) > 0)
            stop = threading.Event()
            alive = threading.Thread(target=_trickle, args=(first, stop))
            alive.start()
            answer = patch(world, url, 0, body)
            stop.set()
            alive.join()
            assert code_of(answer) == (423, "upload-locked")

    def test_a_writer_that_fell_silent_makes_room_and_its_bytes_are_kept(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, _ = created(world, body)
        with _half_sent(world, served, url, body):
            until(lambda: _part_bytes(world, url) > 0)
            answer = patch(world, url, 0, body)
            assert code_of(answer) == (409, "wrong-offset")
            assert int(answer.headers["Upload-Offset"]) == len(body) // 2

    def test_who_asks_while_one_writes_hears_of_what_is_on_its_way(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, _ = created(world, body)
        with _half_sent(world, served, url, body):
            until(lambda: _part_bytes(world, url) > 0)
            assert offset_of(world, url) == len(body) // 2

    def test_who_asks_while_one_goes_on_writing_hears_of_what_is_safe_by_then(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, _ = created(world, body)
        with _half_sent(world, served, url, body) as first:
            until(lambda: _part_bytes(world, url) > 0)
            stop = threading.Event()
            alive = threading.Thread(target=_trickle, args=(first, stop))
            alive.start()
            known = offset_of(world, url)
            stop.set()
            alive.join()
        assert len(body) // 2 <= known < len(body)

    def test_a_silent_client_is_given_up(self, make_world: Callable[..., Any], serve: Callable[[Any], str]) -> None:
        world = make_world(upload_idle_s=1.5)
        body = os.urandom(3 << 20)
        url, _ = created(world, body)
        with _half_sent(world, serve(world), url, body) as connection:
            assert b" 408 " in connection.recv(4096).split(b"\r\n")[0]
        assert offset_of(world, url) == len(body) // 2

    def test_a_body_without_length_that_goes_too_far_keeps_nothing_of_it(self, world: Any, served: str) -> None:
        url, _ = created(world, BODY)
        patch(world, url, 0, BODY[:4])
        headers = {**STREAM, "Upload-Offset": "4", "Authorization": f"Bearer {world.team('A').token}"}
        answer = httpx.patch(f"http://{served}{url}", content=iter([BODY[4:], b"more"]), headers=headers, timeout=60)
        assert code_of(answer) == (413, "too-many-bytes")
        assert offset_of(world, url) == 4


def _part_bytes(world: Any, url: str) -> int:
    return int(world.platform.core.store.partials.size_bytes(url.rpartition("/")[2]))


def _half_sent(world: Any, served: str, url: str, body: bytes, more: str = "") -> socket.socket:
    """A connection over which half of a PATCH's body has been sent."""
    host, port = served.split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    head = (
        f"PATCH {url} HTTP/1.1\r\nHost: {served}\r\nAuthorization: Bearer {world.team('A').token}\r\n"
        f"Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body[: len(body) // 2])
    return connection


def _trickle(connection: socket.socket, stop: threading.Event) -> None:
    while not stop.wait(0.2):
        connection.sendall(b"x")
