"""What a node reports is what the sandbox knows, field for field."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from sonobench_eval.sandbox.port import Measurement, RunOutcome
from sonobench_platform.node.records import report_of
from sonobench_platform.runs.report import Report, ReportedMeasurement

OUTCOME = RunOutcome(
    exit_code=0,
    oom_killed=False,
    timed_out=False,
    cancelled=False,
    output_full=False,
    output_too_many_files=False,
    log_truncated=True,
    started_at=None,
    finished_at=None,
    measurement=Measurement(wall_time_s=1.5, cpu_time_s=1.0, peak_host_memory_bytes=7, peak_cgroup_bytes=9),
    results=Path("results.tar"),
    result_files=3,
    result_bytes=4,
    log_tail="the end",
    notes=("It ran with 2 CPUs, all this node has.",),
)


class TestReport:
    def test_it_has_every_field_of_an_outcome_but_the_results(self) -> None:
        assert {*Report.model_fields, "results"} == {field.name for field in fields(RunOutcome)}
        assert set(ReportedMeasurement.model_fields) == {field.name for field in fields(Measurement)}

    def test_an_outcome_comes_through_whole(self) -> None:
        report = Report.model_validate(report_of(OUTCOME))
        assert report.outcome(OUTCOME.results) == OUTCOME
