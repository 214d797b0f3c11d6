"""Metrics of masks."""

from __future__ import annotations

from sonobench_eval.metrics.spec import MetricSpec, Parameter

METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(name="dsc", title="Dice similarity coefficient", family="masks", function="sonobench_eval.metrics.overlap:dsc", summary="overlap", source="Dice 1945"),
    MetricSpec(
        name="nsd", title="Normalised surface distance", family="masks", function="sonobench_eval.metrics.surface:nsd", summary="outline", source="Nikolov",
        parameters=(
            Parameter("convention", "choice", "what an outline is", required=True, choices=("surface", "pixel", "uusic25")),
            Parameter("tolerance", "number", "the largest distance that still matches", required=True, low=0, high=1000),
            Parameter("unit", "choice", "px or mm", required=True, choices=("px", "mm")),
        ),
    ),
)
