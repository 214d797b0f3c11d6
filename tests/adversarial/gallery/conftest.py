"""One bench for the whole gallery: its honest image is run before the first attack and after every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from gallery import Attack
from gallery_bench import Bench, Told, need_compiler
from sandbox_bench import docker_api, engine

__all__ = ["docker_api", "engine"]


@pytest.fixture(scope="session")
def bench(engine, docker_api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SONOBENCH_GALLERY_SECRET", "")
        bench = Bench(engine, docker_api, tmp_path_factory.mktemp("gallery"))
        yield bench
        bench.close()
        assert bench.left_behind() == []


@pytest.fixture(scope="session")
def honest(bench: Bench) -> Told:
    """What the honest image left, and how it scored, before any attack."""
    told = bench.begin()
    assert told.stage == "results"
    assert told.findings == {}
    assert told.harm == ()
    return told


@pytest.fixture(scope="session")
def attempt(bench: Bench, honest: Told) -> Callable[[Attack], Told]:
    """Run an attack, then the honest image: it must leave and score the same, bit for bit."""
    done: dict[str, Told] = {}

    def once(attack: Attack) -> Told:
        need_compiler(attack)
        if attack.name not in done:
            done[attack.name] = bench.attack(attack)
            if done[attack.name].stage != "intake":
                after = bench.run_honest()
                assert after.harm == ()
                assert after.results == honest.results
                assert after.evaluation is not None
                assert honest.evaluation is not None
                assert after.evaluation.to_json() == honest.evaluation.to_json()
        return done[attack.name]

    return once
