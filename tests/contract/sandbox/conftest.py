"""The two sandboxes the port's promises are tried on. The real one's images come from `sandbox_bench.py`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sandbox_bench import NODE, TestImage, docker_api, engine, loaded

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.fake import FakeSandbox, NeedsMemory
from sonobench_eval.sandbox.port import ImageIdentity, Mounts, RunSpec, Sandbox, container_name

__all__ = ["docker_api", "engine", "loaded"]
MIB = 2**20
SMALL = {
    "time_s": 20,
    "memory_bytes": 32 * MIB,
    "cpus": 1,
    "pids": 64,
    "output_bytes": MIB,
    "output_files": 20,
    "scratch_bytes": 4 * MIB,
}


def write(name: str, data: bytes = b"x") -> Callable[[Path, Path], int]:
    def program(inputs: Path, output: Path) -> int:
        (output / name).write_bytes(data)
        return 0

    return program


def copy_input(inputs: Path, output: Path) -> int:
    (output / "mask").mkdir()
    (output / "mask" / "a.txt").write_bytes((inputs / "a.txt").read_bytes())
    return 0


def fail(inputs: Path, output: Path) -> int:
    (output / "half").write_text("x")
    return 3


def need_memory(inputs: Path, output: Path) -> int:
    raise NeedsMemory


def many_files(inputs: Path, output: Path) -> int:
    for number in range(40):
        (output / str(number)).touch()
    return 0


def link_away(inputs: Path, output: Path) -> int:
    (output / "link").symlink_to("/etc/passwd")
    return 0


@dataclass(frozen=True)
class Scenario:
    """The same behaviour twice: a shell script for a real image, a callable for the fake, and how long that seems to take."""

    script: str
    program: Callable[[Path, Path], int]
    takes_s: float = 0.5


SCENARIOS = {
    "copies an input": Scenario("mkdir /output/mask; cat /input/a.txt > /output/mask/a.txt", copy_input),
    "fails half way": Scenario("printf x > /output/half; exit 3", fail),
    "writes nothing": Scenario("true", lambda inputs, output: 0),
    "needs too much memory": Scenario("tail /dev/zero", need_memory),
    "sleeps too long": Scenario("printf x > /output/half; sleep 60", write("half"), takes_s=60),
    "floods the output": Scenario("dd if=/dev/zero of=/output/big bs=65536; true", write("big", bytes(2 * MIB))),
    "makes too many files": Scenario("for i in $(seq 40); do touch /output/$i; done", many_files),
    "links away": Scenario("ln -s /etc/passwd /output/link", link_away),
}


@dataclass
class Subject:
    """A sandbox and an image in it that behaves as a scenario says."""

    sandbox: Sandbox
    identity: ImageIdentity


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.docker)])
def subject(request: pytest.FixtureRequest) -> Callable[[str], Subject]:
    def make(scenario_name: str) -> Subject:
        scenario = SCENARIOS[scenario_name]
        if request.param == "fake":
            return Subject(FakeSandbox(scenario.program, takes_s=scenario.takes_s), ImageIdentity("sha256:" + "a" * 64, ()))
        load = request.getfixturevalue("loaded")
        return Subject(request.getfixturevalue("engine"), load(TestImage(scenario.script)))

    return make


@pytest.fixture
def make_spec(tmp_path: Path) -> Callable[..., RunSpec]:
    inputs = tmp_path / "inputs"
    inputs.mkdir(mode=0o755)
    (inputs / "a.txt").write_text("image a")
    case_list = tmp_path / "cases.json"
    case_list.write_text("[]")

    def spec(identity: ImageIdentity, **limits: object) -> RunSpec:
        run_id = uuid.uuid4().hex[:12]
        return RunSpec(
            name=container_name(run_id, 1),
            image=identity,
            mounts=Mounts(inputs, "/input/", case_list, "/input_json", "/output"),
            limits=Limits.model_validate({**SMALL, **limits}),
            writable=("/app",),
            run_id=run_id,
            attempt=1,
            node=NODE,
        )

    return spec
