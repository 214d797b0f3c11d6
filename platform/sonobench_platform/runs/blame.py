"""Whose fault it was that a run ended as it did, and whether what it left is scored all the same."""

from __future__ import annotations

from sonobench_eval.challenge.model import Challenge, Limits
from sonobench_eval.sandbox.failure import Blame, Category, Failure, ReadResults, classify
from sonobench_eval.sandbox.port import RunOutcome

SCORED_IN_PART = frozenset({Category.TIME_LIMIT, Category.MEMORY_LIMIT, Category.OUTPUT_LIMIT, Category.CRASHED})
"""Ends after which there may be results. The others never started, or left nothing."""


def failure_of(outcome: RunOutcome, limits: Limits) -> Failure | None:
    """None where the container ended well and left results."""
    return classify(
        outcome, time_limit_s=limits.time_s, memory_limit_bytes=limits.memory_bytes, output_limit_bytes=limits.output_bytes
    )


def leaves_a_part(outcome: RunOutcome, failure: Failure, challenge: Challenge) -> bool:
    """Whether the challenge scores what a run left that failed by the image's own fault. Without any file there is nothing."""
    return (
        challenge.partial == "scored"
        and failure.blame == Blame.PARTICIPANT
        and failure.category in SCORED_IN_PART
        and outcome.results is not None
        and outcome.result_files > 0
    )


def by_the_image(failure: Failure) -> Failure:
    """A failure that no program can judge, once an organiser has found that it was the image's own."""
    sentence = "It was killed or did not start, and an organiser found that the image itself is the reason."
    return failure if failure.blame == Blame.PARTICIPANT else Failure(Blame.PARTICIPANT, Category.CRASHED, sentence)


def told_in_part(failure: Failure, read: ReadResults) -> str:
    """What a team reads of a run that failed and is scored for what it left."""
    left = f"What it had written until then is scored: {read.usable:,} of {read.cases:,} cases have a result that can be used, "
    return f"{failure.sentence} {left}and each other one counts as the challenge declares for a missing result."
