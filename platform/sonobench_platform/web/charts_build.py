"""From a study to the page of a board's charts: one chart of each kind, or all of one kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args
from urllib.parse import urlencode

from sonobench_platform.leaderboards.snapshots import FoundSnapshot
from sonobench_platform.leaderboards.study import Cell, SectionName, Study, StudyChart
from sonobench_platform.web.contexts import Crumb, Tab
from sonobench_platform.web.contexts_charts import ChartCell, ChartFigure, ChartLink, ChartSection, ChartsPage
from sonobench_platform.web.phases import board_links, phase_named, phase_title
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.snapshot_build import snapshot_path
from sonobench_platform.web.source import PublicChallenge
from sonobench_platform.web.tabs import board_tabs
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words, shown_name

SECTIONS: tuple[SectionName, ...] = get_args(SectionName)
_TEAM_COLUMNS = frozenset({"team", "other"})


class Asked(NamedTuple):
    """What of the charts is asked for: a phase, a snapshot's hash, a section. None: the main one, the one on show, all."""

    phase: str | None = None
    snapshot: str | None = None
    section: SectionName | None = None


def charts_context(
    challenge: PublicChallenge, found: FoundSnapshot, study: Study | None, asked: Asked, *, bundle: str
) -> ChartsPage:
    """The page.

    Args:
        challenge: as its reader may know it.
        found: the snapshot, which the reader may see.
        study: what was drawn of it, as far as it may be shown; None: not drawn.
        asked: which of it.
        bundle: address of the script that draws charts in browsers; empty where there is none.
    """
    name, title = challenge.definition.name, shown_name(challenge.definition.title)
    root = f"/challenges/{name}"
    shown = phase_named(challenge, asked.phase if asked.snapshot is None else found.phase)
    has_phases = shown is not None and bool(challenge.definition.phases)
    heading = _("Charts of {title}").format(title=title)
    crumbs = Crumb(title, root), Crumb(_("Charts"), _path(name, asked._replace(section=None)))
    charts = () if study is None else study.charts
    return ChartsPage(
        page=page_frame(f"{heading} – Sonobench", *crumbs),
        tabs=board_tabs(name, "charts", phase=asked.phase),
        title=heading,
        phase=phase_title(shown.rules) if shown is not None and has_phases else "",
        other_boards=_other_charts(challenge, asked) if has_phases and asked.snapshot is None else (),
        lead=_lead(found, study),
        snapshot=Crumb(_("snapshot {number}").format(number=found.line.number), snapshot_path(name, found.line)),
        made_iso=found.line.created_at.isoformat(),
        made_words=date_words(found.line.created_at),
        notes=tuple(_notes(study, is_open=shown is not None and shown.is_open)),
        parts=tuple(_parts(name, charts, asked)),
        sections=tuple(_sections(name, found, charts, asked)),
        bundle=bundle if any(chart.files.spec for chart in charts) else "",
    )


def chart_file_path(name: str, found: FoundSnapshot, file: str) -> str:
    """The address of a chart's file, which holds its content's hash."""
    return f"/challenges/{name}/leaderboard/charts/{found.line.digest}/{file}"


def _path(name: str, asked: Asked) -> str:
    query = {key: value for key, value in asked._asdict().items() if value is not None}
    return f"/challenges/{name}/leaderboard/charts" + (f"?{urlencode(query)}" if query else "")


def _other_charts(challenge: PublicChallenge, asked: Asked) -> tuple[Crumb, ...]:
    others = board_links(challenge, phase_named(challenge, asked.phase))
    return tuple(Crumb(other.title, other.href.replace("/leaderboard", "/leaderboard/charts", 1)) for other in others)


def _lead(found: FoundSnapshot, study: Study | None) -> str:
    if study is not None:
        count = len(study.charts)
        return ngettext(
            "{count} chart, drawn from the published ranking.", "{count} charts, drawn from the published ranking.", count
        ).format(count=count)
    if found.line.number == found.latest.number or found.line.content_hash == found.latest.content_hash:
        return _("The charts of this ranking are being drawn. They are here within minutes; load the page again then.")
    return _("This ranking is on show no more, and its charts were not kept. The ranking itself was.")


def _notes(study: Study | None, *, is_open: bool) -> Iterator[str]:
    if study is None:
        return
    if is_open:
        yield _(
            "While the phase takes submissions, charts show what the board shows. Centers, cases, curves and the ranking's "
            "stability are drawn when it has closed."
        )
    yield from study.notes
    if study.without_drawings:
        yield study.without_drawings


def _parts(name: str, charts: Sequence[StudyChart], asked: Asked) -> Iterator[Tab]:
    present = [section for section in SECTIONS if any(chart.section == section for chart in charts)]
    if len(present) < 2:
        return
    yield Tab(_("Overview"), _path(name, asked._replace(section=None)), asked.section is None)
    for section in present:
        yield Tab(_titles()[section].short, _path(name, asked._replace(section=section)), asked.section == section)


def _sections(name: str, found: FoundSnapshot, charts: Sequence[StudyChart], asked: Asked) -> Iterator[ChartSection]:
    for section in SECTIONS if asked.section is None else (asked.section,):
        own = [chart for chart in charts if chart.section == section]
        if not own:
            continue
        here = own[:1] if asked.section is None else own
        more = None if len(here) == len(own) else Crumb(_more(len(own)), _path(name, asked._replace(section=section)))
        words = _titles()[section]
        figures = tuple(_figure(name, found, chart) for chart in here)
        yield ChartSection(section, words.title, words.about, figures, more)


def _more(count: int) -> str:
    return _("All {count} charts of this kind").format(count=count)


def _figure(name: str, found: FoundSnapshot, chart: StudyChart) -> ChartFigure:
    def at(file: str | None) -> str:
        return "" if file is None else chart_file_path(name, found, file)

    over = chart.total_rows - len(chart.rows)
    is_number = [all(_is_number(row[at]) for row in chart.rows) for at in range(len(chart.columns))]
    rest = ngettext("{count} more row is in the CSV file.", "{count} more rows are in the CSV file.", over)
    kinds = (("SVG", chart.files.svg), ("PNG", chart.files.png), ("PDF", chart.files.pdf), ("CSV", chart.files.csv))
    return ChartFigure(
        id=f"chart-{chart.id}",
        takeaway=chart.takeaway,
        title=chart.title,
        picture=at(chart.files.picture),
        picture_dark=at(chart.files.picture_dark),
        width=chart.width_px,
        height=chart.height_px,
        spec=at(chart.files.spec),
        spec_dark=at(chart.files.spec_dark),
        headings=tuple(
            ChartCell(_heading(column), is_number=number) for column, number in zip(chart.columns, is_number, strict=True)
        ),
        rows=tuple(tuple(_cells(chart.columns, row)) for row in chart.rows),
        rest=rest.format(count=f"{over:,}") if over else "",
        links=tuple(ChartLink(kind, at(file), chart.title) for kind, file in kinds if file is not None),
    )


def _heading(column: str) -> str:
    return column.replace("_", " ").capitalize()


def _cells(columns: Sequence[str], row: Sequence[Cell]) -> Iterator[ChartCell]:
    for column, value in zip(columns, row, strict=True):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        yield ChartCell(_written(value), is_number=is_number, is_team=column in _TEAM_COLUMNS)


def _written(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case float():
            return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")
        case int():
            return f"{value:,}".replace("-", "\N{MINUS SIGN}")
    return shown_name(value)


def _is_number(value: Cell) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


class _Words(NamedTuple):
    short: str
    title: str
    about: str


def _titles() -> dict[SectionName, _Words]:
    return {
        "efficiency": _Words(
            _("Time"),
            _("Performance against time and memory"),
            _("The dashed line joins the teams that nobody beats in time and performance at once. Bubbles grow with GPU memory."),
        ),
        "tasks": _Words(
            _("Tasks"), _("Task by task"), _("Where each team is strong, and how far teams lie apart in every task.")
        ),
        "centers": _Words(
            _("Centers"),
            _("Centers and the generalization gap"),
            _("Every team at every center. Beside it: external minus internal centers, with its confidence interval."),
        ),
        "cases": _Words(_("Cases"), _("From case to case"), _("How a team's scores are spread over the cases of a task.")),
        "curves": _Words(
            _("Curves"),
            _("ROC curves and calibration"),
            _("Bands are pointwise bootstrap intervals; everybody's curves stand behind each team's own in grey."),
        ),
        "stability": _Words(
            _("Stability"),
            _("How stable the ranking is"),
            _("The test cases are resampled, and all is ranked again. This tells of stability; it is no test of difference."),
        ),
        "significance": _Words(
            _("Differences"),
            _("Who is better than whom"),
            _("Tests of every pair of teams on the same cases, corrected for how many pairs there are."),
        ),
        "weights": _Words(
            _("Weights"), _("Other weights, other schemes"), _("What the order would be had it been ranked otherwise.")
        ),
        "difficulty": _Words(
            _("Difficulty"), _("How difficult the cases are"), _("Cases that all, most, few or no teams get right.")
        ),
    }
