"""Erasing submissions and applying retention over HTTP: who may, what is said, what the audit log keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from platform_people import make_organiser
from sqlalchemy import select

from sonobench_platform.db.models import AuditRow

REASON = {"reason": "its images were not ours to use"}


def _audited(world: Any, action: str) -> list[AuditRow]:
    with world.platform.core.database.read() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.action == action)))


def _erase(world: Any, submission_id: str, http: Any = None, body: Any = REASON) -> Any:
    return (http or world.organiser).post(f"/api/v1/submissions/{submission_id}/erase", json=body)


class TestErase:
    def test_it_leaves_the_board_and_its_files_go_with_a_row_in_the_audit_log(self, world: Any) -> None:
        submission_id = world.scored("A")
        answer = _erase(world, submission_id)
        assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
        assert REASON["reason"] in answer.json()["history"][-1]["cause"]
        assert (answer.json()["image"], answer.json()["result"]) == (None, None)
        assert world.files("images") == []
        assert world.anyone.get("/api/v1/challenges/tiny/leaderboard").json()["rows"] == []
        (row,) = _audited(world, "submission.erase")
        assert (row.subject, row.reason) == (submission_id, REASON["reason"])

    def test_twice_is_harmless(self, world: Any) -> None:
        submission_id = world.scored("A")
        assert [_erase(world, submission_id).status_code for _ in range(2)] == [200, 200]

    def test_its_team_still_sees_that_it_was_there_and_why_it_went(self, world: Any) -> None:
        submission_id = world.scored("A")
        _erase(world, submission_id)
        shown = world.team("A").get(f"/api/v1/submissions/{submission_id}").json()
        assert REASON["reason"] in shown["history"][-1]["cause"]

    def test_what_is_under_way_is_cancelled_first(self, world: Any) -> None:
        submission_id = world.queued("A")
        answer = _erase(world, submission_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "not-ended")
        assert world.state(submission_id) == "queued"

    @pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "   "}, {"reason": "x\u202e"}, {**REASON, "really": True}])
    def test_without_a_reason_that_can_be_read_nothing_happens(self, world: Any, body: dict[str, Any]) -> None:
        submission_id = world.scored("A")
        assert _erase(world, submission_id, body=body).status_code in {400, 422}
        assert world.state(submission_id) == "scored"

    def test_its_own_team_erases_nothing(self, world: Any) -> None:
        submission_id = world.scored("A")
        assert _erase(world, submission_id, world.team("A")).status_code == 403
        assert world.state(submission_id) == "scored"

    def test_an_organiser_of_the_challenge_may_without_being_an_administrator(self, world: Any) -> None:
        submission_id = world.scored("A")
        assert _erase(world, submission_id, make_organiser(world, "olga").http).status_code == 200


class TestRetention:
    @pytest.fixture
    def keeping(self, make_world: Callable[..., Any]) -> Any:
        """A platform that keeps images for 30 days, with one that is older."""
        world = make_world(retention_images_days=30.0)
        world.scored("A")
        world.clock.advance(days=31)
        return world

    def test_looking_names_what_would_go_and_removes_nothing(self, keeping: Any) -> None:
        (rule,) = keeping.organiser.get("/api/v1/retention").json()["items"]
        assert (rule["rule"], rule["days"], len(rule["items"])) == ("images", 30.0, 1)
        assert rule["size_bytes"] > 0
        assert len(keeping.files("images")) == 1
        assert _audited(keeping, "retention.apply") == []

    def test_applying_removes_it_in_the_name_of_who_asked(self, keeping: Any) -> None:
        (rule,) = keeping.organiser.post("/api/v1/retention/apply").json()["items"]
        assert len(rule["items"]) == 1
        assert keeping.files("images") == []
        (row,) = _audited(keeping, "retention.apply")
        assert row.actor != "server"
        assert keeping.organiser.get("/api/v1/retention").json()["items"][0]["items"] == []

    def test_without_a_rule_nothing_goes(self, world: Any) -> None:
        world.scored("A")
        world.clock.advance(days=5000)
        assert world.organiser.post("/api/v1/retention/apply").json() == {"items": []}
        assert len(world.files("images")) == 1

    def test_what_lost_its_image_is_not_run_again_and_says_so(self, keeping: Any) -> None:
        (submission,) = keeping.organiser.get("/api/v1/submissions").json()["items"]
        keeping.organiser.post("/api/v1/retention/apply")
        url = f"/api/v1/submissions/{submission['id']}/rerun"
        answer = keeping.organiser.post(url, json={"reason": "a node was slow"})
        assert (answer.status_code, answer.json()["code"]) == (409, "image-gone")
        assert "no longer here" in answer.json()["detail"]
        assert keeping.state(submission["id"]) == "scored"
