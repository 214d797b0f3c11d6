"""Wake-ups: hints to workers that something is due. The database is the truth.

A wake-up may be lost, doubled or late, and nothing changes: tasks are idempotent, carry an id or nothing, are sent
after commit, and the sweeper sends again what is still due.
"""

from __future__ import annotations

from typing import Protocol


class Wake(Protocol):
    def run_queued(self) -> None:
        """A run waits for a run worker."""

    def check(self, submission_id: str) -> None:
        """An upload waits to be checked."""

    def score(self, run_id: str) -> None:
        """A finished run waits for its scores."""
