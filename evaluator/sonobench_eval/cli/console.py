"""Where words go: data on stdout, everything else on stderr; long work shows a bar on a terminal and a few lines elsewhere."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sonobench_eval.cli.exits import CommandError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH_OFF_A_TERMINAL = 160
LINE_EVERY_S = 15.0

Progress = Callable[[int, int], None]
"""Called with what is done and the whole."""


def stdout() -> Console:
    """Data. Wide where it is not a terminal, so that a log or a file keeps whole lines."""
    return _console(sys.stdout.isatty(), os.environ.get("COLUMNS"), error=False)


def stderr() -> Console:
    """Messages."""
    return _console(sys.stderr.isatty(), os.environ.get("COLUMNS"), error=True)


@cache
def _console(is_terminal: bool, columns: str | None, *, error: bool) -> Console:
    """A console reads `columns` from the environment once, when it is made: another value wants another console."""
    from rich.console import Console

    width = None if is_terminal or columns is not None else WIDTH_OFF_A_TERMINAL
    return Console(stderr=error, width=width, highlight=False, soft_wrap=False)


def show(renderable: RenderableType) -> None:
    """Data for people, on stdout."""
    stdout().print(renderable)


def say(sentence: str) -> None:
    """A message, on stderr, as it is: no markup is read in it."""
    stderr().print(sentence, markup=False, soft_wrap=not sys.stderr.isatty())


def write_data(text: str, target: Path | None) -> None:
    """Data for programs: to stdout where `target` is None or `-`, else to a file, whole or not at all."""
    text = text if text.endswith("\n") else text + "\n"
    if target is None or str(target) == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_whole(target, text.encode())


def refuse_no_place_for(target: Path) -> None:
    """Before long work, too: whoever waited an hour should not hear then that there is no such folder.

    Raises:
        CommandError: `target` is a folder, or lies in one that is not there.
    """
    if target.is_dir():
        raise CommandError(f"{target} is a folder; name a file in it.")
    if not target.parent.is_dir():
        raise CommandError(f"There is no folder {target.parent} to write {target.name} to.")


def write_whole(target: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file so that it is there whole or not at all; an older one is replaced. Default mode: what umask leaves."""
    refuse_no_place_for(target)
    if target.exists() and not target.is_file():
        target.write_bytes(content)  # a device or a pipe: there is nothing to replace
        return
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o666 & ~_umask() if mode is None else mode)
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@contextmanager
def counting(what: str) -> Iterator[Progress]:
    """Progress in things (cases, tasks)."""
    with _progress(what, in_bytes=False) as told:
        yield told


@contextmanager
def moving(what: str) -> Iterator[Progress]:
    """Progress in bytes, with speed and time left."""
    with _progress(what, in_bytes=True) as told:
        yield told


@contextmanager
def _progress(what: str, *, in_bytes: bool) -> Iterator[Progress]:
    if not sys.stderr.isatty():
        yield _Lines(what)
        return
    from rich import progress

    amount = (progress.DownloadColumn(), progress.TransferSpeedColumn()) if in_bytes else (progress.MofNCompleteColumn(),)
    text = progress.TextColumn("{task.description}", markup=False)
    columns = (text, progress.BarColumn(), *amount, progress.TimeElapsedColumn(), progress.TimeRemainingColumn())
    with progress.Progress(*columns, console=stderr(), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """Progress off a terminal: a line now and then, none for short work."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._next = time.monotonic() + LINE_EVERY_S

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next and total > 0:
            self._next = time.monotonic() + LINE_EVERY_S
            say(f"{self._what}: {done / total:.0%}")


@contextmanager
def phases(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner with the present phase and the time it took so far; a line for each phase off a terminal."""
    if not sys.stderr.isatty():
        yield lambda phase: say(f"{what}: {phase}")
        return
    from rich import progress

    columns = (progress.SpinnerColumn(), progress.TextColumn("{task.description}", markup=False), progress.TimeElapsedColumn())
    with progress.Progress(*columns, console=stderr(), transient=True) as bar:
        task = bar.add_task(what)
        yield lambda phase: bar.update(task, description=f"{what}: {phase}")
