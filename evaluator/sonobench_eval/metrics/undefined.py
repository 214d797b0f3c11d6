"""What a mask counts for where a metric has no value of its own: the challenge's `undefined` policy, read here only.

A class answer that cannot be used has no score to declare: it is wrong and ranks worst (see `classification`).
"""

from __future__ import annotations

from typing import Literal

from sonobench_eval.challenge.model import UndefinedPolicy
from sonobench_eval.metrics.empty import Empty

UnusableMask = Literal["missing", "unreadable", "wrong_size"]


def score_of_unusable_mask(why: UnusableMask, policy: UndefinedPolicy) -> float:
    """The score, in [0, 1], that the challenge declares for a mask that cannot be used."""
    return {"missing": policy.missing, "unreadable": policy.unreadable, "wrong_size": policy.wrong_size}[why]


def score_of_empty(empty: Empty, policy: UndefinedPolicy) -> float:
    """The score, in [0, 1], that the challenge declares where a mask holds no foreground."""
    declared = {
        Empty.BOTH: policy.both_empty,
        Empty.PREDICTION: policy.prediction_empty,
        Empty.REFERENCE: policy.reference_empty,
    }
    return declared[empty]
