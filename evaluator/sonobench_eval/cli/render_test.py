"""The outcome of a local test as rich renderables."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from sonobench_eval.challenge.model import Limits
from sonobench_eval.report import figures
from sonobench_eval.sandbox.port import RunOutcome


def usage_table(outcome: RunOutcome, limits: Limits) -> Table:
    """What the run used, beside what it may use."""
    used, written = outcome.measurement, figures.measured_bytes(outcome.result_bytes)
    rows = (
        ("Wall time", _time(used.wall_time_s), figures.duration(limits.time_s)),
        ("Processor time", _time(used.cpu_time_s), f"on {figures.count_of(round(limits.cpus), 'core')}"),
        (
            "Peak host memory",
            _memory(used.peak_host_memory_bytes, used.host_memory_method),
            figures.limit_bytes(limits.memory_bytes),
        ),
        ("Peak GPU memory", _memory(used.peak_gpu_memory_bytes, used.gpu_memory_method), ""),
        ("Result files", f"{outcome.result_files:,}", f"{limits.output_files:,}"),
        ("Size of results", written, figures.limit_bytes(limits.output_bytes)),
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Use", "Measured", "Limit"):
        table.add_column(heading)
    for what, measured, limit in rows:
        table.add_row(what, Text(measured, style="bold"), limit)
    return table


def _time(seconds: float | None) -> str:
    return figures.NOT_MEASURED if seconds is None else figures.duration(seconds)


def _memory(count: int | None, method: str) -> str:
    return f"{figures.NOT_MEASURED} ({method})" if count is None else figures.measured_bytes(count)


def check_line(what: str, *, passed: bool, detail: str = "") -> Text:
    """One check: a mark, what was checked, and what was found."""
    line = Text("✓ " if passed else "✗ ", style="green" if passed else "red")
    line.append(what, style="default")
    return line.append(f"  {detail}", style="dim") if detail else line
