"""Nodes and the queue as an administrator sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sonobench_eval.report import figures
from sonobench_platform.domain.expecting import Range
from sonobench_platform.nodes.admission import ACCEPTED
from sonobench_platform.nodes.schemas import Node
from sonobench_platform.runs.expected_start import LIVES
from sonobench_platform.web.contexts_account import FormError
from sonobench_platform.web.contexts_desk_service import NodeCard, NodesPage, RunLine, Said
from sonobench_platform.web.desk_frame import desk_page, moment_of
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words, shown_name

MOST_WAITING = 100
DRIFT_WORTH_A_LOOK_PERCENT = 5.0


class RunOnNode(NamedTuple):
    """A run that a node holds, or one that waits for one (`node` empty)."""

    node: str
    submission_id: str
    team: str
    challenge: str
    since: datetime
    place: int = 0
    start: Range | None = None


class Asked(NamedTuple):
    """Who looks, and what is to be said first."""

    csrf_token: str
    note: str = ""
    errors: tuple[FormError, ...] = ()


def nodes_context(
    nodes: Sequence[Node], running: Sequence[RunOnNode], waiting: Sequence[RunOnNode], *, now: datetime, asked: Asked
) -> NodesPage:
    """The page, with at most `MOST_WAITING` of those that wait."""
    cards = tuple(_card(node, [run for run in running if run.node == node.name], now) for node in nodes)
    more = len(waiting) - MOST_WAITING
    return NodesPage(
        page=desk_page(_("Nodes and queue")),
        csrf_token=asked.csrf_token,
        note=asked.note,
        errors=asked.errors,
        takeaway=_takeaway(nodes, len(running), len(waiting), now),
        nodes=cards,
        waiting=tuple(_line(run) for run in waiting[:MOST_WAITING]),
        more_waiting="" if more <= 0 else ngettext("{count} more waits.", "{count} more wait.", more).format(count=f"{more:,}"),
    )


def is_there(node: Node, now: datetime) -> bool:
    """Whether the node was heard of lately."""
    return now - node.seen_at <= LIVES


def has_runs(node: Node, now: datetime) -> bool:
    """Whether it is given runs now."""
    return is_there(node, now) and node.drained_at is None and (node.is_safe or node.report.get(ACCEPTED) is True)


def _takeaway(nodes: Sequence[Node], running: int, waiting: int, now: datetime) -> str:
    ready = sum(has_runs(node, now) for node in nodes)
    if not nodes:
        return _("No node has made itself known yet. `sonobench worker run` does, when it starts.")
    said = ngettext("{ready} of {count} node has runs", "{ready} of {count} nodes have runs", len(nodes))
    queue = ngettext("{waiting} submission waits", "{waiting} submissions wait", waiting)
    runs = ngettext("{running} run is under way", "{running} runs are under way", running)
    parts = (said.format(ready=ready, count=len(nodes)), runs.format(running=running), queue.format(waiting=waiting))
    return "; ".join(parts) + "."


def _card(node: Node, runs: Sequence[RunOnNode], now: datetime) -> NodeCard:
    state, is_bad = _state(node, runs, now)
    return NodeCard(
        name=shown_name(node.name),
        state=state,
        is_bad=is_bad,
        seen=moment_of(node.seen_at),
        facts=tuple(_facts(node)),
        runs=tuple(_line(run) for run in runs),
        drained=_drained(node),
        checks=tuple(_checks(node.report)),
    )


def _state(node: Node, runs: Sequence[RunOnNode], now: datetime) -> tuple[str, bool]:
    if not is_there(node, now):
        return _("Not heard of for {time}").format(time=_time(now - node.seen_at)), True
    if node.drained_at is not None:
        return (_("Drained, its last run goes on") if runs else _("Drained, nothing runs on it")), False
    if not node.is_safe and node.report.get(ACCEPTED) is not True:
        return _("Given no runs: not safe for hidden data"), True
    if not node.is_safe:
        return _("Given runs although it is not safe for hidden data: its operator accepted that"), True
    return (_("Running") if runs else _("Free")), False


def _time(passed: timedelta) -> str:
    minutes = int(passed.total_seconds() // 60)
    if minutes < 120:
        return ngettext("{count} minute", "{count} minutes", minutes).format(count=minutes)
    return ngettext("{count} hour", "{count} hours", minutes // 60).format(count=minutes // 60)


def _facts(node: Node) -> Iterator[Said]:
    machine = node.report.get("machine")
    known: Mapping[str, Any] = machine if isinstance(machine, dict) else {}
    yield Said(_("GPU"), _text(known.get("gpu")) or (_("one, not named") if node.gpus else _("none")))
    if known.get("driver"):
        yield Said(_("Driver"), _text(known.get("driver")))
    for name, title in (("engine", _("Engine")), ("runtime", _("Runtime"))):
        if node.report.get(name):
            yield Said(title, _text(node.report.get(name)))
    yield from (check for check in _all_checks(node.report) if check.what.startswith("Disk of"))
    yield from _speed(node)


def _speed(node: Node) -> Iterator[Said]:
    if node.reference_s is None or node.drift_percent is None:
        yield Said(_("Speed"), _("its reference container did not run yet"))
    else:
        drift = node.drift_percent
        said = _("reference container {seconds} s, {drift} against its first time")
        found = said.format(seconds=figures.fixed(node.reference_s, 3), drift=_percent(drift))
        yield Said(_("Speed"), found, is_bad=abs(drift) > DRIFT_WORTH_A_LOOK_PERCENT)
    if node.baseline_drift_percent is not None:
        drift = node.baseline_drift_percent
        said = _("{drift} against their usual times, the worst of them")
        yield Said(_("Baselines"), said.format(drift=_percent(drift)), is_bad=abs(drift) > DRIFT_WORTH_A_LOOK_PERCENT)


def _percent(value: float) -> str:
    return f"{value:+.1f}\u00a0%".replace("-", "\u2212")


def _checks(report: Mapping[str, Any]) -> Iterator[Said]:
    """Those that are not well first; all others follow."""
    found = list(_all_checks(report))
    yield from (each for each in found if each.is_bad or each.cure)
    yield from (each for each in found if not (each.is_bad or each.cure))


def _all_checks(report: Mapping[str, Any]) -> Iterator[Said]:
    checks = report.get("checks")
    for each in checks if isinstance(checks, list) else ():
        if isinstance(each, dict):
            is_bad = each.get("verdict") == "bad" or (each.get("kind") != "fact" and each.get("verdict") == "unknown")
            yield Said(_text(each.get("name")), _text(each.get("found")), _text(each.get("cure")), is_bad)


def _text(value: object) -> str:
    return shown_name(value) if isinstance(value, str) and value else ""


def _drained(node: Node) -> str:
    if node.drained_at is None:
        return ""
    said = _("Drained by {who} since {when}: {why}")
    by, why = shown_name(node.drained_by or ""), shown_name(node.drained_why or "")
    return said.format(who=by, when=date_words(node.drained_at), why=why)


def _line(run: RunOnNode) -> RunLine:
    return RunLine(
        place=f"{run.place:,}" if run.place else "",
        submission=run.submission_id,
        team=shown_name(run.team),
        challenge=shown_name(run.challenge),
        since=moment_of(run.since),
        expected=expected_words(run.start),
    )


def expected_words(start: Range | None) -> str:
    """When a run probably starts; empty where nobody knows."""
    if start is None:
        return ""
    if start.to_min == 0:
        return _("at once")
    if start.from_min == start.to_min:
        return ngettext("in about {count} minute", "in about {count} minutes", start.to_min).format(count=start.to_min)
    return _("in {low} to {high} minutes").format(low=start.from_min, high=start.to_min)
