"""Small multiples: how many stand in a row, and everybody's line behind them."""

from __future__ import annotations

import pytest

from sonobench_eval.report.charts.panels import MOST_POINTS, Grid, everybody


class TestGrid:
    @pytest.mark.parametrize(("teams", "columns"), [(1, 1), (5, 5), (6, 3), (8, 4), (11, 4), (15, 5)])
    def test_rows_are_filled_evenly(self, teams: int, columns: int) -> None:
        assert Grid.of(teams).columns == columns


class TestEverybody:
    X, Y = {"field": "a", "type": "quantitative"}, {"field": "b", "type": "quantitative"}

    def test_short_lines_have_all_their_points_in_order(self) -> None:
        rows = [{"team": "A", "a": 0.2, "b": 1}, {"team": "B", "a": 5, "b": 6}, {"team": "A", "a": 0.1, "b": 2}]

        values = everybody(rows, self.X, self.Y)["data"]["values"]

        assert [(each["line"], each["x"], each["y"]) for each in values] == [(0, 0.2, 1), (0, 0.1, 2), (1, 5, 6)]

    def test_long_lines_have_some_the_ends_among_them(self) -> None:
        rows = [{"team": "A", "a": number, "b": number} for number in range(1000)]

        values = everybody(rows, self.X, self.Y)["data"]["values"]

        assert len(values) == MOST_POINTS
        assert (values[0]["x"], values[-1]["x"]) == (0, 999)
