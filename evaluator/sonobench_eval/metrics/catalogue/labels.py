"""Metrics of labels: multilabel tasks."""

from __future__ import annotations

from sonobench_eval.metrics.spec import MetricSpec, Parameter

_PLACE = "sonobench_eval.metrics.multilabel"
_REFERENCE = "sonobench_eval.metrics.reference_labels"

_WAYS = ("macro", "weighted", "micro")
_UNCERTAIN = Parameter(
    "uncertain",
    "choice",
    "what a label counts for that the reference is uncertain about",
    default="ignore",
    choices=("ignore", "positive", "negative"),
)
_OF_LABEL = Parameter("of_label", "whole", "the index of one label to ask about, instead of all", low=0, high=1000)
_ABSENT = Parameter(
    "absent",
    "choice",
    "left_out: the mean is over the labels that can be judged; without it there is no value where one cannot",
    choices=("left_out",),
)
_UNKNOWN = "no label is known here"


def _average(*choices: str, default: str = "macro") -> Parameter:
    return Parameter(
        "average",
        "choice",
        "how labels become one value: macro (they weigh the same), weighted (by their cases), micro (pooled), samples (by case)",
        default=default,
        choices=choices,
    )


def _label_metric(
    name: str,
    title: str,
    summary: str,
    source: str,
    *parameters: Parameter,
    why: str,
    intervals: tuple[str, ...] = ("percentile", "bca"),
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        family="labels",
        function=f"{_PLACE}:{name}",
        reference=f"{_REFERENCE}:{name}",
        summary=summary,
        source=source,
        parameters=parameters,
        why_undefined=why,
        intervals=intervals,
    )


METRICS: tuple[MetricSpec, ...] = (
    _label_metric(
        "auc",
        "Area under the ROC curve",
        "share of pairs of a case with the label and one without in the right order, ties counting half",
        "Mann and Whitney 1947; Irvin et al., AAAI 2019 (uncertain labels)",
        _average(*_WAYS),
        _UNCERTAIN,
        _OF_LABEL,
        _ABSENT,
        why="a label has no positive or no negative case here",
    ),
    _label_metric(
        "auprc",
        "Average precision",
        "precision at each threshold, weighted by the recall gained there, without interpolation",
        "as scikit-learn's average_precision_score",
        _average(*_WAYS),
        _UNCERTAIN,
        _OF_LABEL,
        _ABSENT,
        why="a label has no positive case here",
    ),
    _label_metric(
        "label_acc",
        "Label accuracy",
        "share of labels decided right, one minus the Hamming loss",
        "as scikit-learn's hamming_loss",
        _average("micro", "macro", default="micro"),
        _UNCERTAIN,
        why=_UNKNOWN,
    ),
    _label_metric(
        "subset_acc",
        "Subset accuracy",
        "share of cases with every label decided right (exact match)",
        "as scikit-learn's accuracy_score of indicators",
        _UNCERTAIN,
        why=_UNKNOWN,
        intervals=("percentile", "bca", "wilson", "exact"),
    ),
    _label_metric(
        "f1",
        "F1 score",
        "2TP / (2TP + FP + FN)",
        "as scikit-learn's f1_score",
        _average(*_WAYS, "samples"),
        _UNCERTAIN,
        _OF_LABEL,
        why="no label is there, by reference or by answer",
    ),
    _label_metric(
        "sensitivity",
        "Sensitivity",
        "TP / (TP + FN)",
        "as scikit-learn's recall_score",
        _average(*_WAYS),
        _UNCERTAIN,
        _OF_LABEL,
        why="no label is there",
    ),
    _label_metric(
        "specificity",
        "Specificity",
        "TN / (TN + FP)",
        "Yerushalmy, Public Health Rep 1947",
        _average(*_WAYS),
        _UNCERTAIN,
        _OF_LABEL,
        why="every label is there in every case",
    ),
    _label_metric(
        "ppv",
        "Positive predictive value",
        "TP / (TP + FP); 0 where a label is there and never found",
        "as scikit-learn's precision_score",
        _average(*_WAYS),
        _UNCERTAIN,
        _OF_LABEL,
        why="no label is there, by reference or by answer",
    ),
)
