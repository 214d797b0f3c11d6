"""U-Bench, made up: round structures of three kinds and thin ones, with data sets that were kept out of training."""

from __future__ import annotations

import numpy as np

from sonobench_eval.challenge.model import Case
from sonobench_eval.presets.synthetic import (
    ALGORITHMS,
    QUALITIES,
    SIZE_PX,
    Algorithm,
    BoolArray,
    Picture,
    Random,
    SyntheticSet,
    chance,
    ellipse,
    numbered,
    png,
    speckled,
)

NAME = "u-bench"
DATASETS = ("breast_ultrasound", "skin_lesion", "polyp", "retinal_vessel")
VESSEL = "retinal_vessel"
_FARTHER = 1.4
"""How much larger errors are on data sets that were not trained on."""


def u_bench(seed: int, cases: int) -> SyntheticSet:
    """As many cases in each data set, every third of them zero-shot."""
    images: dict[str, Picture] = {}
    masks: dict[str, Picture] = {}
    found: list[Case] = []
    predictions: dict[Algorithm, dict[str, bytes]] = {algorithm: {} for algorithm in ALGORITHMS}
    for dataset in DATASETS:
        for number in range(cases):
            path, is_new = numbered(dataset, number), number % 3 == 2
            rng = chance(NAME, seed, "case", path)
            found.append(Case(id=path, task=dataset, center="zero_shot" if is_new else "in_domain", mask=path))
            truth = _structure(chance(NAME, seed, "case", path), dataset, error=0.0)
            images[path], masks[path] = speckled(rng, truth, faintness=0.8), _mask(truth)
            for algorithm in ALGORITHMS:
                error = QUALITIES[algorithm].error * (_FARTHER if is_new else 1.0)
                answer = _structure(chance(NAME, seed, "case", path), dataset, error=error)
                predictions[algorithm][path] = png(_mask(answer))
    return SyntheticSet(tuple(found), images, predictions, masks)


def _structure(rng: Random, dataset: str, *, error: float) -> BoolArray:
    """The structure as it is, or as it is taken for where there is an error."""
    return _vessel(rng, error) if dataset == VESSEL else _blob(rng, error)


def _blob(rng: Random, error: float) -> BoolArray:
    radii, center = rng.uniform(7, 12, 2), rng.uniform(18, 30, 2)
    sides = rng.choice((-1.0, 1.0), 2)
    radii, center = radii * (1 + 0.1 * error), center + 1.5 * error * sides
    return ellipse(center_px=(float(center[0]), float(center[1])), radii_px=(float(radii[0]), float(radii[1])))


def _vessel(rng: Random, error: float) -> BoolArray:
    """A thin wave from side to side; with an error its end is missed, and it lies beside its place a little."""
    x = np.arange(SIZE_PX)
    height = 24 + 8 * np.sin(x / rng.uniform(5, 9) + rng.uniform(0, 6)) + 0.6 * error * rng.choice((-1.0, 1.0))
    rows = np.arange(SIZE_PX)[:, np.newaxis] + 0.5
    return np.asarray((np.abs(rows - height) <= 1.6) & (x < SIZE_PX * (1 - 0.12 * error)))


def _mask(structure: BoolArray) -> Picture:
    return structure.astype(np.uint8) * np.uint8(255)
