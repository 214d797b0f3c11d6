from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sonobench_eval.ranking.wins import wins_over_resamples

RNG = np.random.default_rng(8)
ONCE = np.ones((1, 60))


class TestWinsOverResamples:
    def test_counts_holms_rejections_of_scipys_one_sided_tests(self) -> None:
        scores = RNG.normal(size=(4, 60)) + np.array([[1.0], [0.6], [0.5], [0.0]])
        pairs = [(i, j) for i in range(4) for j in range(4) if i != j]
        p = [
            stats.wilcoxon(scores[i] - scores[j], alternative="greater", correction=True, method="asymptotic").pvalue
            for i, j in pairs
        ]
        order, rejected = np.argsort(p), []
        for step, pair in enumerate(order):
            if p[pair] > 0.05 / (len(p) - step):
                break
            rejected.append(pairs[pair][0])
        assert rejected
        assert wins_over_resamples(scores, ONCE)[0].tolist() == [rejected.count(team) for team in range(4)]

    def test_equal_teams_beat_nobody(self) -> None:
        assert wins_over_resamples(np.tile(RNG.random(60), (3, 1)), ONCE).tolist() == [[0, 0, 0]]

    @pytest.mark.parametrize("teams", [0, 1])
    def test_nobody_or_one_alone_beats_nobody(self, teams: int) -> None:
        assert wins_over_resamples(np.ones((teams, 60)), ONCE).shape == (1, teams)
        assert not wins_over_resamples(np.ones((teams, 60)), ONCE).any()

    def test_every_resample_is_tested_on_its_own(self) -> None:
        scores = np.stack([np.r_[np.ones(30), np.zeros(30)], np.full(60, 0.5)]) + RNG.normal(0, 0.01, (2, 60))
        counts = np.stack([np.r_[np.full(30, 2.0), np.zeros(30)], np.r_[np.zeros(30), np.full(30, 2.0)]])
        assert wins_over_resamples(scores, counts).tolist() == [[1, 0], [0, 1]]
