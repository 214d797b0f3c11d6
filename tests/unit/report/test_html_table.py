from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from sonobench_eval.report.html_table import html_table, html_text
from sonobench_eval.report.paper import Column, Estimate, PaperTable

HOSTILE = ["<script>alert(1)</script>", '" onmouseover="x', "abc\u202edcb", "&lt;b&gt;", "=cmd()", "</table></div>"]


def table(*rows: tuple[object, ...]) -> PaperTable:
    columns = (Column("rank", "Rank", "whole"), Column("team", "Team", "team"), Column("dsc", "DSC", "estimate", 2, "higher"))
    return PaperTable("t", "T", "Of <all>.", columns, rows, notes=("A < B.",))  # type: ignore[arg-type]


def parsed(text: str) -> ET.Element:
    return ET.fromstring(f"<body>{text}</body>")  # noqa: S314 -- our own


class TestHtmlTable:
    def test_has_a_caption_and_headings_with_their_scope(self) -> None:
        found = parsed(html_table(table((1, "A", Estimate(0.5, 0.25, 0.75)))))
        assert "".join(found.find(".//caption").itertext()) == "Of <all>."  # type: ignore[union-attr]
        assert [each.get("scope") for each in found.iter("th")] == ["col", "col", "col", "row"]
        assert found.find(".//div").get("tabindex") == "0"  # type: ignore[union-attr]

    @pytest.mark.parametrize("name", HOSTILE)
    def test_a_hostile_name_is_text_and_adds_no_element(self, name: str) -> None:
        hostile = parsed(html_table(table((1, name, Estimate(0.5)))))
        plain = parsed(html_table(table((1, "A", Estimate(0.5)))))
        assert [(each.tag, sorted(each.keys())) for each in hostile.iter()] == [
            (each.tag, sorted(each.keys())) for each in plain.iter()
        ]
        assert "".join(hostile.find(".//tbody/tr/th").itertext()) == name.replace("\u202e", "?")  # type: ignore[union-attr]

    def test_names_keep_their_hyphens_and_numbers_get_a_true_minus(self) -> None:
        text = html_table(table((1, "U-Vision", Estimate(-0.5, -0.75, 0.25))))
        assert "U-Vision" in text
        assert "\u22120.50" in text
        assert "[\u22120.75, 0.25]" in text

    def test_what_has_no_value_is_a_dash(self) -> None:
        assert '<td><span class="none">\u2013</span></td>' in html_table(table((None, "A", Estimate(None))))


class TestHtmlText:
    def test_quotes_cannot_end_an_attribute(self) -> None:
        assert html_text("\"'<&>") == "&quot;&#x27;&lt;&amp;&gt;"
