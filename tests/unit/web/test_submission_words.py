"""States, steps and times in words: every one has them, and none is the code's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import sonobench_platform
from sonobench_platform.domain.states import State
from sonobench_platform.submissions.timeline import Stay
from sonobench_platform.web.submission_words import (
    cause_words,
    length_words,
    progress_words,
    queue_words,
    start_words,
    state_title,
    usual_words,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def stay(cause: str, state: State = State.QUEUED) -> Stay:
    return Stay(state, NOON, None, cause)


class TestStates:
    def test_each_has_a_title_of_its_own(self) -> None:
        titles = [state_title(state) for state in State]
        assert len(set(titles)) == len(State)
        assert "Waiting in the queue" in titles


class TestLengths:
    @pytest.mark.parametrize(
        ("seconds", "exact", "coarse"),
        [(0, "0 s", "less than a minute"), (59, "59 s", "less than a minute"), (200, "3 min 20 s", "about 3 min")],
    )
    def test_they_are_told_to_the_second_or_in_whole_minutes(self, seconds: float, exact: str, coarse: str) -> None:
        span = timedelta(seconds=seconds)
        assert (length_words(span, is_coarse=False), length_words(span, is_coarse=True)) == (exact, coarse)


class TestCauses:
    def test_what_only_repeats_the_step_is_left_out(self) -> None:
        for cause in ("created", "upload complete", "attempt 3 started", "scored"):
            assert cause_words(stay(cause)) == ""

    def test_the_same_image_is_named(self) -> None:
        said = cause_words(stay("image verified (sha256:0123456789ab…); the same image as in sub-1"))
        assert said == "The image is sound. It is the same one as in sub-1."

    def test_the_platforms_trouble_is_said_to_cost_nothing(self) -> None:
        assert "no cost" in cause_words(stay("its worker was lost; queued again, at no cost"))

    def test_a_cause_that_is_not_known_is_a_sentence_without_control_characters(self) -> None:
        assert cause_words(stay("the cat\u202e sat on it")) == "The cat\ufffd sat on it."

    def test_every_cause_of_trouble_and_of_running_again_is_known(self) -> None:
        """Those that `give_back` and `rerun` write stand word for word in the catalogue."""
        root = Path(sonobench_platform.__file__).parent / "runs"
        text = (root / "give_back.py").read_text() + (root / "rerun.py").read_text()
        causes = re.findall(r'"(its [^"]*at no cost|run again [^"]*)"', text)
        assert len(causes) >= 6
        for cause in causes:
            as_it_is = f"{cause[:1].upper()}{cause[1:]}."
            assert cause_words(stay(cause)) != as_it_is, cause


class TestTheQueue:
    def test_the_next_one_is_next(self) -> None:
        assert queue_words(1, from_minutes=0, to_minutes=1) == ("It is next.", "It will probably start within a minute.")

    def test_others_are_ahead(self) -> None:
        assert queue_words(3, from_minutes=5, to_minutes=10)[0] == "2 submissions are ahead of it."

    def test_where_nobody_knows_it_says_so(self) -> None:
        assert "Nobody can say yet" in queue_words(1, from_minutes=None, to_minutes=None)[1]

    @pytest.mark.parametrize(
        ("low", "high", "said"),
        [
            (0, 10, "It will probably start within 10 min."),
            (5, 10, "It will probably start in 5 min to 10 min."),
            (60, 60, "It will probably start in about 1 h."),
            (60, 90, "It will probably start in 1 h to 1 h 30 min."),
        ],
    )
    def test_a_start_is_a_range(self, low: int, high: int, said: str) -> None:
        assert start_words(low, high) == said

    def test_how_long_runs_took_is_a_range_too(self) -> None:
        assert usual_words(0, 1) == "Runs of this phase took less than a minute lately."
        assert usual_words(2, 5) == "Runs of this phase took 2 min to 5 min lately."


class TestProgress:
    @pytest.mark.parametrize("phase", ["claimed", "prepare", "fetch inputs", "load image", "stage", "run 2 of 3", "collect", "x"])
    def test_each_step_has_words(self, phase: str) -> None:
        said = progress_words(phase)
        assert said.endswith(".")
        assert "public samples" not in said

    def test_the_run_on_samples_is_said_to_be_that(self) -> None:
        assert "before any hidden image" in progress_words("run on public samples")
