"""Checking uploads: verified and queued, rejected with a sentence, or tried again."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select

from sonobench_platform.db.models import ImageRow
from sonobench_platform.submissions.check import TRIES


class TestCheck:
    def test_a_verified_image_is_shown_to_its_team(self, world: Any) -> None:
        shown = world.submission(world.queued("A"))
        image = shown["image"]
        assert (image["user"], image["entrypoint"], image["warnings"]) == ("1000", ["python"], ["runs as root by default ?"])
        assert image["digest"].startswith("sha256:")
        assert shown["queue_position"] == 1
        assert world.files("uploads") == []

    def test_a_refused_image_is_rejected_with_intakes_sentence(self, world: Any) -> None:
        submission_id = world.uploaded("A", b"refuse me")
        world.platform.check_submission(submission_id)
        shown = world.submission(submission_id)
        assert shown["state"] == "rejected"
        assert shown["failure"] == {
            "category": "not-an-image",
            "blame": "participant",
            "sentence": "This is not an image. Send the output of `docker save`.",
        }
        assert world.files("uploads") == world.files("images") == []

    def test_the_same_image_again_is_recognised_and_said_so(self, world: Any) -> None:
        first, second = world.queued("A", b"image"), world.queued("A", b"image")
        assert f"the same image as in {first}" in world.submission(second)["history"][-1]["cause"]
        assert len(world.files("images")) == 1

    def test_another_teams_very_image_is_rejected_and_the_team_is_not_named(self, world: Any) -> None:
        world.queued("Alder", b"image")
        stolen = world.uploaded("B", b"image")
        world.platform.check_submission(stolen)
        shown = world.submission(stolen)
        assert (shown["state"], shown["failure"]["category"]) == ("rejected", "image-of-another-team")
        assert "Alder" not in str(shown)
        assert world.files("uploads") == []

    def test_a_rejected_upload_makes_no_owner(self, world: Any) -> None:
        world.platform.check_submission(world.uploaded("A", b"refuse me"))
        with world.platform.core.database.read() as session:
            assert session.scalars(select(ImageRow)).all() == []

    @pytest.mark.parametrize(("ending", "state"), [("cancel", "queued"), (None, "rejected")])
    def test_an_image_is_free_again_once_its_team_cancelled_all_it_handed_in_of_it(
        self, world: Any, ending: str | None, state: str
    ) -> None:
        for submission_id in (world.queued("A", b"image"), world.queued("A", b"image")):
            if ending is not None:
                world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel")
        other = world.uploaded("B", b"image")
        world.platform.check_submission(other)
        assert world.state(other) == state

    def test_an_image_of_which_one_submission_still_counts_is_not_free(self, world: Any) -> None:
        first = world.queued("A", b"image")
        world.queued("A", b"image")
        world.team("A").post(f"/api/v1/submissions/{first}/cancel")
        other = world.uploaded("B", b"image")
        world.platform.check_submission(other)
        assert world.state(other) == "rejected"

    def test_of_two_teams_with_one_image_at_once_one_has_it(self, world: Any) -> None:
        both = [world.uploaded("A", b"image"), world.uploaded("B", b"image")]
        threads = [threading.Thread(target=world.platform.check_submission, args=(each,)) for each in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(world.state(each) for each in both) == ["queued", "rejected"]

    def test_doubled_and_late_wake_ups_change_nothing(self, world: Any) -> None:
        submission_id = world.queued("A")
        before = world.submission(submission_id)
        world.platform.check_submission(submission_id)
        world.platform.check_submission("sub-aaaaaaaaaaaaaaaa")
        world.platform.check_submission("nonsense")
        assert world.submission(submission_id) == before
        assert world.evaluator.verified == 1

    def test_two_workers_do_not_check_the_same_upload(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        world.evaluator.meanwhile = lambda: _once(world, lambda: world.platform.check_submission(submission_id))
        world.platform.check_submission(submission_id)
        assert world.evaluator.verified == 1
        assert world.state(submission_id) == "queued"


class TestPlatformTrouble:
    def test_it_is_tried_again_after_a_pause_and_costs_the_team_nothing(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        world.evaluator.trouble = OSError("disk /var/secret is full")
        world.platform.check_submission(submission_id)
        assert world.state(submission_id) == "checking"
        assert world.files("uploads") == [f"{submission_id}.tar"]
        world.evaluator.trouble = None
        world.platform.check_submission(submission_id)
        assert world.state(submission_id) == "checking"
        world.clock.advance(seconds=16)
        world.platform.check_submission(submission_id)
        assert world.state(submission_id) == "queued"

    def test_the_organiser_reads_what_happened_and_the_team_that_it_is_looked_after(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        world.evaluator.trouble = OSError("disk /var/secret is full")
        world.platform.check_submission(submission_id)
        assert "disk /var/secret is full" in world.submission(submission_id)["trouble"]
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        assert "costs you nothing" in shown["trouble"]
        assert "secret" not in str(shown)

    def test_after_many_tries_the_platform_gives_up_and_takes_the_blame(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        world.evaluator.trouble = OSError("broken")
        for _ in range(TRIES):
            world.platform.check_submission(submission_id)
            world.clock.advance(minutes=11)
        shown = world.submission(submission_id)
        assert (shown["state"], shown["failure"]["blame"]) == ("failed", "platform")
        assert world.files("uploads") == []

    def test_an_upload_that_vanished_is_not_the_teams_fault(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        world.platform.core.store.upload(submission_id).unlink()
        world.platform.check_submission(submission_id)
        assert world.state(submission_id) == "checking"

    def test_a_checker_that_died_is_replaced_once_its_lease_runs_out(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        world.evaluator.trouble = KeyboardInterrupt()  # as abrupt as a test can be
        with pytest.raises(KeyboardInterrupt):
            world.platform.check_submission(submission_id)
        world.evaluator.trouble = None
        world.platform.check_submission(submission_id)
        assert world.state(submission_id) == "queued"


class TestCancelMeanwhile:
    def test_the_result_of_the_check_is_dropped(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        cancel = f"/api/v1/submissions/{submission_id}/cancel"
        world.evaluator.meanwhile = lambda: _once(world, lambda: world.team("A").post(cancel))
        world.platform.check_submission(submission_id)
        assert world.state(submission_id) == "cancelled"
        assert world.files("images") == world.files("uploads") == []
        assert world.wake.runs == 0


def _once(world: Any, do: Any) -> None:
    """Do it on another thread, the first time only."""
    world.evaluator.meanwhile = lambda: None
    thread = threading.Thread(target=do)
    thread.start()
    thread.join()
