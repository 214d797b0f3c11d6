"""Metrics of classes (provisional: to be replaced whole)."""

from __future__ import annotations

from sonobench_eval.metrics.spec import MetricSpec

METRICS: tuple[MetricSpec, ...] = tuple(
    MetricSpec(name=name, title=name, family="classes", function=f"sonobench_eval.metrics.classification:{name}", summary=name, source="", reference=f"sonobench_eval.metrics.reference:{name}")
    for name in ("auc", "acc", "f1", "auprc")
)
