"""The desk's failures by cause with what fits each, logs, and the quota ledger with what was given back by whom and why."""

from __future__ import annotations

from typing import Any

import pytest
from desk_visitor import DeskVisitor, at_desk
from phased_world import with_rules
from platform_people import audited, make_organiser
from platform_world import report, write_challenge

DESK = "/desk/challenges/tiny"


@pytest.fixture
def olga(world: Any) -> DeskVisitor:
    return at_desk(world, make_organiser(world, "olga"))


def ended(world: Any, team: str = "A", **outcome: Any) -> str:
    """A submission whose run ended so."""
    submission_id = world.queued(team)
    claimed = world.claim()
    assert world.tell(claimed, "finish", report=report(result_files=0, **outcome)).status_code == 200
    assert world.state(submission_id) == "failed"
    return str(submission_id)


def killed(world: Any, team: str = "A") -> str:
    """One whose fault no program can tell: it was killed, and not for a limit."""
    return ended(world, team, exit_code=137)


class TestByCause:
    def test_each_cause_has_its_group_and_what_waits_comes_first(self, world: Any, olga: DeskVisitor) -> None:
        crashed, unknown = ended(world, "A", exit_code=1), killed(world, "B")
        page = olga.open(f"{DESK}/failures").text
        assert "2 submissions failed, for 2 reasons. 1 waits for your decision." in page
        assert page.index("Nobody knows why") < page.index("Crashed")
        assert f"/submissions/{crashed}" in page
        assert f"{DESK}/failures/{unknown}/log" in page

    def test_nothing_failed_is_said(self, world: Any, olga: DeskVisitor) -> None:
        assert "Nothing has failed." in olga.open(f"{DESK}/failures").text

    def test_refused_images_cannot_be_run_again(self, world: Any, olga: DeskVisitor) -> None:
        refused = world.uploaded("A", b"refuse this")
        world.platform.check_submission(refused)
        page = olga.open(f"{DESK}/failures").text
        assert "Not an image" in page
        assert not [each for each in olga.forms() if each.action.endswith("/check")]

    def test_trouble_under_way_is_shown_to_organizers(self, world: Any, olga: DeskVisitor) -> None:
        waiting = world.uploaded("A")
        world.evaluator.trouble = OSError("the disk is gone")
        world.platform.check_submission(waiting)
        page = olga.open(f"{DESK}/failures").text
        assert "Under way, with trouble" in page
        assert waiting in page


class TestDeciding:
    @pytest.mark.parametrize(("act", "blame"), [("fault-of-team", "participant"), ("fault-of-platform", "platform")])
    def test_whose_fault_it_was(self, world: Any, olga: DeskVisitor, act: str, blame: str) -> None:
        unknown = killed(world)
        olga.open(f"{DESK}/failures")
        olga.submit("/submissions/check", act=act)
        assert unknown in olga.page.text
        page = olga.submit("/do", reason="the log says so").text
        assert "1 of 1 done." in page
        assert world.submission(unknown)["failure"]["blame"] == blame
        assert world.submission(unknown)["costs_attempt"] is (blame == "participant")
        assert f"{DESK}/failures" in page

    def test_those_of_one_cause_are_run_again_together(self, world: Any, olga: DeskVisitor) -> None:
        both = [killed(world, "A"), killed(world, "B")]
        olga.open(f"{DESK}/failures")
        olga.submit("/submissions/check", act="rerun")
        olga.submit("/do", reason="a node was broken")
        assert [world.state(each) for each in both] == ["queued", "queued"]

    def test_what_is_settled_already_is_said_and_not_done_twice(self, world: Any, olga: DeskVisitor) -> None:
        unknown = killed(world)
        olga.open(f"{DESK}/failures")
        olga.submit("/submissions/check", act="fault-of-team")
        body = {"decision": "platform", "reason": "another organizer was faster"}
        assert world.organiser.post(f"/api/v1/submissions/{unknown}/decide", json=body).status_code == 204
        page = olga.submit("/do", reason="the log says so").text
        assert "0 of 1 done." in page
        assert "It has no failure whose fault is open." in page
        assert world.submission(unknown)["failure"]["blame"] == "platform"


class TestLogs:
    def test_an_organizer_reads_the_end_of_the_log(self, world: Any, olga: DeskVisitor) -> None:
        failed = ended(world, exit_code=1, log_tail="<b>Traceback</b>\n\u202eout of cases")
        page = olga.open(f"{DESK}/failures/{failed}/log").text
        assert "&lt;b&gt;Traceback" in page
        assert "\u202e" not in page

    def test_one_without_a_run_says_so(self, world: Any, olga: DeskVisitor) -> None:
        answer = olga.open(f"{DESK}/failures/{world.queued('A')}/log")
        assert answer.status_code == 404
        assert "no run of it has ended yet" in answer.text

    def test_another_challenges_log_is_not_here(self, world: Any) -> None:
        failed = ended(world, exit_code=1, log_tail="hidden words")
        world.platform.register_challenge(write_challenge(world.folder.parent / "other", name="other"))
        root = at_desk(world, make_organiser(world, "otto", "other"))
        answer = root.open(f"/desk/challenges/other/failures/{failed}/log")
        assert answer.status_code == 404
        assert "hidden words" not in answer.text


class TestQuota:
    def test_what_each_team_used_and_has_left(self, world: Any, olga: DeskVisitor) -> None:
        with_rules(world, quota={"daily": 2, "total": 5, "time_zone": "Europe/Berlin"})
        world.queued("Alpha")
        world.queued("Alpha")
        page = olga.open(f"{DESK}/quota").text
        assert "2 a day (Europe/Berlin), 5 in all" in page
        cells = page.split("Alpha", 1)[1].split("</tr>")[0]
        figures = [part.split("<")[0] for part in cells.split('<td class="figure">')[1:]]
        assert figures == ["2", "0", "2", "3", "2"]

    def test_an_attempt_is_given_back_with_a_reason_that_the_ledger_tells(self, world: Any, olga: DeskVisitor) -> None:
        failed = ended(world, exit_code=1)
        olga.open(f"{DESK}/quota")
        olga.submit("/submissions/check", [failed])
        assert "Give the attempt back: 1 submission" in olga.page.text
        olga.submit("/do", reason="the example was wrong")
        assert world.submission(failed)["costs_attempt"] is False
        page = olga.open(f"{DESK}/quota").text
        assert "by olga: the example was wrong" in page
        assert not [value for each in olga.forms() for name, value in each.boxes if value == failed]

    def test_what_is_under_way_is_not_given_back(self, world: Any, olga: DeskVisitor) -> None:
        waiting = world.queued("A")
        olga.open(f"{DESK}/quota")
        olga.submit("/submissions/check", [waiting])
        assert "It is still under way; cancel it first." in olga.page.text
        assert "attempt.give-back" not in audited(world)

    def test_why_the_platform_gave_one_back(self, world: Any, olga: DeskVisitor) -> None:
        gone = world.create("A")["id"]
        world.team("A").post(f"/api/v1/submissions/{gone}/cancel")
        assert "cancelled before it ran" in olga.open(f"{DESK}/quota").text

    def test_one_teams_entries_alone(self, world: Any, olga: DeskVisitor) -> None:
        first, second = world.create("Alpha")["id"], world.create("Beta")["id"]
        team = world.submission(first)["team"]["id"]
        page = olga.open(f"{DESK}/quota?team={team}").text
        assert first in page
        assert second not in page
        assert "Ledger of" in page
        assert olga.open(f"{DESK}/quota?team=nonsense").status_code == 200
