"""From what the engine and the meter saw of one container to the outcome of its run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from sonobench_eval.meter.clock import clocks_disagree, engine_time, wall_time_s
from sonobench_eval.meter.curve import merged
from sonobench_eval.meter.meter import Usage
from sonobench_eval.sandbox.docker_engine.collect import Collected
from sonobench_eval.sandbox.docker_engine.execute import Ended
from sonobench_eval.sandbox.docker_engine.gpu_figures import gpu_figures
from sonobench_eval.sandbox.docker_engine.logs import LogTail
from sonobench_eval.sandbox.port import CurvePoint, Measurement, PhaseTimes, RunOutcome


def outcome_of(
    ended: Ended, collected: Collected, tail: LogTail, *, phases: PhaseTimes, results: Path, notes: tuple[str, ...]
) -> RunOutcome:
    """The outcome of a container that ran."""
    return RunOutcome(
        exit_code=ended.exit_code,
        oom_killed=ended.oom_killed,
        timed_out=ended.timed_out,
        cancelled=ended.cancelled,
        output_full=collected.bytes_full,
        output_too_many_files=collected.too_many,
        log_truncated=tail.truncated,
        started_at=engine_time(ended.started_at),
        finished_at=engine_time(ended.finished_at),
        measurement=_measurement(ended, phases),
        results=results,
        result_files=collected.files,
        result_bytes=collected.size_bytes,
        log_tail=tail.text,
        notes=notes,
    )


def _measurement(ended: Ended, phases: PhaseTimes) -> Measurement:
    host, gpu = ended.usage.host, ended.usage.gpu
    wall_s = wall_time_s(ended.started_at, ended.finished_at)
    return Measurement(
        wall_time_s=wall_s,
        monotonic_s=ended.monotonic_s,
        clock_disagrees=clocks_disagree(wall_s, ended.monotonic_s),
        cpu_time_s=host.cpu_time_s,
        cpu_time_method=host.cpu_method,
        peak_host_memory_bytes=host.peak_bytes,
        host_memory_method=host.method,
        peak_gpu_memory_bytes=gpu.peak_bytes,
        gpu_memory_method=gpu.method,
        gpu_name=gpu.name,
        peak_cgroup_bytes=host.peak_cgroup_bytes,
        peak_cgroup_method=host.peak_cgroup_method,
        phases=phases,
        gpu=gpu_figures(gpu),
        curve=_curve(ended.usage),
    )


def _curve(usage: Usage) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(**asdict(moment)) for moment in merged(usage.host.curve, usage.gpu.curve))
