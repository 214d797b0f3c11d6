"""Metrics of instances: objects told apart by number."""

from __future__ import annotations

from sonobench_eval.metrics.spec import MetricSpec, Parameter

_PLACE = "sonobench_eval.metrics.panoptic"
_PQ = "Kirillov et al., CVPR 2019"
_RELOADED = "Maier-Hein et al., Nat Methods 2024 (Metrics Reloaded)"
_THRESHOLD = Parameter("threshold", "number", "instances match above this IoU", default=0.5, low=0, high=0.999)
_MATCHING = Parameter(
    "matching",
    "choice",
    "who matches whom where a threshold below 0.5 leaves a choice: optimal, as many pairs as possible; greedy, the nearest first",
    default="optimal",
    choices=("optimal", "greedy"),
)
_POOLING = Parameter(
    "pooling",
    "choice",
    "pooled: instances of all cases are summed first; case_mean: the mean of the cases' own values",
    default="pooled",
    choices=("pooled", "case_mean"),
)
_PARAMETERS = (_THRESHOLD, _MATCHING, _POOLING)
_OVER = Parameter(
    "over",
    "choice",
    "what the mean is over: matched pairs; references, missed ones counting 0; or all, false positives too",
    default="all",
    choices=("matched", "references", "all"),
)
_NOTHING_AT_ALL = "there are no instances here, and none were found"


def _spec(
    name: str, title: str, summary: str, source: str, *, function: str | None = None, why: str = _NOTHING_AT_ALL
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        family="instances",
        function=f"{_PLACE}:{function or name}",
        summary=summary,
        source=source,
        parameters=_PARAMETERS,
        why_undefined=why,
    )


METRICS: tuple[MetricSpec, ...] = (
    _spec("pq", "Panoptic quality", "IoU of matched instances by all instances, missed and false ones counting half", _PQ),
    _spec("sq", "Segmentation quality", "mean IoU of matched instances: the first factor of panoptic quality", _PQ),
    _spec("rq", "Recognition quality", "F1 of instances: the second factor of panoptic quality", _PQ, function="f1"),
    _spec("f1", "F1 of instances", "the harmonic mean of precision and sensitivity of instances", _RELOADED),
    _spec("precision", "Precision of instances", "the share of predicted instances that match a reference", _RELOADED),
    _spec(
        "recall",
        "Sensitivity of instances",
        "the share of reference instances that are found",
        _RELOADED,
        why="there are no instances to find here",
    ),
    MetricSpec(
        name="instance_dsc",
        title="Dice of instances",
        family="instances",
        function=f"{_PLACE}:instance_dsc",
        summary="mean Dice coefficient of instances, each by itself",
        source="Maier-Hein et al., Nat Methods 2024 (Metrics Reloaded); lesion-wise as in BraTS 2023",
        parameters=(_THRESHOLD, _MATCHING, _OVER, _POOLING),
        why_undefined=_NOTHING_AT_ALL,
    ),
)
