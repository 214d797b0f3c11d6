"""How a command ends badly: one sentence on stderr and an exit code, never a traceback for what a person can mend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from sonobench_eval.cli.exits import CommandError, Ending, ExitCode, ending_of
from sonobench_platform.domain.errors import NotFound

__all__ = ["CommandError", "told_in_a_sentence"]


@contextmanager
def told_in_a_sentence(*known: type[Exception]) -> Iterator[None]:
    """Turn `CommandError`, the `known` errors and a failing disk into a sentence on stderr and an exit code."""
    expected: tuple[type[Exception], ...] = (CommandError, OSError, *known)
    try:
        yield
    except expected as error:
        told = ending_of(error) if isinstance(error, CommandError | OSError) else Ending(str(error), _code(error))
        print(f"sonobench: {told.sentence}", file=sys.stderr, flush=True)
        raise typer.Exit(int(told.code)) from None


def _code(error: Exception) -> ExitCode:
    return ExitCode.NOT_FOUND if isinstance(error, NotFound) else ExitCode.ERROR
