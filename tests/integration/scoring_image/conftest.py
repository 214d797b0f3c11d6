"""The bench of scoring images on a real engine; nothing may be left behind there."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest
import sandbox_bench
import scoring_bench
from sandbox_bench import docker_api, engine

__all__ = ["docker_api", "engine"]


@pytest.fixture
def own(tmp_path: Path) -> scoring_bench.ScoringBench:
    return scoring_bench.make_scoring_bench(tmp_path / "data")


@pytest.fixture
def right_scores() -> Callable[..., dict[str, Any]]:
    return scoring_bench.right_scores


@pytest.fixture
def scored_by(own: scoring_bench.ScoringBench, engine: Any, docker_api: docker.APIClient) -> Iterator[Callable[..., Any]]:
    """Makes an image of a shell script, saves it beside the challenge, and declares it there."""
    made: list[str] = []

    def declare(script: str, **scoring: Any) -> Any:
        data, identity = sandbox_bench.image_tar(sandbox_bench.TestImage(script=script))
        (own.folder / "scorer.tar").write_bytes(data)
        made.append(identity.config_digest)
        return own.write(**{"image": identity.config_digest, "archive": "scorer.tar", "pids": 64, **scoring})

    yield declare
    for image in made:
        with contextlib.suppress(docker.errors.ImageNotFound):
            docker_api.remove_image(image, force=True)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(docker_api: docker.APIClient) -> Iterator[None]:
    yield
    filters = {"label": "org.sonobench.run"}
    ours = [each["Labels"]["org.sonobench.node"] for each in docker_api.containers(all=True, filters=filters)]
    ours += [each["Labels"]["org.sonobench.node"] for each in docker_api.volumes(filters=filters)["Volumes"] or []]
    assert not [node for node in ours if node.startswith("scoring-of-")]


@pytest.fixture
def writing() -> Callable[[str], str]:
    """The shell command that writes a text to /scores.json."""
    return lambda text: f"printf %s {shlex.quote(text)} > /scores.json"
