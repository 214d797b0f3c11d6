"""Rendering: every chart in every format, offline, the same each time, and harmless whatever teams call themselves."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
import vl_convert
from chart_world import ChartWorld, all_charts, make_chart_world

from sonobench_eval.report.charts.chart import TABLE, Chart
from sonobench_eval.report.charts.labels import LONGEST, labels_of, plain
from sonobench_eval.report.charts.render import ReportNotInstalledError, pdf, png, svg

HOSTILE = (
    "<script>alert(1)</script>",
    "\u202eevil\u202c team",
    "x" * 300,
    "x" * 299 + "y",
    "__proto__",
    "a'\"&]]><b onload=x>",
    "line\nbreak\x00\x1b[31m",
    "",
)
KINDS = (
    "roc",
    "case scores",
    "quartiles",
    "radar",
    "task scores",
    "efficiency",
    "blob",
    "rank heatmap",
    "significance",
    "tau",
    "weights",
    "scheme ranks",
    "ranks without",
    "centers",
    "confusion",
    "reliability",
    "rejection",
    "bland-altman",
    "difficulty",
)


@pytest.fixture(scope="module")
def world() -> ChartWorld:
    return make_chart_world(HOSTILE)


@pytest.fixture(scope="module")
def charts(world: ChartWorld) -> dict[str, Chart]:
    return all_charts(world)


@pytest.fixture(scope="module")
def drawings(charts: dict[str, Chart]) -> dict[str, str]:
    return {kind: svg(chart) for kind, chart in charts.items()}


def data_sets(node: Any) -> Iterator[dict[str, Any]]:
    """All inline data of a specification."""
    if isinstance(node, dict):
        if isinstance(node.get("values"), list) and "name" in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from data_sets(each)


def keys_of(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from keys_of(each)


@pytest.mark.parametrize("kind", KINDS)
class TestSpecification:
    def test_holds_the_numbers_of_its_table(self, charts: dict[str, Chart], kind: str) -> None:
        chart = charts[kind]
        drawn = pd.DataFrame(next(each for each in data_sets(chart.spec) if each["name"] == TABLE)["values"])
        numbers = chart.table.select_dtypes("number")

        assert len(numbers.columns) > 0
        for column in numbers:
            pd.testing.assert_series_equal(
                drawn[column].astype(float), numbers[column].astype(float), check_index=False, check_exact=True
            )

    def test_is_json_without_nan_and_reads_nothing_from_elsewhere(self, charts: dict[str, Chart], kind: str) -> None:
        text = json.dumps(charts[kind].spec, allow_nan=False)

        assert not {"url", "href", "usermeta", "loader"} & set(keys_of(json.loads(text)))

    def test_no_expression_holds_a_name(self, charts: dict[str, Chart], kind: str) -> None:
        spec = json.loads(json.dumps(charts[kind].spec))
        for each in data_sets(spec):
            each["values"] = []
        code = [
            value
            for key, value in pairs_of(spec)
            if key in {"expr", "test", "filter", "signal", "labelExpr"} and isinstance(value, str)
        ]

        assert not [each for each in code if "alert" in each or "xxx" in each or "evil" in each]

    def test_the_same_data_give_the_same_chart(self, world: ChartWorld, charts: dict[str, Chart], kind: str) -> None:
        again = all_charts(world)[kind]

        assert json.dumps(again.spec) == json.dumps(charts[kind].spec)
        assert again.takeaway == charts[kind].takeaway


def pairs_of(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from node.items()
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from pairs_of(each)


@pytest.mark.parametrize("kind", KINDS)
class TestSvg:
    def test_is_well_formed_and_has_nothing_that_runs_or_loads(self, drawings: dict[str, str], kind: str) -> None:
        root = ElementTree.fromstring(drawings[kind])  # noqa: S314 - our own drawing
        tags = {each.tag.rpartition("}")[2] for each in root.iter()}
        attributes = {name.rpartition("}")[2] for each in root.iter() for name in each.attrib}

        assert tags <= {"svg", "g", "path", "text", "tspan", "rect", "line", "defs", "clipPath", "linearGradient", "stop"}
        assert not [name for name in attributes if name.startswith("on") or name in {"href", "src"}]

    def test_shows_no_character_that_turns_or_hides_text(self, drawings: dict[str, str], kind: str) -> None:
        assert not {"\u202e", "\u202c", "\x00", "\x1b"} & set(drawings[kind])

    def test_shows_names_short(self, drawings: dict[str, str], kind: str) -> None:
        root = ElementTree.fromstring(drawings[kind])  # noqa: S314 - our own drawing
        longest = max((word for each in root.iter() for word in (each.text or "").split()), key=len)

        assert len(longest) <= 40

    def test_is_the_same_after_others_were_drawn(self, charts: dict[str, Chart], drawings: dict[str, str], kind: str) -> None:
        assert svg(charts[kind]) == drawings[kind]

    def test_ids_begin_with_the_name_of_the_chart(self, charts: dict[str, Chart], drawings: dict[str, str], kind: str) -> None:
        root = ElementTree.fromstring(drawings[kind])  # noqa: S314 - our own drawing

        assert all(each.startswith(charts[kind].name) for node in root.iter() if (each := node.get("id")) is not None)


class TestNames:
    def test_every_team_has_its_place_even_one_called_like_a_javascript_property(self, drawings: dict[str, str]) -> None:
        root = ElementTree.fromstring(drawings["blob"])  # noqa: S314 - our own drawing
        shown = [each.text for each in root.iter() if each.text]

        assert set(labels_of(HOSTILE).values()) <= set(shown)

    def test_every_team_has_its_radar(self, drawings: dict[str, str]) -> None:
        root = ElementTree.fromstring(drawings["radar"])  # noqa: S314 - our own drawing
        shown = [each.text for each in root.iter() if each.text]

        assert set(labels_of(HOSTILE, 24).values()) <= set(shown)

    def test_markup_in_a_name_is_escaped(self, drawings: dict[str, str]) -> None:
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawings["blob"]

    def test_the_table_keeps_names_as_they_are(self, charts: dict[str, Chart]) -> None:
        assert set(charts["case scores"].table["team"]) == set(HOSTILE)

    def test_titles_and_takeaways_are_plain_and_on_one_line(self, charts: dict[str, Chart]) -> None:
        assert [plain(chart.title) for chart in charts.values()] == [chart.title for chart in charts.values()]
        assert [plain(chart.takeaway) for chart in charts.values()] == [chart.takeaway for chart in charts.values()]

    def test_names_of_files_are_harmless(self, charts: dict[str, Chart]) -> None:
        assert all(chart.name.replace("-", "").isalnum() and chart.name.isascii() for chart in charts.values())

    def test_labels_on_axes_are_no_longer_than_their_limit(self) -> None:
        assert max(map(len, labels_of(HOSTILE).values())) == LONGEST


class TestPng:
    @pytest.mark.parametrize("kind", ["radar", "blob"])
    def test_is_an_image_of_twice_the_drawings_size(self, charts: dict[str, Chart], drawings: dict[str, str], kind: str) -> None:
        image = png(charts[kind])
        width = int(float(ElementTree.fromstring(drawings[kind]).attrib["width"]))  # noqa: S314 - our own drawing

        assert image[:8] == b"\x89PNG\r\n\x1a\n"
        assert abs(int.from_bytes(image[16:20], "big") - 2 * width) <= 2

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_is_drawn(self, charts: dict[str, Chart], kind: str) -> None:
        assert len(png(charts[kind], scale=0.3)) > 500


class TestPdf:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_is_a_document(self, charts: dict[str, Chart], kind: str) -> None:
        document = pdf(charts[kind])

        assert document[:5] == b"%PDF-"
        assert document.rstrip().endswith(b"%%EOF")


class TestFonts:
    def test_those_of_the_folder_named_in_the_environment_are_registered_once(
        self, charts: dict[str, Chart], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        folders: list[str] = []
        monkeypatch.setattr(vl_convert, "register_font_directory", folders.append)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SONOBENCH_FONTS", "fonts")

        svg(charts["blob"])
        png(charts["blob"])

        assert folders == [str(tmp_path / "fonts")]

    def test_none_are_registered_where_no_folder_is_named(
        self, charts: dict[str, Chart], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folders: list[str] = []
        monkeypatch.setattr(vl_convert, "register_font_directory", folders.append)
        monkeypatch.delenv("SONOBENCH_FONTS", raising=False)

        svg(charts["blob"])

        assert folders == []


class TestWithoutTheRenderer:
    def test_the_message_says_what_to_install(self, charts: dict[str, Chart], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "vl_convert", None)

        with pytest.raises(ReportNotInstalledError, match=r"pip install 'sonobench\[report\]'"):
            svg(charts["blob"])
