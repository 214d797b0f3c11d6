"""Metrics of points: keypoint tasks."""

from __future__ import annotations

import math

from sonobench_eval.metrics.spec import MetricSpec, Parameter

_UNIT = Parameter(
    "unit",
    "choice",
    "what distances are measured in: px, mm, or shares of the image's diagonal or of the segment between two reference points",
    required=True,
    choices=("px", "mm", "diagonal", "segment"),
)
_ASKED = (
    _UNIT,
    Parameter("from_point", "whole", "the index of the point where the segment begins", low=0, high=1000),
    Parameter("to_point", "whole", "the index of the point where the segment ends", low=0, high=1000),
    Parameter(
        "average",
        "choice",
        "micro: every point of every case weighs the same; macro: the mean of the points' own means",
        default="micro",
        choices=("micro", "macro"),
    ),
    Parameter("of_point", "whole", "the index of one point to ask about, instead of all", low=0, high=1000),
)
_NOT_ANNOTATED = "no point is annotated here"

METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(
        name="mre",
        title="Mean radial error",
        family="points",
        function="sonobench_eval.metrics.keypoints:mre",
        summary="the mean distance of predicted from reference points; one that is lacking errs by the image's diagonal",
        source="Wang et al., Med Image Anal 2016",
        high=math.inf,
        higher_is_better=False,
        unit="px",
        parameters=_ASKED,
        why_undefined=_NOT_ANNOTATED,
    ),
    MetricSpec(
        name="pck",
        title="Share of correct keypoints",
        family="points",
        function="sonobench_eval.metrics.keypoints:pck",
        summary="how many points lie within a distance of their reference; in mm it is the successful detection rate",
        source="Yang and Ramanan, IEEE PAMI 2013",
        parameters=(
            Parameter("threshold", "number", "the largest distance that is right", required=True, low=0, high=10_000),
            *_ASKED,
        ),
        why_undefined=_NOT_ANNOTATED,
    ),
)
