"""The sandboxes the port's promises are tried on: the fake, and engines with runc, with remapped users, and with gVisor.

The images come from `sandbox_bench.py`, the last two engines from `private_engine.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from private_engine import (
    PrivateEngine,
    docker_host,
    gvisor_engine,
    needs_gvisor,
    needs_private_engine,
    remapped_engine,
)
from sandbox_bench import NODE, TestImage, docker_api, engine, image_tar, loaded

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.docker_engine import DockerEngine
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
    """The same behaviour twice: a shell script for a real image, a callable for the fake, and how long that seems to take.

    `endless_without_a_cgroup` would use up the machine's memory where nothing limits it.
    """

    script: str
    program: Callable[[Path, Path], int]
    takes_s: float = 0.5
    endless_without_a_cgroup: bool = False


# The first sleeps because an engine stamps a start some milliseconds late, and the end of a container in time.
SCENARIOS = {
    "copies an input": Scenario("sleep 0.2; mkdir /output/mask; cat /input/a.txt > /output/mask/a.txt", copy_input),
    "fails half way": Scenario("printf x > /output/half; exit 3", fail),
    "writes nothing": Scenario("true", lambda inputs, output: 0),
    "needs too much memory": Scenario("tail /dev/zero", need_memory, endless_without_a_cgroup=True),
    "sleeps too long": Scenario("printf x > /output/half; sleep 60", write("half"), takes_s=60),
    "floods the output": Scenario("dd if=/dev/zero of=/output/big bs=65536; true", write("big", bytes(2 * MIB))),
    "makes too many files": Scenario("for i in $(seq 40); do touch /output/$i; done", many_files),
    "links away": Scenario("ln -s /etc/passwd /output/link", link_away),
}


@dataclass
class Subject:
    """A sandbox, an image in it that behaves as a scenario says, and the runtime to run it with."""

    sandbox: Sandbox
    identity: ImageIdentity
    runtime: str | None = None


PRIVATE = (pytest.mark.docker, needs_private_engine)
SANDBOXES = [
    "fake",
    pytest.param("machine", marks=pytest.mark.docker),
    pytest.param("remapped", marks=PRIVATE),
    pytest.param("gvisor", marks=(*PRIVATE, needs_gvisor)),
]


@pytest.fixture(scope="session")
def remapped() -> Iterator[PrivateEngine]:
    with remapped_engine() as private:
        yield private


@pytest.fixture(scope="session")
def gvisor() -> Iterator[PrivateEngine]:
    with gvisor_engine() as private:
        yield private


@pytest.fixture(params=SANDBOXES)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Subject]]:
    if request.param == "fake":
        yield on_the_fake
    elif request.param == "machine":
        load, sandbox = request.getfixturevalue("loaded"), request.getfixturevalue("engine")
        yield lambda name: Subject(sandbox, load(TestImage(SCENARIOS[name].script)))
    else:
        with docker_host(request.getfixturevalue(request.param)):
            yield lambda name: on_a_private_engine(name, tmp_path, gvisor=request.param == "gvisor")


def on_the_fake(name: str) -> Subject:
    scenario = SCENARIOS[name]
    return Subject(FakeSandbox(scenario.program, takes_s=scenario.takes_s), ImageIdentity("sha256:" + "a" * 64, ()))


def on_a_private_engine(name: str, folder: Path, *, gvisor: bool) -> Subject:
    if gvisor and SCENARIOS[name].endless_without_a_cgroup:
        pytest.skip("gVisor with --ignore-cgroups limits no memory: it isolates only, and no node may run hidden data on it")
    data, identity = image_tar(TestImage(SCENARIOS[name].script))
    file, sandbox = folder / "image.tar", DockerEngine.connect()
    file.write_bytes(data)
    return Subject(sandbox, sandbox.load(file, identity), "runsc" if gvisor else None)


@pytest.fixture
def make_spec(tmp_path: Path) -> Callable[..., RunSpec]:
    inputs = tmp_path / "inputs"
    inputs.mkdir(mode=0o755)
    (inputs / "a.txt").write_text("image a")
    case_list = tmp_path / "cases.json"
    case_list.write_text("[]")

    def spec(on: Subject, **limits: object) -> RunSpec:
        run_id = uuid.uuid4().hex[:12]
        return RunSpec(
            name=container_name(run_id, 1),
            image=on.identity,
            mounts=Mounts(inputs, "/input/", case_list, "/input_json", "/output"),
            limits=Limits.model_validate({**SMALL, **limits}),
            writable=("/app",),
            run_id=run_id,
            attempt=1,
            node=NODE,
            runtime=on.runtime,
        )

    return spec
