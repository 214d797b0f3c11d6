from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.volumes import Geometry, is_elsewhere, placed, spacing_of

SHAPE = (4, 30, 20)
AFFINE = np.array([[-0.5, 0, 0, 90], [0, 0.5, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]], np.float64)


def moved(row: int, column: int, by: float) -> np.ndarray:
    affine = AFFINE.copy()
    affine[row, column] += by
    return affine


class TestSpacingOf:
    def test_spacing_is_told_in_the_order_of_the_array(self) -> None:
        assert spacing_of(AFFINE) == (2, 0.5, 0.5)

    def test_turned_axes_keep_their_lengths(self) -> None:
        turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
        affine = np.eye(4)
        affine[:3, :3] = turn @ np.diag((3.0, 4.0, 5.0))
        assert spacing_of(affine) == pytest.approx((5, 4, 3))


class TestIsElsewhere:
    def test_the_same_affine_is_the_same_place(self) -> None:
        assert not is_elsewhere(AFFINE.astype(np.float32).astype(np.float64), Geometry(SHAPE, AFFINE))

    def test_an_image_of_unknown_place_is_not_compared(self) -> None:
        assert not is_elsewhere(np.zeros((4, 4)), Geometry(SHAPE, None))

    def test_a_tenth_of_the_shortest_edge_is_the_limit_for_a_shift(self) -> None:
        # Shortest edge 0.5 mm: 0.05 mm is let through, more is not.
        assert not is_elsewhere(moved(2, 3, 0.0499), Geometry(SHAPE, AFFINE))
        assert is_elsewhere(moved(2, 3, 0.0501), Geometry(SHAPE, AFFINE))

    def test_a_wrong_spacing_counts_by_what_it_does_to_the_farthest_voxel(self) -> None:
        # The 20th column is 19 steps away: 0.05 / 19 mm a step is the limit.
        assert not is_elsewhere(moved(0, 0, 0.0499 / 19), Geometry(SHAPE, AFFINE))
        assert is_elsewhere(moved(0, 0, 0.0501 / 19), Geometry(SHAPE, AFFINE))

    def test_what_is_no_number_is_elsewhere(self) -> None:
        assert is_elsewhere(moved(0, 0, np.nan), Geometry(SHAPE, AFFINE))


class TestPlaced:
    @pytest.mark.parametrize(
        ("affine", "words"),
        [
            (np.diag((1.0, 1.0, 1.0, 1.0)), "voxels of 1 x 1 x 1 mm instead of 0.5 x 0.5 x 2 mm"),
            (AFFINE @ np.diag((-1.0, 1.0, 1.0, 1.0)), "its axes point elsewhere"),
            (moved(2, 3, 10), "its first voxel is 10 mm away"),
        ],
    )
    def test_a_mask_elsewhere_is_refused_in_words_that_say_how(self, affine: np.ndarray, words: str) -> None:
        read = placed(np.zeros(SHAPE, np.uint8), affine, Geometry(SHAPE, AFFINE))
        assert read.array is None
        assert (read.problem, read.detail) == (FindingCode.WRONG_GEOMETRY, words)

    def test_a_mask_in_its_place_keeps_its_spacing(self) -> None:
        read = placed(np.zeros(SHAPE, np.uint8), AFFINE, Geometry(SHAPE, AFFINE))
        assert read.problem is None
        assert read.spacing_mm == (2, 0.5, 0.5)
