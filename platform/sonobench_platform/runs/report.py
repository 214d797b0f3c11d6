"""What a node reports of an attempt: the sandbox's `RunOutcome` as JSON, checked at the border."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sonobench_eval.sandbox.port import CurvePoint, GpuFigures, Measurement, PhaseTimes, RunOutcome

Count = Annotated[int, Field(ge=0, le=2**62)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


def _storable(text: str) -> str:
    """Without what no database keeps: NUL, and halves of surrogate pairs. A run is not lost for its log's bytes."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


Text = Annotated[str, AfterValidator(_storable)]
Words = Annotated[Text, Field(max_length=2000)]


class NodeRecord(BaseModel):
    # A newer node may measure more than this API knows.
    model_config = ConfigDict(frozen=True, extra="ignore")


class ReportedPoint(NodeRecord):
    """See `sonobench_eval.sandbox.port.CurvePoint`."""

    t_s: Seconds
    host_memory_bytes: Count | None = None
    cpu_time_s: Seconds | None = None
    gpu_memory_bytes: Count | None = None
    gpu_utilisation_percent: Percent | None = None


class ReportedGpu(NodeRecord):
    """See `sonobench_eval.sandbox.port.GpuFigures`."""

    uuid: Words
    driver: Words | None = None
    baseline_bytes: Count | None = None
    sampling_gap_s: Seconds | None = None
    samples: Count = 0
    processes: Count | None = None
    accounting: bool = False
    memory_area_byte_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    mean_utilisation_percent: Percent | None = None
    energy_j: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    peak_power_w: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    sm_clock_mhz_low: Count | None = None
    sm_clock_mhz_high: Count | None = None
    throttled: Annotated[tuple[Words, ...], Field(max_length=64)] = ()
    limits: Annotated[tuple[Words, ...], Field(max_length=64)] = ()


class ReportedPhases(NodeRecord):
    """See `sonobench_eval.sandbox.port.PhaseTimes`."""

    load_s: Seconds | None = None
    create_s: Seconds | None = None
    collect_s: Seconds | None = None
    warm_up_s: Seconds | None = None


class ReportedMeasurement(NodeRecord):
    """See `sonobench_eval.sandbox.port.Measurement`. None: not measured."""

    wall_time_s: Seconds | None
    monotonic_s: Seconds | None = None
    clock_disagrees: bool = False
    cpu_time_s: Seconds | None = None
    cpu_time_method: Words = "not measured"
    peak_host_memory_bytes: Count | None = None
    host_memory_method: Words = "not measured"
    peak_gpu_memory_bytes: Count | None = None
    gpu_memory_method: Words = "not measured"
    gpu_name: Words | None = None
    peak_cgroup_bytes: Count | None = None
    peak_cgroup_method: Words = "not measured"
    phases: ReportedPhases = ReportedPhases()
    repeats_s: Annotated[tuple[Seconds, ...], Field(max_length=40)] = ()
    wall_time_cv: Seconds | None = None
    wall_time_steady: bool = True
    reference_s: Seconds | None = None
    gpu: ReportedGpu | None = None
    curve: Annotated[tuple[ReportedPoint, ...], Field(max_length=600)] = ()

    def record(self) -> Measurement:
        """The record that the evaluator knows."""
        flat = {name: getattr(self, name) for name in type(self).model_fields if name not in {"phases", "gpu", "curve"}}
        return Measurement(
            **flat,
            phases=PhaseTimes(**dict(self.phases)),
            gpu=None if self.gpu is None else GpuFigures(**dict(self.gpu)),
            curve=tuple(CurvePoint(**dict(point)) for point in self.curve),
        )


class Report(NodeRecord):
    """See `sonobench_eval.sandbox.port.RunOutcome`. `log_tail` is for organisers alone."""

    exit_code: Annotated[int, Field(ge=-(2**31), le=2**31)] | None
    oom_killed: bool
    timed_out: bool
    cancelled: bool
    output_full: bool
    output_too_many_files: bool
    log_truncated: bool
    started_at: datetime | None
    finished_at: datetime | None
    measurement: ReportedMeasurement
    result_files: Count = 0
    result_bytes: Count = 0
    engine_error: Text = ""
    log_tail: Text = ""
    notes: tuple[Text, ...] = ()

    def outcome(self, results: Path | None) -> RunOutcome:
        """The record that the evaluator knows, with the results as this side stored them."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "measurement"}
        return RunOutcome(**fields, measurement=self.measurement.record(), results=results)
