"""A submission's page for its team and organizers, in every state: what it tells, and whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import phased_world
import platform_world
import pytest
from submission_visitor import CURVE, HTML, page, ran, text


class TestEveryState:
    def test_one_that_waits_for_its_image_says_so(self, world: Any) -> None:
        shown = text(world.team("A"), world.create("A", note="my <first> try")["id"])
        assert "Waiting for the image" in shown
        assert "my <first> try" in shown
        assert "uploading" not in shown

    def test_one_that_waits_says_how_many_are_ahead(self, world: Any) -> None:
        first, second = world.queued("A"), world.queued("B")
        assert "It is next." in text(world.team("A"), first)
        assert "1 submission is ahead of it." in text(world.team("B"), second)

    def test_one_that_runs_says_what_it_does_and_how_long_it_may(self, world: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        assert world.tell(claimed, "heartbeat", phase="run").status_code == 200
        world.clock.advance(seconds=90)
        shown = text(world.organiser, submission_id)
        assert "The container is running." in shown
        assert "A run may take 1 min for all cases together." in shown
        assert "1 min 30 s" in shown
        assert "It runs on n1." in shown

    def test_a_team_is_not_told_the_machine_and_reads_whole_minutes_of_a_run(self, world: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        assert world.tell(claimed, "heartbeat", phase="run").status_code == 200
        world.clock.advance(seconds=200)
        shown = text(world.team("A"), submission_id)
        assert "It runs on" not in shown
        assert "about 3 min" in shown
        assert "3 min 20 s" not in shown

    def test_each_stay_has_its_length(self, world: Any) -> None:
        made = world.create("A", size_bytes=9)["id"]
        world.clock.advance(seconds=120)
        assert world.team("A").put(f"/api/v1/submissions/{made}/image", content=b"the image").status_code == 202
        world.clock.advance(seconds=12)
        world.platform.check_submission(made)
        world.clock.advance(seconds=14 * 60)
        world.claim()
        shown = text(world.organiser, made)
        assert shown.index(">2 min<") < shown.index(">12 s<") < shown.index(">14 min<")

    def test_trouble_of_the_platform_is_said_to_be_that_and_to_cost_nothing(self, world: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        assert world.tell(claimed, "release", reason="disk full on /secret").status_code == 200
        world.claim()
        shown = text(world.team("A"), submission_id)
        assert "The platform had to begin the run again once." in shown
        assert "Running, start 2" in shown
        assert "/secret" not in shown

    def test_a_refused_image_says_why_and_that_it_costs_nothing(self, world: Any) -> None:
        submission_id = world.uploaded("A", b"refuse me")
        world.platform.check_submission(submission_id)
        shown = text(world.team("A"), submission_id)
        assert "Image refused" in shown
        assert "This is not an image. Send the output of <code>docker save</code>." in shown
        assert "It costs the team nothing" in shown

    def test_a_crash_says_how_to_find_its_cause(self, world: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        gone = platform_world.report(exit_code=1, result_files=0)
        assert world.hand_back(claimed).status_code == 204
        assert world.tell(claimed, "finish", report=gone).status_code == 200
        shown = text(world.team("A"), submission_id)
        assert "Ended without a score" in shown
        assert "sonobench test my-image:latest" in shown
        assert "It counts as an attempt." in shown

    def test_who_cancelled_it_is_said(self, world: Any) -> None:
        submission_id = world.queued("A")
        assert world.organiser.post(f"/api/v1/submissions/{submission_id}/cancel").status_code == 200
        assert "Cancelled by an organizer." in text(world.team("A"), submission_id)

    def test_a_scored_one_shows_scores_place_and_what_it_used(self, world: Any) -> None:
        submission_id = world.scored("A")
        shown = text(world.team("A"), submission_id)
        assert "It is on the board, " in shown
        assert "wall time" in shown
        assert f"/api/v1/submissions/{submission_id}/evaluation" in shown
        assert "Times are shown to 1 %" in shown

    def test_sealed_scores_are_not_shown_and_the_page_says_until_when(self, world: Any) -> None:
        phased_world.with_rules(world, scores="sealed", sealed_until="2099-01-01T00:00:00+00:00")
        submission_id = phased_world.scored(world, "A")
        shown = text(world.team("A"), submission_id)
        assert "sealed until 2099-01-01" in shown
        assert "wall time" not in shown
        assert "Scores" in text(world.organiser, submission_id)


class TestWhoSeesIt:
    def test_another_team_is_told_there_is_none(self, world: Any) -> None:
        submission_id = world.queued("A")
        assert page(world.team("B"), submission_id).status_code == 404
        assert page(world.team("B"), "sub-nothing").status_code == 404
        for part in ("?part=live", "/events"):
            answer = world.team("B").get(f"/submissions/{submission_id}{part}", headers=HTML)
            assert answer.status_code == 404, part

    def test_nobody_is_led_to_the_sign_in_and_an_open_page_is_told(self, world: Any) -> None:
        submission_id = world.queued("A")
        led = page(world.anyone, submission_id)
        assert (led.status_code, led.headers["location"]) == (303, f"/account/sign-in?next=/submissions/{submission_id}")
        live = world.anyone.get(f"/submissions/{submission_id}?part=live", headers={"Accept": "*/*"})
        events = world.anyone.get(f"/submissions/{submission_id}/events", headers={"Accept": "text/event-stream"})
        assert (live.status_code, events.status_code) == (401, 401)

    def test_it_is_kept_by_no_cache(self, world: Any) -> None:
        answer = page(world.team("A"), world.queued("A"))
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"

    def test_the_live_part_is_the_parts_alone(self, world: Any) -> None:
        shown = text(world.team("A"), world.queued("A"), "?part=live")
        assert 'data-live="now"' in shown
        assert 'data-live="actions"' in shown
        assert "<nav" not in shown


class TestTheCourse:
    def test_organizers_see_it_whole_with_the_limit(self, world: Any) -> None:
        submission_id = world.queued("A")
        ran(world, submission_id, measurement=CURVE)
        shown = text(world.organiser, submission_id)
        assert "Memory peaked at 1.50 GiB of 8 GiB after 12 s." in shown
        assert "course-line" in shown
        assert "course-limit" in shown

    def test_a_team_is_told_why_not_while_the_phase_is_open(self, world: Any) -> None:
        submission_id = world.queued("A")
        ran(world, submission_id, measurement=CURVE)
        shown = text(world.team("A"), submission_id)
        assert "course-line" not in shown
        assert "is not shown while the phase is open" in shown

    def test_once_it_is_closed_a_team_sees_twelve_steps_without_moments(self, world: Any) -> None:
        submission_id = world.queued("A")
        ran(world, submission_id, measurement=CURVE)
        assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        shown = text(world.team("A"), submission_id)
        assert "In twelve parts of the run" in shown
        assert "Memory peaked at 1.50 GiB of 8 GiB." in shown

    def test_of_public_data_a_team_sees_it_whole(self, world: Any) -> None:
        phased_world.with_rules(world, logs="team")
        submission_id = phased_world.queued(world, "A")
        ran(world, submission_id, measurement=CURVE)
        assert "after 12 s" in text(world.team("A"), submission_id)


SAMPLE = {"id": "head/img/9.png", "task": "head", "center": "north"}


@pytest.fixture
def with_samples(world: Any) -> Any:
    """The tiny challenge with one public sample, on which images run first."""
    platform_world._picture(world.folder / "images" / SAMPLE["id"])
    platform_world.write_challenge(world.folder, warm_up=[SAMPLE], name="tiny")
    world.evaluator.dataset_hash = world.platform.register_challenge(world.yaml).dataset_hash
    return world


class TestTheSamples:
    def test_what_fails_there_has_its_whole_log_and_its_course(self, with_samples: Any) -> None:
        submission_id = with_samples.queued("A")
        claimed = with_samples.claim()
        report = platform_world.report(exit_code=1, result_files=0, log_tail="KeyError: 'weights'", measurement=CURVE)
        assert with_samples.tell(claimed, "canary", report=report).json() == {"proceed": False}
        shown = text(with_samples.team("A"), submission_id)
        assert "before any hidden image was touched" in shown
        assert "KeyError: 'weights'" in shown
        assert "This is the run on the public samples, where it ended." in shown
        assert "It costs the team nothing" in shown

    def test_what_ran_well_there_says_so(self, with_samples: Any) -> None:
        submission_id = with_samples.queued("A")
        claimed = with_samples.claim()
        assert with_samples.tell(claimed, "canary", report=platform_world.report()).json() == {"proceed": True}
        assert "On the public samples it ran well" in text(with_samples.team("A"), submission_id)


class TestFindings:
    """The results that every container here leaves have two files of no case, with a name that says much (see the fakes)."""

    def test_of_hidden_data_a_team_reads_how_many_and_what_to_do(self, world: Any) -> None:
        submission_id = world.scored("A")
        shown = text(world.team("A"), submission_id)
        assert "2 files belong to no case." in shown
        assert "Write files of your own to /tmp" in shown
        assert "For example" not in shown

    def test_organizers_read_an_example(self, world: Any) -> None:
        assert "For example" in text(world.organiser, world.scored("A"))

    def test_of_public_data_its_team_does_too(self, world: Any) -> None:
        phased_world.with_rules(world, logs="team")
        assert "For example" in text(world.team("A"), phased_world.scored(world, "A"))


class TestTheLog:
    def test_it_is_the_organizers_where_the_data_is_hidden(self, world: Any) -> None:
        submission_id = world.queued("A")
        ran(world, submission_id, log_tail="<b>a white ring</b>")
        assert "a white ring" not in text(world.team("A"), submission_id)
        assert "&lt;b&gt;a white ring" in page(world.organiser, submission_id).text

    def test_it_is_the_teams_where_the_data_is_public(self, world: Any) -> None:
        phased_world.with_rules(world, logs="team")
        submission_id = phased_world.queued(world, "A")
        ran(world, submission_id, log_tail="\x1b[31mepoch 1\u202e\n")
        shown = text(world.team("A"), submission_id)
        assert "epoch 1" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown


class TestHostileWords:
    @pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a</title><img src=x onerror=alert(1)>"])
    def test_a_teams_name_is_text(self, make_world: Callable[..., Any], name: str) -> None:
        world = make_world()
        submission_id = world.queued(name)
        shown = page(world.team(name), submission_id).text
        assert "<script>alert" not in shown
        assert "<img" not in shown
