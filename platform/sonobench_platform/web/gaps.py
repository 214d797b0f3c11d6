"""The generalisation gap: external minus internal for each task, and the sentence the drawing is there for."""

from __future__ import annotations

from collections.abc import Sequence

from sonobench_eval.evaluation import GeneralisationGap
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report import figures
from sonobench_platform.web.contexts import Tick
from sonobench_platform.web.contexts_board import GapChart, GapLine, GapPanel
from sonobench_platform.web.drawing import Scale, nice_ticks, placed
from sonobench_platform.web.wording import number_word, percent, shortened, shown_name

GAP_WIDTH = 330
TEAMS_IN_GAP_CHART = 10
_ROW_HEIGHT = 20
_AXIS_HEIGHT = 26

GapKey = tuple[str, str, str]
"""A panel: the task's id and title, and the metric."""


def gap_chart(board: Leaderboard) -> GapChart | None:
    """External minus internal per task, one panel each; None where no row has a gap."""
    teams = [row for row in board.rows if any(task.gaps for task in row.tasks)]
    if not teams:
        return None
    keys = list(dict.fromkeys((task.id, task.title, task.gaps[0].metric) for row in teams for task in row.tasks if task.gaps))
    shown = teams[:TEAMS_IN_GAP_CHART]
    ends = [end for row in shown for task in row.tasks for gap in task.gaps[:1] for end in _ends(gap)]
    ticks = nice_ticks(min(*ends, 0.0), max(*ends, 0.0), 3)
    x = Scale(ticks[0].at, ticks[-1].at, 118, GAP_WIDTH - 12)
    panels = tuple(_panel(shown, key, x, ticks) for key in keys)
    return GapChart(_gap_sentence(teams, keys), _gap_note(board, shown, teams), GAP_WIDTH, panels)


def _panel(rows: Sequence[Row], key: GapKey, x: Scale, ticks: Sequence[Tick]) -> GapPanel:
    task_id, title, metric = key
    bottom = _ROW_HEIGHT * len(rows) + 8
    heading = f"{title}, {figures.metric_label(metric)}"
    return GapPanel(heading, bottom + _AXIS_HEIGHT, bottom, x(0.0), placed(ticks, x), _gap_lines(rows, task_id, x))


def _gap_lines(rows: Sequence[Row], task_id: str, x: Scale) -> tuple[GapLine, ...]:
    lines = []
    for number, row in enumerate(rows):
        gap = _gap_of(row, task_id)
        if gap is not None:
            lines.append(_gap_line(row, gap, x, y=16 + _ROW_HEIGHT * number))
    return tuple(lines)


def _gap_line(row: Row, gap: GeneralisationGap, x: Scale, *, y: float) -> GapLine:
    has_interval = gap.ci_low is not None and gap.ci_high is not None
    decimals = figures.decimals_for((gap.ci_high - gap.ci_low) / 2) if gap.ci_low is not None and gap.ci_high is not None else 3
    return GapLine(
        team=shown_name(row.team),
        short=shortened(row.team, 15),
        y=y,
        x=x(gap.value),
        x_low=x(gap.ci_low) if gap.ci_low is not None and has_interval else None,
        x_high=x(gap.ci_high) if gap.ci_high is not None and has_interval else None,
        text=figures.signed(gap.value, decimals),
        interval=figures.interval(gap.ci_low, gap.ci_high, decimals),
        clear=_is_clear(gap),
    )


def _gap_of(row: Row, task_id: str) -> GeneralisationGap | None:
    return next((task.gaps[0] for task in row.tasks if task.id == task_id and task.gaps), None)


def _ends(gap: GeneralisationGap) -> tuple[float, ...]:
    return tuple(end for end in (gap.ci_low, gap.value, gap.ci_high) if end is not None)


def _is_clear(gap: GeneralisationGap) -> bool:
    """The interval leaves zero out."""
    return gap.ci_low is not None and gap.ci_high is not None and (gap.ci_high < 0 or gap.ci_low > 0)


def _gap_sentence(rows: Sequence[Row], keys: Sequence[GapKey]) -> str:
    gaps = [gap for row in rows for task_id, _, _ in keys if (gap := _gap_of(row, task_id)) is not None]
    lower = [gap for gap in gaps if gap.value < 0]
    clear_loss = sum(1 for gap in lower if _is_clear(gap))
    if not lower:
        return "No algorithm scores lower at external centers than at internal ones"
    clearly = {0: "no interval leaves zero out", 1: "one interval leaves zero out"}.get(
        clear_loss, f"{clear_loss} intervals leave zero out"
    )
    if len(lower) == len(gaps):
        return f"Every algorithm scores lower at external centers, on every task; {clearly}"
    return f"In {len(lower)} of {len(gaps)} comparisons an algorithm scores lower at external centers than at internal; {clearly}"


def _gap_note(board: Leaderboard, shown: Sequence[Row], teams: Sequence[Row]) -> str:
    interval = percent(board.confidence)
    note = f"External minus internal with {interval} interval; left of the line is a loss. Filled: the interval leaves zero out."
    if len(shown) < len(teams):
        note += f" The {number_word(len(shown))} best ranked of {len(teams)} teams are drawn; the sentence counts them all."
    return note
