"""Time against performance: the chart and the sentence it is there for, both computed from the same figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report import figures
from sonobench_platform.web.contexts_board import Bubble, EfficiencyChart
from sonobench_platform.web.drawing import Box, Disc, Scale, nice_ticks, place_labels, placed
from sonobench_platform.web.wording import joined, number_word, shortened, shown_name

CHART_SIZE = (600, 400)
_LABELLED_RANKS = 3
_AXIS_HEIGHT = 44
_BUBBLE_RADIUS = (4.0, 16.0)


def pareto_front(rows: Sequence[Row]) -> list[Row]:
    """Rows that no other row beats in time without losing performance, fastest first; of equal ones all."""
    plotted = [(row.time_s, -row.performance, row) for row in rows if row.time_s is not None and row.performance is not None]
    front: list[tuple[float, float, Row]] = []
    for time_s, loss, row in sorted(plotted, key=lambda each: each[:2]):
        if not front or loss < front[-1][1] or (time_s, loss) == front[-1][:2]:
            front.append((time_s, loss, row))
    return [row for _, _, row in sorted(front, key=lambda each: (each[0], each[2].team))]


def efficiency_chart(board: Leaderboard) -> EfficiencyChart | None:
    """Time against performance with the front; None with fewer than two algorithms to compare."""
    rows = [row for row in board.rows if row.time_s is not None and row.performance is not None]
    if len(rows) < 2:
        return None
    width, height = CHART_SIZE
    front = pareto_front(rows)
    on_front = {id(row) for row in front}
    time_ticks = nice_ticks(0.0, max(row.time_s or 0.0 for row in rows) * 1.02, 6)
    x = Scale(0.0, time_ticks[-1].at, 60, width - 14)
    y = Scale(-0.04, 1.04, height - _AXIS_HEIGHT, 12)
    memory_name, memory = _memory(rows)
    discs = [Disc(x(row.time_s or 0.0), y(row.performance or 0.0), _radius(memory[n], memory)) for n, row in enumerate(rows)]
    bubbles = [
        _bubble(row, disc, memory[n], memory_name, on_front=id(row) in on_front)
        for n, (row, disc) in enumerate(zip(rows, discs, strict=True))
    ]
    corners = [(x(row.time_s or 0.0), y(row.performance or 0.0)) for row in front]
    placed_rows = sorted(zip(rows, discs, strict=True), key=lambda pair: id(pair[0]) not in on_front)
    named = [(shortened(row.team, 18), disc) for row, disc in placed_rows if id(row) in on_front or _leads(row)]
    return EfficiencyChart(
        takeaway=_front_sentence(rows, front),
        note=_efficiency_note(memory_name, memory),
        width=width,
        height=height,
        bottom=height - _AXIS_HEIGHT,
        x_ticks=placed(time_ticks, x),
        y_ticks=placed(nice_ticks(0.0, 1.0, 4), y),
        x_title=f"wall time, s for {figures.count_of(board.cases, 'case')}",
        front=_staircase(corners, width - 14),
        bubbles=tuple(sorted(bubbles, key=lambda bubble: -bubble.radius)),
        labels=place_labels(
            named,
            [*(disc.box for disc in discs), *_treads(corners, width - 14)],
            Box(62, 6, width - 4, height - _AXIS_HEIGHT - 2),
        ),
    )


def _leads(row: Row) -> bool:
    return row.rank is not None and row.rank <= _LABELLED_RANKS


def _memory(rows: Sequence[Row]) -> tuple[str, list[int | None]]:
    """What the bubbles' size shows: GPU memory where any was measured, else host memory."""
    gpu = [row.gpu_memory_bytes for row in rows]
    if any(value is not None for value in gpu):
        return "GPU memory", gpu
    return "host memory", [row.host_memory_bytes for row in rows]


def _radius(value: int | None, values: Sequence[int | None]) -> float:
    """Area grows with memory, from a floor that keeps every bubble visible."""
    smallest, largest = _BUBBLE_RADIUS
    most = max((each for each in values if each is not None), default=0)
    if value is None or most == 0:
        return smallest
    return round(smallest + (largest - smallest) * math.sqrt(value / most), 1)


def _bubble(row: Row, disc: Disc, memory: int | None, memory_name: str, *, on_front: bool) -> Bubble:
    used = f"{memory_name} not measured" if memory is None else f"{figures.measured_bytes(memory)} {memory_name}"
    words = f"{shown_name(row.team)}: {figures.fixed(row.time_s, 2)} s, performance {figures.fixed(row.performance, 3)}, {used}"
    return Bubble(disc.x, disc.y, disc.radius, on_front, memory is not None, words)


def _staircase(points: Sequence[tuple[float, float]], right: float) -> str:
    """The front as a path: what is the best performance reachable within a given time."""
    first_x, first_y = points[0]
    steps = "".join(f" H{x} V{y}" for x, y in points[1:])
    return f"M{first_x} {first_y}{steps} H{right}"


def _treads(points: Sequence[tuple[float, float]], right: float) -> list[Box]:
    """The level parts of the staircase as thin boxes, so that no label lies on them."""
    ends = [*(x for x, _ in points[1:]), right]
    return [Box(x, y - 2, end, y + 2) for (x, y), end in zip(points, ends, strict=True)]


def _front_sentence(rows: Sequence[Row], front: Sequence[Row]) -> str:
    names = joined([shown_name(row.team) for row in front[:5]])
    if len(front) == 1:
        return f"{names} is both the fastest algorithm and the best performing one"
    if len(front) == len(rows):
        everyone = "Both" if len(rows) == 2 else f"All {number_word(len(rows))}"
        return f"{everyone} algorithms are on the efficiency front: being faster costs performance"
    listed = names if len(front) <= 5 else f"{joined([shown_name(row.team) for row in front[:4]], more=len(front) - 4)}"
    return f"{number_word(len(front)).capitalize()} of {number_word(len(rows))} algorithms are on the efficiency front: {listed}"


def _efficiency_note(memory_name: str, memory: Sequence[int | None]) -> str:
    measured = [value for value in memory if value is not None]
    note = "Wall time against performance; up and to the left is better. The line shows the best performance within a given time."
    if not measured:
        return f"{note} Memory was not measured."
    spread = f"{figures.measured_bytes(min(measured))} to {figures.measured_bytes(max(measured))}"
    return f"{note} A bubble's area grows with peak {memory_name} ({spread})."
