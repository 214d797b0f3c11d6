from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_masks import dots, mask

from sonobench_eval.metrics.catalogue.masks import METRICS
from sonobench_eval.metrics.mask_pair import Mask, MaskPair
from sonobench_eval.metrics.mask_worst import worst
from sonobench_eval.metrics.spec import MetricSpec

SPECS = {spec.name: spec for spec in METRICS}
GIVEN = {"convention": "surface", "tolerance": 1.0, "unit": "mm"}


def worst_of(name: str, reference: np.ndarray, spacing: tuple[float, ...] | None = None, **given: object) -> float:
    spec = SPECS[name]
    return worst(spec, Mask(reference), spacing=spacing, arguments=spec.arguments(given))


class TestWorst:
    @pytest.mark.parametrize("name", ["dsc", "iou", "sensitivity", "precision", "specificity", "cldice"])
    def test_of_a_share_is_zero(self, name: str) -> None:
        assert worst_of(name, mask("#.")) == 0.0

    @pytest.mark.parametrize("name", ["hd", "hd95", "assd", "masd"])
    def test_of_a_distance_is_the_diagonal_of_the_image(self, name: str) -> None:
        image = dots((30, 80), (0, 0))
        assert worst_of(name, image, (0.2, 0.1), convention="pixel", unit="mm") == pytest.approx(10.0)  # 6 mm by 8 mm
        assert worst_of(name, image, convention="pixel", unit="px") == pytest.approx(math.hypot(30, 80))

    def test_of_a_distance_in_a_volume_has_three_axes(self) -> None:
        assert worst_of("hd95", dots((4, 4, 7), (0, 0, 0)), convention="surface", unit="px") == pytest.approx(9.0)

    def test_of_a_volume_error_is_an_image_full_or_empty_whichever_is_further_off(self) -> None:
        assert worst_of("ave", mask("#..."), (2.0, 0.5), unit="mm") == pytest.approx(3.0)
        assert worst_of("ave", mask("###."), unit="px") == 3.0
        assert worst_of("rve", mask("#...")) == 3.0
        assert worst_of("rve", mask("###.")) == 1.0

    def test_of_a_relative_error_without_reference_is_finite(self) -> None:
        assert worst_of("rve", mask("....")) == 4.0

    @pytest.mark.parametrize("name", [name for name in SPECS if name != "cldice"])  # which needs scikit-image
    def test_no_answer_is_worse(self, name: str) -> None:
        spec = SPECS[name]
        arguments = spec.arguments({each.name: GIVEN[each.name] for each in spec.parameters if each.required})
        reference = dots((9, 12), (8, 11))
        limit = worst(spec, Mask(reference), spacing=(0.5, 0.3), arguments=arguments)
        for answer in (dots((9, 12), (0, 0)), np.ones((9, 12), dtype=bool)):
            value = spec.load()(MaskPair(answer, reference, spacing=(0.5, 0.3)), **arguments)
            assert value >= limit if spec.higher_is_better else value <= limit

    def test_of_another_packages_unbounded_metric_must_be_declared(self) -> None:
        foreign = MetricSpec("warp", "Warp", "masks", "other:warp", "", "", high=math.inf, higher_is_better=False)
        with pytest.raises(ValueError, match="must say what counts"):
            worst(foreign, Mask(mask("#")), spacing=None, arguments={})
