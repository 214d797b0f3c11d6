"""A GPU that is not fit for a measured run is the platform's trouble, whatever the container made of it."""

from __future__ import annotations

import pytest

from sonobench_eval.meter.gpu_usage import NOT_MEASURED, GpuUsage
from sonobench_eval.meter.host_memory import HostUsage
from sonobench_eval.meter.meter import Usage
from sonobench_eval.sandbox.docker_engine.execute import execute
from sonobench_eval.sandbox.docker_engine.gpu_figures import gpu_figures
from sonobench_eval.sandbox.port import SandboxTrouble

SLOWED = "GPU GPU-1 slowed itself down during the run"


class Engine:
    """Starts a container that ends at once, with an error."""

    def __init__(self) -> None:
        self.started = False
        self.killed = False

    def start(self, container_id):
        self.started = True

    def wait(self, container_id, timeout):
        return {"StatusCode": 1}

    def kill(self, container_id):
        self.killed = True

    def inspect_container(self, container_id):
        return {"State": {"ExitCode": 1, "Running": False, "Pid": 0}}


class Meter:
    def __init__(self, *, unfit: str = "", trouble: str = "", is_hopeless: bool = False) -> None:
        self.is_hopeless = is_hopeless
        self._unfit = unfit
        self._trouble = trouble
        self.stopped = False

    def before_start(self):
        return self._unfit

    def started(self, container_id, pid):
        pass

    def stop(self):
        self.stopped = True
        return Usage(HostUsage(None, "not measured"), GpuUsage(1, "NVML", uuid="GPU-1", trouble=self._trouble))


class Patient(Engine):
    """Its container goes on until it is killed."""

    def wait(self, container_id, timeout):
        if not self.killed:
            raise TimeoutError
        return {"StatusCode": 137}

    def inspect_container(self, container_id):
        return {"State": {"ExitCode": 137, "Running": not self.killed, "Pid": 0}}


def run(engine, meter, *, should_stop=lambda: False):
    return execute(engine, "ab" * 32, time_limit_s=5, should_stop=should_stop, meter=meter)


class TestExecute:
    def test_nothing_starts_on_a_gpu_that_is_not_free(self):
        engine, meter = Engine(), Meter(unfit="GPU GPU-1 is not free: process 5 is on it.")
        with pytest.raises(SandboxTrouble, match="process 5 is on it"):
            run(engine, meter)
        assert not engine.started
        assert meter.stopped

    def test_what_a_container_did_on_a_gpu_in_trouble_is_not_held_against_it(self):
        with pytest.raises(SandboxTrouble, match="slowed itself down"):
            run(Engine(), Meter(trouble=SLOWED))

    def test_without_trouble_its_end_is_told(self):
        assert run(Engine(), Meter()).exit_code == 1

    def test_a_run_that_was_stopped_stays_stopped(self):
        assert run(Patient(), Meter(trouble=SLOWED), should_stop=lambda: True).cancelled

    def test_nobody_waits_for_the_end_of_a_run_that_cannot_count(self):
        engine = Patient()
        with pytest.raises(SandboxTrouble, match="slowed itself down"):
            run(engine, Meter(trouble=SLOWED, is_hopeless=True))
        assert engine.killed

    def test_what_we_ended_for_the_gpus_sake_is_never_the_programs_fault(self):
        with pytest.raises(SandboxTrouble, match="nobody knows why"):
            run(Patient(), Meter(is_hopeless=True))


class TestGpuFigures:
    def test_a_run_without_a_gpu_has_none(self):
        assert gpu_figures(NOT_MEASURED) is None

    def test_every_figure_that_the_meter_has_is_kept(self):
        values = {name: n for n, name in enumerate(GpuUsage.__dataclass_fields__)}
        usage = GpuUsage(**{**values, "uuid": "GPU-1"})
        figures = gpu_figures(usage)
        for name in figures.__dataclass_fields__:
            assert getattr(figures, name) == getattr(usage, name), name
