"""What counts where a metric has no value of its own: the challenge's `undefined` policy, applied here and nowhere else."""

from __future__ import annotations

from sonobench_eval.challenge.model import Outcome, UndefinedPolicy
from sonobench_eval.io.findings import NOTES, FindingCode
from sonobench_eval.metrics.empty import Empty

_OUTCOME_OF_FINDING: dict[FindingCode, Outcome] = {
    FindingCode.MISSING_RESULT: "missing",
    FindingCode.WRONG_SIZE: "wrong_size",
}


def is_unusable(code: FindingCode | None, policy: UndefinedPolicy) -> bool:
    """True where a result with this finding does not count as written."""
    if code is FindingCode.NOT_NORMALISED:
        return policy.probabilities_not_normalised == "invalid"
    return code is not None and code not in NOTES


def score_of_unusable_mask(code: FindingCode, policy: UndefinedPolicy) -> float:
    """The score, in [0, 1], that the challenge declares for a mask that cannot be used."""
    return _declared(_OUTCOME_OF_FINDING.get(code, "unreadable"), policy)


def score_of_empty(empty: Empty, policy: UndefinedPolicy) -> float:
    """The score, in [0, 1], that the challenge declares where a mask is empty."""
    return _declared(empty.value, policy)


def _declared(outcome: str, policy: UndefinedPolicy) -> float:
    score: float = getattr(policy, outcome)
    return score
