"""What is wrong with a challenge, said to the organiser who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PROBLEMS_SHOWN = 20

Loc = tuple[str | int, ...]
"""Where in a challenge: `("tasks", 0, "metrics")`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: where in the challenge, and a sentence. `line` counts from 1; None where the file has no lines."""

    loc: Loc
    sentence: str
    line: int | None = None

    def told(self, name: str) -> str:
        """`challenge.yaml:12: tasks.0.metrics: must not be empty`."""
        place = name if self.line is None else f"{name}:{self.line}"
        where = ".".join(str(part) for part in self.loc)
        return f"{place}: {where}: {self.sentence}" if where else f"{place}: {self.sentence}"


class ChallengeError(Exception):
    """A challenge, or the data it is made from, cannot be used. The message has one line for each problem."""

    @classmethod
    def of(cls, name: str, problems: Sequence[Problem]) -> ChallengeError:
        """All problems of the file `name`, in its order; the first `PROBLEMS_SHOWN` are told, the others counted."""
        ordered = sorted(problems, key=lambda problem: problem.line or 0)
        lines = [problem.told(name) for problem in ordered[:PROBLEMS_SHOWN]]
        if hidden := len(ordered) - len(lines):
            lines.append(f"{name}: and {hidden:,} more problems")
        return cls("\n".join(lines))


class CrossCheckError(ValueError):
    """Problems between the parts of a challenge, each with its place; raised by the model's own check."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.told("challenge") for problem in problems[:PROBLEMS_SHOWN]))
        self.problems = tuple(problems)
