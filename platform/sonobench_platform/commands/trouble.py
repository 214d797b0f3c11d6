"""How a command ends badly: one sentence on stderr and an exit code, never a traceback for what a person can mend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


class CommandError(Exception):
    """Something a person can mend; the message is one clear sentence."""


@contextmanager
def told_in_a_sentence(*known: type[Exception]) -> Iterator[None]:
    """Turn `CommandError`, the `known` errors and a failing disk into a sentence on stderr and exit code 1."""
    expected: tuple[type[Exception], ...] = (CommandError, *known)
    try:
        yield
    except expected as error:
        _end(str(error))
    except OSError as error:
        named = f" ({error.filename})" if error.filename else ""
        _end(f"{error.strerror or error}{named}")


def _end(sentence: str) -> None:
    print(f"sonobench: {sentence}", file=sys.stderr, flush=True)
    raise typer.Exit(1)
