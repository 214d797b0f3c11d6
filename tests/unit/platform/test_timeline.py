"""A history as stays: lengths, starts of runs, interruptions, and what is told in whole minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sonobench_platform.domain.states import State
from sonobench_platform.submissions.schemas import Step
from sonobench_platform.submissions.timeline import interruptions, stays_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def history(*states: tuple[State, float]) -> list[Step]:
    """Steps, each with the seconds after noon at which it was."""
    return [Step(at=NOON + timedelta(seconds=at), from_=None, to=state, cause="because") for state, at in states]


class TestStays:
    def test_each_lasts_until_the_next(self) -> None:
        stays = stays_of(history((State.UPLOADING, 0), (State.CHECKING, 120), (State.QUEUED, 132)), exact=True)
        now = NOON + timedelta(seconds=200)
        assert [stay.lasted(now).total_seconds() for stay in stays] == [120, 12, 68]
        assert [stay.until is None for stay in stays] == [False, False, True]

    def test_an_end_goes_on_for_nothing(self) -> None:
        assert [stay.is_end for stay in stays_of(history((State.QUEUED, 0), (State.CANCELLED, 1)), exact=True)] == [False, True]

    def test_starts_of_runs_are_counted(self) -> None:
        stays = stays_of(history((State.RUNNING, 0), (State.QUEUED, 1), (State.RUNNING, 2), (State.SCORING, 3)), exact=True)
        assert [stay.run for stay in stays] == [1, None, 2, None]

    def test_a_run_that_goes_back_to_the_queue_was_interrupted(self) -> None:
        stays = stays_of(
            history(
                *((State.RUNNING, 0), (State.QUEUED, 1), (State.RUNNING, 2), (State.SCORING, 3), (State.QUEUED, 4)),
                *((State.RUNNING, 5), (State.SCORING, 6), (State.SCORED, 7)),
            ),
            exact=True,
        )
        assert interruptions(stays) == 2

    def test_a_scored_one_that_is_run_again_was_not_interrupted(self) -> None:
        stays = stays_of(history((State.SCORING, 0), (State.SCORED, 1), (State.QUEUED, 2), (State.RUNNING, 3)), exact=True)
        assert interruptions(stays) == 0

    def test_from_the_first_run_on_moments_are_coarse_unless_they_are_exact(self) -> None:
        steps = history((State.QUEUED, 0), (State.RUNNING, 1), (State.SCORING, 60))
        assert [stay.is_coarse for stay in stays_of(steps, exact=False)] == [False, True, True]
        assert [stay.is_coarse for stay in stays_of(steps, exact=True)] == [False, False, False]

    def test_a_clock_that_was_set_back_makes_no_length_below_nothing(self) -> None:
        (stay,) = stays_of(history((State.QUEUED, 60)), exact=True)
        assert stay.lasted(NOON) == timedelta(0)
