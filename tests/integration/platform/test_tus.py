"""Resumable uploads by the protocol's letter: what each request answers, what is kept, what it costs."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

BODY = b"0123456789"
TUS = {"Tus-Resumable": "1.0.0"}
STREAM = {**TUS, "Content-Type": "application/offset+octet-stream"}


def _metadata(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def _create(world: Any, body: bytes = BODY, *, team: str = "A", **said: str) -> httpx.Response:
    metadata = {"challenge": "tiny", **said}
    headers = {**TUS, "Upload-Length": str(len(body)), "Upload-Metadata": _metadata(**metadata)}
    return world.team(team).post("/api/v1/uploads", headers=headers)


def _created(world: Any, body: bytes = BODY, **said: Any) -> tuple[str, str]:
    """Address of a new upload, and its submission."""
    answer = _create(world, body, **said)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"], answer.headers["Sonobench-Submission"]


def _patch(world: Any, url: str, offset: int, content: bytes, *, team: str = "A", **headers: str) -> httpx.Response:
    said = {**STREAM, "Upload-Offset": str(offset), **headers}
    return world.team(team).request("PATCH", url, content=content, headers=said)


def _head(world: Any, url: str, team: str = "A") -> httpx.Response:
    return world.team(team).request("HEAD", url, headers=TUS)


def _offset(world: Any, url: str) -> int:
    answer = _head(world, url)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def _checksum(algorithm: str, content: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestOptions:
    def test_it_says_what_it_knows_to_anyone(self, world: Any) -> None:
        answer = world.anyone.request("OPTIONS", "/api/v1/uploads")
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Extension"] == "creation,checksum,expiration,termination"
        assert {"sha1", "sha256"} <= set(answer.headers["Tus-Checksum-Algorithm"].split(","))
        assert int(answer.headers["Tus-Max-Size"]) == world.platform.settings.max_upload_bytes


class TestTheVersion:
    @pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}])
    def test_another_or_none_is_412_and_nothing_happens(self, world: Any, version: dict[str, str]) -> None:
        url, _ = _created(world)
        for method, address in (("POST", "/api/v1/uploads"), ("HEAD", url), ("PATCH", url), ("DELETE", url)):
            answer = world.team("A").request(method, address, headers=version)
            assert answer.status_code == 412, method
            assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
        assert _offset(world, url) == 0


class TestCreation:
    def test_it_opens_a_submission_and_an_upload_at_once(self, world: Any) -> None:
        answer = _create(world, note="first try", filename="image.tar")
        assert answer.status_code == 201
        assert answer.headers["Upload-Expires"] == "Fri, 02 Jan 2026 12:00:00 GMT"
        shown = world.submission(answer.headers["Sonobench-Submission"])
        assert (shown["state"], shown["note"]) == ("uploading", "first try")

    def test_asked_again_because_the_answer_was_lost_it_is_the_same_upload(self, world: Any) -> None:
        assert _created(world) == _created(world)
        assert len(world.organiser.get("/api/v1/submissions").json()["items"]) == 1

    def test_once_bytes_came_the_same_file_is_known_by_its_sha256_alone(self, world: Any) -> None:
        unnamed, _ = _created(world)
        named, _ = _created(world, sha256=hashlib.sha256(BODY).hexdigest())
        for url in (unnamed, named):
            assert _patch(world, url, 0, BODY[:4]).status_code == 204
        assert _created(world)[0] != unnamed
        assert _created(world, sha256=hashlib.sha256(BODY).hexdigest())[0] == named

    def test_another_teams_creation_is_another_upload(self, world: Any) -> None:
        assert _created(world)[0] != _created(world, team="B")[0]

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Upload-Length": "10"}, 400),
            ({"Upload-Metadata": "challenge dGlueQ=="}, 400),
            ({"Upload-Length": "-1", "Upload-Metadata": "challenge dGlueQ=="}, 400),
            ({"Upload-Length": "0", "Upload-Metadata": "challenge dGlueQ=="}, 422),
            ({"Upload-Defer-Length": "1", "Upload-Metadata": "challenge dGlueQ=="}, 400),
            ({"Upload-Length": "10", "Upload-Metadata": "challenge !"}, 400),
            ({"Upload-Length": "10", "Upload-Metadata": "challenge dGlueQ==,challenge dGlueQ=="}, 400),
            ({"Upload-Length": "10", "Upload-Metadata": "challenge dGlueQ==,sha256 eA=="}, 400),
            ({"Upload-Length": "10", "Upload-Metadata": "challenge bm9uZQ=="}, 404),
            ({"Upload-Length": str(2**44), "Upload-Metadata": "challenge dGlueQ=="}, 413),
        ],
    )
    def test_what_cannot_be_opened_opens_nothing(self, world: Any, headers: dict[str, str], status: int) -> None:
        assert world.team("A").post("/api/v1/uploads", headers={**TUS, **headers}).status_code == status
        assert world.organiser.get("/api/v1/submissions").json()["items"] == []

    def test_a_team_can_have_only_so_many_unfinished(self, make_world: Callable[..., Any]) -> None:
        world = make_world(max_uploads_at_once=1)
        _created(world)
        assert _code(_create(world, b"another length")) == (429, "too-many-uploads")
        _created(world, team="B")

    def test_a_submission_that_is_there_gets_an_upload_once(self, world: Any) -> None:
        made = world.create("A", size_bytes=len(BODY))
        first, again = (world.team("A").post(f"/api/v1/submissions/{made['id']}/upload") for _ in range(2))
        assert first.status_code == again.status_code == 201
        assert first.headers["Location"] == again.headers["Location"]
        assert _patch(world, first.headers["Location"], 0, BODY).status_code == 204
        assert world.state(made["id"]) == "checking"


class TestDiskSpace:
    def test_what_was_promised_to_one_upload_is_not_promised_to_another(
        self, world: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = b"x" * 100
        monkeypatch.setattr(type(world.platform.core.store), "free_bytes", lambda self: 599)
        url, _ = _created(world, body)
        # The promise is three times the size; the other one needs as much.
        assert _code(_create(world, body, team="B")) == (507, "no-space")
        assert world.team("B").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 100}).status_code == 507
        assert world.team("A").request("DELETE", url, headers=TUS).status_code == 204
        assert _create(world, body, team="B").status_code == 201

    def test_a_new_process_knows_of_promises_and_of_what_has_come(self, world: Any) -> None:
        from sonobench_platform.storage.room import Room
        from sonobench_platform.uploads.space import promised_bytes

        url, _ = _created(world, b"x" * 100)
        assert _patch(world, url, 0, b"x" * 40).status_code == 204
        core = world.platform.core
        object.__setattr__(core, "room", Room(core.store))
        with core.database.read() as session:
            assert promised_bytes(core, session) == 300 - 40
        assert _patch(world, url, 40, b"x" * 60).status_code == 204
        with core.database.read() as session:
            assert promised_bytes(core, session) == 200


class TestPatch:
    def test_bytes_come_in_pieces_and_the_last_one_has_it_checked(self, world: Any) -> None:
        url, submission_id = _created(world)
        first = _patch(world, url, 0, BODY[:4])
        assert (first.status_code, first.headers["Upload-Offset"]) == (204, "4")
        assert first.headers["Upload-Expires"]
        assert world.state(submission_id) == "uploading"
        last = _patch(world, url, 4, BODY[4:])
        digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
        assert (last.status_code, last.headers["Upload-Offset"]) == (204, "10")
        assert last.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        assert world.state(submission_id) == "checking"
        assert world.wake.checks == [submission_id]
        assert world.platform.core.store.upload(submission_id).read_bytes() == BODY
        assert world.files("uploads") == [f"{submission_id}.tar"]

    def test_head_tells_where_it_stands(self, world: Any) -> None:
        url, submission_id = _created(world, filename="image.tar")
        _patch(world, url, 0, BODY[:4])
        answer = _head(world, url)
        assert answer.headers["Upload-Offset"] == "4"
        assert answer.headers["Upload-Length"] == "10"
        assert answer.headers["Upload-Metadata"] == _metadata(challenge="tiny", filename="image.tar")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Sonobench-Submission"] == submission_id

    @pytest.mark.parametrize("offset", [0, 3, 5, 10])
    def test_another_offset_is_409_and_says_the_right_one(self, world: Any, offset: int) -> None:
        url, _ = _created(world)
        _patch(world, url, 0, BODY[:4])
        answer = _patch(world, url, offset, b"")
        assert _code(answer) == (409, "wrong-offset")
        assert answer.headers["Upload-Offset"] == "4"

    def test_too_many_bytes_are_refused_and_nothing_of_them_kept(self, world: Any) -> None:
        url, _ = _created(world)
        assert _code(_patch(world, url, 0, BODY + b"x")) == (413, "too-many-bytes")
        assert _offset(world, url) == 0

    @pytest.mark.parametrize(
        ("headers", "status"),
        [({"Content-Type": "application/x-tar"}, 415), ({"Upload-Offset": "x"}, 400), ({"Upload-Checksum": "crc32 AAAA"}, 400)],
    )
    def test_a_malformed_request_changes_nothing(self, world: Any, headers: dict[str, str], status: int) -> None:
        url, _ = _created(world)
        assert _patch(world, url, 0, BODY[:4], **headers).status_code == status
        assert _offset(world, url) == 0

    def test_the_last_request_sent_twice_is_harmless(self, world: Any) -> None:
        url, submission_id = _created(world)
        _patch(world, url, 0, BODY)
        assert _patch(world, url, 10, b"").status_code == 204
        assert world.wake.checks == [submission_id]

    def test_bytes_beyond_the_record_are_cut_off_by_the_next_request(self, world: Any) -> None:
        url, submission_id = _created(world)
        _patch(world, url, 0, BODY[:4])
        part = world.platform.core.store.partials.path(url.rpartition("/")[2])
        part.write_bytes(BODY[:4] + b"written by a server that was killed")
        assert _offset(world, url) == 4
        _patch(world, url, 4, BODY[4:])
        assert world.platform.core.store.upload(submission_id).read_bytes() == BODY

    def test_a_disk_that_was_put_back_takes_the_offset_back_with_it(self, world: Any) -> None:
        url, submission_id = _created(world)
        _patch(world, url, 0, BODY[:8])
        part = world.platform.core.store.partials.path(url.rpartition("/")[2])
        part.write_bytes(BODY[:3])
        assert _offset(world, url) == 3
        assert _patch(world, url, 3, BODY[3:]).status_code == 204
        assert world.platform.core.store.upload(submission_id).read_bytes() == BODY

    def test_a_post_can_stand_for_it(self, world: Any) -> None:
        url, _ = _created(world)
        headers = {**STREAM, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
        assert world.team("A").post(url, content=BODY[:4], headers=headers).status_code == 204
        assert _offset(world, url) == 4

    def test_a_stranger_learns_nothing_of_it(self, world: Any) -> None:
        url, _ = _created(world)
        for answer in (_head(world, url, "B"), _patch(world, url, 0, BODY, team="B")):
            assert answer.status_code == 404
        assert world.team("B").request("DELETE", url, headers=TUS).status_code == 404
        assert _offset(world, url) == 0


class TestChecksums:
    @pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
    def test_a_right_one_is_kept_and_a_wrong_one_keeps_nothing(self, world: Any, algorithm: str) -> None:
        url, _ = _created(world)
        assert _patch(world, url, 0, BODY[:4], **{"Upload-Checksum": _checksum(algorithm, BODY[:4])}).status_code == 204
        wrong = _patch(world, url, 4, BODY[4:], **{"Upload-Checksum": _checksum(algorithm, b"other")})
        assert _code(wrong) == (460, "checksum-mismatch")
        assert _offset(world, url) == 4
        assert _patch(world, url, 4, BODY[4:], **{"Upload-Checksum": _checksum(algorithm, BODY[4:])}).status_code == 204

    def test_a_whole_that_is_not_what_was_announced_begins_anew(self, world: Any) -> None:
        url, submission_id = _created(world, sha256=hashlib.sha256(BODY).hexdigest())
        _patch(world, url, 0, b"01234")
        assert _code(_patch(world, url, 5, b"wrong")) == (460, "digest-mismatch")
        assert (_offset(world, url), world.state(submission_id)) == (0, "uploading")
        assert _patch(world, url, 0, BODY).status_code == 204
        assert world.state(submission_id) == "checking"

    def test_the_sha256_is_right_although_another_process_wrote_the_beginning(self, world: Any) -> None:
        from sonobench_platform.storage.partial import Partials

        url, submission_id = _created(world, sha256=hashlib.sha256(BODY).hexdigest())
        _patch(world, url, 0, BODY[:4])
        store = world.platform.core.store
        store.partials = Partials(store.home / "uploads")
        assert _patch(world, url, 4, BODY[4:]).status_code == 204
        assert world.state(submission_id) == "checking"


class TestTermination:
    def test_the_submission_is_cancelled_the_attempt_given_back_and_the_bytes_removed(self, world: Any) -> None:
        url, submission_id = _created(world)
        _patch(world, url, 0, BODY[:4])
        assert world.team("A").request("DELETE", url, headers=TUS).status_code == 204
        assert world.state(submission_id) == "cancelled"
        assert world.files("uploads") == []
        assert _ledger(world, submission_id) == 0
        assert _head(world, url).status_code == 410
        assert _code(_patch(world, url, 4, BODY[4:])) == (410, "upload-gone")

    def test_a_whole_one_is_not_ended_this_way(self, world: Any) -> None:
        url, submission_id = _created(world)
        _patch(world, url, 0, BODY)
        assert world.team("A").request("DELETE", url, headers=TUS).status_code == 409
        assert world.state(submission_id) == "checking"

    def test_of_a_submission_that_is_cancelled_otherwise_the_file_goes_with_the_next_sweep(self, world: Any) -> None:
        url, submission_id = _created(world)
        _patch(world, url, 0, BODY[:4])
        world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel")
        world.platform.sweep()
        assert world.files("uploads") == []


class TestExpiration:
    def test_after_its_time_it_is_cancelled_at_no_cost(self, make_world: Callable[..., Any]) -> None:
        world = make_world(upload_expires_s=3600)
        url, submission_id = _created(world)
        _patch(world, url, 0, BODY[:4])
        world.clock.advance(seconds=3599)
        world.platform.sweep()
        assert _offset(world, url) == 4
        world.clock.advance(seconds=1)
        assert _head(world, url).status_code == 410
        world.platform.sweep()
        assert world.state(submission_id) == "cancelled"
        assert world.files("uploads") == []
        assert _ledger(world, submission_id) == 0

    def test_a_whole_one_whose_server_died_before_it_said_so_is_finished_by_the_sweep(self, world: Any) -> None:
        from sqlalchemy import update

        from sonobench_platform.db.models import UploadRow

        url, submission_id = _created(world)
        _patch(world, url, 0, BODY[:9])
        core, upload_id = world.platform.core, url.rpartition("/")[2]
        core.store.partials.path(upload_id).write_bytes(BODY)
        with core.database.write() as work:
            work.session.execute(update(UploadRow).values(offset_bytes=10))
        assert _offset(world, url) == 10
        for _ in range(2):
            world.platform.sweep()
        assert world.state(submission_id) == "checking"
        assert world.wake.checks == [submission_id]
        assert core.store.upload(submission_id).read_bytes() == BODY


class TestAPhaseThatCloses:
    def test_what_was_announced_by_sha256_may_still_come_and_all_else_not(self, world: Any) -> None:
        named, submission_id = _created(world, sha256=hashlib.sha256(BODY).hexdigest())
        unnamed, _ = _created(world)
        for url in (named, unnamed):
            _patch(world, url, 0, BODY[:4])
        assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        assert _code(_patch(world, unnamed, 4, BODY[4:])) == (409, "challenge-closed")
        assert _patch(world, named, 4, BODY[4:]).status_code == 204
        assert world.state(submission_id) == "checking"


class TestOnARealConnection:
    """What only a socket shows."""

    def test_a_broken_connection_keeps_what_came(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, submission_id = _created(world, body)
        with _half_sent(world, served, url, body):
            _until(lambda: _part_bytes(world, url) > 1 << 20)
        _until(lambda: _offset(world, url) == len(body) // 2)
        assert _patch(world, url, len(body) // 2, body[len(body) // 2 :]).status_code == 204
        assert world.platform.core.store.upload(submission_id).read_bytes() == body

    def test_with_a_checksum_a_broken_connection_keeps_nothing(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, _ = _created(world, body)
        with _half_sent(world, served, url, body, f"Upload-Checksum: {_checksum('sha256', body)}\r\n"):
            _until(lambda: _part_bytes(world, url) >= 1 << 20)
        _until(lambda: _part_bytes(world, url) == 0)
        assert _offset(world, url) == 0

    def test_while_one_writes_another_waits_and_is_told_423(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, _ = _created(world, body)
        with _half_sent(world, served, url, body) as first:
            _until(lambda: _part_bytes(world, url) > 0)
            stop = threading.Event()
            alive = threading.Thread(target=_trickle, args=(first, stop))
            alive.start()
            answer = _patch(world, url, 0, body)
            stop.set()
            alive.join()
            assert _code(answer) == (423, "upload-locked")

    def test_a_writer_that_fell_silent_makes_room_and_its_bytes_are_kept(self, world: Any, served: str) -> None:
        body = os.urandom(3 << 20)
        url, _ = _created(world, body)
        with _half_sent(world, served, url, body):
            _until(lambda: _part_bytes(world, url) > 0)
            answer = _patch(world, url, 0, body)
            assert _code(answer) == (409, "wrong-offset")
            assert int(answer.headers["Upload-Offset"]) == len(body) // 2

    def test_a_silent_client_is_given_up(self, make_world: Callable[..., Any], serve: Callable[[Any], str]) -> None:
        world = make_world(upload_idle_s=0.3)
        body = os.urandom(3 << 20)
        url, _ = _created(world, body)
        with _half_sent(world, serve(world), url, body) as connection:
            assert b" 408 " in connection.recv(4096).split(b"\r\n")[0]
        assert _offset(world, url) == len(body) // 2

    def test_a_body_without_length_that_goes_too_far_keeps_nothing_of_it(self, world: Any, served: str) -> None:
        url, _ = _created(world, BODY)
        _patch(world, url, 0, BODY[:4])
        headers = {**STREAM, "Upload-Offset": "4", "Authorization": f"Bearer {world.team('A').token}"}
        answer = httpx.patch(f"http://{served}{url}", content=iter([BODY[4:], b"more"]), headers=headers, timeout=20)
        assert _code(answer) == (413, "too-many-bytes")
        assert _offset(world, url) == 4


def _ledger(world: Any, submission_id: str) -> int:
    """What the submission costs its team."""
    from sqlalchemy import func, select

    from sonobench_platform.db.models import QuotaRow

    with world.platform.core.database.read() as session:
        total = select(func.count(), func.sum(QuotaRow.amount)).where(QuotaRow.submission_id == submission_id)
        entries, amount = session.execute(total).one()
    assert entries
    return int(amount)


def _part_bytes(world: Any, url: str) -> int:
    return int(world.platform.core.store.partials.size_bytes(url.rpartition("/")[2]))


def _half_sent(world: Any, served: str, url: str, body: bytes, more: str = "") -> socket.socket:
    """A connection over which half of a PATCH's body has been sent."""
    host, port = served.split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
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


def _until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
