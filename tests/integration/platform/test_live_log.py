"""The end of a log while its run is under way: kept where its team may read it, never of a run on hidden data."""

from __future__ import annotations

from typing import Any

import phased_world
import platform_world
from sqlalchemy import select

from sonobench_platform.db.models import AttemptRow

HTML = {"Accept": "text/html"}


def running(world: Any, **rules: Any) -> tuple[str, dict[str, Any]]:
    phased_world.with_rules(world, **rules)
    submission_id = phased_world.queued(world, "A")
    return submission_id, world.claim()


def kept(world: Any) -> str | None:
    with world.platform.core.database.read() as session:
        return session.scalars(select(AttemptRow.live_log)).one()


class TestOfPublicData:
    def test_its_team_reads_it_while_it_runs(self, world: Any) -> None:
        submission_id, claimed = running(world, logs="team")
        assert claimed["tells_log"] is True
        beat = world.tell(claimed, "heartbeat", phase="run", log_tail="epoch 1 \x1b[31mdone\n<i>")
        assert beat.status_code == 200, beat.text
        world.clock.advance(seconds=3)
        page = world.team("A").get(f"/submissions/{submission_id}", headers=HTML).text
        assert "epoch 1 done\n&lt;i&gt;" in page
        assert "3 s ago" in page

    def test_a_beat_without_news_keeps_it(self, world: Any) -> None:
        _, claimed = running(world, logs="team")
        assert world.tell(claimed, "heartbeat", phase="run", log_tail="epoch 1").status_code == 200
        assert world.tell(claimed, "heartbeat", phase="run").status_code == 200
        assert kept(world) == "epoch 1"

    def test_it_goes_when_the_attempt_ends(self, world: Any) -> None:
        _, claimed = running(world, logs="team")
        assert world.tell(claimed, "heartbeat", phase="run", log_tail="epoch 1").status_code == 200
        assert world.hand_back(claimed).status_code == 204
        assert world.tell(claimed, "finish", report=platform_world.report()).status_code == 200
        assert kept(world) is None

    def test_one_that_is_too_long_is_refused(self, world: Any) -> None:
        _, claimed = running(world, logs="team")
        assert world.tell(claimed, "heartbeat", phase="run", log_tail="x" * 65_537).status_code == 422

    def test_bytes_that_no_database_keeps_lose_no_run(self, world: Any) -> None:
        _, claimed = running(world, logs="team")
        assert world.tell(claimed, "heartbeat", phase="run", log_tail="a\0b").status_code == 200
        assert kept(world) == "a\ufffdb"


class TestOfHiddenData:
    def test_nobody_asks_for_it_and_what_comes_is_not_kept(self, world: Any) -> None:
        submission_id, claimed = running(world, logs="organisers")
        assert claimed["tells_log"] is False
        assert world.tell(claimed, "heartbeat", phase="run", log_tail="what it saw").status_code == 200
        assert kept(world) is None
        for http in (world.team("A"), world.organiser):
            assert "what it saw</pre>" not in http.get(f"/submissions/{submission_id}", headers=HTML).text
