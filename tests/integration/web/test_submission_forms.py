"""The forms of a submission's page: what its team and organizers do with them, and that nobody else does."""

from __future__ import annotations

from html import unescape
from typing import Any

import phased_world
import platform_world
import pytest
from submission_visitor import send, text


class TestForms:
    def test_a_team_cancels_its_own(self, world: Any) -> None:
        submission_id = world.queued("A")
        answer = send(world.team("A"), submission_id, "cancel")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/submissions/{submission_id}?note=cancelled")
        assert world.state(submission_id) == "cancelled"
        assert "The submission was cancelled." in text(world.team("A"), submission_id, "?note=cancelled")

    @pytest.mark.parametrize("what", ["cancel", "withdraw", "choose", "public"])
    def test_another_team_is_told_there_is_none(self, world: Any, what: str) -> None:
        submission_id = world.scored("A")
        answer = send(world.team("B"), submission_id, what, confirm=submission_id, summary="ours")
        assert answer.status_code == 404
        assert world.state(submission_id) == "scored"

    def test_to_withdraw_one_types_its_name(self, world: Any) -> None:
        submission_id = world.scored("A")
        refused = send(world.team("A"), submission_id, "withdraw", confirm="something")
        assert refused.status_code == 422
        assert "Nothing was done." in unescape(refused.text)
        assert 'id="do-withdraw" open' in refused.text
        assert world.state(submission_id) == "scored"
        assert send(world.team("A"), submission_id, "withdraw", confirm=submission_id).status_code == 303
        assert world.state(submission_id) == "withdrawn"

    def test_the_teams_name_does_as_well(self, world: Any) -> None:
        submission_id = world.scored("A")
        assert send(world.team("A"), submission_id, "withdraw", confirm="A").status_code == 303

    def test_a_team_chooses_where_it_may(self, world: Any) -> None:
        phased_world.with_rules(world, counts="chosen")
        submission_id = phased_world.scored(world, "A")
        assert "Let it count" in text(world.team("A"), submission_id)
        assert send(world.team("A"), submission_id, "choose").status_code == 303
        assert world.submission(submission_id)["chosen"] is True
        assert "Let it count" not in text(world.team("A"), submission_id)

    @pytest.mark.parametrize(("what", "state"), [("rerun", "queued"), ("rescore", "scored"), ("disqualify", "scored")])
    def test_an_organizer_gives_a_reason(self, world: Any, what: str, state: str) -> None:
        submission_id = world.scored("A")
        refused = send(world.organiser, submission_id, what, confirm=submission_id)
        assert refused.status_code == 422
        assert "Give a reason" in unescape(refused.text)
        assert send(world.organiser, submission_id, what, confirm=submission_id, reason="a metric was wrong").status_code == 303
        assert world.state(submission_id) == state

    def test_a_disqualified_one_says_so_and_can_be_ranked_again(self, world: Any) -> None:
        submission_id = world.scored("A")
        reason = "trained on the test set"
        assert send(world.organiser, submission_id, "disqualify", confirm="A", reason=reason).status_code == 303
        shown = text(world.team("A"), submission_id)
        assert "Disqualified" in shown
        assert reason in shown
        assert send(world.organiser, submission_id, "reinstate", reason="it was not").status_code == 303
        assert "Disqualified" not in text(world.team("A"), submission_id)

    def test_an_organizer_decides_whose_fault_it_was(self, world: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        assert world.hand_back(claimed).status_code == 204
        killed = platform_world.report(exit_code=137, result_files=0)
        assert world.tell(claimed, "finish", report=killed).status_code == 200
        assert "Decide whose fault it was" in text(world.organiser, submission_id)
        assert "Decide whose fault" not in text(world.team("A"), submission_id)
        assert send(world.organiser, submission_id, "decide", decision="nobody", reason="why not").status_code == 422
        assert send(world.organiser, submission_id, "decide", decision="platform", reason="power cut").status_code == 303
        assert "It costs the team nothing" in text(world.team("A"), submission_id)

    def test_an_organizer_gives_an_attempt_back(self, world: Any) -> None:
        submission_id = world.scored("A")
        assert send(world.organiser, submission_id, "give-back", reason="our node was slow").status_code == 303
        assert world.submission(submission_id)["costs_attempt"] is False

    def test_what_organizers_do_is_not_a_teams(self, world: Any) -> None:
        submission_id = world.scored("A")
        for what in ("rerun", "rescore", "decide", "give-back", "disqualify", "reinstate"):
            assert send(world.team("A"), submission_id, what, reason="please", confirm="A").status_code == 403
