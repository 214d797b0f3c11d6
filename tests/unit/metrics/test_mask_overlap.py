from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from drawn_masks import mask, volume

from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_overlap import ave, dsc, iou, precision, rve, sensitivity, specificity
from sonobench_eval.metrics.mask_pair import MaskPair

# The prediction has 4 pixels, the reference 6, they share 3; the image has 12.
PAIR = MaskPair(mask("####", "....", "...."), mask(".###", ".###", "...."), spacing=(0.5, 0.2))
SOLID = MaskPair(volume(("##", ".."), ("#.", "..")), volume(("##", "##"), ("##", "##")), spacing=(2.0, 0.5, 0.5))


class TestDsc:
    def test_is_twice_what_is_shared_over_both_sizes(self) -> None:
        assert dsc(PAIR) == 2 * 3 / (4 + 6)

    def test_counts_voxels_of_all_planes(self) -> None:
        assert dsc(SOLID) == 2 * 3 / (3 + 8)

    def test_the_published_script_adds_a_millionth(self) -> None:
        assert dsc(PAIR, convention="uusic25") == 6 / (10 + 1e-6)

    def test_the_published_script_gives_two_empty_masks_zero_and_here_they_have_a_name(self) -> None:
        assert 2 * 0 / (0 + 0 + 1e-6) == 0
        assert dsc(MaskPair(mask(".."), mask("..")), convention="uusic25") is Empty.BOTH


class TestIou:
    def test_is_what_is_shared_over_what_either_holds(self) -> None:
        assert iou(PAIR) == 3 / 7


class TestSensitivity:
    def test_is_the_share_of_the_reference_found(self) -> None:
        assert sensitivity(PAIR) == 3 / 6


class TestPrecision:
    def test_is_the_share_of_the_prediction_that_is_right(self) -> None:
        assert precision(PAIR) == 3 / 4


class TestSpecificity:
    def test_is_the_share_of_the_background_left_alone(self) -> None:
        # 6 pixels of background, 1 of them claimed.
        assert specificity(PAIR) == pytest.approx(5 / 6)

    def test_is_one_where_there_is_no_background(self) -> None:
        assert specificity(SOLID) == 1.0


class TestRve:
    def test_is_the_difference_of_sizes_by_the_reference(self) -> None:
        assert rve(PAIR) == 2 / 6

    def test_too_large_is_as_bad_as_too_small(self) -> None:
        # 6 instead of 4: half of the reference too much; a prediction can be off by more than all of it.
        assert rve(MaskPair(PAIR.reference, PAIR.prediction)) == 2 / 4
        assert rve(MaskPair(mask("####"), mask("#..."))) == 3.0


class TestAve:
    def test_is_an_area_in_an_image(self) -> None:
        assert ave(PAIR, unit="mm") == pytest.approx(2 * 0.5 * 0.2)
        assert ave(PAIR, unit="px") == 2

    def test_is_a_volume_in_a_volume(self) -> None:
        assert ave(SOLID, unit="mm") == pytest.approx(5 * 2.0 * 0.5 * 0.5)

    def test_millimetres_need_the_spacing(self) -> None:
        with pytest.raises(ValueError, match="needs the spacing"):
            ave(MaskPair(mask("##"), mask("#.")), unit="mm")


class TestEmptyMasks:
    @pytest.mark.parametrize("metric", [dsc, iou, sensitivity, precision, specificity, rve, lambda pair: ave(pair, unit="px")])
    @pytest.mark.parametrize(
        ("prediction", "reference", "outcome"),
        [("..", "..", Empty.BOTH), ("..", "#.", Empty.PREDICTION), ("#.", "..", Empty.REFERENCE)],
    )
    def test_are_an_outcome_and_not_a_number(
        self, metric: Callable[[MaskPair], float | Empty], prediction: str, reference: str, outcome: Empty
    ) -> None:
        assert metric(MaskPair(mask(prediction), mask(reference))) is outcome

    @pytest.mark.parametrize("metric", [dsc, iou, sensitivity, precision, specificity])
    def test_apart_from_which_every_share_is_a_finite_number(self, metric: Callable[[MaskPair], float | Empty]) -> None:
        value = metric(MaskPair(np.ones((3, 3), dtype=bool), mask("#..", "...", "...")))
        assert isinstance(value, float)
        assert math.isfinite(value)
