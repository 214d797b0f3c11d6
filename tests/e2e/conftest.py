"""The real thing in small: processes, a Docker Engine, a database and a broker, with an image of a few hundred kilobytes."""

from __future__ import annotations

import os
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException
from infra.house import PATIENT, House
from infra.real_services import PostgresServer, RedisServer
from infra.small_challenge import BUSYBOX, small_image, write_small_challenge

from sonobench_eval.doctor.examine import Setting, examine_node


def missing(why: str) -> None:
    """Without what a test needs it fails on CI and is skipped elsewhere."""
    pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)


@pytest.fixture(scope="session")
def engine(docker_client: docker.DockerClient) -> docker.DockerClient:
    if not BUSYBOX.exists():
        missing("these tests need /bin/busybox; install the package busybox-static")
    return docker_client


@pytest.fixture
def challenge_yaml(tmp_path: Path) -> Path:
    """Two segmentations and two classifications, one case of each in an external center."""
    return write_small_challenge(tmp_path / "challenge")


@pytest.fixture
def make_image(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Make `docker save` tars whose container waits `seconds`, writes its answers and ends with `status`.

    With `waits` it first waits for `House.let_end`, so that a run can be caught in the middle on any machine.
    """
    made: list[str] = []

    def make(name: str = "good", *, seconds: float = 0, certainty: float = 0.9, status: int = 0, waits: bool = False) -> Path:
        image = small_image(seconds=seconds, certainty=certainty, status=status, label=name, waits=waits)
        made.append(image.digest)
        path = tmp_path / f"{name}.tar"
        path.write_bytes(image.tar)
        return path

    yield make
    for digest in made:
        with suppress(DockerException):
            engine.images.remove(digest, force=True)


@pytest.fixture(scope="session")
def examined(engine: docker.DockerClient) -> str:
    """What a run worker finds out about this machine when it first starts: once for all houses, as it takes seconds."""
    report = examine_node(Setting(home=Path(tempfile.gettempdir())))
    assert report.is_safe, [f"{check.name}: {check.found}" for check in report.open_doors]
    return report.to_json()


@dataclass(frozen=True)
class Parts:
    """The database and the broker of a house: none of these for the embedded ones."""

    postgres: PostgresServer | None = None
    redis: RedisServer | None = None
    database: str = ""

    @property
    def settings(self) -> dict[str, str]:
        if self.postgres is None or self.redis is None:
            return {}
        return {"SONOBENCH_DATABASE_URL": self.postgres.tcp_url(self.database), "SONOBENCH_BROKER_URL": self.redis.url()}

    def kill_broker(self, house: House) -> None:
        """SIGKILL for the broker. The private one is started again by its server; another one by whoever runs it."""
        if self.redis is None:
            house.kill_broker()
        else:
            self.redis.end(signal.SIGKILL)
            self.redis.start()


@pytest.fixture
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    """The embedded ones, unless a test asks for `postgresql and redis`: then over TCP, with passwords."""
    if getattr(request, "param", "embedded") == "embedded":
        yield Parts()
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    database, redis = f"house_{uuid.uuid4().hex}", RedisServer()
    postgres.create_database(database)
    redis.start()
    yield Parts(postgres, redis, database)
    redis.stop()
    postgres.drop_database(database)


@pytest.fixture
def open_house(
    engine: docker.DockerClient, challenge_yaml: Path, tmp_path: Path, examined: str, parts: Parts
) -> Iterator[Callable[..., House]]:
    """Start a platform with the small challenge; nothing of it is left afterwards, containers included.

    Its leases outlast a machine that stands still for a while; its node's speed is not measured, which takes seconds at each
    start of a run worker. `settings` say otherwise where that is what is tried.
    """
    houses: list[House] = []

    def open_one(*processes: str, redis: bool = True, settings: Mapping[str, str] | None = None) -> House:
        chosen = {**parts.settings, "SONOBENCH_REFERENCE_EVERY_S": "0", **(settings or {})}
        house = House(tmp_path / "home", engine, redis=redis, examined=examined, settings=chosen, pace=PATIENT)
        houses.append(house)
        house.add_challenge(challenge_yaml)
        house.start(*(processes or ("serve", "score", "run")))
        return house

    yield open_one
    for house in houses:
        house.close()
        left = house.containers(), house.volumes(), house.groups()
        for name in left[0]:
            engine.api.remove_container(name, force=True, v=True)
        assert left == ([], [], [])
