"""The ranking on the published results of UUSIC25: Table 1 of arXiv 2512.17279 (ranks, seconds, GB), in its final order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from sonobench_eval.challenge.ranking_rules import Ranking
from sonobench_eval.ranking.order import shared_ranks
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.records import Figures, RankingResult, TeamFigures, Weights
from sonobench_eval.ranking.sensitivity import weight_sensitivity
from sonobench_eval.ranking.table_schemes import scheme_of_table
from sonobench_eval.ranking.uusic25 import rank_table

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


class TestOthersInTheTable:
    """What follows from the way UUSIC25 ranks: most of the 15 entries decide about the order of others."""

    def test_without_flamingo_four_pairs_of_other_teams_change_places(self) -> None:
        # flamingo has the least time (7.14 s) and the most memory (12.41 GB). Part ranks are closed up behind it.
        left = [row for row in PUBLISHED if row[0] != "flamingo"]
        found = [row.team for row in rank_table(closed_up(left), Weights(0.7, 0.3)).rows]
        before = [row.team for row in ranked().rows if row.team != "flamingo"]
        moved = [(one, other) for one, other in zip(before, found, strict=True) if one != other]
        assert moved[::2] == [
            ("Lanzhou", "FDBMELAB"),
            ("Sigma-WHU", "junqiangmler"),
            ("cvhci", "Anidiot"),
            ("BeautyUS", "Zhijianlife"),
        ]

    def test_leaving_out_one_team_reorders_others_for_eleven_of_fifteen(self) -> None:
        reordering = []
        for name in ORDER:
            left = [row for row in PUBLISHED if row[0] != name]
            found = [row.team for row in rank_table(closed_up(left), Weights(0.7, 0.3)).rows]
            if found != [row.team for row in ranked().rows if row.team != name]:
                reordering.append(name)
        assert len(reordering) == 11

    def test_by_sonobench_70_30_leaving_out_anybody_reorders_nobody(self) -> None:
        figures = published_means()
        scheme = scheme_of_table(figures, Ranking(scheme="sonobench-70-30"))
        whole = [row.team for row in rescore(figures, scheme).rows]
        for name in ORDER:
            left = figures.at([number for number, team in enumerate(figures.teams) if team != name])
            assert [row.team for row in rescore(left, scheme).rows] == [team for team in whole if team != name]

    def test_by_sonobench_70_30_a_segmentation_of_0_21_and_areas_below_a_half_pass_no_gate(self) -> None:
        rows = rescore(published_means(), scheme_of_table(published_means(), Ranking(scheme="sonobench-70-30"))).rows
        # (0.208 + (0 + 0) / 2) / 2 = 0.104 is below 0.25; the others' least is Zhijianlife's.
        last = rows[-1]
        assert (last.team, last.performance, last.efficiency) == ("U-Vision", 0.104, 0)
        assert rows[0].team == "SMART"
        assert min(row.efficiency for row in rows[:-1] if row.efficiency is not None) > 0.5

    def test_by_sonobench_70_30_the_winners_score_by_hand(self) -> None:
        # DSC 0.854; AUC (0.766 - 0.5) / 0.5 = 0.532 and (0.540 - 0.5) / 0.5 = 0.08: performance (0.854 + 0.306) / 2 = 0.58.
        # Time 36.03 s of an hour, from a thousandth of it: ln(3600 / 36.03) / ln(1000). Memory is below 2 GiB.
        winner = rescore(published_means(), scheme_of_table(published_means(), Ranking(scheme="sonobench-70-30"))).rows[0]
        efficiency = (np.log(3600 / 36.03) / np.log(1000) + 1) / 2
        assert winner.performance == pytest.approx(0.58)
        assert winner.score == pytest.approx(0.7 * 0.58 + 0.3 * efficiency)

    def test_the_winner_is_first_at_almost_any_weight_and_the_order_is_not(self) -> None:
        rows = ranked().rows
        performance = np.array([row.performance for row in rows], dtype=float)
        efficiency = np.array([row.efficiency for row in rows], dtype=float)
        found = weight_sensitivity([row.team for row in rows], performance, efficiency, declared=0.7)
        # Two lines meet where w = E / (E + P), of what one leads by in efficiency and the other in performance.
        # SMART over Anidiot: 0.02183 / (0.02183 + 0.57143). Lanzhou over FDBMELAB: 0.13965 / (0.13965 + 0.07143).
        # ZRS03 over Anidiot: 0.23032 / (0.23032 + 0.07143).
        assert found.same_winner == (pytest.approx(0.0368, abs=1e-4), 1)
        assert found.same_order == (pytest.approx(0.6616, abs=1e-4), pytest.approx(0.7633, abs=1e-4))


def closed_up(rows: list[tuple[str, int, int, float, float]]) -> list[TeamFigures]:
    """Part ranks as they are without those who left."""
    seg, cls = sorted(row[1] for row in rows), sorted(row[2] for row in rows)
    return [TeamFigures(row[0], seg.index(row[1]) + 1, cls.index(row[2]) + 1, row[3], row[4] * 1e9) for row in rows]


def published_means() -> Figures:
    """DSC, AUC of the binary tasks and of the subtype, as published; time and memory."""
    dsc = [0.854, 0.833, 0.825, 0.843, 0.850, 0.828, 0.738, 0.828, 0.800, 0.784, 0.719, 0.796, 0.747, 0.819, 0.208]
    binary = [0.766, 0.752, 0.776, 0.707, 0.628, 0.768, 0.798, 0.613, 0.714, 0.606, 0.745, 0.634, 0.533, 0.578, 0.487]
    subtype = [0.540, 0.524, 0.543, 0.547, 0.576, 0.525, 0.538, 0.502, 0.525, 0.505, 0.549, 0.560, 0.522, 0.498, 0.484]
    return Figures.of(
        ORDER,
        {
            "mean_dsc": dsc,
            "mean_auc_binary": binary,
            "mean_auc_subtype": subtype,
            "time_s": [row[3] for row in PUBLISHED],
            "gpu_memory_bytes": [row[4] * 1e9 for row in PUBLISHED],
        },
    )
