"""Where a path of an image leads, link by link. Pure: a function that reads one link goes in, a way comes out.

An engine follows links by itself, but at another time: when it mounts, the kernel's folders and the run's own places
already cover what the image has there, and a link through `/proc` means something else than it did in the image.
So the way is followed name by name, and every folder on it is known.
"""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

LinkAt = Callable[[str], str | None]
"""The text of the link at a path; None where there is no link, or nothing at all."""
MOST_LINKS = 40
"""As many as Linux follows."""


@dataclass(frozen=True, slots=True)
class Way:
    """`path` is what was led to, free of links. `passed` are the folders before it, links' own places left out."""

    path: str
    passed: tuple[str, ...] = ()

    def leads_into(self, folders: Iterable[str]) -> bool:
        """True where the way ends in one of the folders, or goes through it."""
        return any(PurePosixPath(step).is_relative_to(folder) for folder in folders for step in (*self.passed, self.path))


def way_to(path: str, link_at: LinkAt) -> Way | None:
    """Follow an absolute path, with `/` of the image as the highest folder. Names that do not exist are kept.

    None where there are too many links, or one whose text goes back after a name (`a/../b`): where a place covers
    `a`, the engine would take such a link to another end than the image does.
    """
    todo, here, passed, links = deque(_names(path)), "/", list[str](), 0
    while todo:
        name = todo.popleft()
        if name == "..":
            here = posixpath.dirname(here)
            continue
        step = posixpath.join(here, name)
        target = link_at(step)
        if target is None:
            here = step
            passed.append(step)
            continue
        links += 1
        if links > MOST_LINKS or _goes_back(target):
            return None
        here = "/" if target.startswith("/") else here
        todo.extendleft(reversed(_names(target)))
    return Way(here, tuple(step for step in passed if step != here))


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in {"", "."}]


def _goes_back(target: str) -> bool:
    names = _names(target)
    first = next((number for number, name in enumerate(names) if name != ".."), len(names))
    return ".." in names[first:]
