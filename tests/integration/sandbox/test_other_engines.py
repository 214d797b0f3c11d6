"""Engines with other settings than the machine's: remapped users, gVisor, and one that ends in the middle of a run."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from private_engine import (
    REMAPPED_FROM,
    PrivateEngine,
    docker_host,
    gvisor_engine,
    needs_gvisor,
    needs_private_engine,
    private_engine,
    remapped_engine,
)
from sandbox_bench import FOLDER, File, Ran, TestImage, image_tar, read_results

from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.port import SandboxTrouble

pytestmark = [pytest.mark.docker, needs_private_engine]


@pytest.fixture(scope="module")
def remapped() -> Iterator[PrivateEngine]:
    with remapped_engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def gvisor() -> Iterator[PrivateEngine]:
    with gvisor_engine() as engine:
        yield engine


@pytest.fixture
def run_on(make_spec, tmp_path):
    """Run a test image on the engine that DOCKER_HOST names."""

    def run(image, *, runtime=None, progress=lambda phase: None, **limits):
        sandbox, (data, identity) = DockerEngine.connect(), image_tar(image)
        (tmp_path / "image.tar").write_bytes(data)
        spec = replace(make_spec(sandbox.load(tmp_path / "image.tar", identity), **limits), runtime=runtime)
        outcome = sandbox.run(spec, tmp_path / "results.tar", progress=progress)
        return Ran(outcome, *read_results(outcome.results))

    return run


class TestRemappedUsers:
    @pytest.fixture(autouse=True)
    def on_it(self, remapped):
        with docker_host(remapped):
            yield

    def test_the_sandbox_user_is_nobody_on_the_machine(self, run_on):
        ran = run_on(TestImage("cat /proc/self/uid_map > /output/map; id -u > /output/id"))
        assert ran.texts["map"].split() == ["0", str(REMAPPED_FROM), "65536"]
        assert ran.texts["id"] == "10001\n"

    def test_home_and_places_of_an_image_made_for_root_are_writable(self, run_on):
        image = TestImage(
            "cat $HOME/.model /app/code.py > /output/read; echo $HOME > /output/home; "
            "for d in $HOME /app /data /tmp /dev/shm; do echo x > $d/new && echo $d >> /output/wrote; done; rm /app/code.py",
            files={"root": FOLDER, "root/.model": File(b"model "), "app": FOLDER, "app/code.py": File(b"code"), "data": FOLDER},
            config={"User": "root", "Volumes": {"/data": {}}},
        )
        ran = run_on(image)
        assert ran.texts == {"read": "model code", "home": "/root\n", "wrote": "/root\n/app\n/data\n/tmp\n/dev/shm\n"}

    def test_outputs_of_any_mode_are_collected(self, run_on):
        ran = run_on(
            TestImage("mkdir -m 700 /output/d; echo x > /output/d/f; chmod 000 /output/d/f; ln -s /etc/shadow /output/l")
        )
        assert ran.texts == {"d/f": "x\n"}
        assert ran.members["l"].issym()

    def test_a_flood_is_told_as_what_it_is(self, run_on):
        ran = run_on(TestImage("dd if=/dev/zero of=/output/big bs=65536; true"))
        assert ran.outcome.output_full
        assert not ran.outcome.oom_killed

    def test_inputs_and_control_groups_cannot_be_written(self, run_on):
        groups = "/sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/*/*limit_in_bytes"
        script = f"for f in /input/a.txt /input_json {groups}; do (echo 1 > $f) 2>/dev/null && echo wrote $f; done; echo done"
        assert run_on(TestImage(script)).outcome.log_tail.split() == ["done"]


@needs_gvisor
class TestGVisor:
    @pytest.fixture(autouse=True)
    def on_it(self, gvisor):
        with docker_host(gvisor):
            yield

    def test_programs_talk_to_its_kernel_and_not_to_the_machines(self, run_on):
        ran = run_on(TestImage("dmesg > /output/dmesg; uname -r > /output/release"), runtime="runsc")
        assert "Starting gVisor" in ran.texts["dmesg"]
        assert ran.texts["release"].strip() != os.uname().release

    def test_home_places_and_results_are_as_with_runc(self, run_on):
        image = TestImage(
            "cat /app/code.py /input/a.txt > /output/read; "
            "for d in $HOME /app /tmp; do echo x > $d/new && echo $d >> /output/wrote; done",
            files={"app": FOLDER, "app/code.py": File(b"code ")},
            config={"User": "root"},
        )
        ran = run_on(image, runtime="runsc")
        assert ran.texts == {"read": "code image a.txt", "wrote": "/root\n/app\n/tmp\n"}

    def test_the_whole_machines_figures_are_not_taken_for_the_containers(self, run_on):
        """Its engine ignores groups, so the engine's statistics are those of the group that everything else is in."""
        used = run_on(TestImage("sleep 2; true > /output/x"), runtime="runsc").outcome.measurement
        assert (used.cpu_time_s, used.peak_host_memory_bytes, used.peak_cgroup_bytes) == (None, None, None)
        assert used.host_memory_method == "not measured: its runtime put the container into no control group of its own"
        assert used.wall_time_s > 0

    def test_the_size_of_output_holds_without_control_groups(self, run_on):
        ran = run_on(TestImage("dd if=/dev/zero of=/output/big bs=65536; true"), runtime="runsc")
        assert ran.outcome.output_full
        assert ran.outcome.result_bytes <= 4 * 2**20


def trouble_of(call) -> str:
    """The trouble's words alone. With the exception, its frames and their sockets go, while the test still expects them."""
    words = ""
    try:
        call()
    except SandboxTrouble as trouble:
        words = str(trouble)
    gc.collect()
    return words


class TestAnEngineThatEnds:
    # docker-py loses the sockets with which it finds nobody at the door.
    @pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
    def test_it_costs_the_team_nothing(self, run_on, how, tmp_path):
        with private_engine() as engine, docker_host(engine):

            def end_it(phase):
                if phase == "run":
                    os.kill(engine.dockerd, how)

            assert trouble_of(lambda: run_on(TestImage("echo half > /output/f; sleep 20"), progress=end_it))
        assert not (tmp_path / "results.tar").exists()


class TestSomebodyWhoEndsContainers:
    def test_no_result_is_taken_where_the_keeper_was_ended(self, engine, loaded, make_spec, docker_api, tmp_path):
        spec = make_spec(loaded(TestImage("echo x > /output/f")))

        def end_the_keeper(phase):
            if phase == "collect":
                docker_api.kill(f"{spec.name}-keeper")

        with pytest.raises(SandboxTrouble, match="was the Docker Engine restarted"):
            engine.run(spec, tmp_path / "results.tar", progress=end_the_keeper)
        assert not (tmp_path / "results.tar").exists()
