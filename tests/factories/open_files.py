"""Which files below a folder this process has open. What else it has open is others' affair, and may change at any moment."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def open_below(folder: Path) -> list[Path]:
    found = []
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(each.readlink())
    return [path for path in found if path.is_relative_to(folder.resolve())]
