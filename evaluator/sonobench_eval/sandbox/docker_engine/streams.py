"""Tar streams from the engine, read while they arrive and never extracted."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import docker

BLOCK_BYTES = tarfile.BLOCKSIZE
CHUNK_BYTES = 1 << 20


class ByteStream:
    """Chunks of any size as a file that can only be read forwards."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end. Never more than one chunk is held."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = chunk
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


@contextmanager
def archive(api: docker.APIClient, container_id: str, path: str) -> Iterator[Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]]:
    """The members below `path` of a container, in the order of the stream, with the tar to read a member from.

    Raises:
        docker.errors.NotFound: there is nothing at `path`.
        tarfile.TarError: the stream is not a whole tar.
    """
    chunks, _ = api.get_archive(container_id, path, chunk_size=CHUNK_BYTES)
    try:
        with tarfile.open(fileobj=cast("tarfile._Fileobj", ByteStream(chunks)), mode="r|", bufsize=CHUNK_BYTES) as tar:
            yield _members(tar)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    while (member := tar.next()) is not None:
        yield member, tar
        # tarfile remembers every member; a million of them would be the stranger's use of our memory.
        tar.members = []  # type: ignore[attr-defined]


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
