"""What every importer shares: a challenge made of a document, paths that stay where they should, names as ids."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from sonobench_eval.challenge.errors import ChallengeError, Problem
from sonobench_eval.challenge.explain import problems_of
from sonobench_eval.challenge.model import Challenge, is_plain_relative_path
from sonobench_eval.contract.registry import contract_of


class Imported(NamedTuple):
    """A challenge, and sentences about what was odd on the way to it."""

    challenge: Challenge
    notes: tuple[str, ...] = ()


def made_into_a_challenge(document: Mapping[str, object], *, name: str) -> Challenge:
    """The challenge that the document says; `name` is what messages call the file it was made from.

    Raises:
        ChallengeError: it is none; one line for each problem.
    """
    try:
        challenge = Challenge.model_validate(document)
    except ValidationError as error:
        raise ChallengeError.of(name, problems_of(error, document)) from error
    if misfits := contract_of(challenge).misfits(challenge):
        raise ChallengeError.of(name, [Problem(loc, sentence) for loc, sentence in misfits])
    return challenge


def slug(text: str) -> str:
    """A name as an id: `Fetal Head` -> `Fetal_Head`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")[:64] or "x"


def why_no_file(path: str, folder: Path) -> str | None:
    """Why `path` is no file below `folder` that a challenge may name; None where it is one."""
    if not is_plain_relative_path(path):
        return f"{path!r} is not a plain relative path (letters, digits, space and . _ - / only)"
    target = folder / path
    try:
        status = target.lstat()
        # Following every part of a million paths takes minutes; most folders hold many files, and most files are no links.
        inside = _is_inside(target.parent, folder) and not stat.S_ISLNK(status.st_mode)
        if not inside and not target.resolve(strict=True).is_relative_to(folder.resolve()):
            return f"{target} is a link that leads out of {folder}; copy the file instead"
        status = target.stat()
    except (OSError, RuntimeError):
        return f"there is no file {target}"
    return None if stat.S_ISREG(status.st_mode) else f"{target} is not a file"


@lru_cache(maxsize=4096)
def _is_inside(part: Path, folder: Path) -> bool:
    return part.resolve().is_relative_to(folder.resolve())
