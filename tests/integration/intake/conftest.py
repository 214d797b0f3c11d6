"""Real images from a real engine, saved as that engine saves them, and removed again."""

from __future__ import annotations

import io
import os
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

BUSYBOX = Path("/bin/busybox")


def _missing(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def client(docker_client: docker.DockerClient) -> docker.DockerClient:
    """A client of the engine. Without one these tests fail on CI and are skipped elsewhere."""
    if not BUSYBOX.exists():
        _missing("These tests need /bin/busybox; install the package busybox-static.")
    return docker_client


@pytest.fixture
def built(client: docker.DockerClient) -> Iterator[Callable[..., str]]:
    """Builds an image of busybox and the given Dockerfile lines; returns its tag."""
    tags: list[str] = []

    def build(*lines: str, files: dict[str, bytes] | None = None) -> str:
        tag = f"intake-test-{uuid.uuid4().hex[:12]}:1"
        context = {"busybox": BUSYBOX.read_bytes(), "Dockerfile": "\n".join(("FROM scratch", *lines)).encode(), **(files or {})}
        client.images.build(fileobj=_tar(context), custom_context=True, tag=tag, rm=True, forcerm=True, network_mode="none")
        tags.append(tag)
        return tag

    yield build
    for tag in tags:
        _remove(client, tag)


@pytest.fixture
def saved(client: docker.DockerClient, tmp_path: Path) -> Callable[..., Path]:
    """Saves images to one tar, as `docker save` does."""

    def save(*tags: str) -> Path:
        path = tmp_path / "saved.tar"
        with path.open("wb") as file:
            response = client.api._get(client.api._url("/images/get"), params={"names": list(tags)}, stream=True)
            file.writelines(client.api._stream_raw_result(response, chunk_size=2**20, decode=False))
        return path

    return save


@pytest.fixture
def load(client: docker.DockerClient) -> Iterator[Callable[[Path], str]]:
    """Loads a tar into the engine; returns the Id of the one image it held."""
    loaded: list[str] = []

    def load_tar(path: Path) -> str:
        with path.open("rb") as file:
            (image,) = client.images.load(file)
        loaded.extend(image.tags)
        return str(image.id)

    yield load_tar
    for tag in loaded:
        _remove(client, tag)


def _remove(client: docker.DockerClient, tag: str) -> None:
    try:
        client.images.remove(tag, force=True)
    except ImageNotFound:
        return


def _tar(files: dict[str, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
    buffer.seek(0)
    return buffer
