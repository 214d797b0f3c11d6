"""The attacks that seek a way out, on nodes with another wall: gVisor, and remapped users.

gVisor runs without cgroups here, as it may on a small node: it isolates and limits nothing, so floods are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gallery import attack_names, read_attack
from gallery_bench import Bench, need_compiler
from private_engine import docker_host, gvisor_engine, needs_gvisor, needs_private_engine, remapped_engine

from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.docker_engine.calls import open_client

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), needs_private_engine]

WAYS_OUT = (
    *(name for name in attack_names() if name.startswith("net-")),
    *(
        "app-is-dev",
        "chmod-input",
        "keeps-data",
        "makes-devices",
        "namespaces",
        "output-link-to-secret",
        "overwrites-the-runtime",
    ),
    *("reads-other-containers", "reads-proc", "reads-the-environment", "setuid-program", "system-calls", "user-root"),
    *("volume-over-input", "writes-to-input", "writes-to-root"),
)


@pytest.fixture(scope="module")
def gvisor_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with gvisor_engine() as engine, docker_host(engine):
        yield from _bench(tmp_path_factory.mktemp("gvisor"), runtime="runsc", limits_bite=False)


@pytest.fixture(scope="module")
def remapped_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with remapped_engine() as engine, docker_host(engine):
        yield from _bench(tmp_path_factory.mktemp("remapped"), runtime=None, limits_bite=True)


def _bench(folder: Path, *, runtime: str | None, limits_bite: bool) -> Iterator[Bench]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SONOBENCH_GALLERY_SECRET", "")
        api = open_client(timeout_s=120)
        bench = Bench(DockerEngine.connect(), api, folder, runtime=runtime, limits_bite=limits_bite)
        try:
            assert bench.begin().harm == ()
            yield bench
        finally:
            bench.close()
            api.close()


PLAYED_BY_GVISOR = {"makes-devices", "namespaces", "reads-proc", "system-calls"}
"""gVisor answers these calls itself, as a kernel of its own: they work, inside of it. Only files tell of the host."""
OF_FILES = ("BREACH read", "BREACH wrote", "BREACH call of secret")


def harm_of(bench: Bench, name: str) -> list[str]:
    attack = read_attack(name)
    need_compiler(attack)
    told = bench.attack(attack)
    return [*told.harm, *([] if told.stage == attack.stage else [f"it ended at {told.stage}: {told.log}"])]


class TestOnGvisor:
    @needs_gvisor
    @pytest.mark.parametrize("name", WAYS_OUT)
    def test_there_is_no_way_out(self, name: str, gvisor_bench: Bench) -> None:
        harm = harm_of(gvisor_bench, name)
        if name in PLAYED_BY_GVISOR:
            harm = [line for line in harm if not line.startswith("BREACH") or line.startswith(OF_FILES)]
        assert harm == []


class TestWithRemappedUsers:
    @pytest.mark.parametrize("name", WAYS_OUT)
    def test_there_is_no_way_out(self, name: str, remapped_bench: Bench) -> None:
        assert harm_of(remapped_bench, name) == []
