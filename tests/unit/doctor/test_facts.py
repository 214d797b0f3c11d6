"""What engines and machines say of themselves, weighed; each warning has a cure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sonobench_eval.doctor.engine_facts import EngineFacts, engine_facts
from sonobench_eval.doctor.facts import engine_checks, gpu_checks, host_checks
from sonobench_eval.doctor.host import Disk, HostFacts
from sonobench_eval.sandbox.gpu_toolkit import parse_toolkit_version

Named = Callable[..., dict[str, Any]]
GPU = "GPU-8c1f"


class TestEngineChecks:
    def test_of_a_good_engine_all_are_ok(self, engine: EngineFacts, host: HostFacts, named: Named) -> None:
        checks = named(engine_checks(engine, host, runtime=None))
        assert {name: check.found for name, check in checks.items() if check.verdict != "ok"} == {}

    @pytest.mark.parametrize(
        ("change", "name", "verdict"),
        [
            ({"version": "20.10.5"}, "Engine", "warn"),
            ({"version": ""}, "Engine", "unknown"),
            ({"containerd": "1.6.20~ds1-1+deb12u3"}, "containerd", "warn"),
            ({"runc": "1.0.0-rc92"}, "runc", "bad"),
            ({"runc": "1.1.5+ds1-1+deb12u1"}, "runc", "warn"),
            ({"runc": "1.2.7"}, "runc", "warn"),
            ({"storage_driver": "vfs"}, "Storage driver", "warn"),
            ({"security": ()}, "System call filter", "bad"),
            ({"security": ("name=seccomp,profile=unconfined",)}, "System call filter", "bad"),
            ({"cgroup_driver": "none"}, "Control groups", "bad"),
            ({"has_memory_limit": False}, "Control groups", "bad"),
            ({"has_pids_limit": False, "has_cpu_quota": False}, "Control groups", "bad"),
            ({"address": "tcp://0.0.0.0:2375"}, "Engine's address", "warn"),
            ({"address": "ssh://node"}, "Engine's address", "warn"),
        ],
    )
    def test_what_is_not_as_it_should_be_is_told_with_its_cure(
        self, engine: EngineFacts, host: HostFacts, named: Named, change: dict[str, Any], name: str, verdict: str
    ) -> None:
        check = named(engine_checks(replace(engine, **change), host, runtime=None))[name]
        assert (check.verdict, check.kind) == (verdict, "fact")
        assert check.cure

    @pytest.mark.parametrize(
        ("counted", "swap", "verdict"), [(False, 0, "ok"), (False, 2**30, "bad"), (False, None, "bad"), (True, 2**30, "ok")]
    )
    def test_swap_that_is_not_counted_matters_where_there_is_some(
        self, engine: EngineFacts, host: HostFacts, named: Named, counted: bool, swap: int | None, verdict: str
    ) -> None:
        checks = named(engine_checks(replace(engine, has_swap_limit=counted), replace(host, swap_bytes=swap), runtime=None))
        assert checks["Swap"].verdict == verdict

    def test_runc_does_not_matter_to_another_runtime(self, engine: EngineFacts, host: HostFacts, named: Named) -> None:
        checks = named(engine_checks(replace(engine, runc="1.0.0-rc92"), host, runtime="runsc"))
        assert "runc" not in checks
        assert checks["Runtime"].found.startswith("runsc")

    def test_a_runtime_that_is_not_there_is_bad(self, engine: EngineFacts, host: HostFacts, named: Named) -> None:
        assert named(engine_checks(engine, host, runtime="kata"))["Runtime"].verdict == "bad"


class TestHostChecks:
    def test_of_a_good_machine_all_are_ok(self, host: HostFacts, named: Named) -> None:
        assert {check.verdict for check in named(host_checks(host)).values()} == {"ok"}

    @pytest.mark.parametrize(
        ("change", "name", "verdict"),
        [
            ({"clock_synchronised": False}, "Clock", "warn"),
            ({"core_pattern": "|/usr/lib/systemd/systemd-coredump %P"}, "Core dumps", "warn"),
            ({"bpf_for_everyone": True}, "Kernel", "warn"),
            ({"metadata_reachable": True}, "Cloud metadata", "warn"),
            ({"reads_peak_memory": False}, "Peak memory", "warn"),
            ({"open_files": 256}, "Open files", "warn"),
        ],
    )
    def test_what_is_worth_a_look_is_told_with_its_cure_and_keeps_no_data_away(
        self, host: HostFacts, named: Named, change: dict[str, Any], name: str, verdict: str
    ) -> None:
        check = named(host_checks(replace(host, **change)))[name]
        assert check.verdict == verdict
        assert check.cure
        assert check.holds

    @pytest.mark.parametrize(
        ("disk", "words"),
        [
            ({"free_bytes": 10**9}, "too little to load an image"),
            ({"free_bytes": 10 * 10**9}, "10 GB free"),
            ({"shared_with_system": True}, "shared with the system"),
            ({"is_writable": False}, "cannot be written"),
        ],
    )
    def test_disks(self, host: HostFacts, named: Named, disk: dict[str, Any], words: str) -> None:
        given = replace(Disk("the engine's data", Path("/d"), 10**12, 10**12, shared_with_system=False), **disk)
        check = named(host_checks(replace(host, disks=(given,))))["Disk of the engine's data"]
        assert check.verdict == "warn"
        assert words in check.found


class TestGpuChecks:
    @pytest.mark.parametrize(
        ("version", "gpu", "verdict"),
        [(None, None, "ok"), (None, GPU, "unknown"), ("1.17.7", GPU, "bad"), ("1.17.7", None, "warn"), ("99.0.0", GPU, "ok")],
    )
    def test_an_open_toolkit_is_bad_where_it_is_used(
        self, named: Named, version: str | None, gpu: str | None, verdict: str
    ) -> None:
        read = None if version is None else parse_toolkit_version(version)
        assert named(gpu_checks(read, gpu_uuid=gpu))["GPU toolkit"].verdict == verdict


class TestEngineFacts:
    def test_a_distributions_own_number_is_kept(self) -> None:
        runc = {"Name": "runc", "Version": "1.1.5+ds1", "Details": {"GitCommit": "1.1.5+ds1-1+deb12u1"}}
        containerd = {
            "Name": "containerd",
            "Version": "v1.7.29",
            "Details": {"GitCommit": "442cb34bda9a6a0fed82a2ca7cade05c5c749582"},
        }
        facts = engine_facts({}, {"Version": "20.10.24+dfsg1", "Components": [runc, containerd]}, address="unix:///x")
        assert (facts.version, facts.runc, facts.containerd) == ("20.10.24+dfsg1", "1.1.5+ds1-1+deb12u1", "v1.7.29")

    def test_an_engine_that_says_nothing_promises_nothing(self, host: HostFacts, named: Named) -> None:
        checks = named(engine_checks(engine_facts({}, {}, address="unix:///x"), host, runtime=None))
        assert checks["Control groups"].verdict == checks["System call filter"].verdict == "bad"
        assert checks["runc"].verdict == "unknown"

    def test_a_runtimes_arguments_are_among_its_options(self) -> None:
        def options(*arguments: str) -> str:
            return engine_facts(
                {"Runtimes": {"runsc": {"path": "runsc", "runtimeArgs": list(arguments)}}}, {}, address=""
            ).options

        assert options("--ignore-cgroups") != options()
