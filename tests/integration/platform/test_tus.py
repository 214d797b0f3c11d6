"""Resumable uploads by the protocol's letter: what each request answers, what is kept, what it costs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from tus_requests import BODY, STREAM, TUS, checksum_of, code_of, create, created, head_of, metadata_of, offset_of, patch


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
        url, _ = created(world)
        for method, address in (("POST", "/api/v1/uploads"), ("HEAD", url), ("PATCH", url), ("DELETE", url)):
            answer = world.team("A").request(method, address, headers=version)
            assert answer.status_code == 412, method
            assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
        assert offset_of(world, url) == 0


class TestCreation:
    def test_it_opens_a_submission_and_an_upload_at_once(self, world: Any) -> None:
        answer = create(world, note="first try", filename="image.tar")
        assert answer.status_code == 201
        assert answer.headers["Upload-Expires"] == "Fri, 02 Jan 2026 12:00:00 GMT"
        shown = world.submission(answer.headers["Sonobench-Submission"])
        assert (shown["state"], shown["note"]) == ("uploading", "first try")

    def test_asked_again_because_the_answer_was_lost_it_is_the_same_upload(self, world: Any) -> None:
        assert created(world) == created(world)
        assert len(world.organiser.get("/api/v1/submissions").json()["items"]) == 1

    def test_once_bytes_came_the_same_file_is_known_by_its_sha256_alone(self, world: Any) -> None:
        unnamed, _ = created(world)
        named, _ = created(world, sha256=hashlib.sha256(BODY).hexdigest())
        for url in (unnamed, named):
            assert patch(world, url, 0, BODY[:4]).status_code == 204
        assert created(world)[0] != unnamed
        assert created(world, sha256=hashlib.sha256(BODY).hexdigest())[0] == named

    def test_another_teams_creation_is_another_upload(self, world: Any) -> None:
        assert created(world)[0] != created(world, team="B")[0]

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
        created(world)
        assert code_of(create(world, b"another length")) == (429, "too-many-uploads")
        created(world, team="B")

    def test_a_submission_that_is_there_gets_an_upload_once(self, world: Any) -> None:
        made = world.create("A", size_bytes=len(BODY))
        first, again = (world.team("A").post(f"/api/v1/submissions/{made['id']}/upload") for _ in range(2))
        assert first.status_code == again.status_code == 201
        assert first.headers["Location"] == again.headers["Location"]
        assert patch(world, first.headers["Location"], 0, BODY).status_code == 204
        assert world.state(made["id"]) == "checking"


class TestDiskSpace:
    def test_what_was_promised_to_one_upload_is_not_promised_to_another(
        self, world: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = b"x" * 100
        monkeypatch.setattr(type(world.platform.core.store), "free_bytes", lambda self: 599)
        url, _ = created(world, body)
        # The promise is three times the size; the other one needs as much.
        assert code_of(create(world, body, team="B")) == (507, "no-space")
        assert world.team("B").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 100}).status_code == 507
        assert world.team("A").request("DELETE", url, headers=TUS).status_code == 204
        assert create(world, body, team="B").status_code == 201

    def test_a_new_process_knows_of_promises_and_of_what_has_come(self, world: Any) -> None:
        from sonobench_platform.storage.room import Room
        from sonobench_platform.uploads.space import promised_bytes

        url, _ = created(world, b"x" * 100)
        assert patch(world, url, 0, b"x" * 40).status_code == 204
        core = world.platform.core
        object.__setattr__(core, "room", Room(core.store))
        with core.database.read() as session:
            assert promised_bytes(core, session) == 300 - 40
        assert patch(world, url, 40, b"x" * 60).status_code == 204
        with core.database.read() as session:
            assert promised_bytes(core, session) == 200


class TestPatch:
    def test_bytes_come_in_pieces_and_the_last_one_has_it_checked(self, world: Any) -> None:
        url, submission_id = created(world)
        first = patch(world, url, 0, BODY[:4])
        assert (first.status_code, first.headers["Upload-Offset"]) == (204, "4")
        assert first.headers["Upload-Expires"]
        assert world.state(submission_id) == "uploading"
        last = patch(world, url, 4, BODY[4:])
        digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
        assert (last.status_code, last.headers["Upload-Offset"]) == (204, "10")
        assert last.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        assert world.state(submission_id) == "checking"
        assert world.wake.checks == [submission_id]
        assert world.platform.core.store.upload(submission_id).read_bytes() == BODY
        assert world.files("uploads") == [f"{submission_id}.tar"]

    def test_head_tells_where_it_stands(self, world: Any) -> None:
        url, submission_id = created(world, filename="image.tar")
        patch(world, url, 0, BODY[:4])
        answer = head_of(world, url)
        assert answer.headers["Upload-Offset"] == "4"
        assert answer.headers["Upload-Length"] == "10"
        assert answer.headers["Upload-Metadata"] == metadata_of(challenge="tiny", filename="image.tar")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Sonobench-Submission"] == submission_id

    @pytest.mark.parametrize("offset", [0, 3, 5, 10])
    def test_another_offset_is_409_and_says_the_right_one(self, world: Any, offset: int) -> None:
        url, _ = created(world)
        patch(world, url, 0, BODY[:4])
        answer = patch(world, url, offset, b"")
        assert code_of(answer) == (409, "wrong-offset")
        assert answer.headers["Upload-Offset"] == "4"

    def test_too_many_bytes_are_refused_and_nothing_of_them_kept(self, world: Any) -> None:
        url, _ = created(world)
        assert code_of(patch(world, url, 0, BODY + b"x")) == (413, "too-many-bytes")
        assert offset_of(world, url) == 0

    @pytest.mark.parametrize(
        ("headers", "status"),
        [({"Content-Type": "application/x-tar"}, 415), ({"Upload-Offset": "x"}, 400), ({"Upload-Checksum": "crc32 AAAA"}, 400)],
    )
    def test_a_malformed_request_changes_nothing(self, world: Any, headers: dict[str, str], status: int) -> None:
        url, _ = created(world)
        assert patch(world, url, 0, BODY[:4], **headers).status_code == status
        assert offset_of(world, url) == 0

    def test_the_last_request_sent_twice_is_harmless(self, world: Any) -> None:
        url, submission_id = created(world)
        patch(world, url, 0, BODY)
        assert patch(world, url, 10, b"").status_code == 204
        assert world.wake.checks == [submission_id]

    def test_bytes_beyond_the_record_are_cut_off_by_the_next_request(self, world: Any) -> None:
        url, submission_id = created(world)
        patch(world, url, 0, BODY[:4])
        part = world.platform.core.store.partials.path(url.rpartition("/")[2])
        part.write_bytes(BODY[:4] + b"written by a server that was killed")
        assert offset_of(world, url) == 4
        patch(world, url, 4, BODY[4:])
        assert world.platform.core.store.upload(submission_id).read_bytes() == BODY

    def test_a_disk_that_was_put_back_takes_the_offset_back_with_it(self, world: Any) -> None:
        url, submission_id = created(world)
        patch(world, url, 0, BODY[:8])
        part = world.platform.core.store.partials.path(url.rpartition("/")[2])
        part.write_bytes(BODY[:3])
        assert offset_of(world, url) == 3
        assert patch(world, url, 3, BODY[3:]).status_code == 204
        assert world.platform.core.store.upload(submission_id).read_bytes() == BODY

    def test_a_post_can_stand_for_it(self, world: Any) -> None:
        url, _ = created(world)
        headers = {**STREAM, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
        assert world.team("A").post(url, content=BODY[:4], headers=headers).status_code == 204
        assert offset_of(world, url) == 4

    def test_a_stranger_learns_nothing_of_it(self, world: Any) -> None:
        url, _ = created(world)
        for answer in (head_of(world, url, "B"), patch(world, url, 0, BODY, team="B")):
            assert answer.status_code == 404
        assert world.team("B").request("DELETE", url, headers=TUS).status_code == 404
        assert offset_of(world, url) == 0


class TestChecksums:
    @pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
    def test_a_right_one_is_kept_and_a_wrong_one_keeps_nothing(self, world: Any, algorithm: str) -> None:
        url, _ = created(world)
        assert patch(world, url, 0, BODY[:4], **{"Upload-Checksum": checksum_of(algorithm, BODY[:4])}).status_code == 204
        wrong = patch(world, url, 4, BODY[4:], **{"Upload-Checksum": checksum_of(algorithm, b"other")})
        assert code_of(wrong) == (460, "checksum-mismatch")
        assert offset_of(world, url) == 4
        assert patch(world, url, 4, BODY[4:], **{"Upload-Checksum": checksum_of(algorithm, BODY[4:])}).status_code == 204

    def test_a_whole_that_is_not_what_was_announced_begins_anew(self, world: Any) -> None:
        url, submission_id = created(world, sha256=hashlib.sha256(BODY).hexdigest())
        patch(world, url, 0, b"01234")
        assert code_of(patch(world, url, 5, b"wrong")) == (460, "digest-mismatch")
        assert (offset_of(world, url), world.state(submission_id)) == (0, "uploading")
        assert patch(world, url, 0, BODY).status_code == 204
        assert world.state(submission_id) == "checking"

    def test_the_sha256_is_right_although_another_process_wrote_the_beginning(self, world: Any) -> None:
        from sonobench_platform.storage.partial import Partials

        url, submission_id = created(world, sha256=hashlib.sha256(BODY).hexdigest())
        patch(world, url, 0, BODY[:4])
        store = world.platform.core.store
        store.partials = Partials(store.home / "uploads")
        assert patch(world, url, 4, BODY[4:]).status_code == 204
        assert world.state(submission_id) == "checking"
