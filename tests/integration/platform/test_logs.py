"""Who reads a run's log: organisers always, teams only where the challenge says that its data is public."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

LOG = "first\n\x1b[31mred\x1b[0m \x1b]0;title\x07\u202etrap\n" + "".join(f"line {number}\n" for number in range(600))


@pytest.fixture
def public_world(make_world: Any, worlds: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same challenge on public sample data: its teams may read their logs."""
    original = worlds.write_challenge

    def write(folder: Path) -> Path:
        return original(folder, logs="team")

    monkeypatch.setattr(worlds, "write_challenge", write)
    return make_world()


def ended(world: Any, worlds: Any, **report: Any) -> str:
    submission_id = world.queued("A")
    claimed = world.claim()
    world.hand_back(claimed)
    world.tell(claimed, "finish", report=worlds.report(log_tail=LOG, **report))
    return submission_id


class TestHiddenData:
    @pytest.mark.parametrize("exit_code", [0, 3])
    def test_a_team_is_told_there_is_none_for_it(self, world: Any, worlds: Any, exit_code: int) -> None:
        submission_id = ended(world, worlds, exit_code=exit_code)
        answer = world.team("A").get(f"/api/v1/submissions/{submission_id}/log")
        assert (answer.status_code, answer.json()["code"]) == (404, "log-not-shown")
        assert "sonobench test" in answer.json()["detail"]

    def test_no_line_of_it_is_in_anything_else_a_team_reads(self, world: Any, worlds: Any) -> None:
        notes = ("It ran with 2 CPUs, all this node has.",)
        submission_id = ended(world, worlds, exit_code=3, notes=notes, engine_error="")
        for path in (f"/api/v1/submissions/{submission_id}", "/api/v1/submissions"):
            shown = world.team("A").get(path).text
            assert "line 599" not in shown
            assert "2 CPUs" not in shown
            assert '"n1"' not in shown

    def test_an_organiser_reads_it_cleaned(self, world: Any, worlds: Any) -> None:
        log = world.organiser.get(f"/api/v1/submissions/{ended(world, worlds)}/log").json()
        assert log["text"].splitlines()[:2] == ["first", "red trap"]
        assert (log["lines"], log["missing"]) == (602, "")


class TestPublicData:
    def test_the_team_reads_the_last_500_lines(self, public_world: Any, worlds: Any) -> None:
        submission_id = ended(public_world, worlds, log_truncated=True)
        log = public_world.team("A").get(f"/api/v1/submissions/{submission_id}/log").json()
        assert log["lines"] == 500
        assert log["text"].splitlines()[-1] == "line 599"
        assert log["missing"].startswith("The log grew beyond its limit")
        assert log["missing"].endswith("102 earlier lines are left out.")

    def test_another_team_is_told_that_there_is_no_such_submission(self, public_world: Any, worlds: Any) -> None:
        submission_id = ended(public_world, worlds)
        answer = public_world.team("B").get(f"/api/v1/submissions/{submission_id}/log")
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-submission")

    def test_while_it_runs_there_is_none_yet(self, public_world: Any) -> None:
        submission_id = public_world.queued("A")
        answer = public_world.team("A").get(f"/api/v1/submissions/{submission_id}/log")
        assert (answer.status_code, answer.json()["code"]) == (404, "no-run")
