"""The ranking on the published results of UUSIC25: Table 1 of arXiv 2512.17279 (ranks, seconds, GB), in its final order."""

from __future__ import annotations

import numpy as np
from scipy.stats import kendalltau

from sonobench_eval.ranking.uusic25 import RankingResult, TeamFigures, Weights, rank_table, shared_ranks

PUBLISHED = [
    # team, segmentation rank, classification rank, time in s, GPU memory in GB
    ("SMART", 1, 5, 36.03, 0.59),
    ("AImageLab-zip", 4, 3, 46.67, 2.76),
    ("Lanzhou", 7, 2, 52.55, 0.74),
    ("FDBMELAB", 3, 8, 33.00, 2.27),
    ("SDFMU", 2, 9, 45.90, 1.53),
    ("Sigma-WHU", 6, 4, 54.77, 5.57),
    ("flamingo", 13, 1, 7.14, 12.41),
    ("junqiangmler", 5, 10, 42.79, 0.39),
    ("cvhci", 9, 7, 55.70, 3.45),
    ("Anidiot", 11, 11, 29.84, 1.63),
    ("ZRS03", 14, 6, 54.40, 1.07),
    ("NCCK_BC", 10, 12, 44.07, 1.31),
    ("Zhijianlife", 12, 13, 37.23, 2.51),
    ("BeautyUS", 8, 14, 46.69, 4.36),
    ("U-Vision", 15, 15, 45.81, 0.00),
]
ORDER = [row[0] for row in PUBLISHED]


def ranked() -> RankingResult:
    return rank_table([TeamFigures(team, seg, cls, time, gb * 1e9) for team, seg, cls, time, gb in PUBLISHED], Weights(0.7, 0.3))


class TestPublishedRanking:
    def test_efficiency_ranks_are_those_the_text_states(self) -> None:
        rows = ranked().rows
        places = shared_ranks(np.array([row.efficiency for row in rows], dtype=float), higher_is_better=True)
        by_team = {row.team: int(place) for row, place in zip(rows, places, strict=True)}
        assert (by_team["SMART"], by_team["AImageLab-zip"]) == (2, 11)

    def test_the_final_order_is_the_published_one_but_for_two_swaps_of_neighbours(self) -> None:
        expected = list(ORDER)
        expected[6], expected[7] = expected[7], expected[6]
        expected[12], expected[13] = expected[13], expected[12]
        assert [row.team for row in ranked().rows] == expected
        assert [row.rank for row in ranked().rows] == list(range(1, 16))

    def test_kendalls_tau_against_the_published_order(self) -> None:
        # Two of 105 pairs are swapped: tau = 1 - 2 * 2 / 105 = 0.9619.
        found = [ORDER.index(row.team) for row in ranked().rows]
        assert kendalltau(range(15), found).statistic >= 0.96

    def test_the_winners_score_by_hand(self) -> None:
        # Performance: 1 - (3 - 1) / 14 = 6/7. Time: (55.70 - 36.03) / (55.70 - 7.14). Memory: (12.41 - 0.59) / 12.41.
        winner = ranked().rows[0]
        assert winner.score is not None
        by_hand = 0.7 * 6 / 7 + 0.3 * (19.67 / 48.56 + 11.82 / 12.41) / 2
        assert abs(winner.score - by_hand) < 1e-12
