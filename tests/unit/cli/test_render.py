"""Boards and evaluations in a terminal: wide, narrow, and with hostile names."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from sonobench_eval.cli.render import evaluation_table, findings, leaderboard_table, ranking_table
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.uusic25 import TeamFigures, Weights, rank_table


def printed(renderable: RenderableType, width: int) -> str:
    sink = io.StringIO()
    Console(file=sink, width=width, force_terminal=False, legacy_windows=False).print(renderable)
    return sink.getvalue()


class TestLeaderboardTable:
    def test_a_wide_terminal_has_intervals_beside_the_values(self, board: Leaderboard) -> None:
        text = printed(leaderboard_table(board), 160)
        assert "0.85 0.84–0.86" in text
        assert "Perf." in text
        assert "36.0" in text
        assert "2.76" in text

    @pytest.mark.parametrize("width", [60, 80, 100, 160])
    def test_no_line_is_wider_than_the_terminal_and_no_team_is_lost(self, board: Leaderboard, width: int) -> None:
        text = printed(leaderboard_table(board), width)
        assert max(len(line) for line in text.splitlines()) <= width
        assert "first" in text

    def test_a_narrow_terminal_shows_half_widths_and_says_so(self, board: Leaderboard) -> None:
        text = printed(leaderboard_table(board), 72)
        assert "±0.01" in text
        assert "± is half the 95 % interval." in text
        assert "a-team-with" in text

    def test_where_the_means_do_not_fit_they_are_left_out_and_not_the_teams(self, board: Leaderboard) -> None:
        mean = board.rows[0].means[0]
        means = tuple(
            mean.model_copy(update={"name": name, "definition": name}) for name in ("auc", "acc", "f1", "auprc", "dsc", "nsd")
        )
        rows = tuple(row.model_copy(update={"means": means}) for row in board.rows)
        text = printed(leaderboard_table(board.model_copy(update={"rows": rows})), 80)
        assert "first" in text
        assert "AUPRC" not in text
        assert "Perf." in text
        assert "The means do not fit into this terminal" in text
        assert "…" not in text

    def test_results_that_could_not_be_used_are_counted_below_the_team(self, board: Leaderboard) -> None:
        assert "3 unusable" in printed(leaderboard_table(board), 160)

    def test_what_was_measured_for_nobody_has_no_column_and_for_some_a_dash(self, board: Leaderboard) -> None:
        text = printed(leaderboard_table(board), 160)
        assert "GPU" not in text
        second = next(line for line in text.splitlines() if "quite-a-long" in line)
        assert second.rstrip().endswith("–")

    def test_names_are_text_never_markup_or_escape_sequences(self, board: Leaderboard) -> None:
        rows = (board.rows[0].model_copy(update={"team": "[bold]x[/bold]\x1b[31m\u202e\n"}),)
        text = printed(leaderboard_table(board.model_copy(update={"rows": rows})), 160)
        assert "[bold]x[/bold]" in text
        assert "\x1b" not in text
        assert "\u202e" not in text

    def test_an_empty_board_says_so(self, board: Leaderboard) -> None:
        assert "No team is on this board yet." in printed(leaderboard_table(board.model_copy(update={"rows": ()})), 80)

    def test_notes_stand_below(self, board: Leaderboard) -> None:
        text = printed(leaderboard_table(board.model_copy(update={"notes": ("Time does not count.",)})), 160)
        assert "Time does not count." in text
        assert "how stable a rank is" in text


class TestEvaluationTable:
    def test_values_intervals_and_reasons_stand_in_it(self, evaluation: Evaluation) -> None:
        text = printed(evaluation_table(evaluation), 120)
        assert "95 % CI" in text
        assert "0.84 to 0.86" in text
        assert "only one class" in text
        assert "[red]Breasts[/red]" in text
        assert "Mean over tasks" in text

    def test_a_metric_with_two_means_says_which_is_which(self, evaluation: Evaluation) -> None:
        binary = evaluation.means[0].model_copy(update={"name": "auc", "definition": "auc"})
        subtype = binary.model_copy(update={"definition": "auc one-vs-rest macro"})
        text = printed(evaluation_table(evaluation.model_copy(update={"means": (binary, subtype)})), 120)
        assert "AUC binary" in text
        assert "AUC multiclass" in text


class TestFindings:
    def test_problems_come_first_with_examples(self, evaluation: Evaluation) -> None:
        lines = printed(findings(evaluation.findings), 120).splitlines()
        assert lines[0].startswith("✗ 4 cases have no result.")
        assert lines[1].strip() == "a.png, b.png, c.png …"
        assert lines[2].startswith("· 1 mask is in colour.")
        assert "\x1b" not in "".join(lines)

    def test_nothing_found_is_said(self) -> None:
        assert printed(findings([]), 80).strip() == "Every result was read without a problem."


class TestRankingTable:
    def test_a_ranking_of_a_table_reads_from_first_to_last(self) -> None:
        rows = [TeamFigures("b", 2, 2, 10.0, 1e9), TeamFigures("a", 1, 1, 5.0, 1e9)]
        lines = printed(ranking_table(rank_table(rows, Weights(0.7, 0.3))), 80).splitlines()
        assert [line.split()[1] for line in lines if line.strip().startswith(("1", "2"))] == ["a", "b"]
