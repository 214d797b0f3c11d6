"""Is the GPU meter right on this machine?   make gpu-check

Programs take a known amount of GPU memory for a known time, on plain processes, without Docker; the meter of ranked runs
must report what they took plus what a control program shows that allocates nothing. Where the driver's accounting is
already on, everything is done twice: with it, and by samples alone.
It needs nvidia-ml-py and the evaluator, nothing else: `PYTHONPATH=evaluator python3 -m infra.gpu_check` serves as well.

Ends with 0 where every judged row is within its bound and would count, 1 where one is not, 69 where nothing could be checked.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from infra.gpu_program import NO_CUDA
from sonobench_eval.meter.gpu_device import Nvml, nvidia_ml
from sonobench_eval.meter.gpu_memory import GpuMemoryMeter
from sonobench_eval.meter.gpu_usage import GpuUsage

PROGRAM = Path(__file__).with_name("gpu_program.py")
MIB = 2**20
SIZES_MIB = (256, 1024, 4096)
HOLDS_MS = (5, 20, 50, 200, 1000)
TOGETHER_FROM_MS = 200
"""Two programs do not start in the same millisecond: shorter holds need not overlap."""
CONTROL_HOLD_MS, CONTROLS = 200, 3
EXACT, SAMPLED = 0.01, 0.02
SAMPLED_FROM_MS = 50
NOTHING_CHECKED = 69

ACCOUNTING_USED = "The driver's accounting is on and was used."
ACCOUNTING_OFF = (
    "The driver's accounting is off and was not turned on, so it was not checked. "
    "An administrator can turn it on: nvidia-smi --accounting-mode=1"
)
NOT_TESTED = """Not tested here:
- that a container is given this GPU and no other: these are plain processes, without Docker
- that a process on the GPU is told to be a container's by its control group
- drivers and devices other than this one; MIG and WSL unless the line above names them"""


class SamplesOnly:
    """NVML as it is where the driver keeps no accounts."""

    def __init__(self, nvml: Nvml) -> None:
        self._nvml = nvml

    def __getattr__(self, name: str) -> Any:
        if "Accounting" in name:
            raise AttributeError(name)
        return getattr(self._nvml, name)


class NothingToCheck(Exception):
    """There is no GPU, or no way to use it. The message says which."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`programs` of them take `size_mib` each, at the same time, for `hold_ms`."""

    programs: int
    size_mib: int
    hold_ms: int


@dataclass(frozen=True, slots=True)
class Row:
    """A trial, what it must show, and what the meter reported."""

    trial: Trial
    expected_bytes: int
    reported_bytes: int | None
    exact: bool
    gap_s: float | None
    method: str
    trouble: str = ""

    @property
    def figure(self) -> str:
        """Which of the meter's three figures it is."""
        if self.exact:
            return "accounting"
        return "device" if "whole device" in self.method else "samples"

    @property
    def error(self) -> float | None:
        """Signed, as a share of what was expected."""
        return None if self.reported_bytes is None else self.reported_bytes / self.expected_bytes - 1

    @property
    def bound(self) -> float | None:
        """The largest error allowed; None where samples alone cannot be held to one."""
        if self.exact:
            return EXACT
        return SAMPLED if self.trial.hold_ms >= SAMPLED_FROM_MS else None

    @property
    def verdict(self) -> str:
        if self.error is None or self.trouble:  # a ranked run here would be thrown away
            return "FAIL"
        if self.bound is None:
            return "not judged"
        return "ok" if abs(self.error) <= self.bound else "FAIL"


def trials(sizes_mib: Sequence[int], holds_ms: Sequence[int]) -> list[Trial]:
    """Every size for every time, and two programs at once for the times that surely overlap."""
    alone = [Trial(1, size, hold) for size, hold in itertools.product(sizes_mib, holds_ms)]
    return alone + [Trial(2, sizes_mib[0], hold) for hold in holds_ms if hold >= TOGETHER_FROM_MS]


def row_of(trial: Trial, usage: GpuUsage, *, control_bytes: float) -> Row:
    """What a trial must show: what was taken, and as many contexts that take nothing."""
    return Row(
        trial=trial,
        expected_bytes=int(trial.programs * (trial.size_mib * MIB + control_bytes)),
        reported_bytes=usage.peak_bytes,
        exact=usage.accounting and trial.programs == 1,
        gap_s=usage.sampling_gap_s,
        method=re.sub(r"\d+ samples? at most [\d.]+ s apart", "samples", usage.method),
        trouble=usage.trouble,
    )


def table(rows: Sequence[Row]) -> str:
    """One line for each row, under headings."""
    lines = ["figure      programs  MiB each  hold ms   expected   reported    error  bound  largest gap  verdict"]
    for row in rows:
        reported = "-" if row.reported_bytes is None else f"{row.reported_bytes / MIB:.1f}"
        error = "-" if row.error is None else f"{row.error:+.2%}"
        bound = "-" if row.bound is None else f"{row.bound:.0%}"
        gap = "-" if row.gap_s is None else f"{row.gap_s * 1000:.0f} ms"
        lines.append(
            f"{row.figure:<10}  {row.trial.programs:>8}  {row.trial.size_mib:>8}  {row.trial.hold_ms:>7}"
            f"  {row.expected_bytes / MIB:>9.1f}  {reported:>9}  {error:>7}  {bound:>5}  {gap:>11}  {row.verdict}"
        )
    return "\n".join(lines)


def measure(trial: Trial, *, uuid: str, nvml: Nvml) -> GpuUsage:
    """Run the programs of a trial under the meter of ranked runs.

    Raises:
        NothingToCheck: they cannot use CUDA.
    """
    meter = GpuMemoryMeter(uuid, nvml=nvml, exclusive=True)
    meter.start()
    try:
        if meter.unfit:
            raise NothingToCheck(meter.unfit)
        _run(trial, uuid)
    finally:
        usage = meter.stop()
    return usage


def _run(trial: Trial, uuid: str) -> None:
    command = [sys.executable, str(PROGRAM), str(trial.size_mib * MIB), str(trial.hold_ms)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": uuid}
    with ExitStack() as ended:
        children = [
            ended.enter_context(
                subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(trial.programs)
        ]
        ready = [child.stdout is not None and child.stdout.readline() == "ready\n" for child in children]
        for child in children:
            if all(ready) and child.stdin is not None:
                child.stdin.write("go\n")
                child.stdin.flush()
        codes = [child.wait() for child in children]
    if not all(ready) or any(codes):
        why = "CUDA cannot be used" if NO_CUDA in codes else f"a program that takes GPU memory ended with {codes}"
        raise NothingToCheck(f"{why}; what it said stands above")


def device_to_check(nvml: Nvml, wanted: str | None) -> tuple[str, str]:
    """The UUID and a line about the device, which must be there.

    Raises:
        NothingToCheck: there is none.
    """
    try:
        nvml.nvmlInit()
        try:
            uuid = wanted or nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByIndex(0))
            handle = nvml.nvmlDeviceGetHandleByUUID(uuid)
            return uuid, f"{nvml.nvmlDeviceGetName(handle)} ({uuid}), driver {nvml.nvmlSystemGetDriverVersion()}"
        finally:
            nvml.nvmlShutdown()
    except Exception as error:
        raise NothingToCheck(f"no GPU here: {error}") from error


def check(uuid: str, todo: Sequence[Trial], *, nvml: Nvml) -> list[Row]:
    """A row for each trial, against the control as the same figure shows it (median of three)."""
    control = Trial(1, 0, CONTROL_HOLD_MS)
    peaks = [measure(control, uuid=uuid, nvml=nvml).peak_bytes for _ in range(CONTROLS)]
    if None in peaks:
        raise NothingToCheck("the meter cannot measure the control program on this device")
    control_bytes = median(peak for peak in peaks if peak is not None)
    print(f"control program: {control_bytes / MIB:.1f} MiB")
    return [row_of(each, measure(each, uuid=uuid, nvml=nvml), control_bytes=control_bytes) for each in todo]


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    todo = trials(asked.mib, asked.hold_ms)
    try:
        nvml = nvidia_ml()
        uuid, device = device_to_check(nvml, asked.gpu)
        print(device)
        rows = check(uuid, todo, nvml=nvml)
        accounting = any(row.exact for row in rows)
        if accounting:
            rows += check(uuid, todo, nvml=SamplesOnly(nvml))
    except (ImportError, NothingToCheck) as nothing:
        print(f"{nothing}: nothing was checked", file=sys.stderr)
        return NOTHING_CHECKED
    print(f"\n{table(rows)}\n")
    for said in sorted({f"method: {row.method}" for row in rows} | {f"trouble: {row.trouble}" for row in rows if row.trouble}):
        print(said)
    print(f"{ACCOUNTING_USED if accounting else ACCOUNTING_OFF}\n{NOT_TESTED}\n")
    return _ending(rows)


def _ending(rows: Sequence[Row]) -> int:
    """Say how it went; the exit code."""
    judged = [row for row in rows if row.verdict != "not judged"]
    failed = sum(row.verdict == "FAIL" for row in judged)
    short = len(rows) - len(judged)
    print(f"{len(judged)} rows judged, {failed} out of bounds or in trouble; {short} too short for samples, not judged")
    if not judged:
        return NOTHING_CHECKED
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra.gpu_check", description="Check the GPU meter against known allocations.")
    parser.add_argument("--gpu", metavar="UUID", help="the device to check; the first one by default")
    parser.add_argument("--mib", type=int, nargs="+", default=SIZES_MIB, help="sizes to take, in MiB")
    parser.add_argument("--hold-ms", type=int, nargs="+", default=HOLDS_MS, help="for how long, in milliseconds")
    return parser


if __name__ == "__main__":
    sys.exit(main())
