"""What is compressed, unpacked as a stream: the one place that knows which reader goes with which compression."""

from __future__ import annotations

from collections.abc import Callable

from sonobench_eval.intake.streams import BLOCK_BYTES, Gunzip, Source
from sonobench_eval.intake.zstd import Unzstd

_READERS: dict[str, Callable[[Source], Source]] = {"gzip": Gunzip, "zstd": Unzstd}

HEAD_BYTES = 16
"""As many first bytes as `compression_of` looks at."""


class Peeked:
    """A source whose first bytes can be looked at before they are read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._unread = b""
        while len(self._unread) < HEAD_BYTES and (part := source.read(BLOCK_BYTES)):
            self._unread += part
        self.head = self._unread[:HEAD_BYTES]

    def read(self, size: int) -> bytes:
        if not self._unread:
            return self._source.read(size)
        data, self._unread = self._unread[:size], self._unread[size:]
        return data


def uncompressed(source: Source, compression: str | None) -> Source:
    """The source's bytes unpacked; unchanged where `compression` is None.

    Raises:
        KeyError: a compression that is not read here.
    """
    return source if compression is None else _READERS[compression](source)
