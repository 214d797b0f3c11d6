"""A panel for each task, from the board alone."""

from __future__ import annotations

from boards import board, column, score

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.report.charts.task_dots import task_dots


def row(team: str, *tasks: TaskColumn) -> Row:
    return Row(rank=1, team=team, score=0.5, performance=0.5, efficiency=0.5, tasks=tasks)


def two_tasks() -> Leaderboard:
    return board(
        row(
            "A",
            column("Head", "segmentation", score("dsc", "dsc", 0.9, 0.88, 0.92)),
            column("Breast", "binary", score("auc", "auc", 0.7, 0.6, 0.8)),
        ),
        row(
            "B",
            column("Head", "segmentation", score("dsc", "dsc", 0.88, 0.86, 0.9)),
            column("Breast", "binary", score("auc", "auc", 0.5, 0.4, 0.6)),
        ),
    )


class TestTaskDots:
    def test_has_every_teams_first_metric_with_its_interval(self) -> None:
        chart = task_dots(two_tasks())

        assert chart is not None
        assert chart.table.to_numpy().tolist()[0] == ["A", "Head", "dsc", 0.9, 0.88, 0.92]
        assert list(zip(chart.table["team"], chart.table["task"], strict=True)) == [
            ("A", "Head"),
            ("B", "Head"),
            ("A", "Breast"),
            ("B", "Breast"),
        ]

    def test_every_panel_has_the_range_of_its_own_scores(self) -> None:
        chart = task_dots(two_tasks())

        assert chart is not None
        domains = [part["layer"][1]["encoding"]["x"]["scale"]["domain"] for part in chart.spec["concat"]]
        # 0.86 to 0.92 and 0.4 to 0.8, with 6 % room on either side.
        assert [[round(end, 4) for end in domain] for domain in domains] == [[0.8564, 0.9236], [0.376, 0.824]]

    def test_tells_where_teams_are_furthest_apart_and_closest(self) -> None:
        chart = task_dots(two_tasks())

        assert chart is not None
        assert chart.takeaway.startswith(
            "Teams lie furthest apart in Breast (AUC 0.50 to 0.70), closest together in Head (DSC 0.88 to 0.90)."
        )

    def test_spans_in_millimeters_and_in_shares_are_not_compared(self) -> None:
        def far(value: float) -> MetricScore:
            return score("hd95", "hd95", value, value, value).model_copy(update={"unit": "mm", "higher_is_better": False})

        found = board(
            row("A", column("Head", "segmentation", far(3.0)), column("Breast", "binary", score("auc", "auc", 0.7, 0.6, 0.8))),
            row("B", column("Head", "segmentation", far(30.0)), column("Breast", "binary", score("auc", "auc", 0.6, 0.5, 0.7))),
        )
        chart = task_dots(found)

        assert chart is not None
        assert chart.takeaway.startswith("Teams lie furthest apart in Breast (AUC 0.60 to 0.70).")

    def test_a_team_without_a_value_has_no_dot(self) -> None:
        nothing = MetricScore(name="dsc", definition="dsc", value=None, n=9, units=9, undefined="no reference")
        found = board(
            row("A", column("Head", "segmentation", score("dsc", "dsc", 0.9, 0.88, 0.92))),
            row("B", column("Head", "segmentation", nothing)),
        )
        chart = task_dots(found)

        assert chart is not None
        assert chart.table["team"].tolist() == ["A"]

    def test_one_team_alone_is_not_compared(self) -> None:
        assert task_dots(board(two_tasks().rows[0])) is None
