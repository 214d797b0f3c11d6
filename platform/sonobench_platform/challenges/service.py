"""Registering challenges from files on this machine: what `sonobench admin challenge add` does."""

from __future__ import annotations

from pathlib import Path

from sonobench_eval.challenge.load import ChallengeError
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.challenges.applying import apply
from sonobench_platform.challenges.preparing import read_file
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow


def register(core: Core, path: Path) -> ChallengeRow:
    """Verify a challenge and its data, keep a copy of both (the truth stays where it is), and make it known.

    The same one twice is harmless. A frozen one is not changed this way: that takes a reason (`applying.apply`).

    Raises:
        ChallengeError: the file is not a valid challenge.
        DefinitionRefused: its data is incomplete or broken, or it has no references to score against.
        Conflict: another definition of this name has opened or has submissions already.
    """
    return apply(core, SERVER, read_file(path), reason=None).challenge


__all__ = ["ChallengeError", "register"]
