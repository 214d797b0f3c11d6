"""Random answers with boxes, instances and points, full of ties and near misses; and many ways to ask each metric of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from sonobench_eval.metrics.detection_answers import BoxTable, DetectionAnswers, Found, ToFind, detection_answers
from sonobench_eval.metrics.instances import InstanceAnswers, instance_answers, instance_overlaps, nothing_found
from sonobench_eval.metrics.keypoints import KeypointAnswers
from sonobench_eval.metrics.named import specs_of
from sonobench_eval.metrics.spec import Family, MetricSpec, Parameter

FOUND: tuple[Family, ...] = ("boxes", "instances", "points")
Answers = DetectionAnswers | InstanceAnswers | KeypointAnswers
REQUIRED = {"threshold": 0.5, "rate": 0.5, "unit": "px"}
NUMBERS = {"confidence": 0.5, "lowest": 0.3, "highest": 0.6, "step": 0.1, "threshold": 0.2}
OTHER_WAYS: dict[tuple[str, str], dict[str, Any]] = {
    ("boxes", "center_distance"): {"unit": "px", "threshold": 2},
    ("boxes", "center_radius"): {"threshold": 1},
    ("points", "segment"): {"from_point": 0, "to_point": 1},
}
"""What belongs to a choice."""


class Asked(NamedTuple):
    """A metric with settings."""

    spec: MetricSpec
    settings: dict[str, Any]

    def __repr__(self) -> str:
        said = " ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.spec.family} {self.spec.name} {said}".strip()

    def measure(self, answers: Answers, counts: np.ndarray, *, engine: Any = "fast") -> np.ndarray:
        found = self.spec.load(engine=engine)(answers, counts, **self.spec.arguments(self.settings))
        return np.asarray(found)

    def goodness(self, answers: Answers, counts: np.ndarray) -> np.ndarray:
        return self.measure(answers, counts) * (1 if self.spec.higher_is_better else -1)


def every_metric(family: Family) -> list[Asked]:
    """Each metric of the catalogue, as plain as it can be asked, and with each other value of each of its settings."""
    return [Asked(spec, said) for spec in specs_of(family).values() for said in _ways(spec)]


def _ways(spec: MetricSpec) -> Iterator[dict[str, Any]]:
    plain = {parameter.name: REQUIRED[parameter.name] for parameter in spec.parameters if parameter.required}
    yield plain
    if any(parameter.name == "criterion" and "center_distance" in parameter.choices for parameter in spec.parameters):
        yield {**plain, "criterion": "center_distance", "unit": "mm", "threshold": 1.5}
    skipped = {"from_point", "to_point", *(["unit"] if spec.family == "boxes" else [])}
    for parameter in spec.parameters:
        for value in () if parameter.name in skipped else _values(parameter):
            if value != plain.get(parameter.name):
                yield {**plain, parameter.name: value, **OTHER_WAYS.get((spec.family, str(value)), {})}


def _values(parameter: Parameter) -> tuple[Any, ...]:
    if parameter.kind == "choice":
        return tuple(each for each in parameter.choices if each != parameter.default)
    return (0,) if parameter.kind == "whole" else tuple(NUMBERS[name] for name in NUMBERS if name == parameter.name)


@st.composite
def answers_of(draw: st.DrawFn, family: Family) -> Answers:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 7))
    missing = rng.random(n) < draw(st.sampled_from([0.0, 0.0, 0.3]))
    if family == "boxes":
        return _boxes(rng, missing, classes=draw(st.integers(1, 3)), ignored=draw(st.sampled_from([0.0, 0.3])))
    if family == "instances":
        return _instances(rng, missing)
    return _points(rng, missing, annotated=draw(st.sampled_from([0.6, 1.0])))


def _boxes(rng: np.random.Generator, missing: np.ndarray, *, classes: int, ignored: float) -> DetectionAnswers:
    to_find: list[list[ToFind]] = []
    found: list[list[Found] | None] = []
    for none in missing:
        refs = [ToFind(int(rng.integers(classes)), _box(rng), bool(rng.random() < ignored)) for _ in range(rng.integers(4))]
        told = [Found(int(rng.integers(classes)), _box(rng), _confidence(rng)) for _ in range(rng.integers(3))]
        for ref in refs:
            for _ in range(rng.integers(3)):
                moved = np.array(ref.box) + rng.integers(-1, 2, size=2).repeat(2)[[0, 2, 1, 3]]
                told.append(Found(ref.kind, tuple(moved.tolist()), _confidence(rng)))
        to_find.append(refs)
        found.append(None if none else told)
    spacing = rng.choice([0.5, 0.25], size=(len(missing), 2))
    return detection_answers(to_find, found, classes=classes, spacing_mm=spacing)


def _box(rng: np.random.Generator) -> tuple[float, ...]:
    left, top = rng.integers(0, 8, size=2).tolist()
    width, height = rng.integers(1, 6, size=2).tolist()
    return (left, top, left + width, top + height)


def _confidence(rng: np.random.Generator) -> float:
    return float(rng.integers(1, 6)) / 5


def label_image(rng: np.random.Generator) -> np.ndarray:
    """A few rectangles, each over the ones before."""
    image = np.zeros((9, 12), dtype=np.int64)
    for number in range(1, int(rng.integers(1, 6))):
        top, left = rng.integers(0, 7, size=2)
        image[top : top + rng.integers(1, 5), left : left + rng.integers(1, 6)] = number
    return image


def _instances(rng: np.random.Generator, missing: np.ndarray) -> InstanceAnswers:
    references = [label_image(rng) for _ in missing]
    overlaps = [
        None if none else instance_overlaps(np.roll(reference, rng.integers(-2, 3)) * (rng.random() < 0.9), reference)
        for none, reference in zip(missing, references, strict=True)
    ]
    return instance_answers(overlaps, references)


def _points(rng: np.random.Generator, missing: np.ndarray, *, annotated: float) -> KeypointAnswers:
    shape = (len(missing), 3, 2)
    reference = rng.integers(0, 10, size=shape).astype(float)
    predicted = reference + rng.integers(-1, 2, size=shape) * rng.integers(0, 30, size=(len(missing), 1, 1))
    reference[rng.random(shape[:2]) > annotated] = np.nan
    predicted[rng.random(shape[:2]) < 0.1] = np.nan
    predicted[missing] = np.nan
    size = rng.integers(10, 15, size=(len(missing), 2)).astype(float)
    return KeypointAnswers(reference, predicted, size, rng.choice([0.5, 0.25], size=(len(missing), 2)))


def size_of(answers: Answers) -> int:
    if isinstance(answers, DetectionAnswers):
        return answers.cases
    return len(answers.overlaps) if isinstance(answers, InstanceAnswers) else len(answers.reference)


def without(answers: Answers, case: int) -> Answers:
    """The same answers with one taken away."""
    if isinstance(answers, KeypointAnswers):
        predicted = answers.predicted.copy()
        predicted[case] = np.nan
        return KeypointAnswers(answers.reference, predicted, answers.size_px, answers.spacing_mm)
    unusable = answers.unusable.copy()
    unusable[case] = True
    if isinstance(answers, InstanceAnswers):
        areas = answers.overlaps[case].reference_px
        silent = nothing_found(np.repeat(np.arange(1, len(areas) + 1), areas)[np.newaxis])
        return InstanceAnswers((*answers.overlaps[:case], silent, *answers.overlaps[case + 1 :]), unusable)
    return with_boxes(answers, answers.predicted.case != case, unusable)


def with_boxes(answers: DetectionAnswers, kept: np.ndarray, unusable: np.ndarray | None = None) -> DetectionAnswers:
    """The same answers with some of their boxes."""
    which = np.flatnonzero(kept)
    return DetectionAnswers(
        answers.classes,
        answers.reference,
        answers.ignored,
        answers.predicted.rows(which, answers.predicted.case[which]),
        answers.confidence[which],
        answers.unusable if unusable is None else unusable,
        answers.spacing_mm,
    )


def moved(boxes: BoxTable, by: tuple[float, float]) -> BoxTable:
    return BoxTable(boxes.case, boxes.kind, boxes.low + by, boxes.high + by)
