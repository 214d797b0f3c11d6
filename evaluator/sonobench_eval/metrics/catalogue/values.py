"""Metrics of values: regression tasks. Errors are in the task's own unit."""

from __future__ import annotations

import math

from sonobench_eval.metrics.spec import MetricSpec, Parameter

_ERRORS = "sonobench_eval.metrics.regression"
_ASSOCIATION = "sonobench_eval.metrics.regression_association"
_REFERENCE = "sonobench_eval.metrics.reference_values"
_NO_CASE = "there is no case here"
_ALL_EQUAL = "all references here are equal"


def _error(name: str, title: str, summary: str, source: str, *, why: str = _NO_CASE) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        family="values",
        function=f"{_ERRORS}:{name}",
        reference=f"{_REFERENCE}:{name}",
        summary=summary,
        source=source,
        high=math.inf,
        higher_is_better=False,
        unit="value",
        why_undefined=why,
    )


def _association(
    name: str, title: str, summary: str, source: str, *parameters: Parameter, place: str = _ASSOCIATION, low: float = -1.0
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        family="values",
        function=f"{place}:{name}",
        reference=f"{_REFERENCE}:{name}",
        summary=summary,
        source=source,
        low=low,
        parameters=parameters,
        why_undefined=_ALL_EQUAL,
    )


METRICS: tuple[MetricSpec, ...] = (
    _error("mae", "Mean absolute error", "mean distance of answer and reference", "as scikit-learn's mean_absolute_error"),
    _error(
        "rmse",
        "Root mean squared error",
        "root of the mean squared distance of answer and reference",
        "as scikit-learn's root_mean_squared_error",
    ),
    _error(
        "medae",
        "Median absolute error",
        "median distance of answer and reference",
        "as scikit-learn's median_absolute_error",
    ),
    _error("bias", "Bias", "distance of the mean difference from 0, without its sign", "Bland and Altman, Lancet 1986"),
    _error(
        "loa_width",
        "Width of the limits of agreement",
        "2 * 1.96 standard deviations of the differences",
        "Bland and Altman, Lancet 1986",
        why="there are fewer than two cases here",
    ),
    _association(
        "r2",
        "Coefficient of determination",
        "1 - squared errors / squared distances of the reference from its mean",
        "as scikit-learn's r2_score",
        place=_ERRORS,
        low=-math.inf,
    ),
    _association("pearson", "Pearson's correlation", "linear correlation of answer and reference", "as SciPy's pearsonr"),
    _association(
        "spearman",
        "Spearman's rank correlation",
        "correlation of mid-ranks of answer and reference",
        "Spearman 1904; as SciPy's spearmanr",
    ),
    _association(
        "ccc",
        "Concordance correlation coefficient",
        "2 cov / (var + var + squared distance of the means)",
        "Lin, Biometrics 1989",
    ),
    _association(
        "icc",
        "Intraclass correlation",
        "single measurements, reference and answer being two raters",
        "Shrout and Fleiss 1979; McGraw and Wong 1996",
        Parameter(
            "form",
            "choice",
            "2,1: absolute agreement, two-way random. 3,1: consistency, two-way mixed",
            default="2,1",
            choices=("2,1", "3,1"),
        ),
    ),
)
