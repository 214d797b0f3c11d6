"""The page of a report: one file that needs no other and no script, in light and dark, on wide screens and narrow ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.html_table import html_table, html_text
from sonobench_eval.report.paper import Column, PaperCell, PaperTable, percent

GENERATOR = "Sonobench report"
"""What a page says it was made by; a folder whose page says so may be replaced."""
MOST_LINES = 60
"""Lines of a chart's table that stand on the page; all are in the folder."""
_FORMATS = {"tex": "LaTeX"}
_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; --ink: #15202b; --soft: #526272; --line: #dfe5ea; --paper: #fff; --wash: #f5f7f9;
  --link: #0f6b8f; --focus: #0b57d0; --mark: #8f4a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ecf1; --soft: #9db0c0; --line: #2a3640; --paper: #10171d;
  --wash: #18222a; --link: #7cc4e6; --focus: #8ab4f8; --mark: #f0a24e; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
main, header, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 2rem 0 .35rem; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .35rem; overflow-wrap: anywhere; }
p, ul, dl { margin: .5rem 0; max-width: 75ch; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: 1rem; top: -4rem; background: var(--paper); padding: .5rem .75rem; }
.skip:focus { top: .5rem; }
caption, .notes, .files { color: var(--soft); }
.kept { border-left: 4px solid var(--mark); padding: .1rem 0 .1rem .75rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; list-style: none; padding: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 0; font-size: .875rem; line-height: 1.35; margin: .5rem 0;
  min-width: min(100%, 36rem); }
caption { text-align: left; padding-bottom: .5rem; }
caption span { display: block; position: sticky; left: 0; width: max-content; max-width: min(75ch, 100vw - 2.5rem); }
th, td { padding: .4rem .9rem .4rem 0; text-align: right; vertical-align: top; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--line); white-space: normal; min-width: 3.2rem; }
.text, tbody th { text-align: left; font-weight: 400; }
thead .text { font-weight: 700; }
tbody th { position: sticky; left: 0; background: var(--paper); min-width: 6rem; max-width: 16rem; white-space: normal;
  overflow-wrap: anywhere; }
tbody tr:hover > * { background: var(--wash); }
.interval { display: block; color: var(--soft); font-size: .75rem; }
.none { color: var(--soft); }
.notes, .files { font-size: .875rem; }
.notes { padding-left: 1.1rem; }
figure { margin: 1rem 0 2.5rem; }
figcaption { max-width: 75ch; margin-bottom: .5rem; }
.drawing { background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .25rem; overflow-x: auto; }
.drawing svg { display: block; max-width: 100%; height: auto; min-width: 34rem; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--link); padding: .35rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; max-width: 75ch; }
footer { color: var(--soft); font-size: .875rem; padding-bottom: 3rem; margin-top: 3rem; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } h1 { font-size: 1.45rem; } }
@media print { .skip, nav { display: none; } figure, table { break-inside: avoid; } }
"""


class Drawing(NamedTuple):
    """A chart with its drawing for the page, None where it could not be drawn."""

    chart: Chart
    svg: str | None
    name: str
    formats: tuple[str, ...] = ()


class Section(NamedTuple):
    """Tables under one heading."""

    id: str
    title: str
    tables: tuple[PaperTable, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that stands on the page. `kept` is a sentence on who may see it; `facts` say what it was made from."""

    board: Leaderboard
    kept: str
    sections: tuple[Section, ...]
    drawings: tuple[Drawing, ...]
    without_drawings: str
    methods: str
    facts: tuple[tuple[str, str], ...]


def html_page(page: Page) -> str:
    """The whole document."""
    links = [(each.id, each.title) for each in page.sections]
    links += [("charts", "Charts")] * bool(page.drawings or page.without_drawings)
    links += [("methods", "Methods")] * bool(page.methods) + [("made-from", "Made from")]
    body = "".join(
        (
            f"<header>\n<h1>{html_text(page.board.title)}</h1>\n<p>{html_text(first_sentence(page.board))}</p>\n",
            f'<p class="kept">{html_text(page.kept)}</p>\n' if page.kept else "",
            '<nav aria-label="Contents"><ul>',
            *(f'<li><a href="#{to}">{html_text(title)}</a></li>' for to, title in links),
            '</ul></nav>\n</header>\n<main id="content">\n',
            *(_section(each) for each in page.sections),
            *_charts(page),
            f'<section id="methods">\n<h2>Methods</h2>\n{_paragraphs(page.methods)}</section>\n' if page.methods else "",
            *_made_from(page),
            "</main>\n",
        )
    )
    return html_document(f"{page.board.title}: report", body, skip='<a class="skip" href="#content">Skip to content</a>\n')


def html_document(title: str, body: str, *, skip: str = "") -> str:
    """A document that fetches nothing and runs nothing."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_CSP}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="{GENERATOR}">\n<meta name="robots" content="noindex">\n'
        f"<title>{html_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{skip}{body}</body>\n</html>\n"
    )


def table_document(table: PaperTable) -> str:
    """One table as a document of its own."""
    return html_document(table.title, f"<main>\n<h1>{html_text(table.title)}</h1>\n{html_table(table)}</main>\n")


def first_sentence(board: Leaderboard) -> str:
    """Who is first, as far as that can be said."""
    first = [row.team for row in board.rows if row.rank == 1]
    size = f"{len(board.rows):,} teams, {board.cases:,} cases, {board.centers:,} centers"
    if not first:
        return f"There is no ranking. {size}."
    who = f"{first[0]} is first" if len(first) == 1 else f"{len(first)} teams share the first place"
    return f"{who} by the scheme {board.scheme}. {size}."


def _section(section: Section) -> str:
    tables = "".join(
        f"<h3>{html_text(table.title)}</h3>\n{html_table(table)}{_files('tables', table.name, ('csv', 'tex', 'html'))}"
        for table in section.tables
    )
    return f'<section id="{section.id}">\n<h2>{html_text(section.title)}</h2>\n{tables}</section>\n'


def _files(folder: str, name: str, formats: Sequence[str]) -> str:
    links = ", ".join(f'<a href="{folder}/{name}.{each}">{_FORMATS.get(each, each.upper())}</a>' for each in formats)
    return f'<p class="files">As {links}</p>\n'


def _charts(page: Page) -> Iterator[str]:
    if not page.drawings and not page.without_drawings:
        return
    yield '<section id="charts">\n<h2>Charts</h2>\n'
    if page.without_drawings:
        yield f"<p>{html_text(page.without_drawings)}</p>\n"
    for each in page.drawings:
        yield _figure(each)
    yield "</section>\n"


def _figure(drawing: Drawing) -> str:
    chart = drawing.chart
    title, takeaway = html_text(chart.title), html_text(chart.takeaway)
    image = (
        "" if drawing.svg is None else f'<div class="drawing" role="img" aria-label="{title}. {takeaway}">{drawing.svg}</div>\n'
    )
    table = html_table(chart_table(chart, drawing.name, most=MOST_LINES))
    return (
        f'<figure id="chart-{drawing.name}">\n<figcaption>\n<h3>{title}</h3>\n<p>{takeaway}</p>\n</figcaption>\n{image}'
        f"<details>\n<summary>The numbers of this chart</summary>\n{table}</details>\n"
        f"{_files('charts', drawing.name, (*drawing.formats, 'csv'))}</figure>\n"
    )


def chart_table(chart: Chart, name: str, *, most: int | None = None) -> PaperTable:
    """The numbers of a chart as a table."""
    frame = chart.table if most is None else chart.table.head(most)
    columns = [_chart_column(str(key), list(frame[key])) for key in frame.columns]
    rows = tuple(tuple(_plain(value) for value in row) for row in frame.itertuples(index=False, name=None))
    over = len(chart.table) - len(rows)
    notes = (f"{over:,} more lines are in charts/{name}.csv.",) if over else ()
    return PaperTable(name, chart.title, chart.title, tuple(columns), rows, notes=notes)


def _chart_column(name: str, values: Sequence[object]) -> Column:
    heading = name.replace("_", " ")
    if name == "team":
        return Column(name, "team", "team")
    numbers = [each for each in map(_plain, values) if isinstance(each, int | float)]
    if len(numbers) < len([each for each in map(_plain, values) if each is not None]) or not numbers:
        return Column(name, heading)
    return Column(name, heading, "whole" if all(isinstance(each, int) for each in numbers) else "number", 3)


def _plain(value: object) -> PaperCell:
    item = value.item() if hasattr(value, "item") else value
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    return item if isinstance(item, int) or item is None else str(item)


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{html_text(each)}</p>\n" for each in text.split("\n\n") if each.strip())


def _made_from(page: Page) -> Iterator[str]:
    yield '<section id="made-from">\n<h2>Made from</h2>\n<dl>\n'
    for name, value in page.facts:
        yield f"<dt>{html_text(name)}</dt><dd>{html_text(value)}</dd>\n"
    how = f"Intervals are at {percent(page.board.confidence)}. Bold is the best value of a column, as printed."
    yield f"</dl>\n<p>{how}</p>\n</section>\n"
