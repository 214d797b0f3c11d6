"""GPU memory through a scripted NVML: no GPU is needed, and none is used."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from sonobench_eval.meter import meter as run_meter
from sonobench_eval.meter.cgroup import Cgroup
from sonobench_eval.meter.gpu_memory import GpuMemoryMeter
from sonobench_eval.meter.gpu_usage import GpuUsage
from sonobench_eval.meter.meter import RunMeter

MIB = 2**20


class NvmlError(Exception):
    value = 3  # not supported


@dataclass
class FakeNvml:
    """Plays NVML: `states` are one look each, `(device used, {pid: bytes})`; the last one stays. Baseline comes first."""

    baseline: int = 500 * MIB
    states: list[tuple[int, dict[int, int | None]]] = field(default_factory=list)
    accounting: dict[int, int] | None = None
    fails: frozenset[str] = frozenset()
    looked: threading.Event = field(default_factory=threading.Event)
    shut_down: bool = False
    looks: int = -1

    def _maybe_fail(self, name: str) -> None:
        if name in self.fails:
            raise NvmlError(f"{name} is not supported")

    def nvmlInit(self):  # noqa: N802
        self._maybe_fail("init")

    def nvmlShutdown(self):  # noqa: N802
        self.shut_down = True

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        self._maybe_fail("handle")
        return uuid

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return b"NVIDIA Test GPU"

    def nvmlDeviceGetMemoryInfo(self, handle, version=None):  # noqa: N802
        if version is not None:
            raise NvmlError("version 2 is not supported")
        self.looks += 1
        if self.looks == 0:
            return SimpleNamespace(used=self.baseline)
        if "memory" in self.fails:
            raise RuntimeError("memory is not supported any more")
        if self.looks > len(self.states):
            self.looked.set()
        return SimpleNamespace(used=self._state()[0])

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle):  # noqa: N802
        self._maybe_fail("processes")
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in self._state()[1].items()]

    def nvmlDeviceGetAccountingMode(self, handle):  # noqa: N802
        self._maybe_fail("accounting")
        return int(self.accounting is not None)

    def nvmlDeviceGetAccountingPids(self, handle):  # noqa: N802
        return list(self.accounting) if self.looks > 0 else []

    def nvmlDeviceGetAccountingStats(self, handle, pid):  # noqa: N802
        return SimpleNamespace(maxMemoryUsage=self.accounting[pid], startTime=pid)

    def _state(self):
        if self.looks <= 0:
            return self.baseline, {}
        return self.states[min(max(self.looks, 1), len(self.states)) - 1]


def measure(nvml, strangers=()):
    meter = GpuMemoryMeter("GPU-1", nvml=nvml, interval_s=0.001)
    meter.owner = lambda pid: pid not in strangers
    meter.start()
    if not nvml.fails & {"init", "handle", "memory"}:
        assert nvml.looked.wait(60)
    return meter.stop()


STATES = [(500 * MIB, {}), (900 * MIB, {1: 400 * MIB}), (1500 * MIB, {1: 400 * MIB, 2: 600 * MIB}), (700 * MIB, {2: 200 * MIB})]


class TestPerProcess:
    def test_it_is_the_largest_sum_over_the_containers_processes(self):
        usage = measure(FakeNvml(states=STATES))
        assert usage.peak_bytes == 1000 * MIB
        assert usage.method.startswith("NVML, the run's processes together, largest of")
        assert usage.name == "NVIDIA Test GPU"

    def test_other_peoples_processes_do_not_count(self):
        assert measure(FakeNvml(states=[(9000 * MIB, {1: 100 * MIB, 77: 8000 * MIB})]), strangers={77}).peak_bytes == 100 * MIB

    def test_nvml_is_shut_down(self):
        nvml = FakeNvml(states=STATES)
        measure(nvml)
        assert nvml.shut_down


class TestAccounting:
    def test_for_one_process_the_drivers_peak_is_exact(self):
        usage = measure(FakeNvml(states=[(900 * MIB, {1: 400 * MIB})], accounting={1: 450 * MIB}))
        assert usage.peak_bytes == 450 * MIB
        assert "accounting of the run's one process" in usage.method

    @pytest.mark.parametrize(
        ("peaks", "expected"),
        [
            ({1: 400 * MIB, 2: 700 * MIB}, 1000 * MIB),  # sampled 1000 lies between 700 and 1100: it stays
            ({1: 400 * MIB, 2: 1200 * MIB}, 1200 * MIB),  # one process alone was higher than any sample
            ({1: 400 * MIB, 2: 500 * MIB}, 900 * MIB),  # together they were never higher than both peaks
        ],
    )
    def test_for_several_the_sample_is_held_within_their_peaks(self, peaks, expected):
        usage = measure(FakeNvml(states=STATES, accounting=peaks))
        assert usage.peak_bytes == expected
        assert "2 processes" in usage.method

    @pytest.mark.parametrize("fails", [frozenset({"accounting"}), frozenset()])
    def test_where_it_is_off_or_unsupported_the_samples_stay(self, fails):
        assert measure(FakeNvml(states=STATES, fails=fails)).peak_bytes == 1000 * MIB

    def test_a_process_it_does_not_know_leaves_the_samples(self):
        assert measure(FakeNvml(states=STATES, accounting={1: 400 * MIB})).peak_bytes == 1000 * MIB


class TestWholeDevice:
    def check(self, nvml, strangers=()):
        usage = measure(nvml, strangers)
        assert usage.peak_bytes == 1000 * MIB  # 1500 less the baseline of 500
        assert "whole device less what was used before" in usage.method

    def test_it_serves_where_processes_cannot_be_listed(self):
        self.check(FakeNvml(states=STATES, fails=frozenset({"processes"})))

    def test_it_serves_where_the_driver_does_not_tell_their_memory(self):
        self.check(FakeNvml(states=[(1500 * MIB, {1: None})]))

    def test_it_serves_where_no_process_is_to_be_seen_from_here(self):
        self.check(FakeNvml(states=[(used, {}) for used, _ in STATES]))

    def test_it_is_never_below_zero(self):
        assert measure(FakeNvml(states=[(100 * MIB, {})])).peak_bytes == 0


class TestWatchedToTheEnd:
    def measure(self, *, exclusive):
        nvml = FakeNvml(states=[(900 * MIB, {1: 400 * MIB})])
        meter = GpuMemoryMeter("GPU-1", nvml=nvml, interval_s=0.001, exclusive=exclusive)
        meter.owner = {}.__getitem__  # it fails, as nothing in the meter should
        meter.start()
        while meter._sampler.trouble is None:
            time.sleep(0.001)
        return meter.is_hopeless, meter.stop()

    def test_a_meter_that_fails_in_the_middle_leaves_an_exclusive_run_without_a_figure(self):
        hopeless, usage = self.measure(exclusive=True)
        assert hopeless
        assert usage.trouble.startswith("GPU GPU-1 could not be watched to the run's end (KeyError: 1)")

    def test_on_a_shared_gpu_it_is_told_and_no_trouble(self):
        hopeless, usage = self.measure(exclusive=False)
        assert (hopeless, usage.trouble) == (False, "")


class TestNotMeasured:
    @pytest.mark.parametrize("fails", ["init", "handle", "memory"])
    def test_a_driver_that_fails_is_told_and_nothing_raises(self, fails):
        usage = measure(FakeNvml(states=STATES, fails=frozenset({fails})))
        assert usage.peak_bytes is None
        assert usage.method.startswith("not measured: NVML")
        assert "not supported" in usage.method

    def test_a_run_without_a_gpu_says_so(self):
        meter = RunMeter(gpu_uuid=None, engine_reader=lambda: None)
        meter.before_start()
        assert meter.stop().gpu.method == "not measured: the run had no GPU"


class TestRunMeter:
    def test_a_container_that_has_ended_already_is_not_measured(self):
        meter = RunMeter(gpu_uuid=None, engine_reader=lambda: None)
        meter.started("ab" * 32, 0)
        usage = meter.stop()
        assert usage.host.peak_bytes is None
        assert usage.host.method == "not measured: it ended before the first sample"

    def test_a_reader_that_fails_at_once_fails_nothing(self):
        def fail():
            raise ValueError("the engine has no statistics")

        meter = RunMeter(gpu_uuid=None, engine_reader=fail)
        meter.started("ab" * 32, 2**30)
        assert meter.stop().host.peak_bytes is None

    def test_a_gpu_is_measured_beside_the_host(self):
        nvml = FakeNvml(states=[(1500 * MIB, {})])
        meter = RunMeter(gpu_uuid="GPU-1", engine_reader=lambda: None, nvml=nvml)
        meter.before_start()
        assert nvml.looked.wait(60)
        assert meter.stop().gpu.peak_bytes == 1000 * MIB

    def test_a_machine_without_a_driver_measures_nothing_and_says_why(self):
        pytest.importorskip("pynvml")
        meter = RunMeter(gpu_uuid="GPU-none", engine_reader=lambda: None)
        meter.before_start()
        usage = meter.stop().gpu
        assert usage.peak_bytes is None
        assert "NVML could not be used" in usage.method


class Noted:
    """Stands for the GPU's meter and notes what the run's meter does with it."""

    unfit = "GPU GPU-1 is not free"
    is_hopeless = True

    def __init__(self, uuid, *, nvml, exclusive) -> None:
        self.made = (uuid, nvml, exclusive)
        self.owner = None
        self.done = []

    def start(self):
        self.done.append("start")

    def began(self):
        self.done.append("began")

    def stop(self):
        self.done.append("stop")
        return GpuUsage(7, "noted")


class TestRunMeterAndItsGpu:
    @pytest.fixture
    def meter(self, monkeypatch, tmp_path):
        (tmp_path / "memory.stat").write_text("anon 1\nshmem 1\n")
        for name in ("cpu.stat", "memory.events"):
            (tmp_path / name).write_text("")
        monkeypatch.setattr(run_meter, "GpuMemoryMeter", Noted)
        monkeypatch.setattr(run_meter, "find_cgroup", lambda container_id, pid: Cgroup(2, tmp_path, tmp_path))
        return RunMeter(gpu_uuid="GPU-1", gpu_exclusive=True, engine_reader=lambda: None, nvml="the driver")

    def test_it_is_told_of_the_containers_life_in_order(self, meter):
        meter.before_start()
        meter.started("ab" * 32, 2**30)
        assert meter.stop().gpu.peak_bytes == 7
        assert meter._gpu.made == ("GPU-1", "the driver", True)
        assert meter._gpu.done == ["start", "began", "stop"]

    def test_what_speaks_against_a_run_is_handed_on(self, meter):
        assert meter.before_start() == "GPU GPU-1 is not free"
        assert meter.is_hopeless

    def test_processes_are_placed_by_the_containers_control_group(self, meter):
        meter.started("ab" * 32, 2**30)
        meter.stop()
        assert meter._gpu.owner(1) in {False, None}  # the first process of this machine is not the container's

    def test_nobody_can_place_them_where_that_is_not_to_be_seen(self, meter, monkeypatch):
        monkeypatch.setattr(run_meter, "find_cgroup", lambda container_id, pid: int("no group"))
        meter.started("ab" * 32, 2**30)
        meter.stop()
        assert meter._gpu.owner is None

    def test_a_run_without_a_gpu_is_never_hopeless(self):
        assert not RunMeter(gpu_uuid=None, engine_reader=lambda: None).is_hopeless
