"""The outcome of a local test as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from sonobench_eval.challenge.model import Limits
from sonobench_eval.cli.checks import Check
from sonobench_eval.cli.render import plain
from sonobench_eval.cli.trial import Trial
from sonobench_eval.report import figures
from sonobench_eval.sandbox.port import Measurement, RunOutcome


def usage_table(outcome: RunOutcome, limits: Limits) -> Table:
    """What the run used, beside what it may use."""
    used, written = outcome.measurement, figures.used_bytes(outcome.result_bytes)
    rows = (
        ("Wall time", _time(used.wall_time_s), figures.duration(limits.time_s)),
        ("Processor time", _time(used.cpu_time_s), f"on {figures.count_of(round(limits.cpus), 'core')}"),
        (
            "Peak host memory",
            _memory(used.peak_host_memory_bytes, used.host_memory_method),
            f"{figures.limit_bytes(limits.memory_bytes)} + files in memory",
        ),
        ("Peak GPU memory", _memory(used.peak_gpu_memory_bytes, used.gpu_memory_method), ""),
        ("Result files", f"{outcome.result_files:,}", f"{limits.output_files:,}"),
        ("Size of results", written, figures.limit_bytes(limits.output_bytes)),
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption=_how_on_gpu(used), caption_justify="left")
    for heading in ("Use", "Measured", "Limit"):
        table.add_column(heading)
    for what, measured, limit in rows:
        table.add_row(what, Text(measured, style="bold"), limit)
    return table


def _how_on_gpu(used: Measurement) -> Text | None:
    """How GPU memory was measured and what that cannot tell: on a shared card others may be in the figure."""
    if used.gpu is None or used.peak_gpu_memory_bytes is None:
        return None
    return plain(" ".join((f"GPU memory: {used.gpu_memory_method}.", *used.gpu.limits)))


def _time(seconds: float | None) -> str:
    return figures.NOT_MEASURED if seconds is None else figures.duration(seconds)


def _memory(count: int | None, method: str) -> str:
    return f"{figures.NOT_MEASURED} ({method})" if count is None else figures.used_bytes(count)


_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red"), "not checked": ("·", "dim")}


def checks_table(checks: Sequence[Check]) -> Table:
    """One line for each check: a mark and its word, what was checked, what was found and what to do."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("Found", overflow="fold")
    for check in checks:
        mark, style = _MARKS[check.state]
        found = Text("\n").join(plain(line) for line in check.found.split("\n"))
        table.add_row(check.name, Text(f"{mark} {check.state}", style=style), found)
    return table


def verdict(trial: Trial, checks: Sequence[Check]) -> Text:
    """The whole in one sentence."""
    warnings = sum(check.state == "warning" for check in checks)
    noted = f", with {figures.count_of(warnings, 'warning')}" if warnings else ""
    if trial.passed:
        sample = " of this sample" if len(trial.challenge.cases) != trial.cases_declared else ""
        return Text(f"✓ The platform would take this image and score every result{sample}{noted}.", style="green")
    if trial.failure is not None and trial.ended_well:
        return Text("✗ The platform would score this image, but none of its results can be used; see above.", style="red")
    if trial.failure is not None:
        return Text("✗ The platform would not score this image. ", style="red").append(plain(trial.failure.sentence))
    return Text("✗ The platform would score this image, but some of its results cannot be used; see above.", style="red")
