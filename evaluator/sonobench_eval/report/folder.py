"""A report as a folder: a page, its tables and charts as files, exports of single cases, and what a paper says of methods.

The folder is written whole or not at all: beside its place first, then moved there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from sonobench_eval.challenge.model import Challenge, Subgroups
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.stability_report import StabilityReport
from sonobench_eval.report import chart_choice
from sonobench_eval.report.challenger_csv import case_scores_csv, challenger_files
from sonobench_eval.report.chart_choice import Chosen
from sonobench_eval.report.charts import render
from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.charts.labels import slug
from sonobench_eval.report.html_page import GENERATOR, Drawing, Page, Section, chart_table, html_page, table_document
from sonobench_eval.report.latex import latex_table
from sonobench_eval.report.methods import Methods, methods_of
from sonobench_eval.report.paper import PaperTable, paper_csv
from sonobench_eval.report.paper_tables import board_tables, evaluation_tables, stability_tables
from sonobench_eval.report.paper_uusic25 import uusic25_tables
from sonobench_eval.report.public import public_board, public_entry
from sonobench_eval.report.tables import evaluation_csv, leaderboard_csv

Format = Literal["svg", "pdf", "png"]
KEPT = "For organizers: this folder holds scores of single cases, made from hidden data. With --public it holds none."
_RENDERED = {"pdf": render.pdf, "png": render.png}


class FolderError(Exception):
    """The folder cannot be written there; the message says why and what to do."""


class File(NamedTuple):
    """A file of the report: its path in the folder, with slashes, and its content."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What a report is made from. Without evaluations only the board's own tables and charts can be made.

    `is_public` leaves out all that tells of single cases, and figures of fewer than `fewest_cases`.
    """

    board: Leaderboard
    version: str
    challenge: Challenge | None = None
    entries: tuple[Entry, ...] = ()
    stability: StabilityReport | None = None
    is_public: bool = False
    formats: tuple[Format, ...] = ("svg", "pdf", "png")
    remarks: tuple[str, ...] = field(default=())

    @property
    def fewest_cases(self) -> int:
        """That a figure must be of: for organizers any number, for the public as many as of a subgroup."""
        if not self.is_public:
            return 1
        return (Subgroups() if self.challenge is None else self.challenge.subgroups).fewest_cases


def report_files(report: Report) -> Iterator[File]:
    """Every file of the report, the page last."""
    report = _for_its_readers(report)
    sections = _sections(report)
    methods = None
    if report.challenge is not None:
        methods = methods_of(report.challenge, report.board, report.stability, version=report.version)
    drawings, why_none = _drawings(report)
    yield _text("board.json", report.board.to_json())
    yield _text("board.csv", leaderboard_csv(report.board))
    if report.stability is not None:
        yield _text("stability.json", report.stability.to_json())
    for section in sections:
        for table in section.tables:
            yield from _table_files(table)
    for drawing in drawings:
        yield from _chart_files(drawing)
    if report.challenge is not None and not report.is_public:
        yield from _data_files(report.challenge, report.entries)
    if methods is not None:
        yield _text("methods.txt", methods.plain())
        yield _text("methods.tex", methods.latex())
        yield _text("methods.bib", methods.bibtex())
    yield _text("index.html", html_page(_page(report, sections, drawings, why_none, methods)))


def write_folder(target: Path, files: Iterable[File], *, force: bool = False) -> int:
    """Write the files into a new folder, and say how many there are. With `force` an older report there is replaced.

    Raises:
        FolderError: there is something else, or a report and no `force`.
    """
    check_place(target, force=force)
    target = target.absolute()  # the present folder has a name too
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        beside.chmod(0o777 & ~_umask())
        count = 0
        for file in files:
            path = beside / file.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file.content)
            count += 1
        _move(beside, target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return count


def check_place(target: Path, *, force: bool) -> None:
    """Before long work, too.

    Raises:
        FolderError: a report may not be written there.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise FolderError(f"{target} is not a folder; name another place for the report.")
    if not target.exists() or not any(target.iterdir()):
        return
    if not force:
        raise FolderError(f"{target} is not empty. Name another folder, or replace the report there with --force.")
    if not _is_report(target):
        raise FolderError(f"{target} holds something else than a report; --force replaces nothing but reports.")


def _is_report(folder: Path) -> bool:
    with suppress(OSError), (folder / "index.html").open(encoding="utf-8", errors="replace") as page:
        return f'<meta name="generator" content="{GENERATOR}">' in page.read(4096)
    return False


def _move(beside: Path, target: Path) -> None:
    """Into its place; what was there goes only when the new one is complete."""
    if not target.exists() or not any(target.iterdir()):
        beside.replace(target)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.")) / "old"
    target.rename(old)
    try:
        beside.rename(target)
    except BaseException:
        old.rename(target)
        old.parent.rmdir()
        raise
    shutil.rmtree(old.parent, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _for_its_readers(report: Report) -> Report:
    if not report.is_public:
        return report
    entries = tuple(public_entry(entry, fewest_cases=report.fewest_cases) for entry in report.entries)
    return replace(report, board=public_board(report.board, fewest_cases=report.fewest_cases), entries=entries)


def _sections(report: Report) -> list[Section]:
    """Every table under its heading; names of files are unique."""
    own = list(board_tables(report.board))
    ranking = [table for table in own if table.name in {"ranking", "means", "runs"}]
    tasks = [*(table for table in own if table not in ranking), *evaluation_tables(report.entries)]
    order = {task.id: place for row in report.board.rows for place, task in enumerate(row.tasks)}
    tasks.sort(key=lambda table: order[table.name.split("-", 1)[1]])
    found = [
        Section("ranking", "Results", tuple(ranking)),
        Section("uusic25", "Tables of the UUSIC25 paper", tuple(uusic25_tables(report.board))),
        Section("tasks", "Tasks", tuple(tasks)),
        Section("stability", "Stability", () if report.stability is None else tuple(stability_tables(report.stability))),
    ]
    taken: set[str] = set()
    return [each._replace(tables=tuple(_renamed(table, taken) for table in each.tables)) for each in found if each.tables]


def _renamed(table: PaperTable, taken: set[str]) -> PaperTable:
    return replace(table, name=_unique(table.name, taken))


def _unique(text: str, taken: set[str]) -> str:
    """A name for files that no other has, also where capitals are not told apart."""
    base = slug(text)
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _table_files(table: PaperTable) -> Iterator[File]:
    yield _text(f"tables/{table.name}.csv", paper_csv(table))
    yield _text(f"tables/{table.name}.tex", latex_table(table))
    yield _text(f"tables/{table.name}.html", table_document(table))


def _drawings(report: Report) -> tuple[list[Drawing], str]:
    """Every chart with its drawing for the page; a sentence on why there are none, where there are none."""
    taken: set[str] = set()
    charts = list(_charts(report))
    try:
        drawn = [render.svg(_untitled(chart)) for chart in charts]
    except render.ReportNotInstalledError as error:
        return [Drawing(chart, None, _unique(chart.name, taken)) for chart in charts], f"There are only their numbers. {error}."
    return [Drawing(chart, svg, _unique(chart.name, taken), report.formats) for chart, svg in zip(charts, drawn, strict=True)], ""


def _untitled(chart: Chart) -> Chart:
    """The page says title and takeaway itself."""
    return replace(chart, spec={key: value for key, value in chart.spec.items() if key != "title"})


def _charts(report: Report) -> Iterator[Chart]:
    for chosen in _chosen(report):
        chart = chosen.for_public if report.is_public else chosen.chart
        if chart is not None:
            yield chart


def _chosen(report: Report) -> Iterator[Chosen]:
    yield from chart_choice.board_charts(report.board)
    if report.challenge is not None:
        yield from chart_choice.evaluation_charts(report.challenge, report.entries, fewest_cases=report.fewest_cases)
    if report.stability is not None:
        titles = {task.id: task.title for row in report.board.rows for task in row.tasks}
        yield from chart_choice.stability_charts(report.stability, titles)


def _chart_files(drawing: Drawing) -> Iterator[File]:
    for each in drawing.formats:
        content = render.svg(drawing.chart).encode() if each == "svg" else _RENDERED[each](drawing.chart)
        yield File(f"charts/{drawing.name}.{each}", content)
    yield _text(f"charts/{drawing.name}.csv", paper_csv(chart_table(drawing.chart, drawing.name)))


def _data_files(challenge: Challenge, entries: Sequence[Entry]) -> Iterator[File]:
    yield _text("data/case-scores.csv", case_scores_csv(challenge, entries))
    taken: set[str] = set()
    for file in challenger_files(challenge, entries):
        direction = "-small-better" if file.small_better else ""
        yield _text(f"data/{_unique(f'challenger-{file.metric}{direction}', taken)}.csv", file.text)
    for entry in entries:
        yield _text(f"data/{_unique(f'scores-{entry.team}', taken)}.csv", evaluation_csv(entry.evaluation))


def _page(
    report: Report, sections: Sequence[Section], drawings: Sequence[Drawing], why_none: str, methods: Methods | None
) -> Page:
    return Page(
        board=report.board,
        kept="" if report.is_public or not report.entries else KEPT,
        sections=tuple(sections),
        drawings=tuple(drawings),
        without_drawings=why_none,
        methods="" if methods is None else methods.plain(),
        facts=tuple(_facts(report)),
    )


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    board = report.board
    yield "Challenge", board.challenge
    yield "Challenge hash", board.challenge_hash
    yield "Data hash", board.dataset_hash
    yield "Ranking", board.scheme
    yield "Bootstrap resamples", f"{board.resamples:,}"
    if report.challenge is not None:
        yield "Seed", str(report.challenge.bootstrap.seed)
    made = {entry.evaluation.made_from for entry in report.entries}
    if made:
        yield "Scored by", ", ".join(sorted({f"Sonobench {each.evaluator_version}, {each.engine} engine" for each in made}))
    yield "Reported by", f"Sonobench {report.version}"
    yield "Board made", board.generated_at.strftime("%Y-%m-%d %H:%M %Z")
    for remark in report.remarks:
        yield "Remark", remark


def _text(path: str, text: str) -> File:
    return File(path, text.encode())
