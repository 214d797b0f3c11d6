"""Metrics of classes: binary and multiclass tasks."""

from __future__ import annotations

from sonobench_eval.metrics.spec import MetricSpec, Parameter

_DECISIONS = "sonobench_eval.metrics.class_decisions"
_RANKS = "sonobench_eval.metrics.class_ranks"
_CALIBRATION = "sonobench_eval.metrics.calibration"
_ABSTENTION = "sonobench_eval.metrics.class_abstention"
_REFERENCE = "sonobench_eval.metrics.reference_classes"
_SHARE = ("percentile", "bca", "wilson", "exact")

_AVERAGE = Parameter(
    "average",
    "choice",
    "how more than two classes become one value: macro (they weigh the same), weighted (by their cases) or micro (pooled)",
    default="macro",
    choices=("macro", "weighted", "micro"),
)
_OF_CLASS = Parameter("of_class", "whole", "the index of one class to ask about, instead of all", low=0, high=1000)
_ABSENT = Parameter(
    "absent",
    "choice",
    "left_out: the mean is over the classes that can be judged; without it there is no value where one cannot",
    choices=("left_out",),
)
_THRESHOLD = Parameter(
    "threshold", "number", "a class is called at this probability or more, instead of by the team's own decision", low=0, high=1
)
_WEIGHTS = Parameter(
    "weights",
    "choice",
    "what a mistake costs: 1, the number of classes between (linear), or its square (quadratic)",
    default="none",
    choices=("none", "linear", "quadratic"),
)
_NO_CASE = "there is no case here"
_ONE_SIDED = "a class has no positive or no negative case here"


def _ranking(
    name: str, title: str, summary: str, source: str, *extra: Parameter, why: str = _ONE_SIDED, intervals: tuple[str, ...] = ()
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        family="classes",
        function=f"{_RANKS}:{name}",
        reference=f"{_REFERENCE}:{name}",
        summary=summary,
        source=source,
        parameters=(*extra, _AVERAGE, _OF_CLASS, _ABSENT),
        why_undefined=why,
        intervals=("percentile", "bca", *intervals),
    )


def _of_decisions(
    name: str,
    title: str,
    summary: str,
    source: str,
    *parameters: Parameter,
    why: str,
    low: float = 0.0,
    share: bool = False,
    reference: bool = True,
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        family="classes",
        function=f"{_DECISIONS}:{name}",
        reference=f"{_REFERENCE}:{name}" if reference else None,
        summary=summary,
        source=source,
        low=low,
        parameters=parameters,
        why_undefined=why,
        intervals=_SHARE if share else ("percentile", "bca"),
    )


def _of_trust(
    name: str,
    title: str,
    summary: str,
    source: str,
    *parameters: Parameter,
    place: str,
    high: float = 1.0,
    higher: bool = False,
    reference: bool = True,
    intervals: tuple[str, ...] = ("percentile", "bca"),
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        family="classes",
        function=f"{place}:{name}",
        reference=f"{_REFERENCE}:{name}" if reference else None,
        summary=summary,
        source=source,
        high=high,
        higher_is_better=higher,
        parameters=parameters,
        why_undefined=_NO_CASE,
        intervals=intervals,
    )


METRICS: tuple[MetricSpec, ...] = (
    _ranking(
        "auc",
        "Area under the ROC curve",
        "share of pairs of a positive and a negative case in the right order, ties counting half",
        "Mann and Whitney 1947; Hand and Till, Machine Learning 2001 (one-vs-one)",
        Parameter("multiclass", "choice", "each class against the rest, or each pair", default="ovr", choices=("ovr", "ovo")),
        intervals=("delong",),
    ),
    _ranking(
        "auprc",
        "Average precision",
        "precision at each threshold, weighted by the recall gained there, without interpolation",
        "as scikit-learn's average_precision_score",
        why="a class has no positive case here",
    ),
    _ranking(
        "pauc",
        "Partial area under the ROC curve",
        "area up to a false-positive rate, standardised: chance 0.5, best 1",
        "McClish, Med Decis Making 1989",
        Parameter("max_fpr", "number", "the largest false-positive rate", required=True, low=0.001, high=1),
    ),
    _ranking(
        "sensitivity_at",
        "Sensitivity at a specificity",
        "the highest sensitivity of thresholds that are at least so specific, not interpolated",
        "thresholds are those that the cases have; ties are called together",
        Parameter("specificity", "number", "the least specificity", required=True, low=0, high=1),
    ),
    _ranking(
        "specificity_at",
        "Specificity at a sensitivity",
        "the highest specificity of thresholds that are at least so sensitive, not interpolated",
        "thresholds are those that the cases have; ties are called together",
        Parameter("sensitivity", "number", "the least sensitivity", required=True, low=0, high=1),
    ),
    _of_decisions(
        "acc",
        "Accuracy",
        "share of cases decided right; an abstention is wrong",
        "as scikit-learn's accuracy_score",
        why=_NO_CASE,
        share=True,
    ),
    _of_decisions(
        "balanced_acc",
        "Balanced accuracy",
        "mean sensitivity over the classes that occur",
        "Brodersen et al., ICPR 2010",
        why=_NO_CASE,
    ),
    _of_decisions(
        "f1",
        "F1 score",
        "2TP / (2TP + FP + FN)",
        "as scikit-learn's f1_score",
        _AVERAGE,
        _OF_CLASS,
        _THRESHOLD,
        why="no case is positive here, by reference or by answer",
    ),
    _of_decisions(
        "sensitivity",
        "Sensitivity",
        "TP / (TP + FN)",
        "as scikit-learn's recall_score",
        _AVERAGE,
        _OF_CLASS,
        _THRESHOLD,
        why="no case is positive here",
    ),
    _of_decisions(
        "specificity",
        "Specificity",
        "TN / (TN + FP)",
        "Yerushalmy, Public Health Rep 1947",
        _AVERAGE,
        _OF_CLASS,
        _THRESHOLD,
        why="no case is negative here",
    ),
    _of_decisions(
        "ppv",
        "Positive predictive value",
        "TP / (TP + FP); 0 where none is called although there are positives",
        "as scikit-learn's precision_score",
        _AVERAGE,
        _OF_CLASS,
        _THRESHOLD,
        why="no case is positive here, by reference or by answer",
    ),
    _of_decisions(
        "npv",
        "Negative predictive value",
        "TN / (TN + FN); 0 where all are called although there are negatives",
        "Vecchio, N Engl J Med 1966",
        _AVERAGE,
        _OF_CLASS,
        _THRESHOLD,
        why="no case is negative here, by reference or by answer",
    ),
    _of_decisions(
        "mcc",
        "Matthews correlation coefficient",
        "correlation of decisions and reference; 0 where all decisions are for one class",
        "Matthews 1975; Gorodkin 2004",
        low=-1.0,
        why="all cases here are of one class",
    ),
    _of_decisions(
        "kappa",
        "Cohen's kappa",
        "agreement of decisions and reference beyond chance",
        "Cohen 1960 and 1968",
        _WEIGHTS,
        low=-1.0,
        why="all cases here are of one class",
    ),
    _of_decisions(
        "top_k",
        "Top-k accuracy",
        "share of cases whose class is among the k likeliest; ties count against the answer",
        "Russakovsky et al., IJCV 2015",
        Parameter("k", "whole", "how many classes are looked at", default=5, low=1, high=1000),
        reference=False,
        why=_NO_CASE,
        share=True,
    ),
    _of_trust(
        "brier",
        "Brier score",
        "mean squared distance of probabilities from the truth, halved for more than two classes",
        "Brier, Mon Weather Rev 1950",
        place=_CALIBRATION,
    ),
    _of_trust(
        "ece",
        "Expected calibration error",
        "mean distance of confidence and accuracy over bins (low, high] of the highest probability",
        "Guo et al., ICML 2017, eq. 3",
        Parameter("bins", "whole", "how many bins of equal width", default=15, low=1, high=1000),
        reference=False,
        place=_CALIBRATION,
    ),
    _of_trust(
        "log_loss",
        "Log loss",
        "mean negative logarithm of the true class's probability",
        "as scikit-learn's log_loss",
        Parameter(
            "clip",
            "number",
            "the lowest probability that is believed",
            default=2.220446049250313e-16,
            low=2.220446049250313e-16,
            high=0.1,
        ),
        place=_CALIBRATION,
        high=36.1,
    ),
    _of_trust(
        "aurc",
        "Area under the risk-coverage curve",
        "mean share of mistakes among the most confident cases, over all coverages",
        "Geifman and El-Yaniv, ICLR 2019",
        reference=False,
        place=_ABSTENTION,
    ),
    _of_trust(
        "acc_at_coverage",
        "Accuracy at a coverage",
        "accuracy among the most confident cases that make up a share of all",
        "Geifman and El-Yaniv, NeurIPS 2017",
        Parameter("coverage", "number", "the share of cases to accept", required=True, low=0.001, high=1),
        reference=False,
        place=_ABSTENTION,
        higher=True,
    ),
    _of_trust(
        "selective_acc",
        "Selective accuracy",
        "accuracy among the cases where the team does not abstain; 0 where it always does",
        "Geifman and El-Yaniv, NeurIPS 2017",
        reference=False,
        place=_ABSTENTION,
        higher=True,
    ),
    _of_trust(
        "coverage",
        "Coverage",
        "share of cases with a decision, neither abstained nor unusable",
        "Geifman and El-Yaniv, NeurIPS 2017",
        reference=False,
        place=_ABSTENTION,
        higher=True,
        intervals=_SHARE,
    ),
    _of_trust(
        "abstention",
        "Abstention rate",
        "share of cases where the team abstains, for cases that no answer fits (out of distribution)",
        "as the share it is",
        reference=False,
        place=_ABSTENTION,
        higher=True,
        intervals=_SHARE,
    ),
)
