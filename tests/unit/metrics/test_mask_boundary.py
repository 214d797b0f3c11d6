from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_masks import dots, mask

from sonobench_eval.metrics.mask_boundary import Convention
from sonobench_eval.metrics.mask_pair import Mask, steps_of

DIAGONAL = math.sqrt(0.5)
"""The piece of outline that cuts off a corner of 1 x 1 mm."""


def drawn(image: np.ndarray, convention: Convention) -> np.ndarray:
    """The elements in an image of their own; corners need a row, a column and a plane more."""
    room = 1 if convention == "surface" else 0
    whole = np.zeros([side + room for side in image.shape], dtype=bool)
    places = Mask(image).boundary(convention).places
    whole[places[-image.ndim :]] = True
    return whole


def size(image: np.ndarray, spacing: tuple[float, ...]) -> float:
    return Mask(image).boundary("surface").size(steps_of(spacing, "mm", image.ndim))


class TestPixel:
    @pytest.mark.parametrize("convention", ["pixel", "uusic25"])
    def test_is_the_ring_of_a_square_away_from_the_edge(self, convention: Convention) -> None:
        square = mask(".....", ".###.", ".###.", ".###.", ".....")
        assert (drawn(square, convention) == mask(".....", ".###.", ".#.#.", ".###.", ".....")).all()

    def test_the_image_edge_is_outside_for_pixel_and_no_boundary_for_uusic25(self) -> None:
        corner = mask("##.", "##.", "##.")
        assert (drawn(corner, "pixel") == corner).all()
        assert (drawn(corner, "uusic25") == mask(".#.", ".#.", ".#.")).all()

    @pytest.mark.parametrize("width", [63, 64, 65, 128])
    def test_edges_are_those_of_the_image_and_not_of_words(self, width: int) -> None:
        full = np.ones((3, width), dtype=bool)
        assert not drawn(full, "uusic25").any()
        assert np.count_nonzero(drawn(full, "pixel")) == 2 * width + 2

    def test_a_cube_has_a_shell(self) -> None:
        cube = np.zeros((5, 6, 7), dtype=bool)
        cube[1:4, 1:5, 1:6] = True
        assert np.count_nonzero(drawn(cube, "pixel")) == 3 * 4 * 5 - 1 * 2 * 3
        assert (drawn(cube, "pixel") == drawn(cube, "uusic25")).all()

    def test_a_cube_in_the_corner_of_a_volume_has_three_sides_for_uusic25(self) -> None:
        cube = np.zeros((5, 5, 5), dtype=bool)
        cube[:3, :3, :3] = True
        assert np.count_nonzero(drawn(cube, "uusic25")) == 27 - 8
        assert np.count_nonzero(drawn(cube, "pixel")) == 27 - 1

    def test_a_volume_of_one_plane_is_all_boundary_and_an_image_is_not(self) -> None:
        square = np.ones((5, 5), dtype=bool)
        assert np.count_nonzero(drawn(square, "pixel")) == 16
        assert np.count_nonzero(drawn(square[np.newaxis], "pixel")) == 25


class TestSurface:
    def test_elements_are_the_corners_where_pixels_differ(self) -> None:
        assert (drawn(mask("....", ".##.", "...."), "surface") == mask(".....", ".###.", ".###.", ".....")).all()

    def test_beyond_the_image_is_background(self) -> None:
        assert (drawn(mask("#"), "surface") == mask("##", "##")).all()

    def test_a_pixel_is_cut_off_at_its_four_corners(self) -> None:
        assert size(mask("#"), (1.0, 1.0)) == pytest.approx(4 * DIAGONAL)
        assert size(mask("#"), (3.0, 4.0)) == pytest.approx(4 * 2.5)  # half of sqrt(9 + 16) each

    def test_a_straight_side_is_as_long_as_its_pixels(self) -> None:
        # 2 rows of 4 pixels of 2 x 0.5 mm: four corners of sqrt(4.25) / 2, three level pieces of 0.5 above and below,
        # one upright one of 2 left and right.
        assert size(mask("####", "####"), (2.0, 0.5)) == pytest.approx(4 * math.sqrt(4.25) / 2 + 6 * 0.5 + 2 * 2.0)

    def test_two_pixels_that_touch_at_a_corner_have_two_pieces_there(self) -> None:
        assert size(mask("#.", ".#"), (1.0, 1.0)) == pytest.approx(8 * DIAGONAL)
        assert size(mask(".#", "#."), (3.0, 4.0)) == pytest.approx(8 * 2.5)

    def test_weights_of_elements_add_up_to_the_length(self) -> None:
        ragged = np.random.default_rng(3).random((20, 90)) < 0.4
        boundary = Mask(ragged).boundary("surface")
        steps = steps_of((0.7, 0.4), "mm", 2)
        assert boundary.weights(steps).sum() == pytest.approx(boundary.size(steps), rel=1e-14)

    def test_a_voxel_has_an_eighth_of_its_surface_at_each_corner(self) -> None:
        # A triangle whose normal is (1, 1, 1) / 8 of the faces: sqrt(3) / 8 of a cube, 7 / 8 of 1 x 2 x 3 with faces 6, 3, 2.
        assert size(np.ones((1, 1, 1), dtype=bool), (1.0, 1.0, 1.0)) == pytest.approx(math.sqrt(3))
        assert size(np.ones((1, 1, 1), dtype=bool), (1.0, 2.0, 3.0)) == pytest.approx(7.0)

    def test_a_box_has_faces_edges_and_corners(self) -> None:
        # 4 x 4 x 4 voxels: 6 faces of 3 x 3 corners of 1, 12 edges of 3 corners of sqrt(1/2), 8 corners of sqrt(3)/8.
        assert size(np.ones((4, 4, 4), dtype=bool), (1.0, 1.0, 1.0)) == pytest.approx(54 + 36 * DIAGONAL + math.sqrt(3))

    def test_what_is_background_and_what_foreground_does_not_matter_inside(self) -> None:
        hole = np.ones((5, 5, 5), dtype=bool)
        hole[2, 2, 2] = False
        outside = size(np.ones((5, 5, 5), dtype=bool), (1.0, 1.0, 1.0))
        assert size(hole, (1.0, 1.0, 1.0)) == pytest.approx(outside + math.sqrt(3))

    @pytest.mark.parametrize("axes", [(0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
    def test_turning_volume_and_spacing_alike_changes_nothing(self, axes: tuple[int, int, int]) -> None:
        ragged = np.random.default_rng(4).random((6, 7, 8)) < 0.5
        spacing = (0.5, 1.25, 2.0)
        turned = size(np.transpose(ragged, axes), tuple(spacing[axis] for axis in axes))
        assert turned == pytest.approx(size(ragged, spacing), rel=1e-13)

    def test_weights_of_elements_add_up_to_the_area(self) -> None:
        boundary, steps = Mask(dots((4, 5, 6), (0, 0, 0), (2, 3, 5), (3, 3, 5))).boundary("surface"), (0.5, 1.25, 2.0)
        assert boundary.weights(steps).sum() == pytest.approx(boundary.size(steps), rel=1e-14)
