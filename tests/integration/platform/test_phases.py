"""Phases: they open and close by the clock, ask for what comes before them, and have boards of their own."""

from __future__ import annotations

from typing import Any

import phased_world as phased
import pytest

from sonobench_platform.challenges.opening import settle_due_phases
from sonobench_platform.domain.errors import Conflict, NotFound

# The clock of the tests begins at 2026-01-01 12:00 UTC.
ONE_O_CLOCK, TWO_O_CLOCK = "2026-01-01T14:00:00+01:00", "2026-01-01T14:00:00Z"


def shown(world: Any) -> dict[str, Any]:
    """The challenge's phases by name, as anyone sees them."""
    return {each["id"]: each for each in world.anyone.get("/api/v1/challenges/tiny").json()["phases"]}


class TestDates:
    def test_images_are_taken_from_the_moment_it_opens_until_just_before_it_closes(self, world: Any) -> None:
        phased.with_rules(world, opens=ONE_O_CLOCK, closes=TWO_O_CLOCK)
        asked = []
        for seconds in (0, 3599, 1, 3599, 1):
            world.clock.advance(seconds=seconds)
            asked.append(phased.hand_in(world).status_code)
        assert asked == [409, 409, 201, 201, 409]

    def test_whoever_is_early_or_late_is_told_when(self, world: Any) -> None:
        phased.with_rules(world, opens=ONE_O_CLOCK, closes=TWO_O_CLOCK)
        refused = phased.hand_in(world).json()
        assert refused["code"] == "challenge-closed"
        assert "It opens 2026-01-01 14:00 UTC+01:00. It closes 2026-01-01 14:00 UTC." in refused["detail"]

    def test_what_is_shown_follows_the_clock_without_anyone_awake(self, world: Any) -> None:
        phased.with_rules(world, opens=ONE_O_CLOCK, closes=TWO_O_CLOCK)
        open_at = []
        for hours in (0, 1, 1):
            world.clock.advance(hours=hours)
            open_at.append((shown(world)["test"]["open"], world.anyone.get("/api/v1/challenges/tiny").json()["open"]))
        assert open_at == [(False, False), (True, True), (False, False)]

    def test_the_sweep_publishes_exact_figures_once_it_has_closed(self, world: Any) -> None:
        phased.with_rules(world, closes=TWO_O_CLOCK)
        phased.scored(world)
        assert world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["exact"] is False
        world.clock.advance(hours=3)
        world.platform.sweep()
        assert world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["exact"] is True
        assert settle_due_phases(world.platform.core) == []

    def test_what_was_handed_in_before_the_close_still_counts(self, world: Any) -> None:
        phased.with_rules(world, closes=TWO_O_CLOCK)
        submission_id = phased.queued(world)
        world.clock.advance(hours=3)
        world.platform.sweep()
        phased.run_again(world)
        assert phased.board_teams(world) == {"A": submission_id}

    def test_an_upload_that_begins_after_the_close_is_late(self, world: Any) -> None:
        phased.with_rules(world, closes=TWO_O_CLOCK)
        submission_id = phased.opened(world)
        world.clock.advance(hours=2)
        late = world.team("A").put(f"/api/v1/submissions/{submission_id}/image", content=b"0123456789")
        assert (late.status_code, late.json()["code"]) == (409, "challenge-closed")

    def test_an_organiser_holds_one_phase_closed_and_lets_it_go(self, world: Any) -> None:
        phased.in_two_phases(world)
        assert world.organiser.post("/api/v1/challenges/tiny/close?phase=first").json()["open"] is True
        assert [phased.hand_in(world, "A", name).status_code for name in ("first", "final")] == [409, 201]
        assert shown(world)["first"]["held"] is True
        assert world.organiser.post("/api/v1/challenges/tiny/open?phase=first").status_code == 200
        assert phased.hand_in(world, "A", "first").status_code == 201

    def test_opened_by_hand_it_still_keeps_its_dates(self, world: Any) -> None:
        phased.with_rules(world, opens=ONE_O_CLOCK)
        world.organiser.post("/api/v1/challenges/tiny/open")
        assert phased.hand_in(world).status_code == 409


class TestWhichPhase:
    def test_it_is_said_where_several_take_images(self, world: Any) -> None:
        phased.in_two_phases(world)
        refused = phased.hand_in(world)
        assert (refused.status_code, refused.json()["code"]) == (409, "phase-needed")
        assert "first, final take images now" in refused.json()["detail"]

    def test_it_is_the_open_one_where_only_one_is(self, world: Any) -> None:
        phased.in_two_phases(world, final={"opens": TWO_O_CLOCK})
        assert phased.hand_in(world).json()["submission"]["phase"] == "first"

    def test_one_that_is_not_there_is_not_found(self, world: Any) -> None:
        phased.in_two_phases(world)
        assert phased.hand_in(world, "A", "other").json()["code"] == "no-such-phase"


class TestRequires:
    def test_a_score_in_the_phase_before_is_asked_for(self, world: Any) -> None:
        phased.in_two_phases(world, final={"requires": ["first"]})
        phased.scored(world, "B", "first")
        phased.queued(world, "A", "first")
        refused = phased.hand_in(world, "A", "final")
        assert (refused.status_code, refused.json()["code"]) == (409, "phase-required")
        assert "asks for a scored submission of your team in first first" in refused.json()["detail"]
        phased.run_again(world)
        assert phased.hand_in(world, "A", "final").status_code == 201


class TestBoards:
    def test_each_phase_has_its_own_and_the_test_phase_is_the_challenges(self, world: Any) -> None:
        phased.in_two_phases(world)
        first, final = phased.scored(world, "A", "first"), phased.scored(world, "A", "final")
        assert phased.board_teams(world, "first") == {"A": first}
        assert phased.board_teams(world, "final") == phased.board_teams(world) == {"A": final}
        assert world.anyone.get("/api/v1/challenges/tiny/leaderboard?phase=other").status_code == 404

    def test_each_phase_is_scored_by_its_own_cases_alone(self, world: Any) -> None:
        phased.in_two_phases(world)
        phases = shown(world)
        assert (phases["first"]["cases"], phases["final"]["cases"]) == (2, 2)
        assert phases["first"]["dataset_hash"] != phases["final"]["dataset_hash"]
        claimed = (phased.queued(world, "A", "final"), world.claim())[1]
        assert {case["id"] for case in claimed["challenge"]["cases"]} == {"breast/img/1.png", "breast/img/2.png"}
        assert claimed["inputs"]["hash"] == phases["final"]["dataset_hash"]


class TestFreezing:
    def frozen(self, world: Any) -> bool:
        return world.anyone.get("/api/v1/challenges/tiny").json()["frozen_at"] is not None

    def test_it_is_frozen_when_its_first_phase_opens(self, world: Any) -> None:
        phased.in_two_phases(world, {"opens": ONE_O_CLOCK}, {"opens": TWO_O_CLOCK})
        assert not self.frozen(world)
        world.clock.advance(hours=1)
        world.platform.sweep()
        assert self.frozen(world)
        with pytest.raises(Conflict, match="is frozen"):
            phased.in_two_phases(world, {"opens": ONE_O_CLOCK}, {"opens": TWO_O_CLOCK}, title="Renamed")

    def test_one_without_dates_is_frozen_by_its_first_submission(self, world: Any) -> None:
        assert not self.frozen(world)
        phased.opened(world)
        assert self.frozen(world)


class TestUnknown:
    def test_a_phase_to_close_that_is_not_there_is_not_found(self, world: Any) -> None:
        from sonobench_platform.challenges.opening import set_open

        with pytest.raises(NotFound), world.platform.core.database.write() as work:
            set_open(world.platform.core, work, "tiny", is_open=False, phase="other")
