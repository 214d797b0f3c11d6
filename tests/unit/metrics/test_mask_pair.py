from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_masks import dots, mask

from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_pair import Mask, MaskPair
from sonobench_eval.metrics.mask_surface import nsd


class TestMask:
    def test_of_a_label_image_is_the_structure_of_that_value(self) -> None:
        labels = np.array([[0, 1, 2], [2, 2, 255]], dtype=np.uint8)
        assert Mask.of_label(labels, 2).count == 3
        assert Mask.of_label(labels, 255).count == 1
        assert Mask.of_label(labels, 7).is_empty

    def test_of_whole_numbers_is_all_but_zero(self) -> None:
        assert Mask(np.array([[0, 1, 2], [0, 0, 255]], dtype=np.uint8)).count == 3
        assert Mask(np.array([[0, 256], [0, -1]], dtype=np.int32)).count == 2

    @pytest.mark.parametrize("shape", [(4,), (2, 2, 2, 2), (0, 3), (3, 0)])
    def test_has_two_or_three_dimensions_and_a_pixel(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="two or three dimensions"):
            Mask(np.zeros(shape, dtype=bool))

    def test_an_empty_one_has_nothing_to_measure(self) -> None:
        with pytest.raises(ValueError, match="nothing to measure"):
            Mask(mask("...")).boundary("pixel")


class TestMaskPair:
    @pytest.mark.parametrize(
        ("prediction", "reference", "outcome"),
        [("..", "..", Empty.BOTH), ("..", "#.", Empty.PREDICTION), ("#.", "..", Empty.REFERENCE), ("#.", ".#", None)],
    )
    def test_says_which_mask_is_empty(self, prediction: str, reference: str, outcome: Empty | None) -> None:
        assert MaskPair(mask(prediction), mask(reference)).empty is outcome

    def test_another_shape_is_refused_and_never_resized(self) -> None:
        with pytest.raises(ValueError, match=r"\(1, 3\).*\(1, 2\)"):
            MaskPair(mask("###"), mask("##"))

    @pytest.mark.parametrize("spacing", [(1.0,), (1.0, 1.0, 1.0), (0.0, 1.0), (-1.0, 1.0), (math.nan, 1.0), (math.inf, 1.0)])
    def test_spacing_is_a_length_for_each_axis(self, spacing: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match="one number above 0 for each of 2 axes"):
            MaskPair(mask("#."), mask(".#"), spacing=spacing)

    def test_millimetres_need_the_spacing(self) -> None:
        pair = MaskPair(mask("#."), mask(".#"))
        with pytest.raises(ValueError, match="needs the spacing"):
            pair.matches("pixel", tolerance=1, unit="mm")

    def test_pixels_are_pixels_whatever_the_spacing(self) -> None:
        pair = MaskPair(mask("#.."), mask("..#"), spacing=(0.1, 0.1))
        assert pair.matches("pixel", tolerance=2, unit="px") == (2, 2)
        assert pair.distances("pixel", unit="px").of_prediction.tolist() == [2.0]
        assert pair.pixel_size("px") == 1.0
        assert pair.pixel_size("mm") == pytest.approx(0.01)

    @pytest.mark.parametrize("convention", ["surface", "pixel", "uusic25"])
    def test_a_reference_measured_once_serves_every_prediction(self, convention: str) -> None:
        rng = np.random.default_rng(8)
        reference = rng.random((40, 70)) < 0.3
        prepared = Mask(reference)
        for _ in range(5):
            prediction = rng.random((40, 70)) < rng.uniform(0.01, 0.9)
            again = nsd(MaskPair(prediction, prepared), convention=convention, tolerance=1.5, unit="px")
            assert again == nsd(MaskPair(prediction, reference), convention=convention, tolerance=1.5, unit="px")

    def test_a_prepared_reference_is_widened_once(self) -> None:
        prepared = Mask(dots((30, 30), (5, 5)))
        known = prepared.boundary("pixel").near_known
        for row in range(3):
            MaskPair(dots((30, 30), (row, 5)), prepared).matches("pixel", tolerance=2, unit="px")
        assert len(known) == 1

    @pytest.mark.parametrize("convention", ["surface", "pixel", "uusic25"])
    @pytest.mark.parametrize("shape", [(300, 280), (20, 24, 28)])
    def test_a_wide_tolerance_is_asked_of_distances_and_says_the_same(self, shape: tuple[int, ...], convention: str) -> None:
        # More rows than are worth laying over each other; half of the boundary lies within.
        prediction, reference = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        reference[(slice(2, 6),) * len(shape)] = True
        prediction[(slice(4, -3),) * len(shape)] = True
        spacing = (0.1,) * len(shape)
        pair = MaskPair(prediction, reference, spacing=spacing)
        for tolerance in (1.7, 12.0):
            distances = pair.distances(convention, unit="mm")
            matched, total = pair.matches(convention, tolerance=tolerance, unit="mm")
            within = tolerance * (1 + 1e-9)
            expected = distances.weight_of_prediction[distances.of_prediction <= within].sum()
            expected += distances.weight_of_reference[distances.of_reference <= within].sum()
            assert matched == pytest.approx(expected, rel=1e-13)
            assert 0 < matched < total or tolerance == 12.0

    def test_a_tolerance_beyond_all_reason_takes_no_longer(self) -> None:
        # 10,000 voxels to every side: the ball itself would have a hundred million rows.
        pair = MaskPair(dots((9, 9, 9), (0, 0, 0)), dots((9, 9, 9), (8, 8, 8)), spacing=(0.1, 0.1, 0.1))
        assert pair.matches("pixel", tolerance=1000, unit="mm") == (2, 2)
