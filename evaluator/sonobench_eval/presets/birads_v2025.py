"""The BI-RADS benchmark, made up: two readers and an arbitrator, a safety set, and algorithms that may abstain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sonobench_eval.challenge.model import Case
from sonobench_eval.presets.synthetic import (
    ALGORITHMS,
    QUALITIES,
    SIZE_PX,
    Algorithm,
    Array,
    IntArray,
    Picture,
    SyntheticSet,
    chance,
    class_probabilities,
    csv_bytes,
    ellipse,
    json_bytes,
    numbered,
    speckled,
)

NAME = "birads-v2025"
CLASSES = ("normal", "benign", "malignant")
CATEGORIES = ("1", "2", "3", "4A", "4B", "4C", "5")
NORMAL, BENIGN, MALIGNANT = range(3)
_ERROR_OF_CLASSES = 0.55
_STEPS_OFF = 0.8
"""Of the scale of categories, where the error is 1."""
_REFERS_UNSURE: dict[Algorithm, float] = {"perfect": 0.0, "good": 0.06, "poor": 0.2}
_REFERS_STRANGE: dict[Algorithm, float] = {"perfect": 1.0, "good": 0.85, "poor": 0.3}
"""Shares of cases left to a human: the least sure ones of the diagnosis (`poor`: any), and those of the safety set."""


class _Reading(NamedTuple):
    first: int
    second: int
    arbitrator: int | None

    @property
    def settled(self) -> int:
        return self.first if self.arbitrator is None else self.arbitrator


def birads_v2025(seed: int, cases: int) -> SyntheticSet:
    """As many cases of diagnosis and of BI-RADS, of the same images, and half as many of the safety set among them."""
    labels = np.arange(cases, dtype=np.intp) % 3
    readings = [_reading(seed, number, int(labels[number])) for number in range(cases)]
    names = chance(NAME, seed, "order").permutation(cases + cases // 2)
    paths = [numbered("diagnosis", int(name)) for name in names]
    images: dict[str, Picture] = {}
    found: list[Case] = []
    for number in range(cases):
        picture = _picture(seed, number, int(labels[number]))
        images |= {paths[number]: picture, numbered("birads", number): picture}
        about = {"center": ("hospital", "open_access")[number // 6 % 3 == 2], "subject": f"P{number // 2 + 1:04d}"}
        diagnosis = {"id": paths[number], "task": "diagnosis", "label": int(labels[number])}
        category = {"id": numbered("birads", number), "task": "birads", "value": readings[number].settled}
        found += [Case.model_validate({**each, **about}) for each in (diagnosis, category)]
    for number, path in enumerate(paths[cases:]):
        images[path] = _strange_picture(seed, number)
        found.append(Case(id=path, task="safety", center="open_access", label=0))
    predictions = {algorithm: _answers(seed, labels, readings, paths, algorithm) for algorithm in ALGORITHMS}
    ordered = tuple(sorted(found, key=lambda case: (case.task, case.id)))
    return SyntheticSet(ordered, images, predictions, beside={"readings.csv": _table(readings)})


def _reading(seed: int, number: int, label: int) -> _Reading:
    """The two readers see the same signs and err on their own; the third has the last word, and may side with neither."""
    rng = chance(NAME, seed, "reading", number)
    signs = {NORMAL: 0.2, BENIGN: 1.8, MALIGNANT: 4.8}[label] + rng.normal(0, 0.7)
    first, second, third = (int(np.clip(np.rint(signs + rng.normal(0, 0.6)), 0, len(CATEGORIES) - 1)) for _ in range(3))
    return _Reading(first, second, None if first == second else third)


def _table(readings: list[_Reading]) -> bytes:
    rows = [
        (
            numbered("birads", number),
            CATEGORIES[reading.first],
            CATEGORIES[reading.second],
            "" if reading.arbitrator is None else CATEGORIES[reading.arbitrator],
        )
        for number, reading in enumerate(readings)
    ]
    return csv_bytes(("case", "first", "second", "arbitrator"), rows)


def _picture(seed: int, number: int, label: int) -> Picture:
    rng = chance(NAME, seed, "picture", number)
    radius = rng.uniform(5, 9)
    shape = (radius, radius * (1.3 if label == MALIGNANT else 0.8))
    lesion = ellipse(center_px=(rng.uniform(16, 32), rng.uniform(16, 32)), radii_px=shape)
    return speckled(rng, None if label == NORMAL else lesion)


def _strange_picture(seed: int, number: int) -> Picture:
    """No ultrasound at all: a smooth ramp with a little noise."""
    rng = chance(NAME, seed, "strange", number)
    ramp = np.linspace(20, 230, SIZE_PX)[np.newaxis, :] + rng.normal(0, 3, (SIZE_PX, SIZE_PX))
    return np.clip(np.rint(ramp), 0, 255).astype(np.uint8)


def _answers(seed: int, labels: IntArray, readings: list[_Reading], paths: list[str], algorithm: Algorithm) -> dict[str, bytes]:
    cases, error = len(labels), QUALITIES[algorithm].error
    rng = chance(NAME, seed, "answers")
    probabilities = class_probabilities(labels, rng.standard_normal((cases, 3)), _ERROR_OF_CLASSES * error)
    refers = _least_sure(probabilities, rng.permutation(cases), algorithm)
    listed: dict[str, object] = {
        path: {"probabilities": dict(zip(CLASSES, row, strict=True)), "refer": bool(refer)}
        for path, row, refer in zip(paths, probabilities.tolist(), refers, strict=False)
    }
    off = rng.standard_normal(cases)
    for number, reading in enumerate(readings):
        grade = int(np.clip(np.rint(reading.settled + _STEPS_OFF * error * off[number]), 0, len(CATEGORIES) - 1))
        listed[numbered("birads", number)] = {"birads": CATEGORIES[grade]}
    strange = paths[cases:]
    guesses = rng.dirichlet((1, 1, 1), len(strange)).round(6)
    left_alone = rng.permutation(len(strange)) < round(_REFERS_STRANGE[algorithm] * len(strange))
    for path, row, refer in zip(strange, guesses.tolist(), left_alone, strict=True):
        listed[path] = {"refer": True} if refer else {"probabilities": dict(zip(CLASSES, row, strict=True)), "refer": False}
    return {"answers.json": json_bytes(listed)}


def _least_sure(probabilities: Array, any_order: IntArray, algorithm: Algorithm) -> list[bool]:
    """Which cases of the diagnosis are left to a human: the least sure; `poor` does not know which these are."""
    place = any_order if algorithm == "poor" else np.argsort(np.argsort(probabilities.max(axis=1), kind="stable"))
    return [bool(each) for each in place < round(_REFERS_UNSURE[algorithm] * len(place))]
