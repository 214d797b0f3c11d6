"""How a command ends: its exit code, and the one sentence a person gets. The only place that knows all faults by name."""

from __future__ import annotations

import errno
import os
from enum import IntEnum
from typing import NamedTuple


class ExitCode(IntEnum):
    OK = 0
    ERROR = 1
    USAGE = 2
    TEST_FAILED = 3
    AUTHENTICATION = 4
    NOT_FOUND = 5
    REFUSED = 6
    SUBMISSION_FAILED = 7
    RETRY = 8
    INTERRUPTED = 130


class CommandError(Exception):
    """A command cannot go on. The message is for people; `code` for scripts."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.ERROR) -> None:
        super().__init__(sentence)
        self.code = code


class Ending(NamedTuple):
    sentence: str
    code: ExitCode


_SPOKEN = {
    "ChallengeError": ExitCode.ERROR,
    "BoardError": ExitCode.ERROR,
    "RankTableError": ExitCode.ERROR,
    "SchemeError": ExitCode.ERROR,
    "MetricSpecError": ExitCode.ERROR,
    "ReplicatesError": ExitCode.ERROR,
    "ResultsUnreadable": ExitCode.ERROR,
    "PhantomError": ExitCode.ERROR,
    "EngineMissing": ExitCode.ERROR,
    "InputsIncomplete": ExitCode.ERROR,
    "ImageRefused": ExitCode.TEST_FAILED,
    "DecoderBroken": ExitCode.RETRY,
    "SandboxTrouble": ExitCode.RETRY,
}
"""Errors of the evaluator whose message is already a sentence, by class name so that none need be imported to be known."""

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM}


def ending_of(error: BaseException) -> Ending:
    """The sentence and the exit code for whatever ended a command."""
    if isinstance(error, CommandError):
        return Ending(str(error), error.code)
    if isinstance(error, KeyboardInterrupt):
        return Ending("Interrupted.", ExitCode.INTERRUPTED)
    for kind in type(error).__mro__:
        if kind.__name__ in _SPOKEN and kind.__module__.startswith("sonobench_"):
            return Ending(_with_cause(str(error), kind.__name__), _SPOKEN[kind.__name__])
    if isinstance(error, OSError):
        return Ending(_of_the_system(error), ExitCode.ERROR)
    if isinstance(error, MemoryError):
        return Ending("This machine has not enough memory for that.", ExitCode.ERROR)
    return Ending(
        f"Sonobench made a mistake ({type(error).__name__}: {error}). Set SONOBENCH_DEBUG=1 to see where, and please report it.",
        ExitCode.ERROR,
    )


def _with_cause(sentence: str, kind: str) -> str:
    """An engine's own words, with what they mean where that is known."""
    if kind != "SandboxTrouble":
        return sentence
    from sonobench_eval.sandbox.troubles import trouble_sentence

    cause = trouble_sentence(sentence)
    return sentence if cause is None else f"{sentence.rstrip('.')}. {cause}"


def _of_the_system(error: OSError) -> str:
    what = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    if error.errno in _DISK_FULL:
        return f"The disk is full{f' ({what})' if what else ''}. Free some space and try again; nothing half-written was left."
    if error.errno == errno.ENOENT and what:
        return f"There is no file or folder {what}."
    if error.errno in _NOT_ALLOWED and what:
        return f"{what} may not be read or written by this user. Change its permissions, or choose another place."
    if error.errno == errno.EEXIST and what:
        return f"{what} is there already, and not as what is needed there. Move it away, or choose another place."
    if error.errno == errno.EISDIR and what:
        return f"{what} is a folder, where a file is needed."
    if error.errno == errno.ENOTDIR and what:
        return f"{what} is not inside a folder: part of its path is a file."
    if error.errno == errno.EROFS and what:
        return f"{what} lies on a disk that is mounted read-only."
    if not error.strerror:
        return str(error) or f"The system refused ({type(error).__name__})."
    return f"{what}: {error.strerror}." if what else f"The system refused: {error.strerror}."
