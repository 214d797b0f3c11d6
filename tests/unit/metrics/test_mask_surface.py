from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from drawn_masks import dots, mask

from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_boundary import CONVENTIONS, Convention
from sonobench_eval.metrics.mask_pair import MaskPair
from sonobench_eval.metrics.mask_surface import assd, hd, masd, nsd

ROOT2 = math.sqrt(2)

# One pixel against a bar of four that begins with it.
#   pixel: all are boundary; the bar's lie 0, 1, 2 and 3 from the pixel.
#   surface: the pixel has four corners of sqrt(1/2); the bar has the columns of corners 0 to 4, of sqrt(2), 2, 2, 2 and sqrt(2)
#   (two corners each), which lie 0, 0, 1, 2 and 3 from the pixel's.
BAR = MaskPair(mask("#..."), mask("####"), spacing=(1.0, 1.0))
BAR_LENGTH = 2 * ROOT2 + 6
PIXEL_LENGTH = 2 * ROOT2


def square(top: int, left: int, height: int, width: int) -> np.ndarray:
    drawn = np.zeros((9, 9), dtype=bool)
    drawn[top : top + height, left : left + width] = True
    return drawn


class TestNsd:
    @pytest.mark.parametrize(("tolerance", "matched"), [(0, 2), (0.5, 2), (1, 3), (2.5, 4), (3, 5), (10, 5)])
    def test_pixel_counts_elements_of_both_boundaries(self, tolerance: float, matched: int) -> None:
        assert nsd(BAR, convention="pixel", tolerance=tolerance, unit="px") == matched / 5

    @pytest.mark.parametrize(
        ("tolerance", "of_bar"), [(0, ROOT2 + 2), (1, ROOT2 + 4), (2, ROOT2 + 6), (3, 2 * ROOT2 + 6), (10, 2 * ROOT2 + 6)]
    )
    def test_surface_adds_up_lengths(self, tolerance: float, of_bar: float) -> None:
        value = nsd(BAR, convention="surface", tolerance=tolerance, unit="px")
        assert value == pytest.approx((PIXEL_LENGTH + of_bar) / (PIXEL_LENGTH + BAR_LENGTH), abs=1e-15)

    def test_uusic25_has_no_boundary_along_the_edge_and_adds_a_millionth(self) -> None:
        # In an image of one row only the end of a bar has a neighbour in the background: the pixel, and the fourth of five.
        pair = MaskPair(mask("#...."), mask("####."))
        assert nsd(pair, convention="uusic25", tolerance=2, unit="px") == 0.0
        assert nsd(pair, convention="uusic25", tolerance=3, unit="px") == 2 / (2 + 1e-6)

    def test_two_masks_that_fill_the_image_score_zero_as_published_and_one_otherwise(self) -> None:
        full = MaskPair(np.ones((3, 3), dtype=bool), np.ones((3, 3), dtype=bool))
        assert nsd(full, convention="uusic25", tolerance=1, unit="px") == 0.0
        assert nsd(full, convention="pixel", tolerance=1, unit="px") == 1.0
        assert nsd(full, convention="surface", tolerance=1, unit="px") == 1.0

    def test_spacing_is_plane_row_column(self) -> None:
        # Two voxels two planes, or two columns, apart: 5 mm and 1 mm.
        along = MaskPair(dots((5, 5, 5), (1, 2, 2)), dots((5, 5, 5), (3, 2, 2)), spacing=(2.5, 1.0, 0.5))
        across = MaskPair(dots((5, 5, 5), (2, 2, 1)), dots((5, 5, 5), (2, 2, 3)), spacing=(2.5, 1.0, 0.5))
        for convention in ("pixel", "uusic25"):
            assert nsd(along, convention=convention, tolerance=4.9, unit="mm") == 0.0
            assert nsd(along, convention=convention, tolerance=5, unit="mm") == pytest.approx(1, abs=1e-6)
            assert nsd(across, convention=convention, tolerance=0.9, unit="mm") == 0.0
            assert nsd(across, convention=convention, tolerance=1, unit="mm") == pytest.approx(1, abs=1e-6)
        assert nsd(along, convention="pixel", tolerance=2, unit="mm") == 0.0  # the next plane is out of reach
        # Their corners come nearer: one plane (2.5 mm) between the facing ones, three between the others, which lie as far
        # from the facing ones as two planes.
        assert nsd(along, convention="surface", tolerance=2.4, unit="mm") == 0.0
        assert nsd(along, convention="surface", tolerance=2.5, unit="mm") == 0.5
        assert nsd(along, convention="surface", tolerance=5, unit="mm") == 1.0

    def test_the_tolerance_is_inclusive_and_survives_binary_rounding(self) -> None:
        # Three pixels of 0.1 mm are 0.30000000000000004 in binary.
        pair = MaskPair(mask("#..."), mask("...#"), spacing=(0.1, 0.1))
        assert nsd(pair, convention="pixel", tolerance=0.3, unit="mm") == 1.0
        assert nsd(pair, convention="pixel", tolerance=0.29999, unit="mm") == 0.0

    @pytest.mark.parametrize("corner", [(0, 0), (0, 6), (6, 0), (6, 6), (3, 3)])
    def test_masks_at_the_border_are_measured_whole(self, corner: tuple[int, int]) -> None:
        # A square of 4 x 4 with 12 boundary pixels, against its upper three rows with 10; they share 9, and the square's lowest
        # row has two pixels in the middle and the bar's two that are one step from it.
        prediction, reference = np.zeros((10, 10), dtype=bool), np.zeros((10, 10), dtype=bool)
        prediction[corner[0] : corner[0] + 3, corner[1] : corner[1] + 4] = True
        reference[corner[0] : corner[0] + 4, corner[1] : corner[1] + 4] = True
        pair = MaskPair(prediction, reference)
        assert nsd(pair, convention="pixel", tolerance=0, unit="px") == (8 + 8) / (10 + 12)
        assert nsd(pair, convention="pixel", tolerance=1, unit="px") == 1.0

    @pytest.mark.parametrize("convention", ["surface", "pixel"])
    @pytest.mark.parametrize("tolerance", [0, 1, 10])
    def test_identical_masks_score_one(self, convention: Convention, tolerance: float) -> None:
        # DisTorch gives them 0.
        for shape in ((12, 70), (6, 7, 8)):
            image = np.random.default_rng(1).random(shape) < 0.4
            assert nsd(MaskPair(image, image.copy()), convention=convention, tolerance=tolerance, unit="px") == 1.0

    def test_both_directions_are_pooled_and_not_averaged(self) -> None:
        # All of the pixel and a quarter of the bar: 2 of 5 elements. The mean of the directions (panoptica) would be 0.625.
        assert nsd(BAR, convention="pixel", tolerance=0, unit="px") == 2 / 5

    @pytest.mark.parametrize("convention", CONVENTIONS)
    def test_a_prediction_in_the_corner_of_an_image_without_reference_is_an_outcome(self, convention: Convention) -> None:
        # MetricsReloaded gives it 0.75.
        pair = MaskPair(dots((8, 8), (0, 0)), np.zeros((8, 8), dtype=bool))
        assert nsd(pair, convention=convention, tolerance=1, unit="px") is Empty.REFERENCE

    def test_the_conventions_put_two_algorithms_in_different_orders(self) -> None:
        # The reference is a square of 4 x 4: 12 boundary pixels, an outline of 12 + 2 sqrt(2). The block (4 x 5, too high up)
        # has 14 pixels, of 14 + 2 sqrt(2); the bar (5 x 1, along the left side) has 5, and its outline is 8 + 2 sqrt(2) long.
        # Pixels count one rim of the bar, the outline both: a thin answer is worth more by length.
        reference, block, bar = square(2, 2, 4, 4), square(0, 1, 4, 5), square(0, 2, 5, 1)
        pixel = [nsd(MaskPair(answer, reference), convention="pixel", tolerance=1, unit="px") for answer in (block, bar)]
        surface = [nsd(MaskPair(answer, reference), convention="surface", tolerance=1, unit="px") for answer in (block, bar)]
        assert pixel == [16 / 26, 9 / 17]
        assert surface == pytest.approx([(15 + 2 * ROOT2) / (26 + 4 * ROOT2), (14 + 2 * ROOT2) / (20 + 4 * ROOT2)])
        assert pixel[0] > pixel[1]
        assert surface[0] < surface[1]


class TestHd:
    def test_is_the_largest_distance_of_both_directions(self) -> None:
        assert hd(BAR, convention="pixel", unit="px") == 3.0
        assert hd(BAR, convention="surface", unit="px") == 3.0
        assert hd(MaskPair(BAR.reference, BAR.prediction), convention="pixel", unit="px") == 3.0

    def test_a_percentile_of_pixels_is_interpolated(self) -> None:
        # Of 0, 1, 2, 3: the median is 1.5, 95 % lie at index 2.85. The other direction has 0 alone.
        assert hd(BAR, convention="pixel", unit="px", percentile=50) == 1.5
        assert hd(BAR, convention="pixel", unit="px", percentile=95) == pytest.approx(2.85)

    @pytest.mark.parametrize(("percentile", "distance"), [(0, 0), (38, 0), (39, 1), (61, 1), (62, 2), (83, 2), (84, 3), (95, 3)])
    def test_a_percentile_of_the_surface_is_a_share_of_its_length(self, percentile: float, distance: float) -> None:
        # Of 8.83 within 0, 1, 2: 3.41 (38.7 %), 5.41 (61.3 %), 7.41 (83.98 %).
        assert hd(BAR, convention="surface", unit="px", percentile=percentile) == distance

    def test_a_percentile_that_is_met_exactly_survives_binary_rounding(self) -> None:
        # Asked for just the share that touches in one direction (more does in the other), summed in another order.
        reference, prediction = np.zeros((40, 9), dtype=bool), np.zeros((40, 9), dtype=bool)
        reference[:, :4] = prediction[:, :4] = True
        prediction[5:7, 4] = True
        pair = MaskPair(prediction, reference, spacing=(0.1, 0.1))
        there, back, weight_there, weight_back = pair.distances("surface", unit="mm")
        touching = [weights[away == 0].sum() / weights.sum() for away, weights in ((there, weight_there), (back, weight_back))]
        assert hd(pair, convention="surface", unit="mm", percentile=100 * min(touching)) == 0.0
        assert hd(pair, convention="surface", unit="mm", percentile=100 * min(touching) + 0.001) == 0.1

    def test_is_in_the_unit_asked_for(self) -> None:
        pair = MaskPair(dots((5, 5), (0, 1)), dots((5, 5), (3, 1)), spacing=(0.5, 2.0))
        assert hd(pair, convention="pixel", unit="mm") == 1.5
        assert hd(pair, convention="pixel", unit="px") == 3.0

    def test_is_right_far_away_too(self) -> None:
        # 200 rows and 100 columns apart, further than rows are searched; in a volume 30 planes, 40 rows.
        far = MaskPair(dots((300, 300), (5, 5)), dots((300, 300), (205, 105)))
        assert hd(far, convention="pixel", unit="px") == pytest.approx(math.hypot(200, 100), rel=1e-15)
        deep = MaskPair(dots((40, 50, 20), (2, 3, 4)), dots((40, 50, 20), (32, 43, 4)), spacing=(1.0, 1.0, 3.0))
        assert hd(deep, convention="pixel", unit="mm") == pytest.approx(50, rel=1e-15)

    def test_images_need_not_be_square(self) -> None:
        # 18 columns apart in an image of 12 x 30: torchmetrics' own transform reckons 1 and 3 here.
        wide = MaskPair(dots((12, 30), (2, 2)), dots((12, 30), (2, 20)))
        assert hd(wide, convention="pixel", unit="px") == 18.0


class TestAssd:
    def test_pools_both_directions(self) -> None:
        assert assd(BAR, convention="pixel", unit="px") == pytest.approx((0 + 1 + 2 + 3 + 0) / 5)

    def test_weighs_by_length(self) -> None:
        value = assd(BAR, convention="surface", unit="px")
        assert value == pytest.approx((2 * 1 + 2 * 2 + ROOT2 * 3) / (BAR_LENGTH + PIXEL_LENGTH))


class TestMasd:
    def test_averages_both_directions(self) -> None:
        assert masd(BAR, convention="pixel", unit="px") == pytest.approx(((0 + 1 + 2 + 3) / 4 + 0) / 2)

    def test_weighs_by_length(self) -> None:
        value = masd(BAR, convention="surface", unit="px")
        assert value == pytest.approx((2 * 1 + 2 * 2 + ROOT2 * 3) / BAR_LENGTH / 2)


class TestEmptyMasks:
    @pytest.mark.parametrize("convention", ["surface", "pixel"])
    @pytest.mark.parametrize(
        "metric",
        [
            lambda pair, convention: nsd(pair, convention=convention, tolerance=1, unit="px"),
            lambda pair, convention: hd(pair, convention=convention, unit="px"),
            lambda pair, convention: assd(pair, convention=convention, unit="px"),
            lambda pair, convention: masd(pair, convention=convention, unit="px"),
        ],
    )
    def test_are_an_outcome_and_not_a_number(self, metric: Callable[[MaskPair, str], float | Empty], convention: str) -> None:
        nothing, something = np.zeros((3, 3), dtype=bool), dots((3, 3), (0, 0))
        assert metric(MaskPair(nothing, nothing), convention) is Empty.BOTH
        assert metric(MaskPair(nothing, something), convention) is Empty.PREDICTION
        assert metric(MaskPair(something, nothing), convention) is Empty.REFERENCE
