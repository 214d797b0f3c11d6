"""Pushing to the platform's own registry: the real program, with tokens of the platform; the real engine pushes in one test."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from docker.errors import DockerException
from image_tars import layer
from infra.real_services import spare_port
from infra.small_challenge import small_image
from registries import Pushed, push, pushed_image

from sonobench_platform.registry.configuration import configuration, program
from sonobench_platform.registry.keys import SigningKey
from sonobench_platform.registry.tokens import SERVICE

DENIED = {401, 403}


@pytest.fixture
def address() -> str:
    return f"127.0.0.1:{spare_port()}"


@pytest.fixture
def pushing(make_world: Callable[..., Any], serve: Callable[[Any], str], address: str, tmp_path: Path) -> Iterator[Any]:
    """A world with a registry that trusts it."""
    found = program()
    if found is None:
        why = "these tests need the registry program; install the package docker-registry"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    world = make_world(registry_host=address, registry_url=f"http://{address}")
    world.clock.time = datetime.now(UTC)  # the registry goes by the real one
    key = SigningKey(world.platform.settings.home)
    realm = f"http://{serve(world)}/registry/token"
    made = configuration(address=address, storage=tmp_path / "storage", certificate=key.certificate_file, realm=realm)
    (tmp_path / "registry.yml").write_text(json.dumps(made))
    with (tmp_path / "registry.log").open("wb") as log:
        process = subprocess.Popen([found, "serve", str(tmp_path / "registry.yml")], stdout=log, stderr=log)
    try:
        _await(address, process, tmp_path / "registry.log")
        yield world
    finally:
        process.terminate()
        process.wait(timeout=60)


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        with suppress(httpx.HTTPError):
            assert httpx.get(f"http://{address}/v2/", trust_env=False).status_code == 401
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    pytest.fail("the registry does not answer")


def token_for(http: Any, scope: str) -> str:
    answer = http.get("/registry/token", params={"service": SERVICE, "scope": scope})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def repository_of(http: Any, name: str = "model") -> str:
    (prefix,) = http.get("/api/v1/registry").json()["repositories"]
    return f"{prefix}{name}"


def pushed_by(address: str, http: Any, repository: str, image: Pushed) -> None:
    push(f"http://{address}", repository, image, token=token_for(http, f"repository:{repository}:pull,push"))


class TestTokens:
    def test_the_password_is_the_api_token_under_any_name(self, make_world: Callable[..., Any]) -> None:
        world = make_world(registry_host="bench.example.org")
        basic = base64.b64encode(f"anyone:{world.team('A').token}".encode()).decode()
        answer = world.anyone.get("/registry/token", headers={"Authorization": f"Basic {basic}"})
        assert answer.status_code == 200
        assert answer.json()["token"] == answer.json()["access_token"]

    def test_nobody_gets_none_and_is_told_how(self, make_world: Callable[..., Any]) -> None:
        world = make_world(registry_host="bench.example.org")
        answer = world.anyone.get("/registry/token")
        assert (answer.status_code, answer.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")
        assert "docker login" in answer.json()["detail"]

    def test_without_a_registry_there_is_nothing_to_push_to(self, world: Any) -> None:
        assert world.team("A").get("/registry/token").json()["code"] == "no-registry"
        assert world.team("A").get("/api/v1/registry").status_code == 404

    def test_the_key_is_for_its_owner_alone_and_stays_at_a_second_start(self, world: Any) -> None:
        key = SigningKey(world.platform.settings.home)
        before = key.key_file.read_bytes()
        world.platform.prepare()
        assert key.key_file.stat().st_mode & 0o777 == 0o600
        assert key.key_file.read_bytes() == before


class TestTheRealRegistry:
    def test_a_pushed_image_is_taken_by_digest_and_checked(self, pushing: Any, address: str) -> None:
        team, image = pushing.team("A"), pushed_image()
        repository = repository_of(team)
        pushed_by(address, team, repository, image)
        answer = team.post("/api/v1/challenges/tiny/submissions/pushed", json={"image": f"{address}/{repository}@{image.digest}"})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert made["state"] == "checking"
        pushing.platform.check_submission(made["id"])
        assert pushing.state(made["id"]) == "queued"

    def test_a_tag_is_pinned_when_it_is_handed_in(self, pushing: Any, address: str) -> None:
        team, first, second = pushing.team("A"), pushed_image([layer(busybox=b"first")]), pushed_image([layer(busybox=b"second")])
        repository = repository_of(team)
        pushed_by(address, team, repository, first.tagged("v1"))
        made = team.post("/api/v1/challenges/tiny/submissions/pushed", json={"image": f"{repository}:v1"}).json()
        pushed_by(address, team, repository, second.tagged("v1"))
        pushing.platform.check_submission(made["id"])
        assert first.digest[:19] in json.dumps(pushing.submission(made["id"])["history"])

    def test_a_team_pushes_only_into_its_own_name(self, pushing: Any, address: str) -> None:
        mine, theirs = repository_of(pushing.team("A")), repository_of(pushing.team("B"))
        token = token_for(pushing.team("A"), f"repository:{theirs}:pull,push repository:{mine}:pull,push")
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://{address}", headers=headers, trust_env=False) as http:
            assert http.post(f"/v2/{theirs}/blobs/uploads/").status_code in DENIED
            assert http.get(f"/v2/{theirs}/manifests/latest").status_code in DENIED
            assert http.get("/v2/_catalog").status_code in DENIED
            assert http.post(f"/v2/{mine}/blobs/uploads/").status_code == 202

    def test_another_teams_image_cannot_be_handed_in(self, pushing: Any, address: str) -> None:
        image, theirs = pushed_image(), repository_of(pushing.team("B"))
        pushed_by(address, pushing.team("B"), theirs, image)
        answer = pushing.team("A").post("/api/v1/challenges/tiny/submissions/pushed", json={"image": f"{theirs}@{image.digest}"})
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-image")

    def test_what_was_never_pushed_is_said_so_and_costs_nothing(self, pushing: Any) -> None:
        team = pushing.team("A")
        answer = team.post("/api/v1/challenges/tiny/submissions/pushed", json={"image": f"{repository_of(team)}:never"})
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-image")
        assert team.get("/api/v1/submissions").json()["items"] == []

    def test_a_registry_that_is_away_is_not_the_teams_fault(self, make_world: Callable[..., Any], address: str) -> None:
        world = make_world(registry_host=address, registry_url=f"http://{address}")
        team = world.team("A")
        answer = team.post("/api/v1/challenges/tiny/submissions/pushed", json={"image": f"{repository_of(team)}:v1"})
        assert (answer.status_code, answer.json()["code"]) == (503, "registry-trouble")


@pytest.mark.docker
class TestTheRealEngine:
    def test_docker_push_sends_no_layer_twice_and_the_image_is_queued(
        self, pushing: Any, address: str, docker_client: docker.DockerClient
    ) -> None:
        from sonobench_platform.wiring import SonobenchEvaluator

        team, image = pushing.team("A"), small_image(label="pushed")
        object.__setattr__(pushing.platform.core, "evaluator", SonobenchEvaluator())
        repository = repository_of(team)
        loaded = docker_client.images.load(image.tar)[0]
        try:
            loaded.tag(f"{address}/{repository}", tag="v1")
            auth = {"username": "team", "password": team.token}
            first = _push(docker_client, f"{address}/{repository}", auth)
            again = _push(docker_client, f"{address}/{repository}", auth)
        finally:
            with suppress(DockerException):
                docker_client.images.remove(image.digest, force=True)
        assert any(line.get("status") == "Pushed" for line in first)
        assert {line["status"] for line in again if "id" in line} <= {"Preparing", "Waiting", "Layer already exists"}
        made = team.post("/api/v1/challenges/tiny/submissions/pushed", json={"image": f"{address}/{repository}:v1"}).json()
        pushing.platform.check_submission(made["id"])
        found = pushing.submission(made["id"])
        assert (found["state"], found["image"]["digest"]) == ("queued", image.digest), found["failure"]

    def test_docker_push_into_another_teams_name_is_denied(
        self, pushing: Any, address: str, docker_client: docker.DockerClient
    ) -> None:
        theirs, image = repository_of(pushing.team("B")), small_image(label="thief")
        loaded = docker_client.images.load(image.tar)[0]
        try:
            loaded.tag(f"{address}/{theirs}", tag="v1")
            lines = _push(docker_client, f"{address}/{theirs}", {"username": "x", "password": pushing.team("A").token})
        finally:
            with suppress(DockerException):
                docker_client.images.remove(image.digest, force=True)
        assert any("denied" in line.get("error", "") for line in lines), lines


def _push(client: docker.DockerClient, repository: str, auth: dict[str, str]) -> list[dict[str, Any]]:
    return list(client.images.push(repository, tag="v1", auth_config=auth, stream=True, decode=True))
