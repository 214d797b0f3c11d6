"""Metrics of masks against the libraries of the field: python -m infra.bench_masks   (part of `make bench`)

One thread, the same masks, values compared before anything is timed, all contestants in turn in every round. Each line is the
median over rounds of the peer's time by ours, and the best time of each. Prints; asserts nothing about time, for time on a
shared machine proves nothing.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import time
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sonobench_eval.metrics.empty import BoolMask
from sonobench_eval.metrics.mask_overlap import dsc
from sonobench_eval.metrics.mask_pair import Mask, MaskPair
from sonobench_eval.metrics.mask_surface import assd, hd, masd, nsd

PLANE, VOLUME = (512, 512), (128, 256, 256)
ROUNDS = {2: 20, 3: 5}
_A_WHILE_S, _MOST_RUNS = 0.01, 20
TOLERANCE_PX = 2.0
SAME = 1e-6
"""MONAI returns single precision; what is in double precision agrees to 1e-12 (see the golden tests)."""

Values = tuple[float, ...]
Work = Callable[[], Values]


class Contest(NamedTuple):
    """What is asked, how we answer it, and how each peer does."""

    question: str
    ours: Work
    peers: dict[str, Work]


class Masks(NamedTuple):
    prediction: BoolMask
    reference: BoolMask


def main() -> None:
    import_module("torch").set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own
        for shape in (PLANE, VOLUME):
            masks = two_masks(shape)
            for contest in contests(masks):
                compete(contest, rounds=ROUNDS[len(shape)])
        show_slopes()


def two_masks(shape: tuple[int, ...]) -> Masks:
    """An organ with a wobbly outline that fills about a sixth of the image, and an answer a few pixels off."""
    reference = organ(shape, seed=1)
    return Masks(organ(shape, seed=1, moved_px=1.5, wobble_seed=2), reference)


def organ(shape: tuple[int, ...], *, seed: int, moved_px: float = 0.0, wobble_seed: int | None = None) -> BoolMask:
    """An ellipse (ellipsoid) whose radius swells and sinks with its direction."""
    axes = [(np.arange(side) - side / 2 - moved_px) / (side * 0.24) for side in shape]
    grid = np.meshgrid(*axes, indexing="ij", sparse=True)
    angle = np.arctan2(grid[-2], grid[-1])
    limit = 1 + _waves(angle, seed, 0.05)
    if wobble_seed is not None:
        limit = limit + _waves(angle, wobble_seed, 0.01)
    return np.ascontiguousarray(np.sqrt(sum(axis * axis for axis in grid)) < limit)


def _waves(angle: NDArray[np.float64], seed: int, height: float) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    waves = np.zeros_like(angle)
    for number, phase, size in zip(range(2, 10), rng.uniform(0, 2 * np.pi, 8), rng.uniform(0.3, 1, 8), strict=True):
        waves += height * size / np.sqrt(number) * np.sin(number * angle + phase)
    return waves


def contests(masks: Masks) -> list[Contest]:
    """Every question with everybody's answer."""
    prediction, reference = masks
    prepared = Mask(reference)
    dimensions = f"{' x '.join(map(str, reference.shape))}"
    monai, theirs = import_module("monai.metrics"), import_module("surface_distance")
    medpy = import_module("medpy.metric.binary")
    tensors = tuple(import_module("torch").from_numpy(mask)[None, None] for mask in masks)

    def pixel(reference: BoolMask | Mask) -> Values:
        return _dsc_and_nsd(MaskPair(prediction, reference), "pixel")

    def surface(reference: BoolMask | Mask) -> Values:
        return _dsc_and_nsd(MaskPair(prediction, reference), "surface")

    def by_monai() -> Values:
        near = monai.compute_surface_dice(*tensors, [TOLERANCE_PX], include_background=True)
        return float(monai.compute_dice(*tensors)), float(near)

    def by_surface_distance() -> Values:
        found = theirs.compute_surface_distances(reference, prediction, [1.0] * reference.ndim)
        near = theirs.compute_surface_dice_at_tolerance(found, TOLERANCE_PX)
        return float(theirs.compute_dice_coefficient(reference, prediction)), float(near)

    def robust_by_surface_distance() -> Values:
        found = theirs.compute_surface_distances(reference, prediction, [1.0] * reference.ndim)
        there, back = theirs.compute_average_surface_distance(found)
        return float(theirs.compute_robust_hausdorff(found, 95)), float(there + back) / 2

    return [
        Contest(f"DSC and NSD, pixel, {dimensions}", lambda: pixel(reference), {"MONAI": by_monai}),
        Contest(f"DSC and NSD, pixel, reference prepared, {dimensions}", lambda: pixel(prepared), {"MONAI": by_monai}),
        Contest(f"DSC and NSD, surface, {dimensions}", lambda: surface(reference), {"surface-distance": by_surface_distance}),
        Contest(
            f"DSC and NSD, surface, reference prepared, {dimensions}",
            lambda: surface(prepared),
            {"surface-distance": by_surface_distance},
        ),
        Contest(
            f"HD95 and MASD, surface, {dimensions}",
            lambda: _hd95_and(masd, MaskPair(*masks), "surface"),
            {"surface-distance": robust_by_surface_distance},
        ),
        Contest(
            f"HD95 and ASSD, pixel, {dimensions}",
            lambda: _hd95_and(assd, MaskPair(*masks), "pixel"),
            {
                "MONAI": lambda: (
                    float(monai.compute_hausdorff_distance(*tensors, include_background=True, percentile=95)),
                    float(monai.compute_average_surface_distance(*tensors, include_background=True, symmetric=True)),
                ),
                "SciPy on the bounding box": lambda: hd95_and_assd_by_scipy(masks),
            },
        ),
        Contest(
            f"HD and ASSD, pixel, {dimensions}",
            lambda: _hd_and_assd(MaskPair(*masks)),
            {"MedPy": lambda: (float(medpy.hd(*masks)), float(medpy.assd(*masks)))},
        ),
    ]


def _dsc_and_nsd(pair: MaskPair, convention: Any) -> Values:
    return float(dsc(pair)), float(nsd(pair, convention=convention, tolerance=TOLERANCE_PX, unit="px"))


def _hd95_and(mean: Callable[..., Any], pair: MaskPair, convention: Any) -> Values:
    return float(hd(pair, convention=convention, unit="px", percentile=95)), float(mean(pair, convention=convention, unit="px"))


def _hd_and_assd(pair: MaskPair) -> Values:
    return float(hd(pair, convention="pixel", unit="px")), float(assd(pair, convention="pixel", unit="px"))


def hd95_and_assd_by_scipy(masks: Masks) -> Values:
    """What a careful user writes: erosion and distance transforms, on the common bounding box."""
    held = ndimage.find_objects((masks.prediction | masks.reference).astype(np.uint8))[0]
    cross = ndimage.generate_binary_structure(masks.reference.ndim, 1)
    ours, theirs = (np.ascontiguousarray(mask[held]) for mask in masks)
    ours, theirs = (mask & ~ndimage.binary_erosion(mask, cross) for mask in (ours, theirs))
    there = ndimage.distance_transform_edt(~theirs)[ours]
    back = ndimage.distance_transform_edt(~ours)[theirs]
    return max(float(np.percentile(each, 95)) for each in (there, back)), float(np.concatenate([there, back]).mean())


def compete(contest: Contest, *, rounds: int) -> None:
    """One line a peer: whether the values are the same, the ratio, and the times."""
    expected = contest.ours()
    for name, peer in contest.peers.items():
        found = peer()
        if not np.allclose(found, expected, rtol=SAME, atol=SAME):
            print(f"{contest.question}: {name} says {found}, not {expected}; not timed")
            continue
        pairs = [(seconds(contest.ours), seconds(peer)) for _ in range(rounds)]
        ours, theirs = (min(each) * 1e3 for each in zip(*pairs, strict=True))
        ratio = float(np.median([theirs / ours for ours, theirs in pairs]))
        print(f"{contest.question}: {ours:.3f} ms, {name} {theirs:.2f} ms, ratio {ratio:.1f}")


def seconds(work: Work) -> float:
    """Of the quickest of as many runs as fit into a hundredth of a second, so that a pause of the machine does not count."""
    took: list[float] = []
    while not took or (sum(took) < _A_WHILE_S and len(took) < _MOST_RUNS):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


def show_slopes() -> None:
    """How the time of DSC and NSD grows: with pixels (1 is linear), and with the tolerance (0 is not at all)."""
    for convention in ("pixel", "surface"):
        sides = (512, 1024, 2048, 4096)
        planes = [two_masks((side, side)) for side in sides]
        times = [_best_of(_scoring(masks, convention, TOLERANCE_PX)) for masks in planes]
        pixels = [side * side for side in sides]
        print(f"{convention}, time over pixels of an image, 512² to 4096²: power {_power(pixels, times):.2f}")
        volumes = [two_masks((side // 2, side, side)) for side in (64, 128, 256)]
        times = [_best_of(_scoring(masks, convention, TOLERANCE_PX)) for masks in volumes]
        voxels = [masks.reference.size for masks in volumes]
        print(f"{convention}, time over voxels of a volume, 64³ / 2 to 256³ / 2: power {_power(voxels, times):.2f}")
        for shape, masks in ((PLANE, planes[0]), (VOLUME, volumes[-1])):
            tolerances = (1.0, 2.0, 3.0, 5.0, 10.0)
            times = [_best_of(_scoring(masks, convention, tolerance)) for tolerance in tolerances]
            told = ", ".join(f"{tolerance:g} px {1e3 * took:.2f} ms" for tolerance, took in zip(tolerances, times, strict=True))
            print(f"{convention}, {len(shape)}D, by tolerance: {told}; power {_power(tolerances, times):.2f}")


def _scoring(masks: Masks, convention: Any, tolerance: float) -> Work:
    def score() -> Values:
        pair = MaskPair(*masks)
        return float(dsc(pair)), float(nsd(pair, convention=convention, tolerance=tolerance, unit="px"))

    return score


def _best_of(work: Work, runs: int = 5) -> float:
    return min(seconds(work) for _ in range(runs))


def _power(sizes: Any, times: list[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


if __name__ == "__main__":
    main()
