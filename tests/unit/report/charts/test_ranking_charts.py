"""Charts of rankings and boards, on cases worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from chart_world import score

from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.ranking.sensitivity import weight_sensitivity
from sonobench_eval.ranking.stability_report import (
    RankDistribution,
    SignificanceMap,
    StabilityReport,
    TauSummary,
    TeamRanks,
    TradeOff,
)
from sonobench_eval.report.charts.blob import blob_plot
from sonobench_eval.report.charts.efficiency import efficiency_pane
from sonobench_eval.report.charts.radar import radar
from sonobench_eval.report.charts.rank_heatmap import rank_heatmap
from sonobench_eval.report.charts.significance import significance_map
from sonobench_eval.report.charts.tau import tau_distribution
from sonobench_eval.report.charts.weights import weight_lines


def row(team: str, *, performance: float | None = 0.5, time_s: float | None = None, **fields: object) -> Row:
    shown = {"rank": 1, "team": team, "score": 0.5, "performance": performance, "efficiency": 0.5, "time_s": time_s, **fields}
    return Row.model_validate(shown)


def board(*rows: Row) -> Leaderboard:
    return Leaderboard(
        challenge="demo",
        title="Demo",
        challenge_hash="sha256:c",
        dataset_hash="sha256:d",
        generated_at=datetime(2026, 1, 2, tzinfo=UTC),
        scheme="uusic25",
        performance_weight=0.7,
        efficiency_weight=0.3,
        resamples=0,
        confidence=0.95,
        cases=4,
        centers=1,
        external_centers=0,
        rows=rows,
    )


def ranks(team: str, rank: int, shares: tuple[float, ...], *, low: int, high: int) -> TeamRanks:
    mean = sum(share * place for place, share in enumerate(shares, start=1))
    return TeamRanks(
        team=team, rank=rank, low=low, high=high, mean=mean, median=float(rank), shares=shares, p_first=shares[0], p_top3=1.0
    )


def distribution(*teams: TeamRanks, taus: tuple[float, ...] = (), scope: str = "score") -> RankDistribution:
    middle = float(np.median(taus)) if taus else None
    ends = (taus[0], taus[-1]) if taus else (None, None)
    tau = TauSummary(values=taus, mean=middle, median=middle, low=ends[0], high=ends[1])
    return RankDistribution(scope=scope, teams=teams, tau=tau, used=200, resamples=200)


THREE = distribution(
    ranks("A", 1, (0.8, 0.2, 0.0), low=1, high=2),
    ranks("B", 2, (0.2, 0.797, 0.003), low=1, high=2),
    ranks("C", 3, (0, 0.003, 0.997), low=3, high=3),
)


class TestBlobPlot:
    def test_has_a_blob_for_each_rank_that_was_taken(self) -> None:
        chart = blob_plot(THREE)

        assert list(zip(chart.table["team"], chart.table["rank"], chart.table["share"], strict=True)) == [
            ("A", 1, 0.8),
            ("A", 2, 0.2),
            ("B", 1, 0.2),
            ("B", 2, 0.797),
            ("B", 3, 0.003),
            ("C", 2, 0.003),
            ("C", 3, 0.997),
        ]

    def test_tells_who_is_first_and_who_keeps_a_rank(self) -> None:
        told = "A is first in 80 % of 200 resamples; C keeps a single rank. Diamond: median; line: rank range."

        assert blob_plot(THREE).takeaway == told


class TestRankHeatmap:
    def test_rare_ranks_are_not_none_and_nearly_all_is_not_all(self) -> None:
        assert rank_heatmap(THREE).table["percent"].tolist() == ["80", "20", "20", "80", "<1", "<1", ">99"]

    def test_tells_the_surest_and_the_least_sure_rank(self) -> None:
        told = "Surest is rank 3 of C, in 100 % of 200 resamples; least sure is A, from rank 1 to 2."

        assert rank_heatmap(THREE).takeaway == told


class TestSignificanceMap:
    MAP = SignificanceMap(
        scope="T.dsc",
        test="Wilcoxon",
        correction="Holm",
        level=0.05,
        units=30,
        p=((1, 0.0004, 0.049), (1, 1, 0.0501), (0.996, 0.9, 1)),
        better=((False, True, True), (False, False, False), (False, False, False)),
    )

    def test_rows_are_better_than_columns(self) -> None:
        table = significance_map(self.MAP, ["A", "B", "C"]).table

        assert [(a, b) for a, b, yes in zip(table["team"], table["other"], table["better"], strict=True) if yes] == [
            ("A", "B"),
            ("A", "C"),
        ]

    def test_p_is_written_so_that_both_sides_of_the_level_differ(self) -> None:
        assert significance_map(self.MAP, ["A", "B", "C"]).table["shown"].tolist() == ["<.001", ".049", "1", ".050", "1", ".90"]

    def test_tells_how_many_pairs_differ(self) -> None:
        told = "2 of 3 pairs of teams differ beyond chance; A is better than 2 of 2 others (Wilcoxon; Holm; n = 30)."

        assert significance_map(self.MAP, ["A", "B", "C"]).takeaway == told


class TestTauDistribution:
    def test_shares_of_the_bins_sum_to_one_and_every_value_is_in_its_bin(self) -> None:
        chart = tau_distribution([distribution(*THREE.teams, taus=(-1 / 3, 1 / 3, 1.0, 1.0))])

        assert chart is not None
        assert chart.table["share"].sum() == pytest.approx(1)
        held = [
            float(chart.table[(chart.table["from"] <= value) & (value <= chart.table["to"])]["share"].sum())
            for value in (-1 / 3, 1 / 3, 1)
        ]
        assert held == [0.25, 0.25, 0.5]

    @pytest.mark.parametrize("teams", [2, 3, 15])
    def test_bins_keep_to_the_values_that_tau_can_have(self, teams: int) -> None:
        many = tuple(ranks(f"team {number}", 1, (1.0,), low=1, high=1) for number in range(teams))

        chart = tau_distribution([distribution(*many, taus=(-1.0, 0.0, 1.0))])

        assert chart is not None
        assert chart.table["share"].sum() == pytest.approx(1)
        assert chart.table["from"].min() >= -1.11

    def test_no_bar_is_drawn_beyond_one(self) -> None:
        chart = tau_distribution([distribution(*THREE.teams, taus=(0.0, 1.0))])

        assert chart is not None
        assert chart.table["to"].max() == 1

    def test_tells_the_first_and_the_least_stable(self) -> None:
        parts = [distribution(*THREE.teams, taus=(0.8, 0.9, 1.0)), distribution(*THREE.teams, taus=(0.1, 0.2, 0.3), scope="T")]

        chart = tau_distribution(parts, titles={"T": "Fetal head"})

        assert chart is not None
        assert chart.takeaway.startswith("Whole ranking: median tau 0.90 (0.80 to 1.00); least stable is Fetal head with 0.20.")

    def test_rankings_without_two_teams_apart_have_none(self) -> None:
        assert tau_distribution([distribution(*THREE.teams)]) is None


def report(performance: list[float], efficiency: list[float | None], declared: float = 0.7) -> StabilityReport:
    teams = tuple("ABCDEFG"[: len(performance)])
    measured = [each for each in efficiency if each is not None]
    weights = (
        weight_sensitivity(teams, np.array(performance), np.array(measured), declared=declared)
        if len(measured) == len(teams)
        else None
    )
    offs = tuple(
        TradeOff(team=team, performance=p, efficiency=e, time_s=None, gpu_memory_bytes=None, u_score=None, on_front=True)
        for team, p, e in zip(teams, performance, efficiency, strict=True)
    )
    return StabilityReport(
        challenge="demo", scheme="x", teams=teams, ranks=(1,) * len(teams), scores=(0.5,) * len(teams), confidence=0.95,
        resamples=0, seed=1, weights=weights, trade_offs=offs,
    )  # fmt: skip


class TestWeightLines:
    def test_ranks_change_where_the_scores_are_equal(self) -> None:
        # A 0.9 w + 0.1 (1 - w), B 0.6 w + 0.4 (1 - w): equal at 0.3 w = 0.3 (1 - w), w = 0.5.
        chart = weight_lines(report([0.9, 0.6], [0.1, 0.4]))

        assert chart is not None
        rows = chart.table[["team", "rank"]].to_numpy().tolist()
        assert rows == [["A", 2], ["A", 1], ["B", 1], ["B", 2]]
        assert chart.table["low"].tolist() == pytest.approx([0, 0.5, 0, 0.5])
        assert chart.table["high"].tolist() == pytest.approx([0.5, 1, 0.5, 1])
        assert chart.takeaway.startswith(
            "A stays first while performance weighs 0.50 to 1.00 (declared: 0.70); at other weights B would be."
        )

    def test_lines_pass_through_the_ranks_of_the_table(self) -> None:
        chart = weight_lines(report([0.9, 0.6, 0.2], [0.1, 0.4, 0.8]))

        assert chart is not None
        lines = next(layer["data"]["values"] for layer in chart.spec["layer"] if layer.get("data", {}).get("name") == "lines")
        for each in lines:
            spans = chart.table[chart.table["team"] == each["team"]]
            assert ((spans["low"] <= each["weight"]) & (each["weight"] <= spans["high"]) & (spans["rank"] == each["rank"])).any()

    def test_teams_that_always_tie_share_a_rank(self) -> None:
        chart = weight_lines(report([0.5, 0.5], [0.5, 0.5]))

        assert chart is not None
        assert chart.table["rank"].tolist() == [1, 1]
        assert (
            chart.takeaway
            == "A and B stay first while performance weighs 0.00 to 1.00 (declared: 0.70); no weight changes the order."
        )

    def test_without_efficiency_there_is_nothing_to_weigh(self) -> None:
        assert weight_lines(report([0.9, 0.6], [None, None])) is None


class TestEfficiencyPane:
    def test_the_front_is_who_nobody_beats_in_both(self) -> None:
        rows = [
            row("fast", performance=0.2, time_s=1),
            row("good", performance=0.9, time_s=9),
            row("beaten", performance=0.8, time_s=9),
        ]

        chart = efficiency_pane(board(*rows))

        assert chart is not None
        assert chart.table.set_index("team")["on_front"].to_dict() == {"fast": True, "good": True, "beaten": False}
        assert chart.takeaway == (
            "fast and good are on the Pareto front of performance and time; for the other team one of these is at least as fast "
            "and as good."
        )

    def test_teams_that_equal_each_other_do_not_beat_each_other(self) -> None:
        chart = efficiency_pane(board(row("A", time_s=2), row("B", time_s=2)))

        assert chart is not None
        assert (
            chart.takeaway
            == "A and B are on the Pareto front of performance and time: nobody is beaten in both time and performance."
        )

    def test_the_front_is_drawn_as_stairs(self) -> None:
        chart = efficiency_pane(board(row("fast", performance=0.2, time_s=1), row("good", performance=0.9, time_s=10)))

        assert chart is not None
        stairs = [(each["time"], each["performance"]) for each in chart.spec["layer"][0]["data"]["values"]]
        assert stairs[1:4] == [(1, 0.2), (10, 0.2), (10, 0.9)]

    def test_times_are_those_of_the_reference_where_the_board_ranks_them(self) -> None:
        chart = efficiency_pane(board(row("A", time_s=40, time_relative=2)))

        assert chart is not None
        assert chart.table["time"].tolist() == [2]

    def test_a_team_whose_memory_was_not_measured_is_shown(self) -> None:
        chart = efficiency_pane(board(row("A", time_s=4, gpu_memory_bytes=10**9), row("B", time_s=5)))

        assert chart is not None
        assert chart.table["team"].tolist() == ["A", "B"]
        assert "condition" in chart.spec["layer"][1]["encoding"]["size"]

    def test_teams_without_a_time_or_a_performance_are_left_out(self) -> None:
        chart = efficiency_pane(board(row("A", time_s=4), row("B"), row("C", performance=None, time_s=2)))

        assert chart is not None
        assert chart.table["team"].tolist() == ["A"]

    def test_where_nobody_was_timed_there_is_none(self) -> None:
        assert efficiency_pane(board(row("A"))) is None


def column(task: str, **values: float | None) -> TaskColumn:
    metrics = tuple(score(name, value) for name, value in values.items())
    return TaskColumn.model_validate({"id": task, "title": task, "kind": "segmentation", "metrics": metrics})


class TestRadar:
    def test_counts_the_tasks_in_which_a_team_is_first(self) -> None:
        first = row("A", tasks=(column("H", dsc=0.9), column("F", dsc=0.8), column("B", auc=0.7)))
        second = row("B", tasks=(column("H", dsc=0.8), column("F", dsc=0.7), column("B", auc=0.75)))

        chart = radar(board(first, second))

        assert chart is not None
        assert chart.takeaway.startswith("A is first in 2 of 3 tasks. The hub is 0.6, the rim 1;")
        # Of two teams the median is the mean: (0.9 + 0.8) / 2.
        assert chart.table[chart.table["task"] == "H"]["median"].tolist() == pytest.approx([0.85, 0.85])

    def test_a_team_without_a_value_stays_in_the_table(self) -> None:
        first = row("A", tasks=(column("H", dsc=0.9), column("F", dsc=0.8), column("B", auc=0.7)))

        chart = radar(board(first, row("B")))

        assert chart is not None
        assert chart.table[chart.table["team"] == "B"]["value"].isna().all()

    def test_the_metric_of_a_spoke_can_be_chosen(self) -> None:
        tasks = tuple(column(task, dsc=0.9, nsd=0.6) for task in "HFB")

        chart = radar(board(row("A", tasks=tasks)), metrics={"H": "nsd", "F": "nsd", "B": "dsc"})

        assert chart is not None
        assert chart.table["metric"].tolist() == ["nsd", "nsd", "dsc"]

    def test_two_spokes_are_no_radar(self) -> None:
        assert radar(board(row("A", tasks=(column("H", dsc=0.9), column("F", dsc=0.8))))) is None
