"""Submissions as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence
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
    for heading in ("Submission", "Team", "Challenge", "State", "Since"):
        table.add_column(heading, no_wrap=heading in {"Submission", "Since"}, overflow="fold")
    for each in submissions:
        state = Text(state_words(each), style=_STYLES.get(each["state"], ""))
        table.add_row(
            plain(each["id"]), plain(each["team"]["name"]), plain(each["challenge"]), state, local_time(each["state_since"])
        )
    return table


def submission_view(submission: Json) -> RenderableType:
    """One submission: where it stands, how it got there, why it failed or what it scored."""
    head = plain(f"{submission['id']}  {submission['team']['name']}, {submission['challenge']}: ")
    head.append(state_words(submission), style=f"bold {_STYLES.get(submission['state'], '')}".strip())
    parts: list[RenderableType] = [head]
    if submission.get("trouble"):
        parts.append(plain(f"The platform tries again; this costs you nothing. {submission['trouble']}"))
    if failure := submission.get("failure"):
        parts.append(plain(failure["sentence"]))
    parts += [plain(f"Note on the image: {warning}") for warning in (submission.get("image") or {}).get("warnings", [])]
    parts.append(_history(submission.get("history", [])))
    if result := submission.get("result"):
        parts.append(_result(result))
    return Group(*parts)


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
