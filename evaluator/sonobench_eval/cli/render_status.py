"""Submissions as rich renderables."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sonobench_eval.cli.render import plain
from sonobench_eval.cli.watching import local_time, state_words
from sonobench_eval.report import figures
from sonobench_eval.report.board_view import mean_headings

Json = dict[str, Any]
_STYLES = {"scored": "green", "failed": "red", "rejected": "red"}


def submissions_table(submissions: Sequence[Json]) -> RenderableType:
    """One line for each submission, as the server ordered them."""
    if not submissions:
        return Text("No submission yet. Make one with `sonobench submit IMAGE --challenge NAME`.")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Submission", "Team", "Challenge", "Phase", "State", "Since"):
        table.add_column(heading, no_wrap=heading in {"Submission", "Since"}, overflow="fold")
    for each in submissions:
        state = Text(state_words(each), style=_STYLES.get(each["state"], ""))
        team, challenge, phase = (plain(text) for text in (each["team"]["name"], each["challenge"], each.get("phase", "")))
        table.add_row(plain(each["id"]), team, challenge, phase, state, local_time(each["state_since"]))
    return table


def submission_view(submission: Json) -> RenderableType:
    """One submission: where it stands, how it got there, why it failed or what it scored."""
    phase = f", phase {submission['phase']}" if submission.get("phase") else ""
    head = plain(f"{submission['id']}  {submission['team']['name']}, {submission['challenge']}{phase}: ")
    head.append(state_words(submission), style=f"bold {_STYLES.get(submission['state'], '')}".strip())
    parts: list[RenderableType] = [head, *(plain(sentence) for sentence in _remarks(submission))]
    if image := submission.get("image"):
        parts += [plain(sentence) for sentence in _image(image)]
    parts.append(_history(submission.get("history", [])))
    if result := submission.get("result"):
        parts.append(_result(result))
    return Group(*parts)


def _remarks(submission: Json) -> Iterator[str]:
    """What there is to know beside its state, each a sentence."""
    if start := submission.get("expected_start"):
        yield f"It will probably start in {start['from_minutes']} to {start['to_minutes']} minutes."
    if submission.get("trouble"):
        yield f"The platform tries again; this costs you nothing. {submission['trouble']}"
    if failure := submission.get("failure"):
        scored = submission["state"] == "scored"
        yield f"Only a part of it is scored. {failure['sentence']}" if scored else failure["sentence"]
        if "public sample" in failure["sentence"]:
            yield f"Read all that it printed: sonobench logs {submission['id']}"
    if submission.get("chosen"):
        yield "Your team chose this submission to count."
    if submission.get("costs_attempt") is False:
        yield "Its attempt was given back: it counts in no quota."
    if submission.get("result_hidden"):
        yield str(submission["result_hidden"])


def _image(image: Json) -> Iterator[str]:
    """What intake found in it, as far as the server tells."""
    if "digest" in image:
        started = shlex.join([*image.get("entrypoint", []), *image.get("command", [])])
        user = image.get("user") or "root"
        size = figures.measured_bytes(image.get("size_bytes"))
        yield f"Image {image['digest'][:19]}, {size}, runs as {user}: {started}"
    yield from (f"Note on the image: {warning}" for warning in image.get("warnings", []))


def quota_table(phases: Sequence[Json]) -> RenderableType:
    """What a team has left: one line for each phase, `left of limit`, and when the next day begins."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Phase", "Open", "Left now", "Today", "In all", "At once", "Next day"):
        table.add_column(heading, justify="right" if heading in {"Left now", "Today", "In all", "At once"} else "left")
    for each in phases:
        limits = (_limit(each[name]) for name in ("daily", "total", "concurrent"))
        now = "no limit" if each.get("left") is None else str(each["left"])
        day = local_time(each.get("next_day")) if each["daily"].get("limit") is not None else ""
        table.add_row(plain(each["phase"]), "yes" if each.get("open") else "no", now, *limits, day)
    return table


def _limit(limit: Json) -> str:
    return "no limit" if limit.get("limit") is None else f"{limit['left']} of {limit['limit']}"


def _history(steps: Sequence[Json]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for step in steps:
        table.add_row(
            Text(local_time(step.get("at")), style="dim"), state_words({"state": step["to"]}), plain(str(step.get("cause") or ""))
        )
    return table


def _result(result: Json) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Task", "Metric", "Value", "Interval"):
        table.add_column(heading, justify="right" if heading == "Value" else "left")
    for task in result.get("tasks", []):
        for number, score in enumerate(task["metrics"]):
            table.add_row(plain(task["title"]) if number == 0 else "", *_score(score))
    means = result.get("means", [])
    headings = mean_headings([(score["name"], str(score.get("definition") or "")) for score in means])
    for number, (heading, score) in enumerate(zip(headings, means, strict=True)):
        table.add_row("Mean over tasks" if number == 0 else "", plain(heading), *_score(score)[1:])
    used = (
        f"Wall time {_time(result.get('time_s'))}, peak host memory {figures.measured_bytes(result.get('host_memory_bytes'))}, "
    )
    used += f"peak GPU memory {figures.measured_bytes(result.get('gpu_memory_bytes'))}."
    if result.get("exact") is False:
        used += " Until the challenge closes, times are shown to 1 % and memory to the next 64 MiB (67 MB)."
    found = [plain(finding["sentence"]) for finding in result.get("findings", [])]
    return Group(table, Text(used.replace(figures.NOT_MEASURED, "not measured")), *found)


def _time(seconds: float | None) -> str:
    return figures.NOT_MEASURED if seconds is None else figures.duration(seconds)


def _score(score: Json) -> tuple[str, str, str]:
    low, high = score.get("ci_low"), score.get("ci_high")
    decimals = figures.decimals_for(None if low is None or high is None else (high - low) / 2)
    return figures.metric_label(score["name"]), figures.fixed(score.get("value"), decimals), figures.interval(low, high, decimals)
