"""Boards, evaluations and findings as rich renderables. Nothing here prints or decides anything.

Text that others wrote (team names, paths) is never read as markup, and control characters in it, escape
sequences and direction overrides included, are shown as `\N{REPLACEMENT CHARACTER}`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from sonobench_eval.evaluation import Evaluation, FindingRecord, MetricScore, TaskScore
from sonobench_eval.io.findings import NOTES
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.ranking.uusic25 import RankingResult
from sonobench_eval.report import figures
from sonobench_eval.report.board_view import board_notes, mean_headings, mean_keys, mean_of

_NOTE_CODES = frozenset(code.value for code in NOTES)


def plain(text: str) -> Text:
    """Text from others, harmless in a terminal: no markup, no control or direction characters."""
    unseen = {"Cc", "Cf", "Zl", "Zp"}
    shown = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in unseen else each for each in text)
    return Text(shown)


class leaderboard_table:  # noqa: N801 - used as a function; a class only because its layout depends on the terminal's width
    """A leaderboard: intervals beside the values in a wide terminal, below them in a middling one, as ± in a narrow one.

    Where not even that fits, the means are left out, never the teams.
    """

    def __init__(self, board: Leaderboard) -> None:
        self.board = board

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _board_heading(self.board)
        if self.board.rows:
            tables = {layout: _board_table(self.board, layout=layout) for layout in _LAYOUTS}
            unbounded = options.update(max_width=1000)
            widths = {each: Measurement.get(console, unbounded, table).maximum for each, table in tables.items()}
            widths["half width"] -= self._foldable()
            layout = next((each for each, width in widths.items() if width <= options.max_width), _LAYOUTS[-1])
            yield tables[layout]
            if layout == "half width":
                yield _note(f"± is half the {self.board.confidence:.0%} interval.".replace("%", " %"))
            elif layout == "places" and mean_keys(self.board.rows):
                yield _note("The means do not fit into this terminal; make it wider to see them.")
        else:
            yield Text("No team is on this board yet.")
        yield from (_note(sentence) for sentence in board_notes(self.board))

    def _foldable(self) -> int:
        """How much narrower the column of teams can be where long names are folded: better so than to leave the means out."""
        longest = max(cell_len(row.team) for row in self.board.rows)
        return max(min(longest, _TEAM_WIDTH) - _FOLDED_TEAM_WIDTH, 0)


_TEAM_WIDTH = 32
_FOLDED_TEAM_WIDTH = 12
Layout = Literal["beside", "below", "half width", "places"]
_LAYOUTS: tuple[Layout, ...] = ("beside", "below", "half width", "places")


def evaluation_table(evaluation: Evaluation) -> RenderableType:
    """Tasks and metrics of one evaluation with their intervals, means last."""
    made_from = evaluation.made_from
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", caption_justify="left")
    for heading, justify in (("Task", "left"), ("Metric", "left"), ("Value", "right"), ("CI", "left"), ("Cases", "right")):
        title = f"{made_from.confidence:.0%} CI".replace("%", " %") if heading == "CI" else heading
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for task in evaluation.tasks:
        _add_task(table, task)
    if evaluation.means:
        table.add_section()
    headings = mean_headings([(mean.name, mean.definition) for mean in evaluation.means])
    for number, (heading, mean) in enumerate(zip(headings, evaluation.means, strict=True)):
        table.add_row(Text("Mean over tasks" if number == 0 else "", style="bold"), *_score_cells(mean, Text(heading)))
    return table


def _add_task(table: Table, task: TaskScore) -> None:
    for number, score in enumerate(task.metrics):
        table.add_row(plain(task.title) if number == 0 else "", *_score_cells(score, _defined(score)))


def _defined(score: MetricScore) -> Text:
    label = Text(figures.metric_label(score.name))
    if score.definition and score.definition != score.name:
        label.append(f" {score.definition.removeprefix(score.name).strip()}", style="dim")
    return label


def _score_cells(score: MetricScore, label: Text) -> tuple[RenderableType, ...]:
    decimals = figures.column_decimals([score])
    if score.value is None:
        return label, figures.NOT_MEASURED, Text(score.undefined or "has no value", style="yellow"), f"{score.n:,}"
    value = Text(figures.fixed(score.value, decimals), style="bold")
    return label, value, Text(figures.interval(score.ci_low, score.ci_high, decimals), style="dim"), f"{score.n:,}"


def findings(records: Sequence[FindingRecord]) -> RenderableType:
    """Findings in plain words: problems that cost score first, then notes."""
    if not records:
        return Text("Every result was read without a problem.")
    problems = [record for record in records if record.code not in _NOTE_CODES]
    notes = [record for record in records if record.code in _NOTE_CODES]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for mark, style, group in (("✗", "red", problems), ("·", "yellow", notes)):
        for record in group:
            grid.add_row(Text(mark, style=style), _finding(record))
    return grid


def _finding(record: FindingRecord) -> Text:
    text = plain(record.sentence)
    if record.examples:
        shown = ", ".join(plain(example).plain for example in record.examples[:3])
        text.append(f"\n{shown}{' …' if record.count > 3 else ''}", style="dim")
    return text


def _board_heading(board: Leaderboard) -> RenderableType:
    heading = plain(board.title)
    heading.stylize("bold")
    about = f"\n{figures.count_of(len(board.rows), 'team')}, {figures.count_of(board.cases, 'case')}, "
    about += f"{figures.count_of(board.centers, 'center')} ({board.external_centers} external), "
    about += f"{board.performance_weight:.0%} performance, {board.efficiency_weight:.0%} efficiency".replace("%", " %")
    return heading.append(about, style="not bold dim")


def _board_table(board: Leaderboard, *, layout: Layout) -> Table:
    rows, means = board.rows, [] if layout == "places" else mean_keys(board.rows)
    columns = _measured_columns(rows)
    decimals = {key: figures.column_decimals(mean_of(row, key) for row in rows) for key in means}
    parts = layout in {"beside", "places"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0) if layout == "half width" else (0, 1, 0, 0))
    table.add_column("Rank", justify="right", no_wrap=True)
    table.add_column("Range", justify="right", no_wrap=True)
    table.add_column("Team", overflow="fold", max_width=_TEAM_WIDTH)
    for heading in ("Score", *(("Perf.", "Eff.") if parts else ()), *mean_headings(means), *columns):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, row in enumerate(rows):
        table.add_row(
            Text(figures.NOT_MEASURED if row.rank is None else str(row.rank), style="bold"),
            Text(figures.rank_range(row.rank_low, row.rank_high), style="dim"),
            _team(row),
            Text(figures.fixed(row.score, 3), style="bold"),
            *((figures.fixed(row.performance, 3), figures.fixed(row.efficiency, 3)) if parts else ()),
            *(_mean_cell(mean_of(row, key), decimals[key], layout=layout) for key in means),
            *(cells[number] for cells in columns.values()),
        )
    return table


def _measured_columns(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Heading -> cells of time and memory; what was measured for nobody has no column (the notes say why)."""
    decimals = figures.time_decimals([row.time_s for row in rows])
    columns = {}
    if any(row.time_s is not None for row in rows):
        columns["Time, s"] = [figures.fixed(row.time_s, decimals) for row in rows]
    if any(row.time_relative is not None for row in rows):
        finer = figures.time_decimals([row.time_relative for row in rows])
        columns["Time, references"] = [figures.fixed(row.time_relative, finer) for row in rows]
    host = [row.host_memory_bytes for row in rows]
    gpu = [row.gpu_memory_bytes for row in rows]
    for heading, values in (("RAM", host), ("GPU", gpu)):
        if any(value is not None for value in values):
            unit, scale, decimals = figures.memory_scale(values)
            columns[f"{heading}, {unit}"] = [figures.fixed(None if v is None else v / scale, decimals) for v in values]
    return columns


def _team(row: Row) -> Text:
    text = plain(row.team)
    if row.problems:
        text.append(f"\n{row.problems:,} unusable", style="yellow")
    return text


def _mean_cell(score: MetricScore | None, decimals: int, *, layout: Layout) -> Text:
    if score is None or score.value is None:
        return Text(figures.NOT_MEASURED)
    text = Text(figures.fixed(score.value, decimals))
    if score.ci_low is None or score.ci_high is None:
        return text
    if layout == "half width":
        return text.append(f"\n±{figures.fixed((score.ci_high - score.ci_low) / 2, decimals)}", style="dim")
    low, high = figures.fixed(score.ci_low, decimals), figures.fixed(score.ci_high, decimals)
    return text.append(f"{' ' if layout == 'beside' else chr(10)}{low}–{high}", style="dim")


def ranking_table(result: RankingResult) -> Table:
    """A ranking made from a table of figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Rank", justify="right")
    table.add_column("Team", overflow="fold")
    for heading in ("Score", "Performance", "Efficiency"):
        table.add_column(heading, justify="right")
    for row in result.rows:
        numbers = [figures.fixed(value, 3) for value in (row.score, row.performance, row.efficiency)]
        table.add_row(Text(figures.NOT_MEASURED if row.rank is None else str(row.rank), style="bold"), plain(row.team), *numbers)
    return table


def _note(sentence: str) -> RenderableType:
    text = plain(sentence)
    text.stylize("dim")
    return text
