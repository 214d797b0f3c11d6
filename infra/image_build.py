"""Build, import and save images through a Docker Engine of any age (the classic build; no buildx, no network).

Touches Docker and the files it is handed.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import re
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import docker
from docker.errors import APIError, ImageNotFound

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
VAR = ROOT / "var"
ENGINE_TIMEOUT_S = 900
LOG_LINES_SHOWN, LOG_CHARACTERS_KEPT = 15, 8000
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class ImageBuildError(Exception):
    """An image could not be made. The message says why, in the engine's or pip's last words."""


def say(sentence: str) -> None:
    """One line of progress, on stderr."""
    print(sentence, file=sys.stderr, flush=True)


def connect() -> docker.DockerClient:
    """The engine docker-py finds (DOCKER_HOST, else the local socket), patient enough for builds."""
    return docker.from_env(timeout=ENGINE_TIMEOUT_S)


def image_exists(client: docker.DockerClient, tag: str) -> bool:
    try:
        client.images.get(tag)
    except ImageNotFound:
        return False
    return True


def tag_also(client: docker.DockerClient, tag: str, repository: str, other: str) -> None:
    client.images.get(tag).tag(repository, tag=other)


def digest_of(parts: Mapping[str, bytes]) -> str:
    """Twelve hex digits over named contents, whatever order they come in."""
    digest = hashlib.sha256()
    for name in sorted(parts):
        digest.update(f"{name}\0{len(parts[name])}\0".encode())
        digest.update(parts[name])
    return digest.hexdigest()[:12]


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Hold a lock file under `.cache`, so that a demo and the tests do not build the same image twice."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def folder_files(folder: Path) -> dict[str, Path]:
    """The files of a build context by their path in it; caches and hidden files stay out."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    relative = {path.relative_to(folder).as_posix(): path for path in files}
    return {
        name: path for name, path in relative.items() if not any(p.startswith(".") or p == "__pycache__" for p in name.split("/"))
    }


def build(
    client: docker.DockerClient,
    files: Mapping[str, Path | bytes],
    *,
    tag: str,
    buildargs: Mapping[str, str],
    target: str | None = None,
) -> str:
    """Build `tag` (the stage `target`, or the last one) from a context of named files, without network; returns the tag.

    Raises:
        ImageBuildError: a step failed; the message ends with what it printed last.
    """
    with _context(files) as context:
        stream = client.api.build(
            fileobj=context,
            custom_context=True,
            tag=tag,
            buildargs=dict(buildargs),
            target=target,
            network_mode="none",
            rm=True,
            forcerm=True,
            decode=True,
        )
        _follow(stream, f"building {tag}")
    return tag


def import_root(client: docker.DockerClient, tar: Path, *, repository: str, tag: str) -> str:
    """Make an image of a root file system's tar; returns its tag."""
    with tar.open("rb") as content:
        client.api.import_image_from_data(content, repository=repository, tag=tag)
    return f"{repository}:{tag}"


def pull(client: docker.DockerClient, reference: str) -> str:
    """Pull `reference`; unlike docker-py's own pull, an error in the stream is an error.

    Raises:
        ImageBuildError: the registry or the engine refused.
    """
    repository, _, tag = reference.partition(":")
    try:
        _follow(client.api.pull(repository, tag=tag or "latest", stream=True, decode=True), f"pulling {reference}")
    except APIError as error:
        raise ImageBuildError(f"pulling {reference} failed: {error.explanation or error}") from error
    return reference


def save(client: docker.DockerClient, tag: str, path: Path) -> Path:
    """`docker save` of `tag` into `path`, whole or not at all; a tar that holds this very image is kept."""
    image_id = str(client.images.get(tag).id)
    marker = path.with_suffix(".id")
    if path.exists() and marker.exists() and marker.read_text(encoding="utf-8").strip() == image_id:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    try:
        with unfinished.open("wb") as out:
            for chunk in client.api.get_image(tag, chunk_size=2**20):
                out.write(chunk)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    marker.write_text(image_id + "\n", encoding="utf-8")
    return path


@contextmanager
def _context(files: Mapping[str, Path | bytes]) -> Iterator[IO[bytes]]:
    """A build context as a tar with fixed owners and times, so that unchanged files hit the build cache."""
    with tempfile.TemporaryFile() as spool:
        with tarfile.open(fileobj=spool, mode="w") as tar:
            for name in sorted(files):
                content = files[name]
                member = tarfile.TarInfo(name)
                if isinstance(content, bytes):
                    member.size, member.mode = len(content), 0o755 if content.startswith(b"#!") else 0o644
                    tar.addfile(member, io.BytesIO(content))
                else:
                    member.size, member.mode = content.stat().st_size, 0o755 if content.stat().st_mode & 0o100 else 0o644
                    with content.open("rb") as source:
                        tar.addfile(member, source)
        spool.seek(0)
        yield spool


def _follow(stream: Iterator[dict[str, str]], what: str) -> None:
    printed = ""
    for event in stream:
        printed = (printed + str(event.get("stream", "")))[-LOG_CHARACTERS_KEPT:]
        if error := event.get("error"):
            lines = [line for line in ANSI.sub("", printed).splitlines() if line.strip()]
            raise ImageBuildError("\n".join([*lines[-LOG_LINES_SHOWN:], f"{what} failed: {error}"]))
