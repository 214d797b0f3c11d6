"""Charts on dark pages, and in browsers."""

from __future__ import annotations

import json
import re

import pytest
from chart_world import all_charts, make_chart_world

from sonobench_eval.report.charts import style
from sonobench_eval.report.charts.chart import TABLE, Chart
from sonobench_eval.report.charts.dark import _DARK, PAPER, dark
from sonobench_eval.report.charts.explorable import explorable
from sonobench_eval.report.charts.render import svg

COLORFUL = ("white", "#222222", "#0072B2", "plain")


@pytest.fixture(scope="module")
def charts() -> dict[str, Chart]:
    return all_charts(make_chart_world(COLORFUL))


def brightness(color: str) -> float:
    """Relative luminance (WCAG 2.2), in [0, 1]."""
    shares = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


class TestDark:
    def test_no_drawing_keeps_a_color_that_is_for_light_paper(self, charts: dict[str, Chart]) -> None:
        light = {color.lower() for color in _DARK if color.startswith("#") and _DARK[color].lower() != color.lower()}
        for kind, chart in charts.items():
            drawn = svg(dark(chart)).lower()
            used = set(re.findall(r'(?:fill|stroke|stop-color)="(#[0-9a-f]{6}|white)"', drawn))
            assert not used & (light | {"white"}), kind

    def test_a_team_that_is_called_like_a_color_keeps_its_name(self, charts: dict[str, Chart]) -> None:
        for kind in ("blob", "efficiency", "radar", "significance", "task scores"):
            drawn = svg(dark(charts[kind]))
            assert [name for name in COLORFUL if f">{name}</text>" not in drawn] == [], kind

    def test_its_numbers_are_the_same(self, charts: dict[str, Chart]) -> None:
        for chart in charts.values():
            assert dark(chart).table is chart.table

    @pytest.mark.parametrize("color", [style.INK, style.QUIET, style.BLUE, style.VERMILLION])
    def test_what_is_read_stands_out_from_both_papers(self, color: str) -> None:
        assert contrast(color, "#ffffff") >= (4.5 if color in {style.INK, style.QUIET, style.BLUE} else 3)
        assert contrast(_DARK[color], PAPER) >= 4.5

    def test_text_on_cells_stands_out_wherever_it_turns_white(self) -> None:
        for number in range(101):
            share = number / 100
            for ramp, low, high in (
                (style.LIGHT_TO_DARK, "#000000", "#ffffff"),
                ([_DARK[each] for each in style.LIGHT_TO_DARK], _DARK[style.BLACK], _DARK["white"]),
            ):
                text = high if share > style.WHITE_FROM else low
                assert contrast(between(ramp, share), text) >= 4.1, (share, text)


def between(ramp: list[str] | tuple[str, ...], share: float) -> str:
    """The color at a share of the ramp, as Vega mixes them."""
    at = min(int(share * (len(ramp) - 1)), len(ramp) - 2)
    part = share * (len(ramp) - 1) - at
    ends = [[int(color[place : place + 2], 16) for place in (1, 3, 5)] for color in (ramp[at], ramp[at + 1])]
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(*ends, strict=True))


class TestExplorable:
    def test_says_which_columns_may_be_told(self, charts: dict[str, Chart]) -> None:
        for chart in charts.values():
            assert explorable(chart).spec["usermeta"]["columns"] == list(chart.table.columns)

    def test_is_drawn_like_the_chart(self, charts: dict[str, Chart]) -> None:
        for kind, chart in charts.items():
            assert svg(explorable(chart)).startswith("<svg"), kind

    def test_leaves_the_chart_itself_as_it_was(self, charts: dict[str, Chart]) -> None:
        before = json.dumps(charts["efficiency"].spec)
        explorable(charts["efficiency"])
        assert json.dumps(charts["efficiency"].spec) == before
        assert f'"name": "{TABLE}"' in before
