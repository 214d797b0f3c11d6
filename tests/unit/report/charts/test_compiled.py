"""Charts for browsers: as Vega, with nothing in them that would have to be evaluated as code or fetched."""

from __future__ import annotations

import json

import pytest
from chart_world import all_charts, make_chart_world

from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.charts.explorable import explorable
from sonobench_eval.report.charts.render import browser_bundle, compiled, version
from sonobench_eval.report.charts.style import VEGA


@pytest.fixture(scope="module")
def charts() -> dict[str, Chart]:
    return all_charts(make_chart_world(["<script>alert(1)</script>", "B", "C"]))


class TestCompiled:
    def test_every_chart_is_vega_and_keeps_what_may_be_told_of_its_rows(self, charts: dict[str, Chart]) -> None:
        for kind, chart in charts.items():
            spec = compiled(explorable(chart)).spec
            assert spec["$schema"] == VEGA, kind
            assert spec["usermeta"]["columns"] == list(chart.table.columns), kind

    def test_the_rows_of_the_table_are_found_by_its_columns(self, charts: dict[str, Chart]) -> None:
        for kind, chart in charts.items():
            if kind == "weights":  # draws lines that are made of its rows
                continue
            sets = [each.get("values", []) for each in compiled(explorable(chart)).spec["data"]]
            whole = [rows for rows in sets if rows and set(chart.table.columns) <= set(rows[0])]
            assert len(whole[0]) == len(chart.table), kind

    def test_marks_tell_their_rows_and_nothing_is_fetched(self, charts: dict[str, Chart]) -> None:
        for kind, chart in charts.items():
            text = json.dumps(compiled(explorable(chart)).spec)
            assert '"tooltip"' in text, kind
            assert '"url"' not in text, kind


class TestBrowserBundle:
    def test_is_of_the_renderer_that_is_installed_and_loads_nothing(self) -> None:
        bundle = browser_bundle()
        assert version().count(".") == 2
        assert "vegaEmbed" in bundle
        assert "import(" not in bundle.replace("import(\\", "")
