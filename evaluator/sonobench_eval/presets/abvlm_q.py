"""AbVLM-Q, made up: structures in boxes, planes, scores of quality; several vendors and probes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sonobench_eval.challenge.model import Box, Case
from sonobench_eval.presets.found_boxes import draw_boxes, find_boxes, shadow_of
from sonobench_eval.presets.synthetic import (
    ALGORITHMS,
    QUALITIES,
    Algorithm,
    IntArray,
    Picture,
    SyntheticSet,
    chance,
    json_bytes,
    numbered,
    speckled,
)

NAME = "abvlm-q"
STRUCTURES = ("liver", "gallbladder", "portal_vein", "hepatic_vein", "pancreas", "spleen", "kidney", "aorta")
PLANES = tuple(f"plane_{number:02d}" for number in range(1, 12))
VENDORS = ("GE", "Philips", "Siemens", "CHISON", "Mindray")
PROBES = ("convex", "linear")
_POINTS_OFF = 2.0
"""Of the score of quality, where the error is 1."""


def abvlm_q(seed: int, cases: int) -> SyntheticSet:
    """As many cases in each of the three tasks; every sixth image shows no standard plane."""
    images: dict[str, Picture] = {}
    found: list[Case] = []
    predictions: dict[Algorithm, dict[str, bytes]] = {algorithm: {} for algorithm in ALGORITHMS}
    for task in ("structures", "planes", "quality"):
        for number in range(cases):
            path, boxes = numbered(task, number), _boxes(seed, task, number)
            images[path] = speckled(chance(NAME, seed, "picture", path), shadow_of(boxes))
            found.append(_case(seed, task, number, boxes))
            for algorithm, answer in _answers(seed, found[-1]):
                predictions[algorithm][path.replace(".png", ".json")] = json_bytes(answer)
    return SyntheticSet(tuple(found), images, predictions)


def _boxes(seed: int, task: str, number: int) -> tuple[Box, ...]:
    rng = chance(NAME, seed, "boxes", task, number)
    kinds = rng.permutation(len(STRUCTURES))[: 1 + number % 3]
    return draw_boxes(rng, [STRUCTURES[kind] for kind in sorted(kinds)])


def _case(seed: int, task: str, number: int, boxes: Sequence[Box]) -> Case:
    rng = chance(NAME, seed, "case", task, number)
    references: dict[str, dict[str, object]] = {
        "structures": {"boxes": boxes},
        "planes": {"labels": tuple(int(plane == number % 12) for plane in range(len(PLANES)))},
        "quality": {"value": round(float(rng.uniform(0, 10)), 1)},
    }
    groups = {"vendor": VENDORS[number % len(VENDORS)], "probe": PROBES[int(rng.uniform() < 0.4)]}
    about = {"id": numbered(task, number), "task": task, "center": ("hospital_a", "hospital_b")[number % 2]}
    return Case.model_validate({**about, "subject": f"P{number // 2 + 1:04d}", "groups": groups, **references[task]})


def _answers(seed: int, case: Case) -> Iterator[tuple[Algorithm, dict[str, object]]]:
    for algorithm in ALGORITHMS:
        rng, quality = chance(NAME, seed, "answers", case.id), QUALITIES[algorithm]
        if case.boxes is not None:
            boxes = find_boxes(rng, case.boxes, STRUCTURES, quality)
            listed = [{"name": box.kind, "box": box.corners, "confidence": box.confidence} for box in boxes]
            yield algorithm, {"structures": listed}
        elif case.labels is not None:
            margin = 1 + quality.error / 2 * rng.standard_normal(len(PLANES))
            truth = np.array(case.labels, dtype=np.intp)
            yield algorithm, {"planes": _named(np.where(margin > 0, truth, 1 - truth))}
        else:
            off = _POINTS_OFF * quality.error * rng.standard_normal()
            yield algorithm, {"score": round(float(np.clip((case.value or 0.0) + off, 0, 10)), 2)}


def _named(labels: IntArray) -> list[str]:
    return [plane for plane, there in zip(PLANES, labels.tolist(), strict=True) if there]
