"""BUS-CoT, made up: lesions of patients with several of them, and a long tail of 99 types."""

from __future__ import annotations

import numpy as np

from sonobench_eval.challenge.model import Case
from sonobench_eval.presets.synthetic import (
    ALGORITHMS,
    QUALITIES,
    Algorithm,
    Array,
    IntArray,
    Picture,
    SyntheticSet,
    binary_probabilities,
    chance,
    class_probabilities,
    csv_bytes,
    ellipse,
    json_bytes,
    numbered,
    speckled,
)

NAME = "bus-cot"
TYPES = 99
IMAGES_OF_A_PATIENT = (1, 3, 2, 1, 4, 1, 2)
"""In turn: a patient has several lesions, and a lesion several images."""
HEAD, MIDDLE = 10, 3
"""Fewest cases of a type in the test set for it to be in the head, and in the middle, of the distribution."""
_ERROR_OF_TYPES = 0.35
"""Of the error in the malignancy: the likeliest of 99 wrong types is far out in the noise."""


def bus_cot(seed: int, cases: int) -> SyntheticSet:
    """Every type once, and the rest of the lesions by a long tail; the same lesions in both tasks."""
    types = _types(seed, cases)
    malignant = np.isin(types, _malignant_types(seed)).astype(np.intp)
    patients = _patients(cases)
    rarity = _rarity(types)
    images: dict[str, Picture] = {}
    found: list[Case] = []
    for number in range(cases):
        picture = _picture(seed, number, is_malignant=bool(malignant[number]))
        common = {"center": "open_access", "subject": patients[number]}
        one, other = numbered("malignancy", number), numbered("histopathology", number)
        images |= {one: picture, other: picture}
        groups = {"groups": {"rarity": rarity[number]}}
        found.append(Case.model_validate({"id": one, "task": "malignancy", "label": int(malignant[number]), **common}))
        found.append(
            Case.model_validate({"id": other, "task": "histopathology", "label": int(types[number]), **common, **groups})
        )
    predictions = {algorithm: _answers(seed, malignant, types, algorithm) for algorithm in ALGORITHMS}
    return SyntheticSet(tuple(sorted(found, key=lambda case: case.task)), images, predictions)


def _types(seed: int, cases: int) -> IntArray:
    rng = chance(NAME, seed, "types")
    weights = 1 / np.arange(1, TYPES + 1) ** 1.3
    more = rng.choice(TYPES, size=cases - TYPES, p=weights / weights.sum())
    return np.asarray(rng.permutation(np.concatenate([np.arange(TYPES), more])), dtype=np.intp)


def _malignant_types(seed: int) -> IntArray:
    return np.asarray(chance(NAME, seed, "malignant").permutation(TYPES)[: TYPES * 2 // 5], dtype=np.intp)


def _patients(cases: int) -> list[str]:
    found: list[str] = []
    while len(found) < cases:
        number = len(set(found))
        found += [f"P{number + 1:04d}"] * IMAGES_OF_A_PATIENT[number % len(IMAGES_OF_A_PATIENT)]
    return found[:cases]


def _rarity(types: IntArray) -> list[str]:
    held = np.bincount(types, minlength=TYPES)[types]
    return ["head" if count >= HEAD else "middle" if count >= MIDDLE else "tail" for count in held]


def _picture(seed: int, number: int, *, is_malignant: bool) -> Picture:
    """A dark lesion; a malignant one is taller than wide a little more often."""
    rng = chance(NAME, seed, "picture", number)
    width = rng.uniform(6, 10)
    height = width * rng.uniform(0.7, 1.1) * (1.15 if is_malignant else 1.0)
    lesion = ellipse(center_px=(rng.uniform(18, 30), rng.uniform(18, 30)), radii_px=(width, height))
    return speckled(rng, lesion)


def _answers(seed: int, malignant: IntArray, types: IntArray, algorithm: Algorithm) -> dict[str, bytes]:
    noise = _noise(seed, "malignancy", (len(types),))
    error = QUALITIES[algorithm].error
    positive = binary_probabilities(malignant, noise, error)
    rows = [(numbered("malignancy", number), value) for number, value in enumerate(positive.tolist())]
    of_types = class_probabilities(types, _noise(seed, "histopathology", (len(types), TYPES)), _ERROR_OF_TYPES * error)
    listed = {numbered("histopathology", number): {"probabilities": values} for number, values in enumerate(of_types.tolist())}
    return {"malignancy.csv": csv_bytes(("image", "malignant"), rows), "histopathology.json": json_bytes(listed)}


def _noise(seed: int, task: str, shape: tuple[int, ...]) -> Array:
    return np.asarray(chance(NAME, seed, "answers", task).standard_normal(shape))
