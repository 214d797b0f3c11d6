"""A stability report as tables: ranks with their ranges and sets, other schemes, other weights, what a single part changes."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sonobench_eval.cli.render import plain
from sonobench_eval.ranking.stability_report import StabilityReport, TeamRanks
from sonobench_eval.report import figures


def stability_view(report: StabilityReport) -> RenderableType:
    """All that fits on a page of it; the JSON has the rest."""
    return Group(_teams(report), *_sentences(report))


def _teams(report: StabilityReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    headings = ["Rank", "Team", "Score"]
    if report.whole is not None:
        headings += ["Rank range", "Confidence set", "P(first)", "P(top 3)"]
    headings += ["U-Score", "Pareto front"]
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "Team" else "right", overflow="fold")
    for number, team in enumerate(report.teams):
        trade_off = report.trade_offs[number]
        ranks = [] if report.whole is None else _ranks(report.whole.teams[number])
        table.add_row(
            Text(str(report.ranks[number]), style="bold"),
            plain(team),
            figures.fixed(report.scores[number], 3),
            *ranks,
            figures.fixed(trade_off.u_score, 3),
            "on it" if trade_off.on_front else "",
        )
    return table


def _ranks(team: TeamRanks) -> list[str]:
    sets = figures.rank_range(team.set_low, team.set_high)
    return [figures.rank_range(team.low, team.high), sets, figures.fixed(team.p_first, 2), figures.fixed(team.p_top3, 2)]


def _sentences(report: StabilityReport) -> Iterator[Text]:
    if report.whole is not None and report.whole.tau.median is not None:
        middle, low, high = report.whole.tau.median, report.whole.tau.low, report.whole.tau.high
        yield _said(f"Kendall's tau of the resamples with this ranking: {middle:.2f} ({low:.2f} to {high:.2f}).")
    for scheme in report.schemes[1:]:
        first = [team for team, rank in zip(report.teams, scheme.ranks, strict=True) if rank == 1]
        tau = "" if scheme.tau is None else f", tau {scheme.tau:.2f}"
        yield _said(f"By {scheme.name}: first {', '.join(first)}{tau}.")
    if report.weights is not None:
        low, high = report.weights.same_winner
        yield _said(f"The winner stays the same while performance weighs {low:.2f} to {high:.2f}.")
        low, high = report.weights.same_order
        yield _said(f"The whole order stays the same from {low:.3f} to {high:.3f}.")
    if moving := [each for each in report.left_out if each.moved]:
        told = ", ".join(f"{each.id} ({each.moved})" for each in moving)
        yield _said(f"Places that a team moves at most without a single task or center: {told}.")
    yield from (_said(note) for note in report.notes)


def _said(sentence: str) -> Text:
    text = plain(sentence)
    text.stylize("dim")
    return text
