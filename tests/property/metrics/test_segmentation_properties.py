from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.overlap import dsc
from sonobench_eval.metrics.registry import engine_named
from sonobench_eval.metrics.surface import Convention

SIDES = st.integers(1, 9)
PAIRS = st.tuples(SIDES, SIDES).flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))
CONVENTIONS = st.sampled_from(["pixel", "uusic25"])
TOLERANCES = st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0])
FAST, REFERENCE = engine_named("fast"), engine_named("reference")


def nsd(pair: tuple[np.ndarray, np.ndarray], convention: Convention, tolerance: float, pixel: float = 1.0) -> float | Empty:
    return FAST.nsd(*pair, convention=convention, tolerance=tolerance, spacing=(pixel, pixel))


class TestDsc:
    @given(PAIRS)
    def test_lies_between_0_and_1_and_does_not_care_which_mask_is_which(self, pair: tuple[np.ndarray, np.ndarray]) -> None:
        assume(pair[0].any() and pair[1].any())
        there, back = dsc(*pair), dsc(pair[1], pair[0])
        assert 0 <= there <= 1
        assert there == back

    @given(PAIRS)
    def test_is_medpys(self, pair: tuple[np.ndarray, np.ndarray]) -> None:
        assert dsc(*pair) == REFERENCE.dsc(*pair)


class TestNsd:
    @given(PAIRS, CONVENTIONS, TOLERANCES)
    def test_lies_between_0_and_1_and_does_not_care_which_mask_is_which(
        self, pair: tuple[np.ndarray, np.ndarray], convention: Convention, tolerance: float
    ) -> None:
        assume(pair[0].any() and pair[1].any())
        there, back = nsd(pair, convention, tolerance), nsd((pair[1], pair[0]), convention, tolerance)
        assert 0 <= there <= 1
        assert there == back

    @given(PAIRS, CONVENTIONS, TOLERANCES, st.sampled_from([0.1, 0.25, 0.7, 3.0]))
    def test_scaling_pixels_and_tolerance_alike_changes_nothing(
        self, pair: tuple[np.ndarray, np.ndarray], convention: Convention, tolerance: float, pixel_mm: float
    ) -> None:
        assert nsd(pair, convention, tolerance) == nsd(pair, convention, tolerance * pixel_mm, pixel_mm)

    @given(PAIRS, TOLERANCES, st.tuples(*[st.integers(0, 4)] * 4))
    def test_background_around_the_image_changes_nothing_for_pixel(
        self, pair: tuple[np.ndarray, np.ndarray], tolerance: float, margins: tuple[int, int, int, int]
    ) -> None:
        around = (margins[:2], margins[2:])
        padded = (np.pad(pair[0], around), np.pad(pair[1], around))
        assert nsd(pair, "pixel", tolerance) == nsd(padded, "pixel", tolerance)

    @given(PAIRS, CONVENTIONS, TOLERANCES)
    def test_a_wider_tolerance_is_never_worse(
        self, pair: tuple[np.ndarray, np.ndarray], convention: Convention, tolerance: float
    ) -> None:
        assume(pair[0].any() and pair[1].any())
        assert nsd(pair, convention, tolerance) <= nsd(pair, convention, tolerance + 1)

    @given(PAIRS, CONVENTIONS, TOLERANCES, st.sampled_from([(1.0, 1.0), (0.5, 0.25), (0.3, 0.1)]))
    def test_is_that_of_the_whole_image_with_borders_by_erosion(
        self, pair: tuple[np.ndarray, np.ndarray], convention: Convention, tolerance: float, spacing: tuple[float, float]
    ) -> None:
        plain = REFERENCE.nsd(*pair, convention=convention, tolerance=tolerance, spacing=spacing)
        assert FAST.nsd(*pair, convention=convention, tolerance=tolerance, spacing=spacing) == plain
