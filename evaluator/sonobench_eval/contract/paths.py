"""Path rules of a contract, applied to a case: `{folder}/{stem}.nii.gz` and what of it becomes something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sonobench_eval.challenge.model import Case

_DOUBLE_ENDINGS = (".nii.gz",)


class PathParts(NamedTuple):
    """The parts of `seg/Heart/0001.nii.gz`: `seg/Heart`, `0001.nii.gz`, `0001` and `.nii.gz`."""

    folder: str
    name: str
    stem: str
    suffix: str


def path_parts(path: str) -> PathParts:
    """The parts of a case's path. The suffix has its dot, and is empty where there is none."""
    folder, _, name = path.rpartition("/")
    double = next((end for end in _DOUBLE_ENDINGS if name.lower().endswith(end) and len(name) > len(end)), "")
    cut = len(name) - len(double) if double else name.rfind(".")
    cut = cut if cut > 0 else len(name)
    return PathParts(folder, name, name[:cut], name[cut:])


def words_of(case: Case) -> dict[str, str]:
    """What each part of a path rule stands for."""
    return {"path": case.id, **path_parts(case.id)._asdict(), "task": case.task}


def filled(rule: str, words: Mapping[str, str]) -> str:
    """The rule with its parts in place. `{folder}/` is nothing where the case lies in no folder."""
    if not words.get("folder"):
        rule = rule.replace("{folder}/", "")
    return re.sub(r"\{([a-z_]+)\}", lambda part: words[part[1]], rule)


def replaced(path: str, replace: Iterable[tuple[str, str]]) -> str:
    """The path with each text replaced wherever it stands, one after the other, as Python's `str.replace` does it."""
    for old, new in replace:
        path = path.replace(old, new)
    return path


def folders_above(path: str) -> list[str]:
    """`a/b/c.png` -> `["a", "a/b"]`."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


class Collision(NamedTuple):
    """Two owners that need one path: for the same file, or one below the other's file (`below`)."""

    owner: int
    path: str
    other: str
    below: bool


def collisions(wanted: Iterable[tuple[int, str]], taken: Mapping[str, str], called: Mapping[int, str]) -> Iterator[Collision]:
    """Where owners want the same path, or one needs a folder where another has a file.

    Args:
        wanted: an owner and its path, each owner once.
        taken: paths that are taken already, and what is there.
        called: what an owner is called.
    """
    listed = list(wanted)
    there = dict(taken)
    for owner, path in listed:
        if path in there:
            yield Collision(owner, path, there[path], below=False)
        there.setdefault(path, called[owner])
    for owner, path in listed:
        for folder in folders_above(path):
            if folder in there:
                yield Collision(owner, folder, there[folder], below=True)
    for path, what in taken.items():
        for folder in folders_above(path):
            if folder in there and folder not in taken:
                owner = next(owner for owner, other in listed if other == folder)
                yield Collision(owner, folder, what, below=False)
