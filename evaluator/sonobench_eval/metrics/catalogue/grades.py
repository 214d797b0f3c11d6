"""Metrics of grades: ordinal tasks."""

from __future__ import annotations

import math

from sonobench_eval.metrics.spec import MetricSpec, Parameter, ParameterValue

_PLACE = "sonobench_eval.metrics.ordinal"
_REFERENCE = "sonobench_eval.metrics.reference_grades"
_NO_CASE = "there is no case here"
_ONE_GRADE = "all cases here have one grade"
_SHARE = ("percentile", "bca", "wilson", "exact")


def _grade_metric(
    name: str,
    title: str,
    summary: str,
    source: str,
    *parameters: Parameter,
    function: str | None = None,
    low: float = 0.0,
    high: float = 1.0,
    higher: bool = True,
    fixed: dict[str, ParameterValue] | None = None,
    why: str = _NO_CASE,
    intervals: tuple[str, ...] = ("percentile", "bca"),
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        family="grades",
        function=f"{_PLACE}:{function or name}",
        reference=f"{_REFERENCE}:{function or name}",
        summary=summary,
        source=source,
        low=low,
        high=high,
        higher_is_better=higher,
        parameters=parameters,
        fixed=fixed or {},
        why_undefined=why,
        intervals=intervals,
    )


METRICS: tuple[MetricSpec, ...] = (
    _grade_metric(
        "qwk",
        "Quadratic-weighted kappa",
        "agreement beyond chance, a mistake costing the square of the grades it is off",
        "Cohen, Psychol Bull 1968",
        function="kappa",
        fixed={"weights": "quadratic"},
        low=-1.0,
        why=_ONE_GRADE,
    ),
    _grade_metric(
        "lwk",
        "Linear-weighted kappa",
        "agreement beyond chance, a mistake costing the grades it is off",
        "Cohen, Psychol Bull 1968",
        function="kappa",
        fixed={"weights": "linear"},
        low=-1.0,
        why=_ONE_GRADE,
    ),
    _grade_metric(
        "kappa",
        "Cohen's kappa",
        "agreement beyond chance, all mistakes alike",
        "Cohen, Educ Psychol Meas 1960",
        fixed={"weights": "none"},
        low=-1.0,
        why=_ONE_GRADE,
    ),
    _grade_metric("acc", "Accuracy", "share of cases with the right grade", "as scikit-learn's accuracy_score", intervals=_SHARE),
    _grade_metric(
        "within_one",
        "Within one grade",
        "share of cases whose grade is off by one at most",
        "as the share it is",
        intervals=_SHARE,
    ),
    _grade_metric(
        "mae",
        "Mean absolute error",
        "mean distance of score and reference",
        "as scikit-learn's mean_absolute_error",
        high=math.inf,
        higher=False,
    ),
    _grade_metric(
        "rmse",
        "Root mean squared error",
        "root of the mean squared distance of score and reference",
        "as scikit-learn's root_mean_squared_error",
        high=math.inf,
        higher=False,
    ),
    _grade_metric(
        "spearman",
        "Spearman's rank correlation",
        "correlation of mid-ranks of score and reference",
        "Spearman 1904; as SciPy's spearmanr",
        low=-1.0,
        why=_ONE_GRADE,
    ),
    _grade_metric(
        "kendall_tau",
        "Kendall's tau-b",
        "pairs of cases in the right order minus those in the wrong one, over those not tied",
        "Kendall, Biometrika 1945",
        low=-1.0,
        why=_ONE_GRADE,
    ),
)
