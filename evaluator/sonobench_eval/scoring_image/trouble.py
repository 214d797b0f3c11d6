"""What goes wrong with a scoring image is its organiser's to mend, and never costs a team anything."""

from __future__ import annotations

from sonobench_eval.challenge.errors import ChallengeError

DOCUMENT = "docs/scoring-image.md"


class ScoringImageTrouble(ChallengeError):
    """The organisers' scoring image cannot be used, failed, or wrote scores that make no sense.

    The message holds nothing that the image wrote but names of cases and metrics of the challenge; `log` is the end of what
    it printed, made harmless, for organisers alone.
    """

    def __init__(self, sentence: str, *, log: str = "") -> None:
        super().__init__(sentence)
        self.log = log

    @property
    def for_organisers(self) -> str:
        """The sentence, and below it the log."""
        return f"{self}\n{self.log}" if self.log else str(self)
