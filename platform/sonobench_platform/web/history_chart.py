"""Every team's rank over time as a drawing: steps, because a rank holds until the next snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sonobench_platform.leaderboards.history import RankPoint
from sonobench_platform.leaderboards.snapshots import SnapshotLine
from sonobench_platform.web.contexts import Label, Tick
from sonobench_platform.web.contexts_history import HistoryChart, RankCurve, RankTableRow
from sonobench_platform.web.drawing import Scale
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words, joined, shortened, shown_name

MOST_TEAMS = 10
MOST_SNAPSHOTS = 200
MOST_TABLE_ROWS = 50
DEEPEST = 25
"""A rank below this one is drawn at the lower edge: ten curves of a board of five hundred would be flat lines else."""
_WIDTH, _TOP, _LEFT, _RIGHT, _ROW, _FOOT = 760, 16.0, 44.0, 590.0, 22.0, 34
_LONGEST_LABEL, _SLOPE = 22, 12.0

Ranks = dict[str, tuple[RankPoint, ...]]


def history_chart(lines: Sequence[SnapshotLine], ranks: Ranks, *, csv_href: str) -> HistoryChart | None:
    """The chart of the teams that lead now; None where there is no more than one moment, or nobody has a rank.

    Args:
        lines: snapshots, oldest first, as many as `MOST_SNAPSHOTS`.
        ranks: of these snapshots, by team.
    """
    leaders = leading(lines, ranks)
    if len(lines) < 2 or not leaders:
        return None
    shown = {team: ranks[team] for team in leaders}
    deepest = min(max(point.rank for points in shown.values() for point in points), DEEPEST)
    bottom = _TOP + (max(deepest, 2) - 1) * _ROW
    x = _time_scale(lines)
    y = Scale(1, max(deepest, 2), _TOP, bottom)
    ends = {team: y.clamped(points[-1].rank) for team, points in shown.items() if points[-1].number == lines[-1].number}
    return HistoryChart(
        takeaway=takeaway(lines, ranks),
        note=_note(lines, ranks, shown),
        width=_WIDTH,
        height=int(bottom) + _FOOT,
        left=_LEFT,
        right=_RIGHT,
        bottom=bottom + 8,
        x_ticks=_time_ticks(lines, x),
        y_ticks=tuple(Tick(y(rank), _rank_text(rank, deepest)) for rank in _rank_ticks(max(deepest, 2))),
        curves=tuple(_curve(number, team, lines, shown[team], x=x, y=y) for number, team in enumerate(shown)),
        labels=_end_labels(ends),
        columns=tuple(shown_name(team) for team in shown),
        rows=tuple(_table_row(line, shown) for line in reversed(lines[-MOST_TABLE_ROWS:])),
        csv_href=csv_href,
    )


def leading(lines: Sequence[SnapshotLine], ranks: Ranks) -> list[str]:
    """The first ten of the last snapshot, in its order."""
    if not lines:
        return []
    last = lines[-1].number
    now = [(points[-1].rank, team.casefold(), team) for team, points in ranks.items() if points[-1].number == last]
    return [team for _rank, _key, team in sorted(now)[:MOST_TEAMS]]


def takeaway(lines: Sequence[SnapshotLine], ranks: Ranks) -> str:
    """Who leads, and since when: the chart's finding in a sentence."""
    first_by_time = _first_ranked(lines, ranks)
    leaders = first_by_time[-1]
    held = 0
    while held < len(lines) and first_by_time[-1 - held] == leaders:
        held += 1
    names = joined([shown_name(team) for team in sorted(leaders)[:3]], more=max(len(leaders) - 3, 0))
    if held == len(lines):
        always = ngettext(
            "{teams} has been first in all {count} snapshots",
            "{teams} have shared the first rank in all {count} snapshots",
            len(leaders),
        )
        return always.format(teams=names, count=len(lines))
    changes = sum(1 for one, other in pairwise(first_by_time) if one != other)
    since = ngettext(
        "{teams} has been first since {date}", "{teams} have shared the first rank since {date}", len(leaders)
    ).format(teams=names, date=_day(lines[-held].created_at))
    often = ngettext("the lead changed once before", "the lead changed {count} times until then", changes)
    return f"{since}; {often.format(count=changes)}"


def _first_ranked(lines: Sequence[SnapshotLine], ranks: Ranks) -> list[set[str]]:
    """The teams with rank 1 in each snapshot."""
    first: dict[int, set[str]] = {line.number: set() for line in lines}
    for team, points in ranks.items():
        for point in points:
            if point.rank == 1:
                first[point.number].add(team)
    return list(first.values())


def _note(lines: Sequence[SnapshotLine], ranks: Ranks, shown: Ranks) -> str:
    teams = len(ranks)
    parts = [_("Rank over time; up is better. A rank holds until the next snapshot.")]
    if teams > len(shown):
        parts.append(_("Drawn are the {shown} teams that lead now, of {teams}.").format(shown=len(shown), teams=f"{teams:,}"))
    if len(lines) == MOST_SNAPSHOTS:
        parts.append(_("These are the last {count} snapshots.").format(count=MOST_SNAPSHOTS))
    if any(point.rank > DEEPEST for points in shown.values() for point in points):
        parts.append(_("Ranks below {rank} are drawn at the lower edge.").format(rank=DEEPEST))
    return " ".join(parts)


def _curve(
    number: int, team: str, lines: Sequence[SnapshotLine], points: Sequence[RankPoint], *, x: _Times, y: Scale
) -> RankCurve:
    at = {point.number: y.clamped(point.rank) for point in points}
    path, dots = [], []
    before: tuple[float, float] | None = None
    for line in lines:
        height, across = at.get(line.number), x(line.created_at)
        if height is not None:
            path.append(f"M{across:g} {height:g}" if before is None else _step(before, across, height))
            if before is None or height != before[1]:
                dots.append((across, height))
        before = None if height is None else (across, height)
    words = _("{team}: rank {first} at first, {last} now").format(
        team=shown_name(team), first=points[0].rank, last=points[-1].rank
    )
    return RankCurve(shown_name(team), shortened(team, _LONGEST_LABEL), number, "".join(path), tuple(dots), words)


def _step(before: tuple[float, float], across: float, height: float) -> str:
    """Level until shortly before the next snapshot, then up or down: upright lines of many teams would hide each other."""
    if height == before[1]:
        return f"H{across:g}"
    return f"H{max(before[0], round(across - _SLOPE, 2)):g}L{across:g} {height:g}"


def _end_labels(ends: dict[str, float]) -> tuple[Label, ...]:
    """A name where its curve ends; teams that share a rank share a label."""
    at: dict[float, list[str]] = {}
    for team, height in ends.items():
        at.setdefault(height, []).append(team)
    return tuple(
        Label(_RIGHT + 10, height + 4, "start", shortened(", ".join(shown_name(team) for team in teams), _LONGEST_LABEL))
        for height, teams in at.items()
    )


def _table_row(line: SnapshotLine, shown: Ranks) -> RankTableRow:
    cells = (next((str(point.rank) for point in points if point.number == line.number), "") for points in shown.values())
    return RankTableRow(date_words(line.created_at), line.created_at.isoformat(), tuple(cells))


class _Times:
    """A scale of moments."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start = start
        self._scale = Scale(0.0, (end - start).total_seconds(), _LEFT + 8, _RIGHT)

    def __call__(self, moment: datetime) -> float:
        return self._scale((moment - self._start).total_seconds())


def _time_scale(lines: Sequence[SnapshotLine]) -> _Times:
    return _Times(lines[0].created_at, lines[-1].created_at)


def _time_ticks(lines: Sequence[SnapshotLine], x: _Times) -> tuple[Tick, ...]:
    start, end = lines[0].created_at.astimezone(UTC), lines[-1].created_at.astimezone(UTC)
    moments = [start + (end - start) * part / 3 for part in range(4)] if end - start >= timedelta(minutes=3) else [start]
    texts = [_tick_text(moment, end - start) for moment in moments]
    return tuple(Tick(x(moment), text) for moment, text in zip(moments, texts, strict=True))


def _tick_text(moment: datetime, span: timedelta) -> str:
    if span < timedelta(days=2):
        return f"{moment.day} {moment:%b %H:%M}"
    return f"{moment.day} {moment:%b}" if span < timedelta(days=300) else f"{moment:%b %Y}"


def _rank_ticks(deepest: int) -> list[int]:
    step = 1 if deepest <= 12 else 2 if deepest <= 20 else 5
    return [1, *(rank for rank in range(step, deepest + 1, step) if rank > 1)]


def _rank_text(rank: int, deepest: int) -> str:
    return f"{rank}+" if rank == DEEPEST == deepest else str(rank)


def _day(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y}"
