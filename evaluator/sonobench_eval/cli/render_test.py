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
    measured = outcome.measurement
    wall = figures.NOT_MEASURED if measured.wall_time_s is None else figures.duration(measured.wall_time_s)
    cpu = figures.NOT_MEASURED if measured.cpu_time_s is None else figures.duration(measured.cpu_time_s)
    rows = (
        ("Wall time", wall, figures.duration(limits.time_s), ""),
        ("Processor time", cpu, f"{limits.cpus:g} cores", ""),
        (
            "Peak host memory",
            figures.measured_bytes(measured.peak_host_memory_bytes),
            figures.limit_bytes(limits.memory_bytes),
            measured.host_memory_method,
        ),
        ("Peak GPU memory", figures.measured_bytes(measured.peak_gpu_memory_bytes), "", measured.gpu_memory_method),
        (
            "Results",
            f"{figures.count_of(outcome.result_files, 'file')}, {figures.measured_bytes(outcome.result_bytes)}",
            f"{limits.output_files:,} files, {figures.limit_bytes(limits.output_bytes)}",
            "",
        ),
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Use", "Measured", "Limit", "How"):
        table.add_column(heading)
    for what, used, limit, how in rows:
        table.add_row(what, Text(used, style="bold"), limit, Text(how, style="dim"))
    return table


def check_line(what: str, *, passed: bool, detail: str = "") -> Text:
    """One check: a mark, what was checked, and what was found."""
    line = Text("✓ " if passed else "✗ ", style="green" if passed else "red")
    line.append(what, style="default")
    return line.append(f"  {detail}", style="dim") if detail else line
