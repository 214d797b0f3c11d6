"""Whose fault was it: a pure function from what happened to a category and a sentence.

Participants see the category and the sentence, never raw output made from hidden data. No sentence holds the exit
code: a program that has seen hidden images could write eight bits about them into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sonobench_eval.evaluation import Evaluation
from sonobench_eval.io.findings import NOTES, FindingCode
from sonobench_eval.sandbox.port import RunOutcome
from sonobench_eval.sandbox.refusals import refusal_sentence
from sonobench_eval.sandbox.troubles import trouble_sentence


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
    BAD_OUTPUT = "bad_output"
    CANCELLED = "cancelled"
    PLATFORM_TROUBLE = "platform_trouble"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Failure:
    """`sentence` says what happened and what to do; `elsewhere` is advice for whoever does not hold the container's log."""

    blame: Blame
    category: Category
    sentence: str
    elsewhere: str = ""

    @property
    def told(self) -> str:
        """What a team reads on the platform, which shows no log of a run on hidden data."""
        return f"{self.sentence} {self.elsewhere}".strip()


@dataclass(frozen=True, slots=True)
class ReadResults:
    """What reading a run's results came to: for how many of the cases there is one that can be used."""

    cases: int
    usable: int


def read_results(evaluation: Evaluation) -> ReadResults:
    """The summary of an evaluation. Two empty masks are a result, and so is one with a note; a missing one is none."""
    unusable = {code.value for code in FindingCode} - {code.value for code in NOTES}
    return ReadResults(len(evaluation.cases), sum(case.problem not in unusable for case in evaluation.cases))


_NOT_EXECUTABLE = 126
_NOT_FOUND = 127
_KILLED = 137
"""128 + SIGKILL: from the kernel, the engine, an administrator, or the program itself. Alone it says nothing more."""

_TRY_LOCALLY = "Run it with `sonobench test` on public cases to see its messages."


def classify(
    outcome: RunOutcome,
    *,
    time_limit_s: float,
    memory_limit_bytes: int,
    output_limit_bytes: int,
    read: ReadResults | None = None,
) -> Failure | None:
    """None where the container ended by itself with exit code 0 and left results; else what went wrong.

    The out-of-memory flag counts even with exit code 0 (a shell can survive its killed child). Exit 137 alone
    is never "out of memory". A full output place is told as that, though its bytes count as memory.

    Args:
        read: what reading the results came to, once they were read. A run that ended well and left nothing that can be
            used is a `BAD_OUTPUT`: it is scored all the same, each case as the challenge declares for such a result.
    """
    if outcome.cancelled:
        return Failure(Blame.UNDETERMINED, Category.CANCELLED, "The run was cancelled before it ended. Nothing was scored.")
    if outcome.engine_error:
        return _never_started(outcome.engine_error)
    if outcome.timed_out:
        return _over_time(outcome, time_limit_s)
    if outcome.output_full or outcome.output_too_many_files:
        return _over_output(outcome, output_limit_bytes)
    if outcome.oom_killed:
        return _over_memory(outcome, memory_limit_bytes)
    return _by_exit(outcome) or bad_output(read)


def _never_started(engine_error: str) -> Failure:
    sentence = refusal_sentence(engine_error)
    if sentence is not None:
        return Failure(Blame.PARTICIPANT, Category.CANNOT_START, sentence)
    trouble = trouble_sentence(engine_error)
    if trouble is not None:
        return Failure(Blame.PLATFORM, Category.PLATFORM_TROUBLE, f"{trouble} The run is repeated; it costs the team nothing.")
    sentence = "The container did not start, for a reason this platform does not know. An organiser has to look at it."
    return Failure(Blame.UNDETERMINED, Category.UNDETERMINED, sentence)


def _over_time(outcome: RunOutcome, time_limit_s: float) -> Failure:
    full = " Its output place was full as well." if outcome.output_full or outcome.output_too_many_files else ""
    what = f"It was stopped at the time limit of {duration(time_limit_s)}.{full}"
    sentence = f"{what} Make it faster; the limit is for all cases together."
    return Failure(Blame.PARTICIPANT, Category.TIME_LIMIT, sentence)


def _over_output(outcome: RunOutcome, output_limit_bytes: int) -> Failure:
    if outcome.output_full:
        what = f"It wrote more than the {size(output_limit_bytes)} that fit into /output."
    else:
        what = "It made more files in /output than the challenge allows."
    cure = "Write only one mask per case and classification.json there; other files go to /tmp."
    return Failure(Blame.PARTICIPANT, Category.OUTPUT_LIMIT, f"{what} {cure}")


def _over_memory(outcome: RunOutcome, memory_limit_bytes: int) -> Failure:
    what = "It" if outcome.exit_code else "A part of it"
    sentence = (
        f"{what} was killed because it needed more than the memory limit of {size(memory_limit_bytes)}. "
        "Use smaller batches or fewer worker processes."
    )
    return Failure(Blame.PARTICIPANT, Category.MEMORY_LIMIT, sentence)


def _by_exit(outcome: RunOutcome) -> Failure | None:
    code = outcome.exit_code
    if code is None:
        sentence = "The engine does not know how the container ended. The run is repeated; it costs the team nothing."
        return Failure(Blame.PLATFORM, Category.PLATFORM_TROUBLE, sentence)
    if code in {_NOT_EXECUTABLE, _NOT_FOUND}:
        why = "was not found" if code == _NOT_FOUND else "could not be executed"
        cure = "Check ENTRYPOINT, CMD and file modes: it does not run as root here."
        return Failure(Blame.PARTICIPANT, Category.CANNOT_START, f"The start command, or a program it calls, {why}. {cure}")
    if code == _KILLED:
        sentence = (
            "It was killed, but not for this challenge's time or memory limit; the node or the program itself did it. "
            "An organiser has to look at it."
        )
        return Failure(Blame.UNDETERMINED, Category.UNDETERMINED, sentence)
    if code != 0:
        return Failure(Blame.PARTICIPANT, Category.CRASHED, "It ended with an error.", _TRY_LOCALLY)
    if outcome.result_files == 0:
        sentence = "It ended without an error but wrote no file to /output."
        return Failure(Blame.PARTICIPANT, Category.NO_OUTPUT, sentence, _TRY_LOCALLY)
    return None


def bad_output(read: ReadResults | None) -> Failure | None:
    """What to say of a run that ended well where none of its results can be used; None where one can, or none was read."""
    if read is None or read.usable or not read.cases:
        return None
    sentence = (
        "It ended without an error, but none of its results can be used. "
        "Each case counts as the challenge declares for a result that is missing or unusable."
    )
    return Failure(Blame.PARTICIPANT, Category.BAD_OUTPUT, sentence, "`sonobench test` says what is wrong with each.")


def size(count_bytes: int) -> str:
    """`8 GiB`, `1.5 GiB`, `512 MiB`: the largest binary unit that leaves a number of at least 1."""
    value, unit = float(count_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.4g} {unit}"


def duration(seconds: float) -> str:
    """`45 s`, `30 min`, `2 h`, or a mix such as `1 h 30 min`."""
    if seconds < 60 or seconds != int(seconds):
        return f"{seconds:g} s"
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (left, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
