"""Quotas: how many attempts a team has, which of them it gets back, and that no hurry gets it one more."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import phased_world as phased
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from sonobench_platform.db.models import QuotaRow
from sonobench_platform.domain.quota import GivenBack
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.quota import give_back


def cancel(world: Any, submission_id: str, team: str = "A") -> None:
    assert world.team(team).post(f"/api/v1/submissions/{submission_id}/cancel").status_code == 200


class TestDaily:
    def test_the_last_of_the_day_is_taken_and_the_next_told_when_to_come(self, world: Any) -> None:
        phased.with_rules(world, quota={"daily": 2, "time_zone": "Europe/Berlin"})
        phased.opened(world)
        phased.opened(world)
        refused = phased.hand_in(world)
        assert (refused.status_code, refused.json()["code"]) == (429, "daily-quota")
        # Noon in UTC is one o'clock in Berlin, so midnight there is 11 hours on.
        assert refused.json()["detail"].endswith(
            "0 of 2 submissions a day to test are left; the next day begins at 2026-01-02 00:00 CET."
        )
        assert refused.headers["Retry-After"] == str(11 * 3600)

    def test_a_day_begins_at_midnight_where_the_phase_says(self, world: Any) -> None:
        phased.with_rules(world, quota={"daily": 1, "time_zone": "Europe/Berlin"})
        phased.opened(world)
        world.clock.advance(hours=11, seconds=-1)
        assert phased.hand_in(world).status_code == 429
        world.clock.advance(seconds=1)
        assert phased.hand_in(world).status_code == 201

    def test_each_team_and_each_phase_has_its_own(self, world: Any) -> None:
        phased.in_two_phases(world, {"quota": {"daily": 1}}, {"quota": {"daily": 1}})
        for team, phase in (("A", "first"), ("A", "final"), ("B", "first")):
            assert phased.hand_in(world, team, phase).status_code == 201
        assert phased.hand_in(world, "A", "first").status_code == 429


class TestTotalAndConcurrent:
    def test_of_a_phase_none_is_left_after_the_last(self, world: Any) -> None:
        phased.with_rules(world, quota={"total": 1})
        phased.opened(world)
        world.clock.advance(days=3)
        refused = phased.hand_in(world)
        assert (refused.status_code, refused.json()["code"]) == (409, "total-quota")
        assert "0 of 1 submissions to test are left" in refused.json()["detail"]

    def test_one_that_ends_makes_room_for_another(self, world: Any) -> None:
        phased.with_rules(world, quota={"concurrent": 1})
        first = phased.opened(world)
        refused = phased.hand_in(world)
        assert (refused.status_code, refused.json()["code"]) == (429, "concurrent-quota")
        assert refused.headers["Retry-After"] == "60"
        cancel(world, first)
        assert phased.hand_in(world).status_code == 201


class TestWhatIsLeft:
    def test_a_team_is_told_and_others_have_their_own(self, world: Any) -> None:
        phased.with_rules(world, quota={"daily": 3, "total": 5, "concurrent": 2})
        phased.opened(world)
        assert phased.left(world) == (2, 4, 1)
        assert phased.quota(world)["test"]["left"] == 1
        assert phased.left(world, "B") == (3, 5, 2)

    def test_without_a_quota_nothing_is_limited(self, world: Any) -> None:
        assert phased.left(world) == (None, None, None)

    def test_it_is_never_below_nothing_after_a_quota_was_lowered(self, world: Any) -> None:
        phased.with_rules(world, quota={"daily": 3})
        phased.opened(world)
        phased.opened(world)
        from sonobench_platform.accounts.identity import SERVER
        from sonobench_platform.challenges.applying import apply
        from sonobench_platform.challenges.preparing import read_file

        world.yaml.write_text(world.yaml.read_text().replace("daily: 3", "daily: 1"))
        apply(world.platform.core, SERVER, read_file(world.yaml), reason="too many came")
        assert phased.left(world)[0] == 0


@pytest.fixture
def limited(world: Any) -> Any:
    phased.with_rules(world, quota={"daily": 5})
    return world


class TestGivenBack:
    def test_one_that_is_cancelled_before_it_ran(self, limited: Any) -> None:
        cancel(limited, phased.queued(limited))
        assert phased.left(limited)[0] == 5

    def test_not_one_that_is_cancelled_while_it_runs(self, limited: Any) -> None:
        submission_id = phased.queued(limited)
        assert limited.claim() is not None
        cancel(limited, submission_id)
        assert phased.left(limited)[0] == 4

    def test_one_whose_image_is_rejected(self, limited: Any) -> None:
        submission_id = phased.opened(limited)
        limited.team("A").put(f"/api/v1/submissions/{submission_id}/image", content=b"refuse 123")
        limited.platform.check_submission(submission_id)
        assert limited.state(submission_id) == "rejected"
        assert phased.left(limited)[0] == 5
        assert limited.submission(submission_id)["costs_attempt"] is False

    def test_one_whose_image_never_came(self, limited: Any) -> None:
        phased.with_rules(limited, quota={"total": 5})
        submission_id = phased.opened(limited)
        limited.clock.advance(hours=25)
        limited.platform.sweep()
        assert limited.state(submission_id) == "cancelled"
        assert phased.left(limited)[1] == 5

    def test_one_that_the_platform_lost_for_good(self, make_world: Callable[..., Any]) -> None:
        world = make_world(max_attempts=1)
        phased.with_rules(world, quota={"daily": 5})
        submission_id = phased.queued(world)
        claimed = world.claim()
        world.tell(claimed, "release", reason="the engine is gone")
        assert world.state(submission_id) == "failed"
        assert phased.left(world)[0] == 5

    def test_not_one_that_was_scored_or_withdrawn(self, limited: Any) -> None:
        submission_id = phased.scored(limited)
        assert phased.left(limited)[0] == 4
        limited.team("A").post(f"/api/v1/submissions/{submission_id}/withdraw")
        assert phased.left(limited)[0] == 4

    def test_to_the_day_that_it_was_taken_from(self, limited: Any) -> None:
        submission_id = phased.queued(limited)
        limited.clock.advance(hours=13)
        cancel(limited, submission_id)
        assert phased.left(limited)[0] == 5

    def test_once_however_often_it_is_said(self, limited: Any) -> None:
        core, submission_id = limited.platform.core, phased.opened(limited)
        phased.opened(limited)
        with core.database.write() as work:
            submission = repository.lock(work.session, submission_id)
            given = [give_back(core, work, submission, GivenBack.PLATFORM) for _ in range(3)]
        assert given == [True, False, False]
        assert phased.left(limited)[0] == 4

    def test_by_an_organiser_who_says_why(self, limited: Any) -> None:
        submission_id = phased.scored(limited)
        url = f"/api/v1/submissions/{submission_id}/give-back"
        assert limited.organiser.post(url, json={}).status_code == 422
        answer = limited.organiser.post(url, json={"reason": "the node was too hot"})
        assert (answer.status_code, answer.json()["costs_attempt"]) == (200, False)
        assert phased.left(limited)[0] == 5

    def test_not_of_one_that_is_under_way(self, limited: Any) -> None:
        answer = limited.organiser.post(f"/api/v1/submissions/{phased.opened(limited)}/give-back", json={"reason": "x"})
        assert (answer.status_code, answer.json()["code"]) == (409, "still-under-way")

    def test_the_ledger_is_only_ever_added_to(self, limited: Any) -> None:
        phased.opened(limited)
        for statement in (update(QuotaRow).values(amount=-1), delete(QuotaRow)):
            with pytest.raises(DBAPIError, match=r"append-only"), limited.platform.core.database.write() as work:
                work.session.execute(statement)


class TestCanaries:
    def test_images_that_crash_on_samples_cost_nothing_up_to_a_limit_of_their_own(self, make_world: Callable[..., Any]) -> None:
        world = make_world(canary_failures_per_day=2)
        core = world.platform.core
        for _ in range(2):
            submission_id = phased.opened(world)
            cancel(world, submission_id)
        with core.database.read() as session:
            assert session.scalars(select(QuotaRow.reason).where(QuotaRow.amount < 0)).all() == ["cancelled", "cancelled"]
        assert phased.hand_in(world).status_code == 201
        for _ in range(2):
            submission_id = phased.opened(world)
            with core.database.write() as work:
                give_back(core, work, repository.lock(work.session, submission_id), GivenBack.CANARY)
        refused = phased.hand_in(world)
        assert (refused.status_code, refused.json()["code"]) == (429, "canary-limit")
        assert refused.headers["Retry-After"] == str(12 * 3600)
        assert phased.hand_in(world, "B").status_code == 201
        world.clock.advance(hours=12)
        assert phased.hand_in(world).status_code == 201


class TestInAHurry:
    def test_a_hundred_at_once_by_twenty_teams_get_three_each(
        self, make_world: Callable[..., Any], serve: Callable[[Any], str]
    ) -> None:
        world = make_world(writes_per_minute=0, requests_per_minute=0)
        phased.with_rules(world, quota={"daily": 3})
        tokens = {f"team {number}": world.team(f"team {number}").token for number in range(20)}
        address = serve(world)
        ready = threading.Barrier(100)
        answers: list[tuple[str, int, str]] = []

        def submit(team: str, token: str) -> None:
            with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=120.0) as client:
                ready.wait()
                answer = client.post(f"http://{address}/api/v1/challenges/tiny/submissions", json={"size_bytes": 10})
                answers.append((team, answer.status_code, answer.json().get("code", "")))

        threads = [threading.Thread(target=submit, args=each) for each in tokens.items() for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(answers) == {
            **{(team, 201, ""): 3 for team in tokens},
            **{(team, 429, "daily-quota"): 2 for team in tokens},
        }
        assert all(phased.left(world, team)[0] == 0 for team in tokens)
