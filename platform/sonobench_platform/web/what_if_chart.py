"""Score against the weight of performance: a line for each team, and the sentence it is there for, from the same figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from sonobench_eval.report import figures
from sonobench_platform.web.contexts import Tick
from sonobench_platform.web.contexts_what_if import WeightChart, WeightLine, WinnerLine
from sonobench_platform.web.drawing import Scale, nice_ticks, placed
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import joined, percent, shortened, shown_name

if TYPE_CHECKING:
    from sonobench_eval.ranking.records import RankedTeam
    from sonobench_eval.ranking.stability_report import WeightSensitivity, WinnerSpan
    from sonobench_platform.leaderboards.what_if import Answer

WIDTH = 640
MOST_LINES = 40
_LEFT, _RIGHT, _TOP, _AXIS = 44.0, 470.0, 14.0, 44.0
_LABEL_STEP = 15.0
_LOOKS: tuple[Literal["solid", "dashed", "dotted", "mixed"], ...] = ("solid", "dashed", "dotted", "mixed")
_MOST_NAMES = 4


def weight_chart(answer: Answer, teams: Sequence[RankedTeam]) -> WeightChart | None:
    """None where no weight of performance could be another.

    Args:
        answer: the ranking that is shown.
        teams: its teams with both parts (`what_if.lines_of`).
    """
    found, declared, now = answer.sensitivity, answer.declared, answer.performance
    if found is None or declared is None or now is None or len(teams) < 2:
        return None
    shown = _drawn(teams, found)
    bottom = max(300.0, _TOP + _LABEL_STEP * len(shown))
    ends = [end for row in shown for end in (row.performance or 0.0, row.efficiency or 0.0)]
    ticks = nice_ticks(min(ends), max(ends), 5)
    x, y = Scale(0.0, 1.0, _LEFT, _RIGHT), Scale(ticks[0].at, ticks[-1].at, bottom, _TOP)
    return WeightChart(
        takeaway=takeaway(found, now),
        width=WIDTH,
        height=int(bottom + _AXIS),
        left=_LEFT,
        right=_RIGHT,
        bottom=bottom,
        x_ticks=tuple(Tick(x(step / 5), percent(step / 5)) for step in range(6)),
        y_ticks=placed(ticks, y),
        official=Tick(x(declared), _("official, {share}").format(share=percent(declared))),
        now=None if abs(now - declared) < 1e-9 else Tick(x(now), _("now, {share}").format(share=percent(round(now, 4)))),
        lines=_lines(shown, found, y, bottom),
        winners=tuple(WinnerLine(_span(span), joined([shown_name(team) for team in span.teams])) for span in found.winners),
    )


def takeaway(found: WeightSensitivity, now: float) -> str:
    """`SMART stays first from 55 % to 100 % for performance.`"""
    here = _span_of(found.winners, now)
    names = _names(here.teams)
    if (here.low, here.high) == (0.0, 1.0):
        return (
            _("{team} is first whatever performance weighs").format(team=names)
            if len(here.teams) == 1
            else _("{teams} share the first rank whatever performance weighs").format(teams=names)
        )
    low, high = _inner_ends(here)
    told = _("{team} stays first from {low} to {high} for performance")
    if len(here.teams) > 1:
        told = _("{team} share the first rank from {low} to {high} for performance")
    return told.format(team=names, low=low, high=high)


def _span_of(winners: Sequence[WinnerSpan], now: float) -> WinnerSpan:
    return next((span for span in winners if span.low <= now <= span.high), winners[-1])


def _names(teams: Sequence[str]) -> str:
    shown = [shown_name(team) for team in teams]
    return joined(shown[:_MOST_NAMES], more=max(0, len(shown) - _MOST_NAMES))


def _inner_ends(span: WinnerSpan) -> tuple[str, str]:
    """In whole percent inside the span; with two decimals where none is."""
    low, high = math.ceil(span.low * 100 - 1e-9), math.floor(span.high * 100 + 1e-9)
    if low > high:
        return percent(round(span.low, 4)), percent(round(span.high, 4))
    return percent(low / 100), percent(high / 100)


def _span(span: WinnerSpan) -> str:
    return _("{low} to {high}").format(low=percent(round(span.low, 3)), high=percent(round(span.high, 3)))


def _drawn(teams: Sequence[RankedTeam], found: WeightSensitivity) -> list[RankedTeam]:
    """The best ranked, and whoever is first at some weight."""
    leading = {team for span in found.winners for team in span.teams}
    best = set(list(leading)[:MOST_LINES]) | {row.team for row in teams[:MOST_LINES]}
    return [row for row in teams if row.team in best]


def _lines(shown: Sequence[RankedTeam], found: WeightSensitivity, y: Scale, bottom: float) -> tuple[WeightLine, ...]:
    leading = {team for span in found.winners for team in span.teams}
    by_end = sorted(shown, key=lambda row: (y(row.performance or 0.0), row.rank or 0))
    labels = dict(zip((row.team for row in by_end), apart([y(row.performance or 0.0) for row in by_end], bottom), strict=True))
    return tuple(
        WeightLine(
            team=shown_name(row.team),
            short=shortened(row.team, 20),
            leads=row.team in leading,
            look=_LOOKS[number % len(_LOOKS)],
            y_start=y(row.efficiency or 0.0),
            y_end=y(row.performance or 0.0),
            y_label=labels[row.team],
            efficiency=figures.fixed(row.efficiency, 3),
            performance=figures.fixed(row.performance, 3),
        )
        for number, row in enumerate(shown)
    )


def apart(places: Sequence[float], bottom: float) -> list[float]:
    """Places of labels from top to bottom, in their order, none nearer than a line to the next, the last not below `bottom`.

    Args:
        places: where they would stand, ascending.
    """
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + _LABEL_STEP) if found else place)
    limit = bottom
    for number in reversed(range(len(found))):
        found[number] = min(found[number], limit)
        limit = found[number] - _LABEL_STEP
    return [round(each, 1) for each in found]
