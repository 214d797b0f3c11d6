"""Which CPUs a run worker gives to containers."""

from __future__ import annotations

import logging

import pytest

from sonobench_eval.meter.gpu_place import GpuFacts
from sonobench_platform.commands import run_worker
from sonobench_platform.config import Settings

FACTS = GpuFacts("GPU-1", "NVIDIA Test", "570.00", is_mig=False, accounting=True, cpus_near="0-7")


@pytest.fixture
def cpus(monkeypatch, tmp_path):
    """The CPUs that a worker with these settings gives, where the node says `facts` of its GPU."""

    def given(facts, **settings):
        monkeypatch.setattr(run_worker, "gpu_facts", lambda uuid: facts)
        return run_worker._cpus(Settings(home=tmp_path, **settings))

    return given


class TestCpus:
    def test_without_a_gpu_they_are_the_configured_ones(self, cpus):
        assert cpus(FACTS) is None
        assert cpus(FACTS, cpuset="2-3") == "2-3"

    def test_with_a_gpu_they_are_those_near_it(self, cpus, caplog):
        caplog.set_level(logging.INFO)
        assert cpus(FACTS, gpu_uuid="GPU-1") == "0-7"
        assert "GPU GPU-1: NVIDIA Test, driver 570.00, accounting on, near CPUs 0-7" in caplog.text

    def test_what_is_configured_comes_first(self, cpus):
        assert cpus(FACTS, gpu_uuid="GPU-1", cpuset="2-3") == "2-3"

    def test_a_gpu_that_cannot_be_watched_is_told_at_once(self, cpus, caplog):
        assert cpus(None, gpu_uuid="GPU-1") is None
        assert "GPU GPU-1 cannot be watched through NVML" in caplog.text
