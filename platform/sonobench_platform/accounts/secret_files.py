"""Files that hold one secret, for their owner alone. They are made at the first start: nothing has a default secret."""

from __future__ import annotations

import os
from pathlib import Path

from sonobench_platform.storage.store import settle


def keep_private(path: Path, secret: str) -> None:
    """Write a secret into a new file that only its owner may read (0600); whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as opened:
        opened.write(f"{secret}\n")
    settle(temporary, path)
