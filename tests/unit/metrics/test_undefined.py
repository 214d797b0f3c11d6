from __future__ import annotations

from sonobench_eval.challenge.model import UndefinedPolicy
from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.undefined import score_of_empty, score_of_unusable_mask


class TestPolicy:
    def test_every_outcome_has_the_score_that_was_declared_for_it(self) -> None:
        policy = UndefinedPolicy(
            both_empty=0.1, prediction_empty=0.2, reference_empty=0.3, missing=0.4, unreadable=0.5, wrong_size=0.6
        )
        assert [score_of_empty(empty, policy) for empty in (Empty.BOTH, Empty.PREDICTION, Empty.REFERENCE)] == [0.1, 0.2, 0.3]
        assert [score_of_unusable_mask(why, policy) for why in ("missing", "unreadable", "wrong_size")] == [0.4, 0.5, 0.6]
