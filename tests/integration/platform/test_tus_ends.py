"""How resumable uploads end: by their team, by their time, by their phase, or whole by a server that died."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update
from tus_requests import BODY, TUS, code_of, cost_of, created, head_of, offset_of, patch

from sonobench_platform.commands.score_worker import DueWorker
from sonobench_platform.db.models import UploadRow
from sonobench_platform.storage.partial import Partial


class TestTermination:
    def test_the_submission_is_cancelled_the_attempt_given_back_and_the_bytes_removed(self, world: Any) -> None:
        url, submission_id = created(world)
        patch(world, url, 0, BODY[:4])
        assert world.team("A").request("DELETE", url, headers=TUS).status_code == 204
        assert world.state(submission_id) == "cancelled"
        assert world.files("uploads") == []
        assert cost_of(world, submission_id) == 0
        assert head_of(world, url).status_code == 410
        assert code_of(patch(world, url, 4, BODY[4:])) == (410, "upload-gone")

    def test_a_whole_one_is_not_ended_this_way(self, world: Any) -> None:
        url, submission_id = created(world)
        patch(world, url, 0, BODY)
        assert world.team("A").request("DELETE", url, headers=TUS).status_code == 409
        assert world.state(submission_id) == "checking"

    def test_of_a_submission_that_is_cancelled_otherwise_the_file_goes_with_the_next_sweep(self, world: Any) -> None:
        url, submission_id = created(world)
        patch(world, url, 0, BODY[:4])
        world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel")
        world.platform.sweep()
        assert world.files("uploads") == []


class TestExpiration:
    def test_after_its_time_it_is_cancelled_at_no_cost(self, make_world: Callable[..., Any]) -> None:
        world = make_world(upload_expires_s=3600)
        url, submission_id = created(world)
        patch(world, url, 0, BODY[:4])
        world.clock.advance(seconds=3599)
        world.platform.sweep()
        assert offset_of(world, url) == 4
        world.clock.advance(seconds=1)
        assert head_of(world, url).status_code == 410
        world.platform.sweep()
        assert world.state(submission_id) == "cancelled"
        assert world.files("uploads") == []
        assert cost_of(world, submission_id) == 0


class TestAWholeOneWhoseServerDied:
    """Every byte came, and the server died before it said so."""

    @pytest.fixture
    def whole(self, world: Any) -> tuple[str, str]:
        """Its id, and its submission's."""
        url, submission_id = created(world)
        patch(world, url, 0, BODY[:9])
        upload_id = url.rpartition("/")[2]
        world.platform.core.store.partials.path(upload_id).write_bytes(BODY)
        with world.platform.core.database.write() as work:
            work.session.execute(update(UploadRow).values(offset_bytes=10))
        assert offset_of(world, url) == 10
        return upload_id, submission_id

    def test_it_is_finished_once_however_often_it_is_found(self, world: Any, whole: tuple[str, str]) -> None:
        upload_id, submission_id = whole
        assert world.platform.due_work().uploads == (upload_id,)
        for _ in range(2):
            world.platform.finish_upload(upload_id)
        assert world.state(submission_id) == "checking"
        assert world.wake.checks == [submission_id]
        assert world.platform.core.store.upload(submission_id).read_bytes() == BODY
        assert world.platform.due_work().uploads == ()

    def test_while_it_is_hashed_lost_runs_are_still_found(
        self, world: Any, whole: tuple[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hashing, go_on = threading.Event(), threading.Event()

        def slowly(partial: Partial) -> str:
            hashing.set()
            assert go_on.wait(120)
            return hashlib.sha256(BODY).hexdigest()

        monkeypatch.setattr(Partial, "read_sha256", slowly)
        worker = DueWorker(world.platform, jobs=1)
        try:
            worker.look()
            assert hashing.wait(60)
            lost = world.queued("B")
            world.claim()
            world.clock.advance(minutes=2)
            assert world.platform.sweep().lost == (lost,)
            worker.look()  # in hand: not begun a second time
            assert world.state(whole[1]) == "uploading"
        finally:
            go_on.set()
            worker.close()
        assert world.state(whole[1]) == "checking"

    def test_one_that_was_cancelled_meanwhile_is_left_alone(self, world: Any, whole: tuple[str, str]) -> None:
        upload_id, submission_id = whole
        assert world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel").status_code == 200
        world.platform.finish_upload(upload_id)
        assert world.state(submission_id) == "cancelled"
        assert world.wake.checks == []

    def test_one_whose_disk_was_put_back_waits_for_its_client(self, world: Any, whole: tuple[str, str]) -> None:
        upload_id, submission_id = whole
        world.platform.core.store.partials.path(upload_id).write_bytes(BODY[:5])
        world.platform.finish_upload(upload_id)
        assert world.state(submission_id) == "uploading"


class TestAPhaseThatCloses:
    def test_what_was_announced_by_sha256_may_still_come_and_all_else_not(self, world: Any) -> None:
        named, submission_id = created(world, sha256=hashlib.sha256(BODY).hexdigest())
        unnamed, _ = created(world)
        for url in (named, unnamed):
            patch(world, url, 0, BODY[:4])
        assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        assert code_of(patch(world, unnamed, 4, BODY[4:])) == (409, "challenge-closed")
        assert patch(world, named, 4, BODY[4:]).status_code == 204
        assert world.state(submission_id) == "checking"
