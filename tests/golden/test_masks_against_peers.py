"""Metrics of masks against other people's software, case by case, and the peers' defects that ours must not have."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import surface_distance
import torch
from drawn_masks import dots, mask, pair_of_blobs
from medpy.metric import binary
from PIL import Image
from scipy import ndimage
from skimage.metrics import hausdorff_distance as hausdorff_by_skimage
from skimage.morphology import skeletonize
from skimage.segmentation import find_boundaries

from sonobench_eval.metrics.cldice import cldice
from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_overlap import ave, dsc, iou, precision, rve, sensitivity, specificity
from sonobench_eval.metrics.mask_pair import Mask, MaskPair
from sonobench_eval.metrics.mask_surface import assd, hd, masd, nsd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import monai.metrics as monai
    from torchmetrics.functional import segmentation as torchmetrics
    from torchmetrics.functional.segmentation.utils import surface_distance as distances_by_torchmetrics

pytestmark = pytest.mark.filterwarnings("ignore")

SINGLE = 2e-6
"""MONAI returns single precision."""
TOLERANCES = (0.0, 0.4, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
SIDES = (1.0, 0.5, 0.3, 2.0, 0.77)


def chance(dimensions: int, count: int) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[float, ...], float]]:
    """Prediction, reference, spacing and tolerance; the tolerance is given to peers with our allowance for rounding."""
    rng = np.random.default_rng(20250923 + dimensions)
    for _ in range(count):
        prediction, reference = pair_of_blobs(rng, dimensions)
        yield prediction, reference, tuple(rng.choice(SIDES, dimensions).tolist()), float(rng.choice(TOLERANCES))


def tensors(*images: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(image)[None, None] for image in images]


COUNTS = pytest.mark.parametrize(("dimensions", "count"), [(2, 150), (3, 60)])


class TestSurfaceDistance:
    """DeepMind's surface-distance 0.1, convention `surface`."""

    @COUNTS
    def test_nsd_is_its_surface_dice(self, dimensions: int, count: int) -> None:
        for prediction, reference, spacing, tolerance in chance(dimensions, count):
            theirs = surface_distance.compute_surface_distances(reference, prediction, spacing)
            expected = surface_distance.compute_surface_dice_at_tolerance(theirs, tolerance * (1 + 1e-9))
            ours = nsd(MaskPair(prediction, reference, spacing=spacing), convention="surface", tolerance=tolerance, unit="mm")
            assert ours == pytest.approx(expected, abs=1e-12)

    @COUNTS
    def test_distances_are_its_own(self, dimensions: int, count: int) -> None:
        for prediction, reference, spacing, _ in chance(dimensions, count):
            theirs = surface_distance.compute_surface_distances(reference, prediction, spacing)
            pair = MaskPair(prediction, reference, spacing=spacing)
            there, back = surface_distance.compute_average_surface_distance(theirs)
            assert masd(pair, convention="surface", unit="mm") == pytest.approx((there + back) / 2, rel=1e-12)
            lengths = theirs["surfel_areas_gt"].sum(), theirs["surfel_areas_pred"].sum()
            pooled = (there * lengths[0] + back * lengths[1]) / sum(lengths)
            assert assd(pair, convention="surface", unit="mm") == pytest.approx(pooled, rel=1e-12)
            for percentile in (50, 95, 100):
                expected = surface_distance.compute_robust_hausdorff(theirs, percentile)
                ours = hd(pair, convention="surface", unit="mm", percentile=percentile)
                assert ours == pytest.approx(expected, rel=1e-12)

    def test_it_fails_on_empty_masks_and_ours_says_which(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("Inf", "NaN"):
            monkeypatch.delattr(np, name, raising=False)  # another package may have put it back
        nothing, something = np.zeros((4, 4), dtype=bool), dots((4, 4), (1, 1))
        with pytest.raises(AttributeError, match="removed in the NumPy 2"):
            surface_distance.compute_surface_distances(nothing, something, (1, 1))
        with pytest.raises(AttributeError, match="removed in the NumPy 2"):
            surface_distance.compute_dice_coefficient(nothing, nothing)
        assert nsd(MaskPair(something, nothing), convention="surface", tolerance=1, unit="px") is Empty.REFERENCE
        assert dsc(MaskPair(nothing, nothing)) is Empty.BOTH


class TestMonai:
    """MONAI 1.6, convention `pixel`."""

    @COUNTS
    def test_nsd_and_dsc_are_its_surface_dice_and_dice(self, dimensions: int, count: int) -> None:
        for prediction, reference, spacing, tolerance in chance(dimensions, count):
            pair, both = MaskPair(prediction, reference, spacing=spacing), tensors(prediction, reference)
            near = monai.compute_surface_dice(
                *both, [tolerance * (1 + 1e-6)], include_background=True, spacing=list(spacing)
            )  # in single precision
            assert nsd(pair, convention="pixel", tolerance=tolerance, unit="mm") == pytest.approx(float(near), abs=SINGLE)
            assert dsc(pair) == pytest.approx(float(monai.compute_dice(*both)), abs=SINGLE)
            assert iou(pair) == pytest.approx(float(monai.compute_iou(*both)), abs=SINGLE)

    @COUNTS
    def test_distances_are_its_own_at_any_percentile(self, dimensions: int, count: int) -> None:
        for prediction, reference, spacing, _ in chance(dimensions, count // 2):
            pair, both = MaskPair(prediction, reference, spacing=spacing), tensors(prediction, reference)
            for percentile in (50.0, 95.0, 100.0):
                theirs = monai.compute_hausdorff_distance(
                    *both, include_background=True, percentile=percentile, spacing=list(spacing)
                )
                ours = hd(pair, convention="pixel", unit="mm", percentile=percentile)
                # torch also finds the place between two of thousands of elements in single precision
                assert ours == pytest.approx(float(theirs), rel=SINGLE if percentile == 100 else 1e-4)
            mean = monai.compute_average_surface_distance(*both, include_background=True, symmetric=True, spacing=list(spacing))
            assert assd(pair, convention="pixel", unit="mm") == pytest.approx(float(mean), rel=SINGLE)


class TestMedPy:
    """MedPy 0.5."""

    @COUNTS
    def test_overlap_and_volume_are_its_own(self, dimensions: int, count: int) -> None:
        for prediction, reference, _, _ in chance(dimensions, count):
            pair = MaskPair(prediction, reference)
            assert dsc(pair) == pytest.approx(binary.dc(prediction, reference), rel=1e-15)
            assert iou(pair) == pytest.approx(binary.jc(prediction, reference), rel=1e-15)
            assert sensitivity(pair) == pytest.approx(binary.sensitivity(prediction, reference), rel=1e-15)
            assert precision(pair) == pytest.approx(binary.precision(prediction, reference), rel=1e-15)
            assert rve(pair) == pytest.approx(abs(binary.ravd(prediction, reference)), rel=1e-15)
            if not reference.all():
                assert specificity(pair) == pytest.approx(binary.specificity(prediction, reference), rel=1e-12)

    @pytest.mark.parametrize(("dimensions", "count"), [(2, 60), (3, 40)])
    def test_distances_of_pixels_are_its_own(self, dimensions: int, count: int) -> None:
        for prediction, reference, spacing, _ in chance(dimensions, count):
            pair = MaskPair(prediction, reference, spacing=spacing)
            there = binary.asd(prediction, reference, voxelspacing=spacing)
            back = binary.asd(reference, prediction, voxelspacing=spacing)
            expected = binary.hd(prediction, reference, voxelspacing=spacing)
            assert hd(pair, convention="pixel", unit="mm") == pytest.approx(expected, rel=1e-12)
            assert masd(pair, convention="pixel", unit="mm") == pytest.approx((there + back) / 2, rel=1e-12)
            pooled = binary.assd(prediction, reference, voxelspacing=spacing)
            assert assd(pair, convention="pixel", unit="mm") == pytest.approx(pooled, rel=1e-12)

    def test_its_hd95_pools_the_directions_where_ours_takes_the_larger(self) -> None:
        prediction, reference = mask("#..."), mask("####")
        found = MaskPair(prediction, reference).distances("pixel", unit="px")
        pooled = np.percentile(np.concatenate([found.of_prediction, found.of_reference]), 95)
        assert binary.hd95(prediction, reference) == pytest.approx(pooled) == pytest.approx(2.8)
        assert hd(MaskPair(prediction, reference), convention="pixel", unit="px", percentile=95) == pytest.approx(2.85)


class TestSimpleItk:
    @pytest.mark.parametrize(("dimensions", "count"), [(2, 60), (3, 40)])
    def test_overlap_is_that_of_its_measures(self, dimensions: int, count: int) -> None:
        for prediction, reference, _, _ in chance(dimensions, count):
            pair = MaskPair(prediction, reference)
            measures = sitk.LabelOverlapMeasuresImageFilter()
            measures.Execute(*(sitk.GetImageFromArray(image.astype(np.uint8)) for image in (prediction, reference)))
            assert dsc(pair) == pytest.approx(measures.GetDiceCoefficient(), rel=1e-12)
            assert iou(pair) == pytest.approx(measures.GetJaccardCoefficient(), rel=1e-12)
            assert 1 - sensitivity(pair) == pytest.approx(measures.GetFalseNegativeError(), abs=1e-12)

    @pytest.mark.parametrize("dimensions", [2, 3])
    def test_hausdorff_distance_of_masks_without_inside_is_its_own(self, dimensions: int) -> None:
        rng = np.random.default_rng(6)
        for _ in range(20):
            shape = tuple(int(side) for side in rng.integers(4, 30, dimensions))
            images = [dots(shape, *(tuple(rng.integers(0, shape)) for _ in range(3))) for _ in range(2)]
            spacing = tuple(rng.choice(SIDES, dimensions).tolist())
            both = [sitk.GetImageFromArray(image.astype(np.uint8)) for image in images]
            for image in both:
                image.SetSpacing(spacing[::-1])  # x first
            measured = sitk.HausdorffDistanceImageFilter()
            measured.Execute(*both)
            ours = hd(MaskPair(*images, spacing=spacing), convention="pixel", unit="mm")
            assert ours == pytest.approx(measured.GetHausdorffDistance(), rel=1e-6)

    def test_its_contour_drops_pixels_at_the_image_edge_and_ours_holds_them(self) -> None:
        corner = np.zeros((5, 5), dtype=bool)
        corner[:3, :3] = True
        contour = sitk.GetArrayFromImage(sitk.LabelContour(sitk.GetImageFromArray(corner.astype(np.uint8))))
        assert np.count_nonzero(contour) == 5
        _, rows, columns = Mask(corner).boundary("pixel").places
        assert rows.size == 8
        assert set(zip(rows.tolist(), columns.tolist(), strict=True)) >= {(0, 0), (0, 1), (1, 0), (2, 2)}


class TestScikitImage:
    @COUNTS
    def test_uusic25_boundaries_are_its_inner_ones(self, dimensions: int, count: int) -> None:
        for prediction, _, _, _ in chance(dimensions, count):
            drawn = np.zeros(prediction.shape, dtype=bool)
            drawn[Mask(prediction).boundary("uusic25").places[-dimensions:]] = True
            assert (drawn == find_boundaries(prediction, mode="inner")).all()

    @COUNTS
    def test_hausdorff_distance_of_boundaries_is_its_own(self, dimensions: int, count: int) -> None:
        cross = ndimage.generate_binary_structure(dimensions, 1)
        for prediction, reference, _, _ in chance(dimensions, count // 2):
            rims = [image & ~ndimage.binary_erosion(image, cross) for image in (prediction, reference)]
            ours = hd(MaskPair(prediction, reference), convention="pixel", unit="px")
            assert ours == pytest.approx(hausdorff_by_skimage(*rims), rel=1e-12)

    @pytest.mark.parametrize(("dimensions", "count"), [(2, 40), (3, 30)])
    def test_cldice_is_that_of_its_skeletons(self, dimensions: int, count: int) -> None:
        for prediction, reference, _, _ in chance(dimensions, count):
            ours, theirs = skeletonize(prediction) > 0, skeletonize(reference) > 0
            kept, found = (ours & reference).sum() / ours.sum(), (theirs & prediction).sum() / theirs.sum()
            expected = 2 * kept * found / (kept + found) if kept + found else 0.0
            assert cldice(MaskPair(prediction, reference)) == pytest.approx(expected, rel=1e-15)


class TestClDice:
    def test_a_line_of_another_width_in_the_same_place_is_kept(self) -> None:
        # The thick line's skeleton ends with one pixel aside: 28 of 29 lie in the thin one.
        thin, thick = np.zeros((9, 40), dtype=bool), np.zeros((9, 40), dtype=bool)
        thin[4, 5:35] = True
        thick[3:6, 5:35] = True
        assert cldice(MaskPair(thick, thin)) == pytest.approx(2 * 28 / (28 + 29))
        assert dsc(MaskPair(thick, thin)) == 0.5

    def test_half_of_a_line_is_two_thirds(self) -> None:
        # All that is found lies in the line, and half of the line is found: 2 x 1 x 1/2 by 3/2.
        half, whole = np.zeros((3, 20), dtype=bool), np.zeros((3, 20), dtype=bool)
        half[1, :10] = True
        whole[1] = True
        assert cldice(MaskPair(half, whole)) == pytest.approx(2 / 3)

    def test_lines_apart_score_zero(self) -> None:
        assert cldice(MaskPair(mask("###", "...", "..."), mask("...", "...", "###"))) == 0.0

    def test_a_volume_has_center_lines(self) -> None:
        tube = np.zeros((20, 7, 7), dtype=bool)
        tube[:, 2:5, 2:5] = True
        line = np.zeros_like(tube)
        line[:, 3, 3] = True
        assert cldice(MaskPair(line, tube)) == 1.0

    def test_an_empty_mask_is_an_outcome(self) -> None:
        assert cldice(MaskPair(mask("..."), mask("###"))) is Empty.PREDICTION


class TestTorchmetrics:
    def test_dice_is_its_own(self) -> None:
        for prediction, reference, _, _ in chance(2, 30):
            both = [each.int() for each in tensors(prediction, reference)]
            theirs = torchmetrics.dice_score(*both, num_classes=1, include_background=True, input_format="one-hot")
            assert dsc(MaskPair(prediction, reference)) == pytest.approx(float(theirs.squeeze()), abs=SINGLE)

    def test_its_distances_are_wrong_on_images_that_are_not_square_and_ours_are_right(self) -> None:
        # Two squares of 2 x 2, five columns apart: their columns lie 5 and 4 from the other's nearest.
        prediction, reference = np.zeros((4, 9), dtype=bool), np.zeros((4, 9), dtype=bool)
        prediction[1:3, 1:3] = True
        reference[1:3, 6:8] = True
        theirs = distances_by_torchmetrics(torch.from_numpy(prediction), torch.from_numpy(reference))
        ours = MaskPair(prediction, reference).distances("pixel", unit="px").of_prediction
        assert ours.tolist() == [5.0, 4.0, 5.0, 4.0]
        assert theirs.tolist() != ours.tolist()


class TestPublishedScript:
    """The formulas of the script that scored UUSIC25, written out from its description."""

    def test_nsd_and_dsc_are_its_own(self) -> None:
        for prediction, reference, _, tolerance in chance(2, 100):
            rims = [find_boundaries(image, mode="inner") for image in (prediction, reference)]
            if not (rims[0].any() and rims[1].any()):
                continue  # a mask that fills the image; see the unit tests
            away = [ndimage.distance_transform_edt(~rim) for rim in rims]
            matched = (away[1][rims[0]] <= tolerance).sum() + (away[0][rims[1]] <= tolerance).sum()
            pair = MaskPair(prediction, reference)
            expected = matched / (rims[0].sum() + rims[1].sum() + 1e-6)
            assert nsd(pair, convention="uusic25", tolerance=tolerance, unit="px") == pytest.approx(expected, rel=1e-15)
            shared = 2 * (prediction & reference).sum() / (prediction.sum() + reference.sum() + 1e-6)
            assert dsc(pair, convention="uusic25") == pytest.approx(shared, rel=1e-15)


class TestVolumes:
    @COUNTS
    def test_absolute_error_is_the_difference_of_volumes(self, dimensions: int, count: int) -> None:
        for prediction, reference, spacing, _ in chance(dimensions, count):
            expected = abs(prediction.sum() * np.prod(spacing) - reference.sum() * np.prod(spacing))
            assert ave(MaskPair(prediction, reference, spacing=spacing), unit="mm") == pytest.approx(expected, abs=1e-9)


@pytest.mark.real_data
class TestRealImages:
    """Fetal heads, each scored by other people's software once; `reference.json` says by which."""

    @pytest.fixture(scope="class")
    @staticmethod
    def cases(real_data: Path) -> list[tuple[MaskPair, dict[str, Any]]]:
        recorded = json.loads((real_data / "reference.json").read_text())["cases"]
        return [(_opened(real_data, each["case"]), each) for each in recorded]

    @pytest.mark.parametrize("tolerance", [1, 2, 5])
    def test_nsd_surface_is_that_of_surface_distance(self, cases: list[tuple[MaskPair, dict[str, Any]]], tolerance: int) -> None:
        seen = 0
        for pair, recorded in cases:
            if (expected := recorded.get(f"nsd{tolerance}_surface_distance")) is not None:
                assert nsd(pair, convention="surface", tolerance=tolerance, unit="px") == pytest.approx(expected, abs=1e-12)
                seen += 1
        assert seen == 98

    @pytest.mark.parametrize("tolerance", [1, 2])
    def test_nsd_pixel_is_monais(self, cases: list[tuple[MaskPair, dict[str, Any]]], tolerance: int) -> None:
        seen = 0
        for pair, recorded in cases:
            if (expected := recorded.get(f"nsd{tolerance}_monai")) is not None:
                assert nsd(pair, convention="pixel", tolerance=tolerance, unit="px") == pytest.approx(expected, abs=SINGLE)
                seen += 1
        assert seen == 98

    @pytest.mark.parametrize("tolerance", [1, 2])
    def test_nsd_and_dsc_uusic25_are_those_of_the_published_script(
        self, cases: list[tuple[MaskPair, dict[str, Any]]], tolerance: int
    ) -> None:
        for pair, recorded in cases:
            near = nsd(pair, convention="uusic25", tolerance=tolerance, unit="px")
            shared = dsc(pair, convention="uusic25")
            if isinstance(near, Empty):
                assert recorded[f"nsd{tolerance}_official"] == recorded["dsc_official"] == 0
            else:
                assert near == pytest.approx(recorded[f"nsd{tolerance}_official"], abs=1e-12)
                assert shared == pytest.approx(recorded["dsc_official"], abs=1e-12)

    def test_distances_are_medpys(self, cases: list[tuple[MaskPair, dict[str, Any]]]) -> None:
        seen = 0
        for pair, recorded in cases:
            if recorded.get("assd_medpy_px") is None:
                continue
            found = pair.distances("pixel", unit="px")
            pooled = np.percentile(np.concatenate([found.of_prediction, found.of_reference]), 95)
            assert pooled == pytest.approx(recorded["hd95_medpy_px"], rel=1e-12)
            assert assd(pair, convention="pixel", unit="px") == pytest.approx(recorded["assd_medpy_px"], rel=1e-12)
            assert dsc(pair) == pytest.approx(recorded["dsc_medpy"], rel=1e-12)
            seen += 1
        assert seen == 98


def _opened(folder: Path, case: str) -> MaskPair:
    truth = {entry["img_path_relative"]: entry for entry in json.loads((folder / "ground_truth.json").read_text())}
    with Image.open(folder / "predictions" / case.replace("img", "mask")) as prediction:
        answer = np.asarray(prediction)
    with Image.open(folder / "truth" / truth[case]["mask_path_relative"]) as reference:
        return MaskPair(answer, np.asarray(reference))
