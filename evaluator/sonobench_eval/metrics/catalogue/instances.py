"""Declarations, still to come."""

from __future__ import annotations

from sonobench_eval.metrics.spec import MetricSpec

METRICS: tuple[MetricSpec, ...] = ()
