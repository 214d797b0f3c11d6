"""`/scores.json` as a scoring image wrote it, read as a stranger's file: every value is asked for, none is believed unseen.

    {"cases": {"CASE": {"METRIC": 7.5}}, "tasks": {"TASK": {"METRIC": 0.8}}}

A value is a number within the metric's declared range. `null` says that there is none, which is allowed only where the answer
cannot be used or a mask is empty: there the challenge's `undefined` policy counts, whatever the image says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from sonobench_eval.challenge.model import Challenge, Metric, Task
from sonobench_eval.io.strict_json import StrictJsonError, loads, shown
from sonobench_eval.scoring_image.trouble import ScoringImageTrouble

MAX_BYTES = 64 * 2**20
PROBLEMS_TOLD = 10
_PARTS = ("cases", "tasks")

Values = Mapping[str, float | None]
Place = tuple[str, str]
"""A case's or a task's id, and a metric's key."""


@dataclass(frozen=True, slots=True)
class ImageScores:
    """What a scoring image gave: per case and per task, by `(id, metric)`; None where it said that there is no value."""

    cases: Mapping[Place, float | None]
    tasks: Mapping[Place, float | None]


def read_scores(data: bytes, challenge: Challenge, *, without_value: Set[str]) -> ImageScores:
    """Check the whole file against the challenge.

    Args:
        data: the file.
        challenge: which metrics of which cases and tasks there must be.
        without_value: cases whose answer cannot be used or whose mask is empty; their values may be null or left out.

    Raises:
        ScoringImageTrouble: it is not as it must be; the message tells the first problems.
    """
    try:
        document = loads(data, max_bytes=MAX_BYTES)
    except StrictJsonError as error:
        raise ScoringImageTrouble(f"The scoring image wrote a /scores.json that is not usable JSON: {error}.") from error
    if not isinstance(document, dict) or not set(document) <= set(_PARTS):
        raise ScoringImageTrouble(
            'The scoring image must write {"cases": {...}, "tasks": {...}} to /scores.json, and nothing else.'
        )
    reader = _Reader(document)
    found = ImageScores(reader.cases(challenge, without_value), reader.tasks(challenge))
    if reader.problems:
        more = f"; and {len(reader.problems) - PROBLEMS_TOLD:,} more" if len(reader.problems) > PROBLEMS_TOLD else ""
        told = "; ".join(reader.problems[:PROBLEMS_TOLD])
        raise ScoringImageTrouble(f"What the scoring image wrote to /scores.json cannot be used: {told}{more}.")
    return found


def image_metrics(task: Task, per: str) -> list[Metric]:
    """The task's metrics that the scoring image computes, per `case` or per `task`."""
    return [metric for metric in task.metrics if metric.from_image is not None and metric.from_image.per == per]


class _Reader:
    """One document; `problems` collects what is wrong with it."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self.document = document
        self.problems: list[str] = []

    def cases(self, challenge: Challenge, without_value: Set[str]) -> dict[Place, float | None]:
        wanted = {task.id: image_metrics(task, "case") for task in challenge.tasks}
        known = {case.id: wanted[case.task] for case in challenge.cases}
        return dict(self._read("cases", known, without_value))

    def tasks(self, challenge: Challenge) -> dict[Place, float | None]:
        known = {task.id: image_metrics(task, "task") for task in challenge.tasks}
        return dict(self._read("tasks", known, frozenset(known)))

    def _read(self, part: str, known: Mapping[str, Sequence[Metric]], may_lack: Set[str]) -> Iterator[tuple[Place, float | None]]:
        given = self.document.get(part, {})
        if not isinstance(given, dict):
            self.problems.append(f"{part} is not an object")
            return
        self.problems += [f"{part} names {shown(name)}, which the challenge has not" for name in given if name not in known]
        for name, metrics in known.items():
            values = given.get(name, {})
            if not isinstance(values, dict):
                self.problems.append(f"{part}.{name} is not an object of metrics")
                continue
            keys = {metric.key for metric in metrics}
            self.problems += [
                f"{part}.{name} has {shown(key)}, which is none of its metrics" for key in values if key not in keys
            ]
            for metric in metrics:
                yield (name, metric.key), self._value(f"{part}.{name}", values, metric, may_lack=name in may_lack)

    def _value(self, place: str, values: Mapping[str, object], metric: Metric, *, may_lack: bool) -> float | None:
        value = values.get(metric.key)
        if value is None:
            if not may_lack:
                why = "is null, though there is an answer to score" if metric.key in values else "is missing"
                self.problems.append(f"{place}.{metric.key} {why}")
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problems.append(f"{place}.{metric.key} is not a number")
            return None
        low, high = (0.0, 0.0) if metric.from_image is None else metric.from_image.range
        if not low <= value <= high:
            self.problems.append(f"{place}.{metric.key} lies outside its range of {low:g} to {high:g}")
            return None
        return float(value)
