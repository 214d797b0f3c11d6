"""Which GPU a run worker claims, and which CPUs it gives to containers."""

from __future__ import annotations

import logging
from contextlib import ExitStack

import pytest

from sonobench_eval.meter.gpu_place import GpuFacts
from sonobench_platform.commands import run_worker
from sonobench_platform.commands.trouble import CommandError
from sonobench_platform.config import Settings
from sonobench_platform.node.slot import SlotTaken

FACTS = GpuFacts("GPU-1", "GPU-1", "NVIDIA Test", "570.00", is_mig=False, accounting=True, cpus_near="0-7")


@pytest.fixture
def cpus(tmp_path):
    """The CPUs that a worker with these settings gives, where the node says `facts` of its GPU."""

    def given(facts, **settings):
        return run_worker._cpus(Settings(home=tmp_path, **settings), facts)

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


@pytest.fixture
def claim(monkeypatch, tmp_path):
    """Claims as a worker does on whose node NVML says `facts` of the GPU `uuid`; every claim is held to the test's end."""
    monkeypatch.setattr(run_worker, "_MACHINE_LOCKS", tmp_path / "locks")
    with ExitStack() as held:

        def claimed(uuid, facts):
            run_worker._claim_gpu(Settings(home=tmp_path, gpu_uuid=uuid), facts, tmp_path, held)

        yield claimed


class TestClaimGpu:
    def part(self, uuid):
        return GpuFacts(uuid, "GPU-1", "NVIDIA Test", "570.00", is_mig=True, accounting=False, cpus_near=None)

    def test_a_mig_instance_claims_the_gpu_that_it_is_a_part_of(self, claim):
        claim("MIG-1", self.part("MIG-1"))
        with pytest.raises(SlotTaken, match="has GPU GPU-1; stop it"):
            claim("GPU-1", FACTS)
        with pytest.raises(SlotTaken, match="has GPU GPU-1, of which MIG-2 is a part"):
            claim("MIG-2", self.part("MIG-2"))

    def test_other_gpus_stay_free(self, claim):
        claim("MIG-1", self.part("MIG-1"))
        claim("GPU-2", GpuFacts("GPU-2", "GPU-2", None, None, is_mig=False, accounting=False, cpus_near=None))

    def test_one_that_cannot_be_watched_is_claimed_by_its_own_name(self, claim):
        claim("GPU-1", None)
        with pytest.raises(SlotTaken):
            claim("GPU-1", FACTS)

    def test_a_mig_instance_of_nobody_knows_what_is_refused(self, claim):
        with pytest.raises(CommandError, match="nobody knows which GPU it is a part of"):
            claim("MIG-1", None)

    @pytest.mark.parametrize("unset", [None, "", " "])
    def test_without_a_gpu_nothing_is_claimed(self, claim, tmp_path, unset):
        claim(unset, None)
        assert not (tmp_path / "locks").exists()
