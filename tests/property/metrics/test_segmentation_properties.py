from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sonobench_eval.metrics.catalogue.masks import METRICS
from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_boundary import Convention
from sonobench_eval.metrics.mask_overlap import ave, dsc, iou, precision, rve, sensitivity, specificity
from sonobench_eval.metrics.mask_pair import Mask, MaskPair
from sonobench_eval.metrics.mask_surface import assd, hd, masd, nsd
from sonobench_eval.metrics.mask_worst import worst

Images = tuple[np.ndarray, np.ndarray]

SIDES = st.integers(1, 9)
SHAPES = st.one_of(st.tuples(SIDES, SIDES), st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6)))
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))
CONVENTIONS = st.sampled_from(["surface", "pixel", "uusic25"])
WHEREVER = st.sampled_from(["surface", "pixel"])  # those to which the image's edge means nothing
TOLERANCES = st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0, 10.0])
SPACINGS = st.tuples(*[st.sampled_from([0.1, 0.25, 0.3, 0.7, 1.0, 3.0])] * 3)
MARGINS = st.lists(st.integers(0, 70), min_size=6, max_size=6)
SPECS = [spec for spec in METRICS if spec.name != "cldice"]
GIVEN = {"tolerance": 1.5, "unit": "mm", "convention": "surface"}


def pair_of(images: Images, spacing: tuple[float, ...] = (1.0, 1.0, 1.0)) -> MaskPair:
    return MaskPair(*images, spacing=spacing[-images[0].ndim :])


def known(images: Images) -> Images:
    assume(images[0].any() and images[1].any())
    return images


def every_value(pair: MaskPair, convention: str, tolerance: float = 1.5) -> dict[str, float | Empty]:
    """All metrics, to which the image's edge means nothing."""
    return {
        **{metric.__name__: metric(pair) for metric in (dsc, iou, sensitivity, precision, rve)},
        **{metric.__name__: metric(pair, convention=convention, unit="mm") for metric in (hd, assd, masd)},
        "hd95": hd(pair, convention=convention, unit="mm", percentile=95),
        "nsd": nsd(pair, convention=convention, tolerance=tolerance, unit="mm"),
        "ave": ave(pair, unit="mm"),
    }


class TestBounds:
    @given(PAIRS, SPACINGS)
    @pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
    @settings(max_examples=25)
    def test_every_value_lies_between_its_best_and_its_worst(
        self, spec: Any, images: Images, spacing: tuple[float, float, float]
    ) -> None:
        pair = pair_of(known(images), spacing)
        arguments = spec.arguments({each.name: GIVEN[each.name] for each in spec.parameters if each.required})
        value = spec.load()(pair, **arguments)
        limit = worst(spec, pair.reference, spacing=pair.spacing, arguments=arguments)
        assert min(spec.best, limit) <= value <= max(spec.best, limit) * (1 + 1e-12)
        assert spec.load()(MaskPair(images[1], images[1], spacing=pair.spacing), **arguments) == spec.best

    @given(PAIRS)
    def test_no_value_is_made_up_where_a_mask_is_empty(self, images: Images) -> None:
        pair = pair_of((np.zeros_like(images[0]), images[1]))
        expected = Empty.PREDICTION if images[1].any() else Empty.BOTH
        assert set(every_value(pair, "surface").values()) == {expected}


class TestReferenceEngine:
    @given(PAIRS, SPACINGS)
    @pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
    @pytest.mark.parametrize("convention", ["surface", "pixel"])
    @settings(max_examples=20)
    def test_says_the_same(self, spec: Any, convention: str, images: Images, spacing: tuple[float, float, float]) -> None:
        pair = pair_of(images, spacing)
        wanted = {**GIVEN, "convention": convention}
        arguments = spec.arguments({each.name: wanted[each.name] for each in spec.parameters if each.required})
        expected = spec.load(engine="reference")(pair, **arguments)
        if isinstance(expected, float):
            expected = pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert spec.load()(pair, **arguments) == expected

    @given(PAIRS, CONVENTIONS, TOLERANCES, SPACINGS)
    def test_nsd_is_that_of_the_whole_image_with_borders_by_erosion(
        self, images: Images, convention: Convention, tolerance: float, spacing: tuple[float, float, float]
    ) -> None:
        from sonobench_eval.metrics import reference_masks

        pair = pair_of(images, spacing)
        expected = reference_masks.nsd(pair, convention=convention, tolerance=tolerance, unit="mm")
        if isinstance(expected, float):
            expected = pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert nsd(pair, convention=convention, tolerance=tolerance, unit="mm") == expected


class TestSymmetry:
    @given(PAIRS, CONVENTIONS, TOLERANCES)
    def test_which_mask_is_which_does_not_matter_to_overlap_and_nsd(
        self, images: Images, convention: Convention, tolerance: float
    ) -> None:
        there, back = pair_of(known(images)), pair_of(images[::-1])
        assert dsc(there) == dsc(back)
        assert iou(there) == iou(back)
        assert sensitivity(there) == precision(back)
        assert nsd(there, convention=convention, tolerance=tolerance, unit="px") == nsd(
            back, convention=convention, tolerance=tolerance, unit="px"
        )

    @given(PAIRS, WHEREVER)
    def test_nor_to_distances(self, images: Images, convention: str) -> None:
        there, back = pair_of(known(images)), pair_of(images[::-1])
        for metric in (hd, assd, masd):
            forward = metric(there, convention=convention, unit="px")
            assert metric(back, convention=convention, unit="px") == pytest.approx(forward, rel=1e-14)

    @given(PAIRS, WHEREVER, st.permutations([0, 1, 2]))
    def test_turning_the_image_and_its_spacing_alike_changes_nothing(
        self, images: Images, convention: str, order: list[int]
    ) -> None:
        axes = [axis for axis in order if axis < images[0].ndim]
        spacing = (0.5, 1.25, 2.0)[: images[0].ndim]
        turned = MaskPair(*(np.transpose(image, axes) for image in known(images)), spacing=[spacing[axis] for axis in axes])
        plain = MaskPair(*images, spacing=spacing)
        assert every_value(turned, convention) == pytest.approx(every_value(plain, convention), rel=1e-12)


class TestUnits:
    @given(PAIRS, CONVENTIONS, TOLERANCES, st.sampled_from([0.1, 0.25, 0.7, 3.0]))
    def test_scaling_pixels_and_tolerance_alike_changes_nothing(
        self, images: Images, convention: Convention, tolerance: float, pixel_mm: float
    ) -> None:
        scaled = nsd(pair_of(images, (pixel_mm,) * 3), convention=convention, tolerance=tolerance * pixel_mm, unit="mm")
        plain = nsd(pair_of(images), convention=convention, tolerance=tolerance, unit="px")
        if convention == "uusic25" or isinstance(plain, Empty):
            assert scaled == plain
        else:
            assert scaled == pytest.approx(plain, rel=1e-13)

    @given(PAIRS, WHEREVER, st.sampled_from([0.1, 0.25, 0.7, 3.0]))
    def test_distances_grow_with_the_pixels(self, images: Images, convention: str, pixel_mm: float) -> None:
        pair = pair_of(known(images), (pixel_mm,) * 3)
        for metric in (hd, assd, masd):
            in_pixels = metric(pair, convention=convention, unit="px")
            assert metric(pair, convention=convention, unit="mm") == pytest.approx(in_pixels * pixel_mm, rel=1e-12)
        assert ave(pair, unit="mm") == pytest.approx(ave(pair, unit="px") * pixel_mm ** images[0].ndim, rel=1e-12)


class TestWhereThingsAre:
    @given(PAIRS, WHEREVER, TOLERANCES, MARGINS)
    def test_background_around_the_image_changes_nothing(
        self, images: Images, convention: str, tolerance: float, margins: list[int]
    ) -> None:
        around = [(margins[2 * axis] % 5, margins[2 * axis + 1] % 5) for axis in range(images[0].ndim - 1)]
        around.append((margins[4], margins[5]))  # columns move across words
        padded = tuple(np.pad(image, around) for image in known(images))
        assert every_value(pair_of((padded[0], padded[1])), convention, tolerance) == every_value(
            pair_of(images), convention, tolerance
        )

    @given(PAIRS, WHEREVER, TOLERANCES)
    def test_cutting_the_image_to_what_is_in_it_changes_nothing(self, images: Images, convention: str, tolerance: float) -> None:
        held = [np.flatnonzero(axis) for axis in _used(known(images))]
        window = tuple(slice(places[0], places[-1] + 1) for places in held)
        cut = pair_of((images[0][window], images[1][window]))
        assert every_value(cut, convention, tolerance) == every_value(pair_of(images), convention, tolerance)

    @given(PAIRS, st.integers(0, 70))
    def test_specificity_alone_sees_the_margins(self, images: Images, margin: int) -> None:
        pair = pair_of(known(images))
        padded = pair_of((np.pad(images[0], margin % 4), np.pad(images[1], margin % 4)))
        assert specificity(padded) >= specificity(pair)


class TestLabels:
    @given(SHAPES.flatmap(lambda shape: st.tuples(*[arrays(np.uint8, shape, elements=st.integers(0, 3))] * 2)), CONVENTIONS)
    def test_renaming_the_structures_of_both_images_changes_no_value(self, labels: Images, convention: Convention) -> None:
        renamed = np.array([0, 255, 7, 1], dtype=np.uint8)
        for old, new in ((1, 255), (2, 7), (3, 1)):
            plain = MaskPair(*(Mask.of_label(image, old) for image in labels))
            other = MaskPair(*(Mask.of_label(renamed[image], int(new)) for image in labels))
            for metric in _two(convention):
                assert metric(other) == metric(plain)

    @given(PAIRS, CONVENTIONS)
    def test_any_number_but_zero_is_foreground(self, images: Images, convention: Convention) -> None:
        as_numbers = MaskPair(images[0].astype(np.uint8) * 255, images[1].astype(np.int32) * -3)
        for metric in _two(convention):
            assert metric(as_numbers) == metric(pair_of(images))


class TestNsd:
    @given(PAIRS, CONVENTIONS, TOLERANCES, SPACINGS)
    def test_a_wider_tolerance_is_never_worse(
        self, images: Images, convention: Convention, tolerance: float, spacing: tuple[float, float, float]
    ) -> None:
        pair = pair_of(known(images), spacing)
        narrow = nsd(pair, convention=convention, tolerance=tolerance, unit="mm")
        assert narrow <= nsd(pair, convention=convention, tolerance=tolerance + 0.5, unit="mm")

    @given(PAIRS, WHEREVER)
    def test_is_one_from_the_hausdorff_distance_on_and_not_before(self, images: Images, convention: str) -> None:
        pair = pair_of(known(images))
        furthest = hd(pair, convention=convention, unit="px")
        assert nsd(pair, convention=convention, tolerance=furthest, unit="px") == 1.0
        if furthest > 0:
            assert nsd(pair, convention=convention, tolerance=furthest * 0.999, unit="px") < 1.0


class TestHd:
    @given(PAIRS, WHEREVER, st.floats(0, 100), st.floats(0, 100))
    def test_a_larger_percentile_is_never_nearer(self, images: Images, convention: str, one: float, other: float) -> None:
        pair = pair_of(known(images))
        low, high = (hd(pair, convention=convention, unit="px", percentile=each) for each in sorted((one, other)))
        assert low <= high * (1 + 1e-12)

    @given(PAIRS, WHEREVER)
    def test_means_never_exceed_the_largest(self, images: Images, convention: str) -> None:
        pair = pair_of(known(images))
        furthest = hd(pair, convention=convention, unit="px") * (1 + 1e-12)
        assert assd(pair, convention=convention, unit="px") <= furthest
        assert masd(pair, convention=convention, unit="px") <= furthest


def _used(images: Images) -> list[np.ndarray]:
    """Which planes, rows and columns hold anything."""
    union = images[0] | images[1]
    return [union.any(axis=tuple(other for other in range(union.ndim) if other != axis)) for axis in range(union.ndim)]


def _two(convention: Convention) -> tuple[Callable[[MaskPair], float | Empty], ...]:
    return dsc, lambda pair: nsd(pair, convention=convention, tolerance=1, unit="px")
