"""Which limits bit: the line between one that did and one that did not, at each."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sonobench_eval.doctor.bounds import limit_checks
from sonobench_eval.doctor.trial import HUNGER_BYTES, HUNGER_LIMITS, ISOLATION_LIMITS, STUBBORN_LIMITS, Trace

Make = Callable[..., Trace]
Named = Callable[..., dict[str, Any]]


@pytest.fixture
def weighed(by_runc: Make, hungry: Make, stubborn: Make, named: Named) -> Callable[..., dict[str, Any]]:
    def weigh(isolation: Trace | None = None, hunger: Trace | None = None, log: Trace | None = None) -> dict[str, Any]:
        return named(limit_checks(isolation=isolation or by_runc(), hunger=hunger or hungry(), stubborn=log or stubborn()))

    return weigh


class TestLimitChecks:
    def test_where_every_limit_bites_all_are_ok(self, weighed: Any) -> None:
        checks = weighed()
        assert {check.verdict for check in checks.values()} == {"ok"}
        assert {check.kind for check in checks.values()} == {"limit"}

    def test_gvisor_without_control_groups_limits_no_memory_processor_or_processes_and_all_else(
        self, weighed: Any, by_gvisor: Trace, hungry: Make
    ) -> None:
        hunger = hungry(oom_killed=False, memory__had="yes", cpu__times="0m5.900s 0m0.010s")
        checks = weighed(by_gvisor, hunger)
        assert [name for name, check in checks.items() if check.verdict != "ok"] == ["Memory and swap", "Processor", "Processes"]
        assert "--ignore-cgroups" in checks["Memory and swap"].cure

    @pytest.mark.parametrize(
        ("field", "name", "most"),
        [
            ("flood__tmp", "Size of /tmp", ISOLATION_LIMITS.scratch_bytes),
            ("flood__shm", "Size of /dev/shm", ISOLATION_LIMITS.shm_bytes),
            ("flood__output", "Size of results", ISOLATION_LIMITS.output_bytes),
        ],
    )
    def test_a_place_may_be_full_at_its_limit_and_no_later(
        self, weighed: Any, by_runc: Make, field: str, name: str, most: int
    ) -> None:
        assert weighed(by_runc(**{field: str(most)}))[name].verdict == "ok"
        assert weighed(by_runc(**{field: str(2 * most)}))[name].verdict == "bad"
        assert weighed(by_runc(**{field: "0"}))[name].verdict == "warn"

    @pytest.mark.parametrize(("started", "verdict"), [("59", "ok"), ("64", "ok"), ("65", "bad"), ("160", "bad"), ("", "unknown")])
    def test_processes(self, weighed: Any, by_runc: Make, started: str, verdict: str) -> None:
        assert weighed(by_runc(flood__processes=started))["Processes"].verdict == verdict

    @pytest.mark.parametrize(("made", "verdict"), [("1086", "ok"), ("1088", "bad"), ("2000", "bad"), ("-1", "unknown")])
    def test_number_of_results(self, weighed: Any, by_runc: Make, made: str, verdict: str) -> None:
        assert weighed(by_runc(flood__files=made))["Number of results"].verdict == verdict

    @pytest.mark.parametrize(
        ("result", "tries", "verdict"), [(-errno.EMFILE, 125, "ok"), (403, 400, "bad"), (-errno.EMFILE, 300, "bad")]
    )
    def test_open_files(self, weighed: Any, by_runc: Make, result: int, tries: int, verdict: str) -> None:
        trace = by_runc()
        trace = replace(trace, printed={**trace.printed, "many.bin": struct.pack("<qQ", result, tries)})
        assert weighed(trace)["Open files"].verdict == verdict

    @pytest.mark.parametrize(
        ("times", "verdict"),
        [
            ("0m0.500s 0m0.010s", "ok"),  # 0.51 s in 2.06 s: a quarter
            ("0m0.700s 0m0.010s", "ok"),  # a third: slices on a machine of many processors
            ("0m1.000s 0m0.000s", "bad"),  # half of one
            ("1m0.000s 0m0.000s", "bad"),
            ("much", "unknown"),
        ],
    )
    def test_processor(self, weighed: Any, hungry: Make, times: str, verdict: str) -> None:
        assert weighed(hunger=hungry(cpu__times=times))["Processor"].verdict == verdict

    @pytest.mark.parametrize(
        ("throttled", "quota", "verdict"),
        [
            ("0", "25000", "ok"),  # the node was too busy to come to the limit, which is set
            ("0", "-1", "bad"),  # version 1 without a quota
            ("0", "max", "bad"),  # version 2 without a quota
            ("3", "", "ok"),
            ("", "", "unknown"),
        ],
    )
    def test_on_a_busy_node_little_is_taken_and_the_kernels_own_count_tells(
        self, weighed: Any, hungry: Make, throttled: str, quota: str, verdict: str
    ) -> None:
        hunger = hungry(cpu__times="0m0.200s 0m0.010s", cpu__throttled=throttled, cpu__quota=quota)
        assert weighed(hunger=hunger)["Processor"].verdict == verdict

    def test_without_the_kernels_count_what_came_to_the_limit_and_stopped_there_is_ok(self, weighed: Any, hungry: Make) -> None:
        assert weighed(hunger=hungry(cpu__throttled="", cpu__quota=""))["Processor"].verdict == "ok"

    @pytest.mark.parametrize("wall", ["", "5", "7 7", "8 7", "x y"])
    def test_a_wall_time_that_makes_no_sense_is_unknown(self, weighed: Any, hungry: Make, wall: str) -> None:
        assert weighed(hunger=hungry(cpu__wall=wall))["Processor"].verdict == "unknown"

    def test_memory_that_was_had_is_bad_whatever_the_engine_says(self, weighed: Any, hungry: Make) -> None:
        assert weighed(hunger=hungry(memory__had="yes", oom_killed=True))["Memory and swap"].verdict == "bad"

    def test_memory_that_was_not_had_without_the_kernel_ending_anything_proves_nothing(self, weighed: Any, hungry: Make) -> None:
        assert weighed(hunger=hungry(oom_killed=False))["Memory and swap"].verdict == "unknown"

    def test_a_log_that_is_kept_whole_is_bad_and_one_not_looked_at_unknown(self, weighed: Any, stubborn: Make) -> None:
        assert weighed(log=stubborn(log_bytes=4_000_000))["Log"].verdict == "bad"
        assert weighed(log=stubborn(log_bytes=None))["Log"].verdict == "unknown"
        assert weighed(log=stubborn(done=""))["Log"].verdict == "unknown"

    def test_a_program_that_was_not_ended_in_time_is_bad(self, weighed: Any, stubborn: Make) -> None:
        assert weighed(log=stubborn(timed_out=False))["Time"].verdict == "bad"
        assert weighed(log=stubborn(wall_s=STUBBORN_LIMITS.time_s + 30))["Time"].verdict == "bad"
        assert weighed(log=stubborn(wall_s=None))["Time"].verdict == "unknown"

    def test_core_dumps_are_bad_by_file_or_by_limit(self, weighed: Any, by_runc: Make) -> None:
        assert weighed(by_runc(core__limit="unlimited"))["Core dumps of containers"].verdict == "bad"
        assert weighed(by_runc(core__files="/output/core"))["Core dumps of containers"].verdict == "bad"

    def test_probes_that_did_not_run_prove_nothing(self, weighed: Any) -> None:
        nothing = Trace(trouble="away")
        checks = weighed(nothing, nothing, nothing)
        assert {check.verdict for check in checks.values()} == {"unknown"}
        assert not any(check.holds for check in checks.values())

    def test_what_the_memory_probe_asks_for_is_four_times_its_limit_and_little_for_a_node(self) -> None:
        in_memory = HUNGER_LIMITS.shm_bytes + HUNGER_LIMITS.scratch_bytes + HUNGER_LIMITS.output_bytes
        assert 4 * (HUNGER_LIMITS.memory_bytes + in_memory) == HUNGER_BYTES
        assert HUNGER_BYTES <= 256 * 2**20
