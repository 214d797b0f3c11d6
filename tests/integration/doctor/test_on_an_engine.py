"""The doctor on a real engine: what it says of the sandbox as it is, and that no probe says "ok" of one that is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from private_engine import docker_host, gvisor_engine, needs_gvisor, needs_private_engine

from sonobench_eval.doctor.examine import Setting, examine_node, node_fingerprint
from sonobench_eval.doctor.report import NodeReport

pytestmark = pytest.mark.docker

Examine = Callable[..., dict[str, Any]]
Weaken = Callable[[Callable[[dict[str, Any]], None]], None]


def bad(checks: dict[str, Any]) -> dict[str, str]:
    """What was found by each check that is bad, so that a failure shows it."""
    return {name: check.found for name, check in checks.items() if check.verdict == "bad"}


class TestAsItIs:
    def test_every_probe_is_held_and_every_limit_bites(self, examine: Examine) -> None:
        tried = {name: check for name, check in examine().items() if check.kind != "fact"}
        assert {name: check.found for name, check in tried.items() if check.verdict != "ok"} == {}
        assert len(tried) > 30

    def test_a_report_is_for_one_engine_one_runtime_and_this_boot(self, tmp_path: Path) -> None:
        report = examine_node(Setting(home=tmp_path), with_probes=False)
        assert report.fingerprint == node_fingerprint(Setting(home=tmp_path / "elsewhere"))
        assert report.fingerprint != node_fingerprint(Setting(home=tmp_path, runtime="runsc"))
        assert not report.is_safe, "nothing was tried"

    def test_a_runtime_that_the_engine_does_not_know_is_not_safe_and_says_so(self, examine: Examine) -> None:
        checks = examine(runtime="no-such-runtime")
        assert "no runtime 'no-such-runtime'" in checks["Runtime"].found
        assert checks["Memory and swap"].verdict == checks["Network"].verdict == "unknown"


class TestWithoutLimits:
    def test_each_limit_that_is_missing_is_told(self, examine: Examine, weaken: Weaken, endless_output: None) -> None:
        def unlimited(body: dict[str, Any]) -> None:
            host = body["HostConfig"]
            for name in ("Memory", "MemorySwap", "NanoCpus", "PidsLimit"):
                host[name] = 0
            host["Ulimits"] = [
                {"Name": "nofile", "Soft": 4096, "Hard": 4096},
                {"Name": "core", "Soft": 1 << 20, "Hard": 1 << 20},
            ]
            host["ShmSize"] = 256 * 2**20
            host["Tmpfs"] = {"/tmp": "rw,exec,mode=1777"}
            host["LogConfig"] = {"Type": "json-file", "Config": {}}

        weaken(unlimited)
        checks = examine()
        limits = {name for name, check in checks.items() if check.kind == "limit"}
        told = bad(checks)
        assert set(told) == limits - {"Time"}, told  # it is not the engine's to keep


class TestWithoutWalls:
    def test_each_wall_that_is_missing_is_told(self, examine: Examine, weaken: Weaken) -> None:
        def open_wide(body: dict[str, Any]) -> None:
            body["User"] = "0:0"
            body["NetworkDisabled"], body["Hostname"] = False, ""
            host = body["HostConfig"]
            host.update(CapDrop=[], CapAdd=["SYS_ADMIN", "SYS_PTRACE"], ReadonlyRootfs=False, SecurityOpt=["seccomp=unconfined"])
            host.update(MaskedPaths=[], ReadonlyPaths=[])
            host["Devices"] = [{"PathOnHost": "/dev/ptmx", "PathInContainer": "/dev/sda", "CgroupPermissions": "rwm"}]
            host.update(NetworkMode="host", PidMode="host", IpcMode="host", UTSMode="host")
            for mount in host["Mounts"]:
                mount["ReadOnly"] = False
            socket = {"Type": "bind", "Source": "/var/run/docker.sock", "Target": "/var/run/docker.sock", "ReadOnly": True}
            host["Mounts"].append(socket)

        weaken(open_wide)
        checks = examine()
        walls = {name for name, check in checks.items() if check.kind == "isolation"}
        assert walls - set(bad(checks)) <= {"Kernel seen", "Open files handed over"}

    @pytest.mark.parametrize(
        ("name", "changes"),
        [
            ("System call filter, seen", {"SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]}),
            ("No new privileges", {"SecurityOpt": []}),
            ("Capabilities", {"CapDrop": [], "CapAdd": ["NET_RAW"]}),
            ("Network", {"NetworkMode": "host"}),
            ("Namespaces of its own", {"PidMode": "host"}),
        ],
    )
    def test_one_missing_wall_is_enough(self, look: Examine, weaken: Weaken, name: str, changes: dict[str, Any]) -> None:
        def change(body: dict[str, Any]) -> None:
            body["NetworkDisabled"] = "NetworkMode" not in changes
            body["HostConfig"].update(changes)

        weaken(change)
        assert name in bad(look())

    def test_a_stranger_among_its_processes_is_named(
        self, look: Examine, weaken: Weaken, docker_api: Any, loaded: Any, image_of: Any
    ) -> None:
        sleeper = loaded(image_of(config={"Cmd": ["/bin/sleep", "600"]})).engine_id
        without_network = docker_api.create_host_config(network_mode="none")
        stranger = docker_api.create_container(sleeper, host_config=without_network)["Id"]
        try:
            docker_api.start(stranger)
            weaken(lambda body: body["HostConfig"].update(PidMode=f"container:{stranger}"))
            assert bad(look())["Processes seen"] == "others than its own: sleep"
        finally:
            docker_api.remove_container(stranger, force=True)


@needs_gvisor
@needs_private_engine
class TestWithGvisor:
    def test_without_control_groups_it_isolates_and_limits_no_memory_processor_or_processes(self, tmp_path: Path) -> None:
        with gvisor_engine() as engine, docker_host(engine):
            report = examine_node(Setting(home=tmp_path, runtime="runsc"))
        open_doors = {check.name: check.found for check in report.open_doors}
        assert set(open_doors) == {"Memory and swap", "Processor", "Processes"}, open_doors
        assert {check.name: check.found for check in report.checks if check.kind == "isolation" and check.verdict != "ok"} == {}
        assert not report.is_safe


class TestTheCommand:
    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sonobench_eval.cli.main", "doctor", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})

    def test_it_shows_every_check_and_ends_with_0_where_the_node_is_safe(self, tmp_path: Path) -> None:
        done = self.run("--home", str(tmp_path), "--json", str(tmp_path / "report.json"))
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "Examining this machine: running hostile containers")
        report = NodeReport.from_json((tmp_path / "report.json").read_text())
        assert report.is_safe
        assert all(check.name in done.stdout for check in report.checks)
        assert "Hidden data may come here." in done.stdout

    def test_facts_alone_take_no_container_and_promise_nothing(self, tmp_path: Path) -> None:
        done = self.run("--home", str(tmp_path), "--no-probes", "--json", "-")
        document = json.loads(done.stdout)
        assert (done.returncode, document["probed"], document["is_safe"]) == (0, False, False)

    def test_a_node_that_is_not_safe_ends_with_3(self, tmp_path: Path) -> None:
        done = self.run("--home", str(tmp_path), "--no-probes", "--runtime", "no-such-runtime")
        assert done.returncode == 3
        assert "no-such-runtime" in done.stdout

    def test_without_an_engine_it_says_how_to_get_one(self, tmp_path: Path) -> None:
        done = self.run(DOCKER_HOST=f"unix://{tmp_path}/absent.sock")
        assert done.returncode == 1
        assert "No Docker Engine answers" in done.stderr
