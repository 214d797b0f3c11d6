"""Streams from the engine: tars that are read while they arrive and never extracted, and logs.

Two requests are made past docker-py's own methods, with its session and its error handling.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, cast

import docker
from docker.utils import decode_json_header

BLOCK_BYTES = tarfile.BLOCKSIZE
CHUNK_BYTES = 1 << 20
_FRAME_HEADER_BYTES = 8


class ByteStream:
    """Chunks of any size as a file that can only be read forwards."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._position = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end. Never more than one chunk is held."""
        while self._position >= len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._chunk, self._position = chunk, 0
        piece = self._chunk[self._position : self._position + size]
        self._position += len(piece)
        return piece

    def read_whole(self, size: int) -> bytes:
        """Exactly `size` bytes; fewer only where the stream ends before them."""
        pieces: list[bytes] = []
        while size and (piece := self.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


@contextmanager
def archive(api: docker.APIClient, container_id: str, path: str) -> Iterator[Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]]:
    """The members below `path` of a container, in the order of the stream, with the tar to read a member from.

    Raises:
        docker.errors.NotFound: there is nothing at `path`.
        tarfile.TarError: the stream is not a whole tar.
    """
    with streamed(api, container_id, "archive", {"path": path}) as chunks:
        file = cast("tarfile._Fileobj", ByteStream(chunks))
        with tarfile.open(fileobj=file, mode="r|", bufsize=CHUNK_BYTES) as tar:
            yield _members(tar)


@contextmanager
def streamed(api: docker.APIClient, container_id: str, what: str, params: dict[str, str]) -> Iterator[Iterator[bytes]]:
    """The engine's answer to a GET below a container, in chunks. It is closed on leaving, read to its end or not.

    docker-py's own streams switch the timeout off, so that an engine that falls silent is waited for without end,
    and cannot be closed.

    Raises:
        docker.errors.APIError: the engine refused.
    """
    client = cast(Any, api)
    url = client._url("/containers/{0}/{1}", container_id, what)
    response = client.get(url, params=params, stream=True, timeout=client.timeout)
    try:
        client._raise_for_status(response)
        yield response.iter_content(CHUNK_BYTES)
    finally:
        response.close()


def path_stat(api: docker.APIClient, container_id: str, path: str) -> dict[str, Any] | None:
    """What is at a path of a container: size, mode as Go writes it, a link's target. None where there is nothing.

    Raises:
        docker.errors.APIError: the engine cannot look there, e.g. as links run in circles.
    """
    client = cast(Any, api)
    url = client._url("/containers/{0}/{1}", container_id, "archive")
    response = client.head(url, params={"path": path}, timeout=client.timeout)
    if response.status_code == HTTPStatus.NOT_FOUND:
        return None
    if not response.ok:  # the answer to a HEAD has no words; those to a GET say why
        with streamed(api, container_id, "archive", {"path": path}):
            pass
    client._raise_for_status(response)
    return dict(decode_json_header(response.headers["X-Docker-Container-Path-Stat"]))


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    while (member := tar.next()) is not None:
        yield member, tar
        # tarfile remembers every member; a million of them would be the stranger's use of our memory.
        tar.members = []  # type: ignore[attr-defined]


def log_lines(api: docker.APIClient, container_id: str, *, last: int | None = None) -> Iterator[bytes]:
    """What a container printed to both outputs, entry by entry, oldest first; only the last ones where it is said how many.

    Raises:
        docker.errors.APIError: the engine refused.
    """
    params = {"stdout": "1", "stderr": "1", "follow": "0", "timestamps": "0", "tail": "all" if last is None else str(last)}
    with streamed(api, container_id, "logs", params) as chunks:
        stream = ByteStream(chunks)
        while len(header := stream.read_whole(_FRAME_HEADER_BYTES)) == _FRAME_HEADER_BYTES:
            # one byte says which output, three are empty, four are the length in network order
            yield stream.read_whole(int.from_bytes(header[4:], "big"))


def content(member: tarfile.TarInfo, tar: tarfile.TarFile) -> Iterator[bytes]:
    """A regular member's bytes, padded to whole blocks as they stand in a tar.

    Raises:
        tarfile.ReadError: the stream ends within them.
    """
    source = tar.extractfile(member)
    left = member.size
    while source is not None and left:
        chunk = source.read(min(left, CHUNK_BYTES))
        if not chunk:
            raise tarfile.ReadError("the stream ends within a file")
        left -= len(chunk)
        yield chunk
    yield bytes(-member.size % BLOCK_BYTES)
