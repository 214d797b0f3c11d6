"""What a container chose is rounded for teams and the public while a challenge is open, and exact once it is closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

MIB = 2**20
BOARD = "/api/v1/challenges/tiny/leaderboard"
MEASURED = {
    "wall_time_s": 12.345678,
    "cpu_time_s": 3.21,
    "peak_host_memory_bytes": 100 * MIB + 1,
    "host_memory_method": "largest of 1234 samples at most 0.061 s apart of anon + shmem, from cgroup v1",
    "peak_gpu_memory_bytes": 7,
    "gpu_memory_method": "NVML, 3 processes",
    "curve": [{"t_s": 0.5, "host_memory_bytes": 5}],
}


def scored(world: Any, worlds: Any, team: str = "A", **measured: Any) -> str:
    submission_id = world.queued(team)
    claimed = world.claim()
    assert claimed["submission_id"] == submission_id
    world.clock.advance(seconds=37.123456)
    world.hand_back(claimed)
    world.tell(claimed, "finish", report=worlds.report(measurement={**MEASURED, **measured}))
    world.platform.score_run(claimed["run_id"])
    return submission_id


class TestWhileOpen:
    def test_a_team_sees_its_figures_rounded_and_an_organiser_exactly(self, world: Any, worlds: Any) -> None:
        url = f"/api/v1/submissions/{scored(world, worlds)}"
        team, organiser = (caller.get(url).json()["result"] for caller in (world.team("A"), world.organiser))
        assert (organiser["time_s"], organiser["host_memory_bytes"], organiser["exact"]) == (12.345678, 100 * MIB + 1, True)
        # 12.345678 = 1.01^252.58, so the step is 1.01^253 = e^2.517433 = 12.3967
        assert (team["time_s"], team["host_memory_bytes"], team["gpu_memory_bytes"]) == (12.3967, 128 * MIB, 64 * MIB)
        assert team["exact"] is False
        assert team["host_memory_method"] == "largest of … samples at most … s apart of anon + shmem, from cgroup v1"
        assert "1234" in organiser["host_memory_method"]

    def test_nothing_exact_is_in_anything_a_team_or_the_public_can_read(self, world: Any, worlds: Any) -> None:
        submission_id = scored(world, worlds)
        paths = (f"/api/v1/submissions/{submission_id}", f"/api/v1/submissions/{submission_id}/evaluation", "/api/v1/submissions")
        answers = [world.team("A").get(path) for path in paths]
        pages = (BOARD, "/challenges/tiny/leaderboard", "/challenges/tiny/leaderboard.json", "/challenges/tiny/leaderboard.csv")
        answers += [world.anyone.get(path) for path in pages]
        for answer in answers:
            assert answer.status_code == 200
            for exact in ("12.345", "104857601", "1234 samples", "3.21", ".123456"):
                assert exact not in answer.text, (answer.url, exact)

    def test_the_board_says_so_and_ranks_by_what_it_shows(self, world: Any, worlds: Any) -> None:
        scored(world, worlds, "A", wall_time_s=12.40)
        scored(world, worlds, "B", wall_time_s=12.39)
        board = world.anyone.get(BOARD).json()
        assert board["exact"] is False
        assert {row["time_s"] for row in board["rows"]} == {12.3967}
        assert datetime.fromisoformat(board["generated_at"]).second == 0

    def test_the_moments_of_a_run_are_whole_minutes_in_order(self, world: Any, worlds: Any) -> None:
        submission_id = scored(world, worlds)
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        moments = [datetime.fromisoformat(step["at"]) for step in shown["history"]]
        assert moments == sorted(moments)
        assert len(set(moments[3:])) == 1
        assert shown["state_since"] == shown["history"][-1]["at"]
        exact = [datetime.fromisoformat(step["at"]) for step in world.submission(submission_id)["history"]]
        assert exact[4] - exact[3] == timedelta(seconds=37.123456)

    def test_so_is_the_beginning_of_a_phase(self, world: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        world.clock.advance(seconds=3.25)
        world.tell(claimed, "heartbeat", phase="run")
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()["progress"]
        since = datetime.fromisoformat(shown["since"])
        assert (shown["phase"], since.second, since.microsecond) == ("run", 0, 0)
        assert datetime.fromisoformat(world.submission(submission_id)["progress"]["since"]).second != 0

    def test_how_many_files_belong_to_no_case_is_told_roughly(self, world: Any) -> None:
        from sonobench_eval.evaluation import FindingRecord
        from sonobench_platform.runs.evaluations import _counted

        told = [_counted(FindingRecord(code="unexpected_file", count=n, examples=("x",), sentence="x")) for n in (9, 10, 12_345)]
        assert [each.count for each in told] == [9, 10, 10_000]
        assert told[2].sentence.startswith("At least 10,000 ")
        assert _counted(FindingRecord(code="missing_result", count=123, examples=(), sentence="")).count == 123


class TestClosing:
    def test_the_board_becomes_exact_and_rounded_again_when_it_opens(self, world: Any, worlds: Any) -> None:
        submission_id = scored(world, worlds)
        rounded = world.anyone.get(BOARD)
        closed = world.organiser.post("/api/v1/challenges/tiny/close")
        assert (closed.status_code, closed.json()["open"]) == (200, False)
        exact = world.anyone.get(BOARD)
        assert (exact.json()["exact"], exact.json()["rows"][0]["time_s"]) == (True, 12.345678)
        assert exact.headers["ETag"] != rounded.headers["ETag"]
        mine = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        assert (mine["result"]["time_s"], mine["result"]["exact"]) == (12.345678, True)
        assert world.organiser.post("/api/v1/challenges/tiny/open").json()["open"] is True
        again = world.anyone.get(BOARD)
        assert again.headers["ETag"] == rounded.headers["ETag"]

    def test_closed_it_takes_no_submission_and_no_upload_but_finishes_what_it_has(self, world: Any, worlds: Any) -> None:
        waiting = world.create("A", size_bytes=5)
        running = world.queued("B")
        world.organiser.post("/api/v1/challenges/tiny/close")
        refused = world.team("A").post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 5})
        assert (refused.status_code, refused.json()["code"]) == (409, "challenge-closed")
        late = world.team("A").put(f"/api/v1/submissions/{waiting['id']}/image", content=b"image")
        assert (late.status_code, late.json()["code"]) == (409, "challenge-closed")
        claimed = world.claim()
        assert claimed["submission_id"] == running
        world.hand_back(claimed)
        world.tell(claimed, "finish", report=worlds.report(measurement=MEASURED))
        world.platform.score_run(claimed["run_id"])
        board = world.anyone.get(BOARD).json()
        assert (board["exact"], board["rows"][0]["time_s"]) == (True, 12.345678)

    def test_twice_is_harmless_and_publishes_once(self, world: Any, worlds: Any) -> None:
        from sonobench_platform.db.models import SnapshotRow

        scored(world, worlds)
        for _ in range(2):
            assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        with world.platform.core.database.read() as session:
            assert session.query(SnapshotRow).count() == 2

    def test_before_anything_is_scored_no_board_is_published(self, world: Any) -> None:
        assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        assert world.anyone.get(BOARD).status_code == 404

    def test_a_challenge_that_is_not_there_is_404(self, world: Any) -> None:
        assert world.organiser.post("/api/v1/challenges/none/close").status_code == 404

    def test_registering_a_closed_challenge_again_does_not_open_it(self, world: Any) -> None:
        world.organiser.post("/api/v1/challenges/tiny/close")
        assert world.platform.register_challenge(world.yaml).open is False

    def test_the_hidden_references_are_not_needed_for_it(self, world: Any, worlds: Any) -> None:
        scored(world, worlds)
        world.platform.core.store.definition(world.summary.hash).unlink()
        assert world.organiser.post("/api/v1/challenges/tiny/close").status_code == 200
        assert world.anyone.get(BOARD).json()["exact"] is True


class TestAllThatIsKnownOfARun:
    def test_an_organiser_reads_what_was_measured(self, world: Any, worlds: Any) -> None:
        known = world.organiser.get(f"/api/v1/submissions/{scored(world, worlds)}/run").json()
        assert known["measurement"]["cpu_time_s"] == 3.21
        assert known["measurement"]["curve"][0]["host_memory_bytes"] == 5
        assert "log_tail" not in known

    def test_before_the_run_has_ended_there_is_nothing(self, world: Any) -> None:
        answer = world.organiser.get(f"/api/v1/submissions/{world.queued('A')}/run")
        assert (answer.status_code, answer.json()["code"]) == (404, "no-run")


class TestAdmin:
    @pytest.mark.parametrize(("verb", "is_open"), [("close_challenge", False), ("open_challenge", True)])
    def test_the_command_line_does_the_same(
        self, world: Any, verb: str, is_open: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from contextlib import contextmanager

        from sonobench_platform.commands import admin_challenges

        @contextmanager
        def platform(_settings: Any) -> Any:
            yield world.platform

        monkeypatch.setattr(admin_challenges, "_platform", platform)
        getattr(admin_challenges, verb)(world.platform.settings, "tiny", phase=None)
        assert f"Challenge tiny is {'open' if is_open else 'closed'}" in capsys.readouterr().out
        assert world.anyone.get("/api/v1/challenges/tiny").json()["open"] is is_open
