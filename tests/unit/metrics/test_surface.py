from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.surface import Convention, OutlineDistances, nsd, outline, outline_distances


def mask(*rows: str) -> np.ndarray:
    return np.array([[cell == "#" for cell in row] for row in rows])


def measured(
    prediction: np.ndarray, reference: np.ndarray, convention: Convention, **spacing: tuple[float, float]
) -> OutlineDistances:
    distances = outline_distances(prediction, reference, convention=convention, **spacing)
    assert isinstance(distances, OutlineDistances)
    return distances


class TestOutline:
    @pytest.mark.parametrize("convention", ["pixel", "uusic25"])
    def test_is_the_ring_of_a_square_away_from_the_edge(self, convention: Convention) -> None:
        square = mask(".....", ".###.", ".###.", ".###.", ".....")
        assert (outline(square, convention) == mask(".....", ".###.", ".#.#.", ".###.", ".....")).all()

    def test_diagonal_neighbours_do_not_make_an_outline(self) -> None:
        # The centre of a plus of width 3 with filled arms has only a diagonal background neighbour.
        notched = mask("####", "####", "####", "###.")
        assert not outline(notched, "uusic25")[2, 2]
        assert outline(notched, "uusic25")[2, 3]
        assert outline(notched, "uusic25")[3, 2]

    def test_the_image_edge_is_outside_for_pixel(self) -> None:
        assert (outline(mask("##.", "##.", "##."), "pixel") == mask("##.", "##.", "##.")).all()

    def test_the_image_edge_is_no_outline_for_uusic25(self) -> None:
        assert (outline(mask("##.", "##.", "##."), "uusic25") == mask(".#.", ".#.", ".#.")).all()

    def test_a_mask_that_fills_the_image_has_no_outline_for_uusic25(self) -> None:
        assert not outline(np.ones((4, 4), dtype=bool), "uusic25").any()


class TestOutlineDistances:
    def test_are_measured_both_ways(self) -> None:
        # Two bars of one pixel's width, three columns apart, the second one pixel taller.
        distances = measured(mask("#...", "....", "...."), mask("...#", "...#", "...."), "pixel")
        assert distances.of_prediction.tolist() == [3.0]
        assert distances.of_reference.tolist() == [3.0, pytest.approx(np.hypot(3, 1))]

    def test_spacing_is_row_then_column(self) -> None:
        sideways = measured(mask("#..", "..."), mask("..#", "..."), "pixel", spacing=(0.5, 0.25))
        downwards = measured(mask("#", ".", "."), mask(".", ".", "#"), "pixel", spacing=(0.5, 0.25))
        assert sideways.of_prediction.tolist() == [0.5]
        assert downwards.of_prediction.tolist() == [1.0]

    def test_an_empty_mask_is_an_outcome(self) -> None:
        assert outline_distances(mask(".."), mask("#."), convention="pixel") is Empty.PREDICTION

    def test_are_infinite_to_a_mask_without_outline(self) -> None:
        distances = measured(mask("#..", "...", "..."), np.ones((3, 3), dtype=bool), "uusic25")
        assert np.isinf(distances.of_prediction).all()
        assert distances.of_reference.size == 0

    @pytest.mark.parametrize("corner", [(0, 0), (0, 6), (6, 0), (6, 6), (3, 3)])
    @pytest.mark.parametrize("convention", ["pixel", "uusic25"])
    def test_are_the_same_on_the_window_as_on_the_whole_image(self, corner: tuple[int, int], convention: Convention) -> None:
        prediction, reference = np.zeros((10, 10), dtype=bool), np.zeros((10, 10), dtype=bool)
        prediction[corner[0] : corner[0] + 4, corner[1] : corner[1] + 4] = True
        reference[corner[0] : corner[0] + 3, corner[1] : corner[1] + 4] = True
        distances = measured(prediction, reference, convention)
        assert distances.of_prediction.size == np.count_nonzero(outline(prediction, convention))
        assert distances.of_reference.size == np.count_nonzero(outline(reference, convention))


class TestNsd:
    def test_is_the_share_of_both_outlines_within_the_tolerance(self) -> None:
        # Single-column bars, two columns apart: the reference's lower end is sqrt(2^2 + 1^2) = 2.24 away.
        distances = measured(mask("#...", "....", "...."), mask("..#.", "..#.", "...."), "pixel")
        assert nsd(distances, tolerance=1, convention="pixel") == 0.0
        assert nsd(distances, tolerance=2, convention="pixel") == pytest.approx((1 + 1) / (1 + 2))
        assert nsd(distances, tolerance=2.3, convention="pixel") == 1.0

    def test_the_tolerance_is_inclusive(self) -> None:
        distances = measured(mask("#.."), mask("..#"), "pixel")
        assert nsd(distances, tolerance=2, convention="pixel") == 1.0

    def test_a_tolerance_in_mm_survives_binary_rounding(self) -> None:
        # Three pixels of 0.1 mm are 0.30000000000000004 in binary, and still within 0.3 mm.
        distances = measured(mask("#..."), mask("...#"), "pixel", spacing=(0.1, 0.1))
        assert nsd(distances, tolerance=0.3, convention="pixel") == 1.0

    def test_the_published_formula_adds_a_millionth_to_the_denominator(self) -> None:
        distances = measured(mask("...", ".#.", "..."), mask("...", ".#.", "..."), "uusic25")
        assert nsd(distances, tolerance=1, convention="uusic25") == pytest.approx(2 / (2 + 1e-6), abs=1e-15)

    def test_two_masks_that_fill_the_image_score_zero_as_published_and_one_with_pixel(self) -> None:
        full = np.ones((3, 3), dtype=bool)
        assert nsd(measured(full, full, "uusic25"), tolerance=1, convention="uusic25") == 0.0
        assert nsd(measured(full, full, "pixel"), tolerance=1, convention="pixel") == 1.0
