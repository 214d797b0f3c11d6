"""The charts' sentences are computed from the data, and true of it."""

from __future__ import annotations

from typing import Any

from sonobench_eval.evaluation import GeneralisationGap
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_platform.web.efficiency import efficiency_chart, pareto_front
from sonobench_platform.web.gaps import gap_chart


def row(team: str, time_s: float | None, performance: float | None, **more: Any) -> Row:
    return Row(rank=None, team=team, score=None, performance=performance, efficiency=None, time_s=time_s, **more)


def with_rows(board: Leaderboard, *rows: Row) -> Leaderboard:
    return board.model_copy(update={"rows": rows})


class TestParetoFront:
    def test_only_rows_that_nobody_dominates_fastest_first(self) -> None:
        fast, good, worse = row("fast", 1.0, 0.3), row("good", 5.0, 0.9), row("worse", 6.0, 0.8)
        assert pareto_front([worse, good, fast]) == [fast, good]

    def test_equal_rows_stand_on_it_together(self) -> None:
        twins = [row("a", 1.0, 0.5), row("b", 1.0, 0.5)]
        assert pareto_front(twins) == twins

    def test_rows_that_were_not_measured_are_left_out(self) -> None:
        assert pareto_front([row("a", None, 0.5), row("b", 1.0, None)]) == []


class TestEfficiencyChart:
    def test_the_published_board_has_three_on_the_front(self, board: Leaderboard) -> None:
        chart = efficiency_chart(board)
        assert chart is not None
        assert chart.takeaway == "Three of 15 algorithms are on the efficiency front: flamingo, FDBMELAB and SMART"
        assert sum(bubble.on_front for bubble in chart.bubbles) == 3

    def test_one_that_is_fastest_and_best(self, board: Leaderboard) -> None:
        chart = efficiency_chart(with_rows(board, row("a", 1.0, 0.9), row("b", 2.0, 0.8)))
        assert chart is not None
        assert chart.takeaway == "a is both the fastest algorithm and the best performing one"

    def test_all_on_the_front(self, board: Leaderboard) -> None:
        chart = efficiency_chart(with_rows(board, row("a", 1.0, 0.1), row("b", 2.0, 0.8)))
        assert chart is not None
        assert chart.takeaway.startswith("Both algorithms are on the efficiency front")

    def test_fewer_than_two_algorithms_make_no_chart(self, board: Leaderboard) -> None:
        assert efficiency_chart(with_rows(board, row("a", 1.0, 0.9), row("b", None, 0.8))) is None

    def test_every_bubble_lies_inside_the_drawing(self, board: Leaderboard) -> None:
        chart = efficiency_chart(board)
        assert chart is not None
        assert all(0 < bubble.x < chart.width and 0 < bubble.y < chart.height for bubble in chart.bubbles)

    def test_memory_that_was_not_measured_is_said_of_the_bubble(self, board: Leaderboard) -> None:
        chart = efficiency_chart(board)
        assert chart is not None
        assert [bubble.words for bubble in chart.bubbles if not bubble.measured] == [
            "U-Vision: 45.81 s, performance 0.000, GPU memory not measured"
        ]

    def test_host_memory_stands_in_where_no_gpu_was_used(self, board: Leaderboard) -> None:
        chart = efficiency_chart(with_rows(board, row("a", 1.0, 0.1, host_memory_bytes=10**8), row("b", 2.0, 0.8)))
        assert chart is not None
        assert "peak host memory" in chart.note


def with_gap(team: str, value: float, half: float) -> Row:
    gap = GeneralisationGap(metric="auc", value=value, ci_low=value - half, ci_high=value + half)
    return row(team, 1.0, 0.5, tasks=(TaskColumn(id="t", title="Task", kind="binary", metrics=(), gaps=(gap,)),))


class TestGapChart:
    def test_no_external_center_makes_no_chart(self, board: Leaderboard) -> None:
        assert gap_chart(with_rows(board, row("a", 1.0, 0.5))) is None

    def test_the_sentence_counts_losses_and_clear_ones(self, board: Leaderboard) -> None:
        chart = gap_chart(with_rows(board, with_gap("a", -0.2, 0.1), with_gap("b", -0.02, 0.1), with_gap("c", 0.3, 0.1)))
        assert chart is not None
        assert chart.takeaway == (
            "In 2 of 3 comparisons an algorithm scores lower at external centers than at internal; one interval leaves zero out"
        )
        assert [line.clear for line in chart.panels[0].lines] == [True, False, True]

    def test_a_gap_has_the_digits_its_interval_supports(self, board: Leaderboard) -> None:
        chart = gap_chart(with_rows(board, with_gap("a", -0.0634, 0.004)))
        assert chart is not None
        line = chart.panels[0].lines[0]
        assert (line.text, line.interval) == ("−0.063", "−0.067 to −0.059")

    def test_no_loss_is_said(self, board: Leaderboard) -> None:
        chart = gap_chart(with_rows(board, with_gap("a", 0.1, 0.2)))
        assert chart is not None
        assert chart.takeaway == "No algorithm scores lower at external centers than at internal ones"

    def test_no_more_than_ten_teams_are_drawn_and_the_note_says_so(self, board: Leaderboard) -> None:
        chart = gap_chart(board)
        assert chart is not None
        assert len(chart.panels) == 4
        assert {len(panel.lines) for panel in chart.panels} == {10}
        assert "The ten best ranked of 15 teams are drawn" in chart.note
