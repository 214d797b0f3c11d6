"""Which charts a study has: of a rounded board what the board itself says, of an exact one all that a public report shows.

Imports the evaluator's charts, which take seconds to load: only those who make studies import this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.ranking.entries import BoardError, Entry
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.stability_analysis import NoRankingError, stability_report
from sonobench_eval.report.chart_choice import Chosen, board_charts, evaluation_charts, stability_charts
from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.public import public_board, public_entry
from sonobench_platform.leaderboards.study import SectionName, TeamCenters

log = logging.getLogger(__name__)

_SECTIONS: tuple[tuple[str, SectionName], ...] = (
    ("efficiency", "efficiency"),
    ("radar", "tasks"),
    ("task-scores", "tasks"),
    ("centers", "centers"),
    ("cases", "cases"),
    ("quartiles", "cases"),
    ("roc", "curves"),
    ("reliability", "curves"),
    ("rejection", "curves"),
    ("confusion", "curves"),
    ("blob", "stability"),
    ("rank-heatmap", "stability"),
    ("tau", "stability"),
    ("ranks-without", "stability"),
    ("significance", "significance"),
    ("weights", "weights"),
    ("scheme-ranks", "weights"),
    ("difficulty", "difficulty"),
)
"""What a chart's name begins with -> its section. The order of the sections is theirs on a page."""
_ORDER = tuple(dict.fromkeys(section for _, section in _SECTIONS))


class Charted(NamedTuple):
    """A chart in its section."""

    chart: Chart
    section: SectionName
    of_evaluations: bool


class Charts(NamedTuple):
    """What a study is made of. `notes` say what could not be made."""

    charts: tuple[Charted, ...]
    centers: tuple[TeamCenters, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an exact board was made from: its phase's definition with references, and its rows as entries, in their order.

    `case_dots`: the organizers let scores of single cases be seen, without their names.
    """

    challenge: Challenge
    entries: tuple[Entry, ...]
    case_dots: bool


def charts_of(board: Leaderboard, evaluated: Evaluated | None, *, fewest_cases: int) -> Charts:
    """Every chart for the public.

    Args:
        board: as published.
        evaluated: what it was made from; None: only what the board says is drawn.
        fewest_cases: that a figure must be of.
    """
    found = _Found()
    public = public_board(board, fewest_cases=fewest_cases)
    found.add("The charts of the board", lambda: _all_of(board_charts(public)), of_evaluations=False)
    if evaluated is None:
        return Charts(_in_order(found.charts), notes=tuple(found.notes))
    entries = [public_entry(each, fewest_cases=fewest_cases) for each in evaluated.entries]

    def of_evaluations() -> list[Chart]:
        return list(_of_evaluations(evaluated, entries, fewest_cases=fewest_cases))

    found.add("Centers, cases and curves", of_evaluations, of_evaluations=True)
    found.add("The ranking's stability", lambda: _all_of(_of_stability(board, evaluated)), of_evaluations=True)
    return Charts(_in_order(found.charts), tuple(_centers(entries)), tuple(found.notes))


@dataclass(slots=True)
class _Found:
    charts: list[Charted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, what: str, make: Callable[[], Sequence[Chart]], *, of_evaluations: bool) -> None:
        """What goes wrong with some charts is noted and costs nobody the others."""
        try:
            made = make()
        except (NoRankingError, BoardError) as error:
            self.notes.append(f"{what} cannot be drawn. {_sentence(str(error))}")
        except Exception:
            log.exception("%s could not be drawn", what)
            self.notes.append(f"{what} could not be drawn; the organizers find in the log why.")
        else:
            self.charts += [Charted(chart, section_of(chart.name), of_evaluations) for chart in made]


def section_of(name: str) -> SectionName:
    """The section of a chart, by its name.

    Raises:
        LookupError: it has none.
    """
    found = next((section for start, section in _SECTIONS if name == start or name.startswith(f"{start}-")), None)
    if found is None:
        raise LookupError(f"the chart {name!r} has no section")
    return found


def _all_of(chosen: Iterator[Chosen]) -> list[Chart]:
    return [each.for_public for each in chosen if each.for_public is not None]


def _of_evaluations(evaluated: Evaluated, entries: Sequence[Entry], *, fewest_cases: int) -> Iterator[Chart]:
    for chosen in evaluation_charts(evaluated.challenge, entries, fewest_cases=fewest_cases):
        if not _is_public(chosen.chart):
            continue
        # What has nothing to stand in for it is of too few cases, or tells references too.
        chart = chosen.chart if evaluated.case_dots and chosen.instead is not None else chosen.for_public
        if chart is not None:
            yield chart


def _is_public(chart: Chart) -> bool:
    """A board's page compares teams; what is drawn for the first one alone is for reports."""
    return not chart.name.startswith(("confusion-", "bland-altman-"))


def _of_stability(board: Leaderboard, evaluated: Evaluated) -> Iterator[Chosen]:
    report = stability_report(evaluated.challenge, evaluated.entries)
    yield from stability_charts(report, {task.id: task.title for row in board.rows for task in row.tasks})


def _centers(entries: Sequence[Entry]) -> Iterator[TeamCenters]:
    for entry in entries:
        for task in entry.evaluation.tasks:
            if task.centers:
                yield TeamCenters(team=entry.team, task=task.id, centers=task.centers)


def _in_order(charts: Sequence[Charted]) -> tuple[Charted, ...]:
    return tuple(sorted(charts, key=lambda each: _ORDER.index(each.section)))


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
