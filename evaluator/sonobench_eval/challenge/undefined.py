"""What counts where a metric has no value of its own: the challenge's word, a task's, a metric's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sonobench_eval.challenge.record import Record

Share = Annotated[float, Field(ge=0, le=1)]

Reason = Literal["both_empty", "prediction_empty", "reference_empty", "missing", "unreadable", "wrong_size", "wrong_geometry"]
"""Why a case's metric has no value of its own."""


class UndefinedPolicy(Record):
    """What counts where a metric has no value of its own, for all metrics at once.

    Each number lies between 0, the worst value that the metric can have on this image, and 1, its best. For a metric in
    [0, 1] that is better when higher it is the score itself. The worst of a distance is the image's diagonal.

    Only masks are asked: a case of another kind without a usable answer is wrong and ranks worst, or errs by as much as its
    range allows, so leaving a hard case out never pays.
    """

    both_empty: Share = 1.0
    prediction_empty: Share = 0.0
    reference_empty: Share = 0.0
    missing: Share = 0.0
    unreadable: Share = 0.0
    wrong_size: Share = 0.0
    wrong_geometry: Share = 0.0
    probabilities_not_normalised: Literal["accept", "invalid"] = "accept"

    def share(self, reason: Reason) -> float:
        """What counts, from 0 (the metric's worst) to 1 (its best)."""
        return float(getattr(self, reason))


class MetricUndefined(Record):
    """What counts for one metric, in its own unit: `{prediction_empty: 50}` for a distance in mm. The rest is the task's word."""

    both_empty: float | None = None
    prediction_empty: float | None = None
    reference_empty: float | None = None
    missing: float | None = None
    unreadable: float | None = None
    wrong_size: float | None = None
    wrong_geometry: float | None = None

    def value(self, reason: Reason) -> float | None:
        """What counts, in the metric's unit; None where the metric says nothing of its own."""
        declared: float | None = getattr(self, reason)
        return declared
