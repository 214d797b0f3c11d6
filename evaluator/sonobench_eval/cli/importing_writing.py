"""Writing an imported challenge where it was asked for, its folders as seen from there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sonobench_eval.challenge.load import MAX_BYTES, dump_challenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.cli.console import say, write_whole
from sonobench_eval.cli.exits import CommandError
from sonobench_eval.report.figures import count_of


def write_challenge(challenge: Challenge, folder: Path, output: Path, notes: Iterable[str] = ()) -> None:
    """Write the file and say what is in it; `folder` is what the challenge's own folders are relative to.

    Raises:
        CommandError: it would be larger than a challenge file may be.
    """
    moved = {"inputs": _relative(folder / challenge.inputs, output)}
    if challenge.truth is not None:
        moved["truth"] = _relative(folder / challenge.truth, output)
    text = dump_challenge(challenge.model_copy(update=moved)).encode()
    if len(text) > MAX_BYTES:
        raise CommandError(
            f"{output} would be larger than {MAX_BYTES // 2**20} MiB, which no challenge file may be. Make several of it."
        )
    write_whole(output, text)
    for note in notes:
        say(f"Note: {note}.")
    counts = ((len(challenge.tasks), "task"), (len(challenge.cases), "case"), (len(challenge.centers), "center"))
    say(f"Wrote {output}: {', '.join(count_of(number, what) for number, what in counts)}.")


def _relative(place: Path, output: Path) -> str:
    """`place` as seen from the folder of the file that names it."""
    return Path(os.path.relpath(place.resolve(), output.resolve().parent)).as_posix()
