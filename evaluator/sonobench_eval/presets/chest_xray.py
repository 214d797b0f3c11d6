"""Chest X-rays, made up: 14 observations of which the reference is sometimes unsure, and boxes of 8 findings."""

from __future__ import annotations

import numpy as np

from sonobench_eval.challenge.model import Case
from sonobench_eval.presets.found_boxes import FoundBox, draw_boxes, find_boxes, shadow_of
from sonobench_eval.presets.synthetic import (
    ALGORITHMS,
    QUALITIES,
    Algorithm,
    Array,
    Picture,
    SyntheticSet,
    binary_probabilities,
    chance,
    csv_bytes,
    numbered,
    speckled,
)

NAME = "chest-xray"
OBSERVATIONS = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
)  # fmt: skip
LOCATED = ("Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax")
UNSURE = 0.5
"""What the reference is unsure of. An algorithm that says just that is right whatever it is taken for."""
UNSURE_SHARE = 0.1


def chest_xray(seed: int, cases: int) -> SyntheticSet:
    """As many cases in each of the two tasks."""
    truth = _labels(seed, cases)
    images: dict[str, Picture] = {}
    found: list[Case] = []
    for number in range(cases):
        path = numbered("findings", number)
        images[path] = speckled(chance(NAME, seed, "picture", path))
        labels = [None if label == UNSURE else int(label) for label in truth[number].tolist()]
        found.append(_case(path, "findings", number, labels=labels))
    for number in range(cases):
        path, rng = numbered("localization", number), chance(NAME, seed, "boxes", number)
        kinds = [LOCATED[number % len(LOCATED)], LOCATED[(number * 3 + 1) % len(LOCATED)]][: 1 + number % 2]
        boxes = draw_boxes(rng, sorted(set(kinds)))
        images[path] = speckled(rng, shadow_of(boxes))
        found.append(_case(path, "localization", number, boxes=boxes))
    predictions = {
        algorithm: {"labels.csv": _labels_file(seed, truth, algorithm), "boxes.csv": _boxes_file(seed, found, algorithm)}
        for algorithm in ALGORITHMS
    }
    return SyntheticSet(tuple(found), images, predictions)


def _case(path: str, task: str, number: int, **reference: object) -> Case:
    about = {"id": path, "task": task, "center": "hospital", "subject": f"P{number // 2 + 1:04d}"}
    return Case.model_validate({**about, **reference})


def _labels(seed: int, cases: int) -> Array:
    """What is there, 1 or 0, or `UNSURE`; shape (cases, 14). Of every observation some are there, and some are not."""
    rng = chance(NAME, seed, "labels")
    truth = (rng.uniform(size=(cases, len(OBSERVATIONS))) < rng.uniform(0.15, 0.45, len(OBSERVATIONS))).astype(np.float64)
    truth[0::9], truth[1::9] = 0, 1
    is_unsure = rng.uniform(size=truth.shape) < UNSURE_SHARE
    is_unsure[:11] = False
    return np.where(is_unsure, UNSURE, truth)


def _labels_file(seed: int, truth: Array, algorithm: Algorithm) -> bytes:
    noise = chance(NAME, seed, "answers").standard_normal(truth.shape)
    probabilities = binary_probabilities(truth, noise, QUALITIES[algorithm].error)
    rows = [(numbered("findings", number), *row) for number, row in enumerate(probabilities.tolist())]
    return csv_bytes(("image", *OBSERVATIONS), rows)


def _boxes_file(seed: int, cases: list[Case], algorithm: Algorithm) -> bytes:
    rows = []
    for case in cases:
        if case.boxes is not None:
            boxes = find_boxes(chance(NAME, seed, "found", case.id), case.boxes, LOCATED, QUALITIES[algorithm])
            rows += [_row(case.id, box) for box in boxes]
    return csv_bytes(("image", "finding", "x", "y", "w", "h", "confidence"), rows)


def _row(path: str, box: FoundBox) -> tuple[object, ...]:
    left, top, right, bottom = box.corners
    return path, box.kind, left, top, round(right - left, 2), round(bottom - top, 2), box.confidence
