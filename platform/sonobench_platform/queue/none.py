"""No broker: nothing is sent, and workers find what is due by asking."""

from __future__ import annotations


class NoWake:
    """A `Wake` that wakes nobody. Workers poll the database, or the internal API, every few seconds."""

    def run_queued(self) -> None:
        """A run is due; a run worker's next poll finds it."""

    def check(self, submission_id: str) -> None:
        """An upload waits for its check; a score worker's next poll finds it."""

    def score(self, run_id: str) -> None:
        """A run waits for its scores; a score worker's next poll finds it."""
