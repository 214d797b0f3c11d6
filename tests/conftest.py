"""Fixtures for every test: the repository's root, the Docker Engine, PostgreSQL, Redis, the phantom test set, the example images.

A test that needs an engine or a server fails where CI=true and there is none; elsewhere it is skipped with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import docker
import pytest
from hypothesis import HealthCheck, settings
from infra.real_services import PostgresServer, RedisServer, ServiceMissing

from sonobench_eval.sandbox.docker_engine.calls import open_client
from sonobench_eval.sandbox.port import EngineMissing

Server = TypeVar("Server", PostgresServer, RedisServer)

REPOSITORY = Path(__file__).resolve().parent.parent

# How long an example takes, or its making, is a property of the machine and of what else it does, not of the code.
settings.register_profile("sonobench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sonobench")


@pytest.fixture(scope="session")
def repo_root() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    """A client of the engine, patient enough for builds."""
    try:
        open_client(timeout_s=60).close()  # unlike `from_env`, it closes its socket where nobody answers
    except EngineMissing as error:
        pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))
    client = docker.from_env(timeout=900)
    yield client
    client.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test session."""
    yield from _running(PostgresServer)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis of this test session, on a port."""
    yield from _running(RedisServer)


def _running(make: type[Server]) -> Iterator[Server]:
    try:
        server = make()
    except ServiceMissing as error:
        pytest.fail(str(error)) if os.environ.get("CI") == "true" else pytest.skip(str(error))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def example_tag(docker_client: docker.DockerClient) -> Callable[[str], str]:
    """Builds an example image on first use and names its tag."""
    from infra.examples import build_example

    return lambda name: build_example(name, client=docker_client)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """A folder of real images in the UUSIC25 layout with reference values. It lies beside the checkout, never in it."""
    named = os.environ.get("SONOBENCH_TEST_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data" / "uusic_mini"
    if named and not (folder / "reference.json").is_file():
        pytest.fail(f"SONOBENCH_TEST_DATA names {folder}, but there is no reference.json in it")
    if not folder.is_dir():
        pytest.skip("there are no real images here; SONOBENCH_TEST_DATA names their folder")
    return folder


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The challenge file of the phantom test set that `expected.json` files speak of."""
    from sonobench_eval.challenge.phantom import make_phantom

    return make_phantom(tmp_path_factory.mktemp("phantom") / "set", seed=7, cases_per_task=24, size=160)
