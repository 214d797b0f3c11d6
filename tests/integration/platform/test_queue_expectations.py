"""What a waiting team is told: its place, and when to expect a start, from what runs took and the nodes that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def _took(world: Any, worlds: Any, *, minutes: float) -> None:
    """A run of team Z that took so long, from its claim to its end."""
    world.queued("Z")
    claimed = world.claim()
    for _ in range(int(minutes * 2)):
        world.clock.advance(seconds=30)
        world.tell(claimed, "heartbeat", phase="run")
    world.tell(claimed, "finish", report=worlds.report(exit_code=1, result_files=0))


def _expected(world: Any, team: str, submission_id: str) -> tuple[int | None, dict[str, int] | None]:
    shown = world.team(team).get(f"/api/v1/submissions/{submission_id}").json()
    return shown["queue_position"], shown["expected_start"]


class TestExpectedStart:
    def test_where_nothing_was_measured_yet_nothing_is_promised_but_the_first(self, world: Any) -> None:
        world.report_node("n1")
        first, second = world.queued("A"), world.queued("B")
        assert _expected(world, "A", first) == (1, {"from_minutes": 0, "to_minutes": 0})
        assert _expected(world, "B", second) == (2, None)

    def test_without_a_node_nobody_knows(self, world: Any) -> None:
        assert _expected(world, "A", world.queued("A")) == (1, None)

    def test_from_the_last_runs_in_coarse_steps(self, world: Any, worlds: Any) -> None:
        for minutes in (9, 10, 11):
            _took(world, worlds, minutes=minutes)
        world.report_node("n1")
        waiting = [(team, world.queued(team)) for team in ("A", "B", "C")]
        assert [_expected(world, *each) for each in waiting] == [
            (1, {"from_minutes": 0, "to_minutes": 0}),
            (2, {"from_minutes": 5, "to_minutes": 15}),
            (3, {"from_minutes": 15, "to_minutes": 30}),
        ]

    def test_two_nodes_halve_the_wait(self, world: Any, worlds: Any) -> None:
        for minutes in (10, 10):
            _took(world, worlds, minutes=minutes)
        world.report_node("n1")
        world.report_node("n2")
        waiting = [(team, world.queued(team)) for team in ("A", "B", "C")]
        assert [_expected(world, *each)[1]["from_minutes"] for each in waiting] == [0, 0, 10]

    def test_a_node_that_is_not_safe_or_was_not_heard_of_does_not_count(self, world: Any, worlds: Any) -> None:
        _took(world, worlds, minutes=10)
        world.report_node("n2", is_safe=False)
        submission_id = world.queued("A")
        assert _expected(world, "A", submission_id)[1] is not None
        world.clock.advance(minutes=4)
        assert _expected(world, "A", submission_id) == (1, None)

    def test_what_runs_now_counts_with_what_it_still_needs(self, world: Any, worlds: Any) -> None:
        for minutes in (10, 10):
            _took(world, worlds, minutes=minutes)
        world.queued("B")
        claimed = world.claim()
        for _ in range(12):
            world.clock.advance(seconds=30)
            world.tell(claimed, "heartbeat", phase="run")
        submission_id = world.queued("A")
        assert _expected(world, "A", submission_id)[1] == {"from_minutes": 2, "to_minutes": 5}


class TestPriority:
    def test_a_phase_with_a_higher_one_goes_first_and_teams_are_fair_within(
        self, world: Any, worlds: Any, tmp_path: Path
    ) -> None:
        cases = [{**case, "phase": "try" if "/1." in case["id"] else "test"} for case in worlds.CHALLENGE["cases"]]
        phases = [{"id": "try", "kind": "validation", "priority": 5}, {"id": "test", "kind": "test"}]
        world.platform.register_challenge(worlds.write_challenge(tmp_path / "two", name="two", phases=phases, cases=cases))

        def hand_in(team: str, phase: str) -> str:
            body = f"image of {team} {world.clock.now()}".encode()
            asked = {"size_bytes": len(body), "phase": phase}
            made = world.team(team).post("/api/v1/challenges/two/submissions", json=asked).json()["submission"]["id"]
            world.team(team).put(f"/api/v1/submissions/{made}/image", content=body)
            world.platform.check_submission(made)
            world.clock.advance(seconds=1)
            return str(made)

        tests = [hand_in("A", "test"), hand_in("B", "test")]
        tries = [hand_in("A", "try"), hand_in("A", "try"), hand_in("B", "try")]
        claimed = [world.claim(f"n{n}")["submission_id"] for n in range(5)]
        assert claimed == [tries[0], tries[2], tries[1], tests[1], tests[0]]
