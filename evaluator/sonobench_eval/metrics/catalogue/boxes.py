"""Metrics of boxes: detection tasks."""

from __future__ import annotations

import math

from sonobench_eval.metrics.spec import MetricSpec, Parameter

_PLACE = "sonobench_eval.metrics.detection"
_REFERENCE = "sonobench_eval.metrics.reference_boxes"
_RELOADED = "Maier-Hein et al., Nat Methods 2024 (Metrics Reloaded)"
_LUNA16 = "Setio et al., Med Image Anal 2017 (LUNA16)"

_CRITERION = Parameter(
    "criterion",
    "choice",
    "what makes a box match: iou; iobb, the intersection over the predicted box; center_distance; center_radius, the distance "
    "as a share of the reference's radius",
    default="iou",
    choices=("iou", "iobb", "center_distance", "center_radius"),
)
_THRESHOLD = Parameter(
    "threshold", "number", "the least overlap that matches, or the largest distance of centers", required=True, low=0, high=10_000
)
_UNIT = Parameter("unit", "choice", "of a distance of centers", choices=("px", "mm"))
_NEAR = (_CRITERION, _THRESHOLD, _UNIT)
_CONFIDENCE = Parameter("confidence", "number", "boxes count that are at least so sure; without it all do")
_MATCHING = Parameter(
    "matching",
    "choice",
    "greedy: the surest box chooses first; optimal: as many pairs as possible",
    default="greedy",
    choices=("greedy", "optimal"),
)
_AVERAGE = Parameter(
    "average",
    "choice",
    "macro: the mean over the classes; micro: all classes pooled",
    default="macro",
    choices=("macro", "micro"),
)
_OF_CLASS = Parameter("of_class", "whole", "the index of one class to ask about, instead of all", low=0, high=1000)
_AT_A_POINT = (*_NEAR, _CONFIDENCE, _MATCHING, _AVERAGE, _OF_CLASS)
_INTERPOLATION = Parameter(
    "interpolation",
    "choice",
    "step: none, as scikit-learn; all_points, as VOC since 2010; coco101; voc11, as VOC 2007",
    default="coco101",
    choices=("step", "all_points", "coco101", "voc11"),
)
_BETWEEN = Parameter(
    "between",
    "choice",
    "how the curve is read between two thresholds: linear, as LUNA16, or step",
    default="linear",
    choices=("linear", "step"),
)
_DUPLICATES = Parameter(
    "duplicates",
    "choice",
    "what a second detection of one reference is; ignored in LUNA16",
    default="false_positive",
    choices=("false_positive", "ignored"),
)
_RATES = Parameter(
    "rates",
    "choice",
    "at how many false positives per image: luna16 (1/8 to 8) or camelyon16 (1/4 to 8)",
    default="luna16",
    choices=("luna16", "camelyon16"),
)
_RATE = Parameter("rate", "number", "false positives per image", required=True, low=0, high=10_000)
_OVER = Parameter(
    "over",
    "choice",
    "what the mean is over: matched pairs; references, missed ones counting 0; or all, false positives too",
    default="references",
    choices=("matched", "references", "all"),
)
_OVERLAP = Parameter("criterion", "choice", "which overlap is meant", default="iou", choices=("iou", "iobb"))
_OVERLAP_THRESHOLD = Parameter("threshold", "number", "the least overlap that is right", required=True, low=0, high=1)
_RANGE = (
    Parameter("lowest", "number", "the lowest IoU threshold", default=0.5, low=0, high=1),
    Parameter("highest", "number", "the highest IoU threshold", default=0.95, low=0, high=1),
    Parameter("step", "number", "from one IoU threshold to the next", default=0.05, low=0.001, high=1),
)
_NOTHING_TO_FIND = "there is nothing to find here"
_NOTHING_AT_ALL = "there is nothing to find here, and nothing was found"

METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(
        name="precision",
        title="Precision of detections",
        family="boxes",
        function=f"{_PLACE}:precision",
        reference=f"{_REFERENCE}:precision",
        summary="the share of predicted boxes that match a reference; a second box of one reference does not",
        source=_RELOADED,
        parameters=_AT_A_POINT,
        why_undefined=_NOTHING_AT_ALL,
    ),
    MetricSpec(
        name="recall",
        title="Sensitivity of detections",
        family="boxes",
        function=f"{_PLACE}:recall",
        reference=f"{_REFERENCE}:recall",
        summary="the share of reference boxes that are found",
        source=_RELOADED,
        parameters=_AT_A_POINT,
        why_undefined=_NOTHING_TO_FIND,
    ),
    MetricSpec(
        name="f1",
        title="F1 of detections",
        family="boxes",
        function=f"{_PLACE}:f1",
        reference=f"{_REFERENCE}:f1",
        summary="the harmonic mean of precision and sensitivity",
        source=_RELOADED,
        parameters=_AT_A_POINT,
        why_undefined=_NOTHING_AT_ALL,
    ),
    MetricSpec(
        name="fppi",
        title="False positives per image",
        family="boxes",
        function=f"{_PLACE}:fppi",
        summary="boxes that match no reference, by image, those with nothing to find included",
        source=_RELOADED,
        high=math.inf,
        higher_is_better=False,
        parameters=(*_NEAR, _CONFIDENCE, _MATCHING, _OF_CLASS),
        why_undefined="there are no images here",
    ),
    MetricSpec(
        name="mean_iou",
        title="Mean IoU of detections",
        family="boxes",
        function=f"{_PLACE}:mean_iou",
        summary="intersection over union of the boxes with the references they match",
        source=_RELOADED,
        parameters=(*_NEAR, _CONFIDENCE, _OVER, _MATCHING, _AVERAGE, _OF_CLASS),
        why_undefined=_NOTHING_TO_FIND,
    ),
    MetricSpec(
        name="localization_acc",
        title="Localization accuracy",
        family="boxes",
        function=f"{_PLACE}:localization_acc",
        summary="how often the surest box of a class overlaps a reference of that class",
        source="Wang et al., CVPR 2017 (ChestX-ray8)",
        parameters=(_OVERLAP, _OVERLAP_THRESHOLD, _AVERAGE, _OF_CLASS),
        why_undefined=_NOTHING_TO_FIND,
    ),
    MetricSpec(
        name="ap",
        title="Average precision",
        family="boxes",
        function="sonobench_eval.metrics.average_precision:ap",
        reference=f"{_REFERENCE}:ap",
        summary="precision over all sensitivities, at one threshold of matching; the mean over the classes",
        source="Everingham et al., IJCV 2010 (VOC); Lin et al., ECCV 2014 (COCO); Padilla et al., Electronics 2021",
        parameters=(*_NEAR, _INTERPOLATION, _AVERAGE, _OF_CLASS),
        why_undefined=_NOTHING_TO_FIND,
    ),
    MetricSpec(
        name="map",
        title="Mean average precision over IoU thresholds",
        family="boxes",
        function="sonobench_eval.metrics.average_precision:mean_ap",
        summary="average precision, the mean over classes and over IoU thresholds from 0.5 to 0.95",
        source="Lin et al., ECCV 2014 (COCO)",
        parameters=(*_RANGE, _INTERPOLATION, _OF_CLASS),
        why_undefined=_NOTHING_TO_FIND,
    ),
    MetricSpec(
        name="froc",
        title="FROC score",
        family="boxes",
        function="sonobench_eval.metrics.froc:froc",
        summary="mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives per image",
        source=_LUNA16,
        parameters=(*_NEAR, _RATES, _BETWEEN, _DUPLICATES, _AVERAGE, _OF_CLASS),
        why_undefined=_NOTHING_TO_FIND,
    ),
    MetricSpec(
        name="sensitivity_at_fppi",
        title="Sensitivity at a rate of false positives",
        family="boxes",
        function="sonobench_eval.metrics.froc:sensitivity_at_fppi",
        summary="the share of references found where so many false positives per image are allowed",
        source=_LUNA16,
        parameters=(_RATE, *_NEAR, _BETWEEN, _DUPLICATES, _AVERAGE, _OF_CLASS),
        why_undefined=_NOTHING_TO_FIND,
    ),
)
