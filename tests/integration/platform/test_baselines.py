"""Baselines: run again by the clock, timed and no more; a node that drifts is told of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sonobench_platform.db.models import ChallengeRow, NoticeRow, OrganiserRow, PersonRow


def _report(worlds: Any, wall_time_s: float) -> dict[str, Any]:
    measured = {"wall_time_s": wall_time_s, "peak_host_memory_bytes": 1000, "host_memory_method": "sampled"}
    return dict(worlds.report(measurement=measured))


def _round(world: Any, worlds: Any, wall_time_s: float, node: str = "n1") -> None:
    """The clock comes round, the baseline is run, and took so long."""
    world.clock.advance(hours=24)
    world.platform.sweep()
    claimed = world.claim(node)
    assert claimed is not None
    world.hand_back(claimed, node=node)
    world.tell(claimed, "finish", node=node, report=_report(worlds, wall_time_s))


@pytest.fixture
def baseline(world: Any) -> str:
    submission_id = world.scored("A")
    answer = world.organiser.put(f"/api/v1/submissions/{submission_id}/baseline", json={"every_s": 86400})
    assert answer.status_code == 200, answer.text
    return str(submission_id)


class TestSchedule:
    def test_it_runs_when_due_and_once(self, world: Any, worlds: Any, baseline: str) -> None:
        world.platform.sweep()
        world.platform.sweep()
        assert world.state(baseline) == "queued"
        claimed = world.claim()
        assert world.claim() is None
        world.hand_back(claimed)
        world.tell(claimed, "finish", report=worlds.report())
        world.platform.sweep()
        assert world.state(baseline) == "scored"
        world.clock.advance(hours=25)
        world.platform.sweep()
        assert world.state(baseline) == "queued"

    def test_neither_score_nor_board_changes_by_it(self, world: Any, worlds: Any, baseline: str) -> None:
        board = world.anyone.get("/api/v1/challenges/tiny/leaderboard").text
        scored = world.evaluator.scored
        _round(world, worlds, 99.0)
        assert world.state(baseline) == "scored"
        assert world.anyone.get("/api/v1/challenges/tiny/leaderboard").text == board
        assert world.evaluator.scored == scored
        assert len(world.files("runs")) == 1

    def test_one_that_fails_leaves_its_score(self, world: Any, worlds: Any, baseline: str) -> None:
        world.platform.sweep()
        world.tell(world.claim(), "finish", report=worlds.report(exit_code=1))
        assert (world.state(baseline), world.submission(baseline)["failure"]) == ("scored", None)

    def test_a_baseline_no_more_runs_no_more(self, world: Any, baseline: str) -> None:
        assert world.organiser.request("DELETE", f"/api/v1/submissions/{baseline}/baseline").status_code == 204
        world.clock.advance(hours=25)
        world.platform.sweep()
        assert world.state(baseline) == "scored"

    def test_without_a_score_there_is_nothing_to_compare(self, world: Any) -> None:
        answer = world.organiser.put(f"/api/v1/submissions/{world.queued('A')}/baseline", json={"every_s": 86400})
        assert (answer.status_code, answer.json()["code"]) == (409, "not-scored")

    def test_what_a_month_of_sleep_missed_is_run_once(self, world: Any, worlds: Any, baseline: str) -> None:
        world.clock.advance(days=30)
        _round(world, worlds, 12.5)
        world.platform.sweep()
        assert world.state(baseline) == "scored"


class TestDrift:
    def _organiser(self, world: Any) -> None:
        with world.platform.core.database.write() as work:
            now: datetime = world.clock.now() - timedelta(days=1)
            person = PersonRow(id="pers-aaaaaaaaaaaaaaaa", email="o@example.org", email_key="o@example.org", name="O")
            person.is_administrator, person.created_at, person.confirmed_at = False, now, now
            work.session.add(person)
            work.session.flush()
            challenge = work.session.scalars(select(ChallengeRow)).one()
            work.session.add(OrganiserRow(challenge_id=challenge.id, person_id=person.id, added_at=now))

    def _told(self, world: Any) -> list[str]:
        with world.platform.core.database.read() as session:
            return list(session.scalars(select(NoticeRow.subject).where(NoticeRow.event == "node.drifted")))

    def test_a_node_that_became_slower_is_told_of_and_shown(self, world: Any, worlds: Any, baseline: str) -> None:
        self._organiser(world)
        for seconds in (12.4, 12.6):
            _round(world, worlds, seconds)
        assert self._told(world) == []
        _round(world, worlds, 15.0)
        assert self._told(world) == ["Node n1 is 20 % slower than it was"]
        (node,) = world.organiser.get("/api/v1/nodes").json()["items"]
        assert node["baseline_drift_percent"] == pytest.approx(20)
        (shown,) = world.organiser.get("/api/v1/challenges/tiny/baselines").json()["items"]
        assert shown["nodes"][0]["last_s"] == 15.0

    def test_another_node_has_a_history_of_its_own(self, world: Any, worlds: Any, baseline: str) -> None:
        self._organiser(world)
        for seconds in (12.4, 12.6):
            _round(world, worlds, seconds)
        _round(world, worlds, 25.0, node="n2")
        assert self._told(world) == []
