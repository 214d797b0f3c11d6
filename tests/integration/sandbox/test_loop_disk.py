"""Results on a file system of their own on the node's disk. Needs root, as making one does."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from private_engine import docker_host, needs_private_engine, remapped_engine
from sandbox_bench import NODE, TestImage, image_tar, read_results

from sonobench_eval.sandbox.docker_engine import DockerEngine, loop_disk
from sonobench_eval.sandbox.failure import Category, classify
from sonobench_eval.sandbox.port import SandboxTrouble

MIB = 2**20
pytestmark = [pytest.mark.docker, pytest.mark.skipif(os.geteuid() != 0, reason="making a file system needs root")]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "outputs"


@pytest.fixture
def on_disk(engine, folder):
    """The machine's engine, with every result on the disk."""
    return DockerEngine.connect(output_folder=folder, output_in_memory_bytes=0)


@pytest.fixture
def run(on_disk, loaded, make_spec, tmp_path):
    def run_it(script, *, progress=lambda phase: None, **limits):
        spec = make_spec(loaded(TestImage(script)), **limits)
        return on_disk.run(spec, tmp_path / "results.tar", progress=progress)

    return run_it


@pytest.fixture(autouse=True)
def nothing_stays_on_the_disk(folder):
    yield
    assert devices_left(folder) == []
    assert list(folder.rglob("*.ext4")) == []


def devices_left(folder: Path) -> list[str]:
    """Devices that stay: the kernel detaches one a moment after the unmount, or after the last look of another program."""
    deadline = time.monotonic() + 60
    while (found := devices_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def devices_of(folder: Path) -> list[str]:
    listed = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if str(folder) in line]


def category_of(outcome):
    failure = classify(outcome, time_limit_s=30, memory_limit_bytes=64 * MIB, output_limit_bytes=4 * MIB)
    return failure.category if failure else None


class TestRun:
    def test_results_are_collected_as_from_memory(self, run):
        outcome = run("mkdir -p /output/a/b; echo hi > /output/a/b/c; ln -s /etc/shadow /output/l; ls -A /output | wc -l")
        members, texts = read_results(outcome.results)
        assert texts == {"a/b/c": "hi\n"}
        assert members["l"].issym()
        assert outcome.log_tail.split() == ["2"]
        assert category_of(outcome) is None

    def test_it_belongs_to_the_program_and_runs_nothing(self, run):
        outcome = run(
            "stat -c '%u %a' /output; cp /bin/busybox /output/echo; /output/echo ran; rm /output/echo; echo > /output/f"
        )
        assert outcome.log_tail.splitlines()[0] == "10001 700"
        assert "ran" not in outcome.log_tail.split()

    def test_more_than_memory_can_be_written(self, run):
        outcome = run(
            "dd if=/dev/zero of=/output/big bs=1M count=96 2>/dev/null && echo > /output/end",
            memory_bytes=32 * MIB,
            output_bytes=128 * MIB,
        )
        assert category_of(outcome) is None
        assert outcome.result_bytes == 96 * MIB + 1
        assert not outcome.oom_killed

    def test_a_flood_is_told_as_output_full(self, run):
        outcome = run("dd if=/dev/zero of=/output/big bs=65536; exit 1")
        assert outcome.output_full
        assert category_of(outcome) is Category.OUTPUT_LIMIT

    def test_a_flood_of_files_is_told_as_one(self, run):
        outcome = run("cd /output; i=0; while touch $i 2>/dev/null; do i=$((i+1)); done")
        assert outcome.output_too_many_files
        assert category_of(outcome) is Category.OUTPUT_LIMIT

    def test_file_and_device_have_no_name_while_it_runs(self, run, folder):
        seen = []
        run("echo x > /output/f", progress=lambda phase: phase == "run" and seen.append(list(folder.rglob("*.ext4"))))
        assert seen == [[]]

    @pytest.mark.parametrize("phase", ["create", "run", "collect", "remove"])
    def test_an_interrupt_in_any_phase_leaves_nothing(self, run, phase):
        def interrupt(now):
            if now == phase:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run("echo x > /output/f; sleep 20", progress=interrupt, time_s=1)


@needs_private_engine
class TestRemappedUsers:
    def test_the_mapped_user_owns_it(self, make_spec, tmp_path, folder):
        with remapped_engine() as private, docker_host(private):
            sandbox = DockerEngine.connect(output_folder=folder, output_in_memory_bytes=0)
            data, identity = image_tar(TestImage("stat -c %u /output; echo x > /output/f"))
            (tmp_path / "image.tar").write_bytes(data)
            outcome = sandbox.run(make_spec(sandbox.load(tmp_path / "image.tar", identity)), tmp_path / "results.tar")
        assert (outcome.log_tail, outcome.result_files) == ("10001\n", 1)


class TestTrouble:
    def test_without_root_it_says_what_to_do(self, run, monkeypatch):
        monkeypatch.setattr(loop_disk.os, "geteuid", lambda: 1000)
        with pytest.raises(SandboxTrouble, match=r"needs root: run the worker as root, or lower limits\.output_bytes"):
            run("true")

    def test_a_disk_that_is_too_small_is_the_nodes_trouble(self, run):
        with pytest.raises(SandboxTrouble, match="do not fit on the node's disk"):
            run("true", output_bytes=2**40)

    def test_a_program_that_is_missing_is_named(self, run, monkeypatch):
        monkeypatch.setattr(loop_disk, "_SEARCHED", "/nowhere")
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(SandboxTrouble, match=r"mkfs\.ext4: apt-get install e2fsprogs"):
            run("true")


class TestSweep:
    @pytest.fixture
    def left(self, folder):
        """What a worker that died between attaching and mounting leaves."""
        path = folder / NODE / "sonobench-dead-a1.ext4"
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(MIB))
        subprocess.run(["losetup", "--find", str(path)], check=True)
        return path

    def test_what_a_dead_worker_left_is_detached_and_removed(self, on_disk, left, folder):
        assert on_disk.sweep(NODE, lambda run_id, attempt: False) == [left.name]
        assert devices_left(folder) == []

    def test_until_then_its_name_is_taken(self, on_disk, left, loaded, make_spec, tmp_path):
        spec = make_spec(loaded(TestImage()), run_id="dead")
        with pytest.raises(SandboxTrouble, match="cannot be made: File exists"):
            on_disk.run(spec, tmp_path / "r.tar")
        assert left.exists()
        on_disk.sweep(NODE, lambda run_id, attempt: False)

    def test_what_is_alive_or_another_nodes_stays(self, on_disk, left, folder):
        assert on_disk.sweep(NODE, lambda run_id, attempt: (run_id, attempt) == ("dead", 1)) == []
        assert on_disk.sweep("another", lambda run_id, attempt: False) == []
        assert len(devices_of(folder)) == 1
        on_disk.sweep(NODE, lambda run_id, attempt: False)

    def test_names_that_are_no_runs_are_left_alone(self, on_disk, folder):
        (folder / NODE).mkdir(parents=True)
        odd = [folder / NODE / name for name in ("mine.img", "sonobench-x.ext", "sonobench--x-a1.ext4.bak")]
        for path in odd:
            path.touch()
        assert on_disk.sweep(NODE, lambda run_id, attempt: False) == []
        assert all(path.exists() for path in odd)


class TestNodesFolder:
    def test_a_node_name_that_leads_elsewhere_is_refused(self, on_disk, loaded, make_spec, tmp_path):
        spec = replace(make_spec(loaded(TestImage())), node="..")
        with pytest.raises(SandboxTrouble, match="cannot be the name of a folder"):
            on_disk.run(spec, tmp_path / "r.tar")
