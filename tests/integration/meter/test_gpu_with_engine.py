"""Whose process is on the GPU, asked of the kernel about a real container; and a node whose GPU cannot be watched."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace

import pytest
from nvml_bench import MIB, nvml, nvml_without
from sandbox_bench import TestImage, docker_api, engine, loaded, make_spec, nothing_is_left_behind

from sonobench_eval.sandbox.port import SandboxTrouble

__all__ = ["docker_api", "engine", "loaded", "make_spec", "nothing_is_left_behind", "nvml", "nvml_without"]

pytestmark = pytest.mark.docker


@pytest.fixture
def container(docker_api, loaded):
    """A container of two processes: its id, and their numbers on this host."""
    image = loaded(TestImage(script="sleep 600 & wait"))
    made = docker_api.create_container(image.engine_id, network_disabled=True, host_config=docker_api.create_host_config())
    try:
        docker_api.start(made["Id"])
        until(lambda: len(processes(docker_api, made["Id"])) == 2)  # the shell needs a moment to start its child
        yield made["Id"], processes(docker_api, made["Id"])
    finally:
        docker_api.remove_container(made["Id"], force=True)


def processes(docker_api, container_id):
    return [int(row[1]) for row in docker_api.top(container_id)["Processes"]]


def until(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "the container did not start its child within 60 s"
        time.sleep(0.05)


class TestContainerOwner:
    def test_every_process_of_the_container_is_the_runs(self, nvml, container):
        container_id, (first, second) = container
        script = f"process {first} 40 200 {1000 * MIB}\nprocess {second} 100 300 {600 * MIB}\n"
        usage = nvml.measure(script, container=container_id)
        assert usage.trouble == ""
        assert usage.peak_bytes == 1600 * MIB

    def test_a_process_of_this_host_is_a_stranger(self, nvml, container):
        container_id, (first, _) = container
        script = f"process {first} 40 200 {1000 * MIB}\nprocess {os.getpid()} 100 300 {600 * MIB}\n"
        assert f"process {os.getpid()} is on it, not of its container" in nvml.measure(script, container=container_id).trouble
        shared = nvml.measure(script, container=container_id, exclusive=False)
        assert (shared.trouble, shared.peak_bytes) == ("", 1000 * MIB)

    def test_one_that_has_ended_is_no_stranger(self, nvml, container):
        container_id, (first, _) = container
        with subprocess.Popen(["true"]) as child:
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            script = f"process {first} 40 200 {1000 * MIB}\nprocess {child.pid} 100 300 {600 * MIB}\n"
            assert nvml.measure(script, container=container_id).trouble == ""


class TestRunOnAGpu:
    def test_a_gpu_that_cannot_be_watched_is_this_nodes_trouble(self, engine, loaded, make_spec, tmp_path):
        spec = replace(make_spec(loaded(TestImage())), gpu_uuid="GPU-none", gpu_exclusive=True)
        with pytest.raises(SandboxTrouble, match="GPU GPU-none cannot be watched through NVML"):
            engine.run(spec, tmp_path / "results.tar")
