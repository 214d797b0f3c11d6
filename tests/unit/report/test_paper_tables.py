from __future__ import annotations

from collections.abc import Iterable

import pytest
from boards import board, column, score
from ranking_world import make_world

from sonobench_eval.evaluation import CenterScore, GeneralisationGap, MetricScore, SubgroupScore
from sonobench_eval.ranking.leaderboard import Row
from sonobench_eval.ranking.stability_analysis import stability_report
from sonobench_eval.ranking.stability_report import StabilityReport
from sonobench_eval.report.paper import Estimate, PaperTable, Span
from sonobench_eval.report.paper_tables import board_tables, evaluation_tables, stability_tables

DSC = score("dsc", "dsc", 0.75, 0.5, 0.875)
HD95 = MetricScore(
    name="hd95", definition="hd95 pixel", value=3.0, n=9, units=9, higher_is_better=False, unit="mm", ci_low=2.0, ci_high=4.0
)
NO_AUC = MetricScore(name="auc", definition="auc", value=None, n=9, units=9, undefined="there is one class only")


@pytest.fixture(scope="module")
def report() -> StabilityReport:
    world = make_world({"good": 2.0, "poor": 0.0, "worse": -1.0}, cases=24)
    return stability_report(world.challenge, world.entries)


def row(team: str, **more: object) -> Row:
    return Row.model_validate({"rank": 1, "team": team, "score": 0.5, "performance": 0.5, "efficiency": None, **more})


def named(tables: Iterable[PaperTable], name: str) -> PaperTable:
    return next(each for each in tables if each.name == name)


def cells(table: PaperTable, name: str) -> list[object]:
    at = [column.name for column in table.columns].index(name)
    return [line[at] for line in table.rows]


class TestBoardTables:
    def test_the_ranking_has_no_column_in_which_nothing_stands(self) -> None:
        table = named(board_tables(board(row("A", rank_low=1, rank_high=2), row("B", rank=2))), "ranking")
        assert [each.name for each in table.columns] == ["rank", "rank_range", "team", "score", "performance"]
        assert cells(table, "rank_range") == [Span(1, 2), Span(None, None)]

    def test_the_ranking_has_the_notes_of_the_board(self) -> None:
        of = board(row("A")).model_copy(update={"notes": ("A what-if.",)})
        assert named(board_tables(of), "ranking").notes == ("A what-if.",)

    def test_two_means_of_one_metric_have_names_of_their_own(self) -> None:
        means = (score("auc", "auc", 0.5, 0.25, 0.75), score("auc", "auc one-vs-rest macro", 0.5, 0.25, 0.75), DSC)
        table = named(board_tables(board(row("A", means=means))), "means")
        assert [each.name for each in table.columns[2:]] == ["mean_auc", "mean_auc_one-vs-rest_macro", "mean_dsc"]

    def test_a_task_has_a_column_for_each_metric_with_its_unit_and_direction(self) -> None:
        table = named(board_tables(board(row("A", tasks=(column("Head", "segmentation", DSC, HD95),)), row("B"))), "task-Head")
        assert [(each.heading, each.best) for each in table.columns[2:]] == [("DSC", "higher"), ("HD95 (pixel) in mm", "lower")]
        assert cells(table, "hd95") == [Estimate(3.0, 2.0, 4.0), Estimate(None)]

    def test_what_has_no_value_is_told_with_its_reason(self) -> None:
        table = named(board_tables(board(row("A", tasks=(column("Breast", "binary", NO_AUC),)))), "task-Breast")
        assert table.notes == ("AUC has no value for A: there is one class only.",)

    def test_roles_stand_side_by_side_with_the_gap_and_its_interval(self) -> None:
        roles = tuple(
            CenterScore.model_validate({"id": role, "role": role, "metrics": (DSC,)}) for role in ("internal", "external")
        )
        gaps = (GeneralisationGap(metric="dsc", value=-0.25, ci_low=-0.5, ci_high=0.0),)
        task = column("Head", "segmentation", DSC, roles=roles, gaps=gaps)
        table = named(board_tables(board(row("A", tasks=(task,)))), "roles-Head")
        assert [each.name for each in table.columns[2:]] == ["dsc_internal", "dsc_external", "dsc_gap"]
        assert table.rows[0][2:] == (Estimate.of(DSC), Estimate.of(DSC), Estimate(-0.25, -0.5, 0.0))
        assert table.columns[4].best is None

    def test_a_metric_and_its_gap_are_printed_with_as_many_decimals(self) -> None:
        # A half width of 0.05 supports two decimals; external has no width, alone it would have three.
        narrow, perfect = score("dsc", "dsc", 0.714, 0.664, 0.764), score("dsc", "dsc", 1.0, 1.0, 1.0)
        roles = tuple(
            CenterScore.model_validate({"id": role, "role": role, "metrics": (of,)})
            for role, of in (("internal", narrow), ("external", perfect))
        )
        task = column("Head", "segmentation", DSC, roles=roles, gaps=(GeneralisationGap(metric="dsc", value=0.286),))
        table = named(board_tables(board(row("A", tasks=(task,)))), "roles-Head")
        assert [each.decimals for each in table.columns[2:]] == [2, 2, 2]

    def test_there_is_no_table_of_roles_where_all_centers_have_the_same(self) -> None:
        only = CenterScore(id="internal", role="internal", metrics=(DSC,))
        tables = board_tables(board(row("A", tasks=(column("Head", "segmentation", DSC, roles=(only,)),))))
        assert "roles-Head" not in [each.name for each in tables]

    def test_memory_of_a_run_is_in_powers_of_ten_and_not_measured_is_empty(self) -> None:
        table = named(board_tables(board(row("A", time_s=30.0, gpu_memory_bytes=2_500_000_000), row("B"))), "runs")
        assert cells(table, "gpu_memory_gb") == [2.5, None]
        assert cells(table, "time_s") == [30.0, None]


class TestEvaluationTables:
    def test_centers_and_subgroups_of_every_team(self) -> None:
        entry = make_world({"A": 1.0}, cases=12).entries[0]
        centers = (CenterScore(id="Near", role="internal", metrics=(DSC,)), CenterScore(id="Far", role="external", metrics=()))
        few = SubgroupScore(group="device", id="GE", n=3, too_few="too few: 3 cases, fewer than 10")
        groups = (SubgroupScore(group="device", id="Philips", n=12, metrics=(DSC,)), few)
        head = entry.evaluation.tasks[0].model_copy(update={"metrics": (DSC,), "centers": centers, "subgroups": groups})
        changed = entry.evaluation.model_copy(update={"tasks": (head,)})
        entry = type(entry)("A", changed)
        by_center, by_group = evaluation_tables([entry])
        assert by_center.rows == (("A", "Near", "internal", Estimate.of(DSC)), ("A", "Far", "external", Estimate(None)))
        assert by_group.rows == (("A", "device", "Philips", 12, Estimate.of(DSC)), ("A", "device", "GE", 3, Estimate(None)))
        assert by_group.notes == ("device GE: too few: 3 cases, fewer than 10.",)
        assert by_center.columns[-1].best is None

    def test_there_are_none_without_evaluations(self) -> None:
        assert list(evaluation_tables([])) == []


class TestStabilityTables:
    def test_ranks_of_every_team_under_every_scheme(self, report: StabilityReport) -> None:
        table = named(stability_tables(report), "schemes")
        assert [line[0] for line in table.rows] == list(report.teams)
        for at, scheme in enumerate(report.schemes, start=1):
            assert tuple(line[at] for line in table.rows) == scheme.ranks

    def test_ranges_and_shares_are_those_of_the_report(self, report: StabilityReport) -> None:
        table = named(stability_tables(report), "stability")
        assert report.whole is not None
        assert cells(table, "p_first") == [each.p_first for each in report.whole.teams]
        assert cells(table, "rank_range") == [Span(each.low, each.high) for each in report.whole.teams]

    def test_what_moves_nobody_is_said_so(self, report: StabilityReport) -> None:
        still = report.model_copy(update={"left_out": tuple(each.model_copy(update={"moved": 0}) for each in report.left_out)})
        assert named(stability_tables(still), "left-out").notes == ("Nobody's rank depends on a single task or center.",)
