"""Volumes: label arrays with their place in space, and whether a mask lies where its image does.

Axis order, everywhere in Sonobench: arrays are `(z, y, x)`, that is `(k, j, i)` of the file: its axes in reverse order, so
that x runs fastest in memory as it does in the file. Nothing is reoriented, resized or resampled. An affine is NIfTI's own:
4 x 4, takes `(i, j, k, 1)` to millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.labels import Labels

Affine = npt.NDArray[np.float64]
Shape = tuple[int, int, int]

MAX_VOXELS = 2**28
"""Larger volumes are refused; 512 x 512 x 1024 is a long CT."""
MOST_DISPLACEMENT = 0.1
"""A mask lies where its image does if no voxel's center is displaced by more than this share of a voxel's shortest edge.

A tenth of a voxel never changes which voxel is meant. It is far more than what single precision, and a rotation kept as a
quaternion, take away, and far less than the half voxel between the corner of a voxel and its center.
"""


class Geometry(NamedTuple):
    """Size and place of a volume: shape `(z, y, x)`; affine None where it is unknown (and then not compared)."""

    shape: Shape
    affine: Affine | None


@dataclass(frozen=True, slots=True)
class VolumeRead:
    """What became of a volume of labels.

    `array` is `(z, y, x)` in the smallest unsigned type that holds the labels, or there is a `problem` and its `detail`.
    `affine` is None where the format has none, or nothing could be read.
    """

    array: Labels | None
    affine: Affine | None = None
    problem: FindingCode | None = None
    detail: str = ""

    @property
    def spacing_mm(self) -> tuple[float, float, float] | None:
        """Distance between voxel centers along `(z, y, x)`; None where it is unknown."""
        return None if self.affine is None else spacing_of(self.affine)


def spacing_of(affine: Affine) -> tuple[float, float, float]:
    """Distance between voxel centers along `(z, y, x)` in mm."""
    i, j, k = (float(each) for each in np.linalg.norm(affine[:3, :3], axis=0))
    return k, j, i


def is_elsewhere(affine: Affine, geometry: Geometry) -> bool:
    """Whether a volume with this affine lies elsewhere than `geometry` (see `MOST_DISPLACEMENT`).

    Displacement is affine in the voxel's position, so that no voxel is displaced more than one of the eight corners is.
    """
    if geometry.affine is None:
        return False
    planes, rows, columns = geometry.shape
    corners = np.array([(*corner, 1) for corner in product((0, columns - 1), (0, rows - 1), (0, planes - 1))], np.float64)
    displacement = np.linalg.norm((corners @ (affine - geometry.affine).T)[:, :3], axis=1).max()
    return not displacement <= MOST_DISPLACEMENT * min(spacing_of(geometry.affine))


def placed(array: Labels, affine: Affine | None, expected: Geometry) -> VolumeRead:
    """A volume that was read, refused where it lies elsewhere than it should."""
    if affine is None or not is_elsewhere(affine, expected):
        return VolumeRead(array, affine)
    return VolumeRead(None, affine, FindingCode.WRONG_GEOMETRY, _told(affine, expected))


def _told(affine: Affine, expected: Geometry) -> str:
    if expected.affine is None:
        return ""
    ours, theirs = spacing_of(affine), spacing_of(expected.affine)
    if not np.allclose(ours, theirs, rtol=1e-3, atol=0):
        return f"voxels of {_written(ours)} mm instead of {_written(theirs)} mm"
    if not np.allclose(affine[:3, :3], expected.affine[:3, :3], rtol=0, atol=1e-3 * min(theirs)):
        return "its axes point elsewhere"
    shift = affine[:3, 3] - expected.affine[:3, 3]
    return f"its first voxel is {float(np.linalg.norm(shift)):.4g} mm away"


def _written(spacing_mm: tuple[float, float, float]) -> str:
    return " x ".join(f"{each:.4g}" for each in reversed(spacing_mm))
