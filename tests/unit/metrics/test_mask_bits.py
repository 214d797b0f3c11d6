from __future__ import annotations

import numpy as np
import pytest
from drawn_masks import dots, mask

from sonobench_eval.metrics.mask_ball import ball
from sonobench_eval.metrics.mask_bits import Bitmap, pack, popcount, positions, shared_count, widen

PIXELS = (float("inf"), 1.0, 1.0)
VOXELS = (1.0, 1.0, 1.0)


def packed(image: np.ndarray) -> Bitmap:
    bits = pack(image if image.ndim == 3 else image[np.newaxis])
    assert bits is not None
    return bits


def unpacked(bits: Bitmap, shape: tuple[int, ...]) -> np.ndarray:
    """The whole image again; what lies beyond it is cut off."""
    whole = np.zeros((1, *shape) if len(shape) == 2 else shape, dtype=bool)
    _, rows, across = bits.words.shape
    at = positions(bits.words)
    z, y, x = at // (rows * across * 64), at // (across * 64) % rows, at % (across * 64)
    z, y, x = z + bits.origin[0], y + bits.origin[1], x + 64 * bits.origin[2]
    held = (z >= 0) & (z < whole.shape[0]) & (y >= 0) & (y < whole.shape[1]) & (x >= 0) & (x < whole.shape[2])
    whole[z[held], y[held], x[held]] = True
    return whole.reshape(shape)


class TestBall:
    def test_is_a_disk_of_column_offsets_in_an_image(self) -> None:
        # 2^2 = 0 + 4, 1 + 1 < 4 < 1 + 4, 4 + 0.
        assert ball(PIXELS, 2.0).reach == ((2, 1, 0),)

    def test_is_a_sphere_in_a_volume(self) -> None:
        assert ball(VOXELS, 1.0).reach == ((1, 0), (0,))
        assert ball(VOXELS, 1.5).reach == ((1, 1), (1, 0))  # sqrt(2) = 1.41, sqrt(3) = 1.73

    def test_spacing_is_plane_row_column(self) -> None:
        assert ball((2.0, 1.0, 0.5), 2.0).reach == ((4, 3, 0), (0,))  # 3 x 0.5 = 1.5 <= sqrt(4 - 1) = 1.73

    def test_without_tolerance_is_one_pixel(self) -> None:
        assert ball(VOXELS, 0.0).reach == ((0,),)

    @pytest.mark.parametrize("steps", range(1, 60))
    def test_a_whole_number_of_steps_survives_binary_rounding(self, steps: int) -> None:
        assert ball((float("inf"), 0.1, 0.1), steps / 10).columns == steps
        assert ball((float("inf"), 0.1, 0.1), steps / 10).rows == steps


class TestPack:
    def test_an_empty_image_has_no_bits(self) -> None:
        assert pack(np.zeros((2, 3, 70), dtype=bool)) is None
        assert pack(np.zeros((1, 3, 64), dtype=bool)) is None

    def test_is_cut_to_what_is_set(self) -> None:
        bits = packed(dots((4, 9, 300), (1, 3, 130), (2, 5, 140)))
        assert bits.words.shape == (2, 3, 1)
        assert bits.origin == (1, 3, 2)
        assert bits.columns == (2, 12)

    @pytest.mark.parametrize("columns", [1, 63, 64, 65, 127, 128, 200])
    @pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16])
    def test_holds_every_pixel_of_any_width_and_kind(self, columns: int, dtype: type) -> None:
        image = np.random.default_rng(columns).integers(0, 2, (3, 5, columns)).astype(dtype) * (7 if dtype is not bool else 1)
        image[0, 0, 0] = image[-1, -1, -1] = 1
        assert (unpacked(packed(image), image.shape) == (image != 0)).all()

    def test_the_last_bit_of_a_row_is_kept_empty(self) -> None:
        bits = packed(np.ones((1, 2, 64), dtype=bool))
        assert bits.words.shape == (1, 2, 2)
        assert popcount(bits.words) == 128

    def test_memory_may_be_strided(self) -> None:
        image = np.random.default_rng(5).random((6, 8, 128)) < 0.3
        assert (unpacked(packed(image[::2, ::-1, ::2]), (3, 8, 64)) == image[::2, ::-1, ::2]).all()
        assert (unpacked(packed(np.asfortranarray(image)), image.shape) == image).all()


class TestSharedCount:
    def test_counts_what_is_set_in_both_wherever_each_begins(self) -> None:
        one, other = dots((1, 5, 200), (0, 0, 3), (0, 2, 150), (0, 4, 199)), dots((1, 5, 200), (0, 2, 150), (0, 4, 199))
        assert shared_count(packed(one), packed(other)) == 2

    def test_parts_that_do_not_meet_share_nothing(self) -> None:
        assert shared_count(packed(dots((1, 5, 200), (0, 0, 3))), packed(dots((1, 5, 200), (0, 4, 190)))) == 0


class TestWiden:
    def test_a_pixel_becomes_a_disk(self) -> None:
        expected = mask(".....#.....", "....###....", "...#####...", "....###....", ".....#.....")
        assert (unpacked(widen(packed(dots((5, 11), (2, 5))), ball(PIXELS, 2.0)), (5, 11)) == expected).all()

    @pytest.mark.parametrize("tolerance", [0.0, 1.0, 1.5, 2.0, 3.7, 10.0, 63.0, 64.0, 65.0, 130.0])
    def test_goes_across_words_and_does_not_reach_into_other_rows(self, tolerance: float) -> None:
        image = dots((40, 300), (3, 0), (20, 63), (21, 64), (39, 299))
        rows, columns = np.mgrid[:40, :300]
        near = [np.hypot(rows - row, columns - column) <= tolerance for row, column in zip(*image.nonzero(), strict=True)]
        assert (unpacked(widen(packed(image), ball(PIXELS, tolerance)), image.shape) == np.logical_or.reduce(near)).all()

    @pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.5, 0.7, 0.4), (0.3, 1.1, 5.0)])
    def test_is_a_ball_in_millimetres_in_a_volume(self, spacing: tuple[float, float, float]) -> None:
        image = dots((12, 14, 70), (0, 0, 0), (5, 7, 33), (11, 13, 69))
        grid = np.meshgrid(*(np.arange(side) * step for side, step in zip(image.shape, spacing, strict=True)), indexing="ij")
        near = np.zeros(image.shape, dtype=bool)
        for place in zip(*image.nonzero(), strict=True):
            away = sum((axis - at * step) ** 2 for axis, at, step in zip(grid, place, spacing, strict=True))
            near |= np.sqrt(away) <= 3.0 * (1 + 1e-9)
        assert (unpacked(widen(packed(image), ball(spacing, 3.0)), image.shape) == near).all()
