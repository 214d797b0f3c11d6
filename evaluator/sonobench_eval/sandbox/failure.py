"""Whose fault was it: a pure function from what happened to a category and a sentence.

Participants see the category and the sentence, never raw output made from hidden data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sonobench_eval.sandbox.port import RunOutcome


class Blame(StrEnum):
    PARTICIPANT = "participant"
    ORGANISER = "organiser"
    PLATFORM = "platform"
    UNDETERMINED = "undetermined"


class Category(StrEnum):
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    CRASHED = "crashed"
    CANNOT_START = "cannot_start"
    NO_OUTPUT = "no_output"
    CANCELLED = "cancelled"
    PLATFORM_TROUBLE = "platform_trouble"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Failure:
    blame: Blame
    category: Category
    sentence: str


def classify(outcome: RunOutcome, *, time_limit_s: float, memory_limit_bytes: int, output_limit_bytes: int) -> Failure | None:
    """None where the container ended by itself with exit code 0 and left results; else what went wrong.

    The out-of-memory flag counts even with exit code 0 (a shell can survive its killed child). Exit 137 alone
    is never "out of memory". A full output place is told as that, though its bytes count as memory.
    """
    raise NotImplementedError
