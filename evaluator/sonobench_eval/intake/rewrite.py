"""The tar we hand to Docker: our own headers, manifest and tag around bytes that were hashed.

Layout, as every engine since 1.10 loads it: `<diff_id>/layer.tar` for each distinct layer, `<config>.json`,
`manifest.json`. The same image and tag give the same bytes, however the image was saved.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sonobench_eval.intake.tar import BLOCK

_OCTAL_LIMIT = 8**11


class VerifiedTar:
    """Writes members in turn. Everything but the size of a member is known before its content."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    @contextmanager
    def member(self, name: str) -> Iterator[BinaryIO]:
        """A member that is written as a stream; its header gets its size at the end."""
        header_at = self.file.tell()
        self.file.write(_header(name, 0))
        yield self.file
        size = self.file.tell() - header_at - BLOCK
        self.file.write(bytes(-size % BLOCK))
        end = self.file.tell()
        self.file.seek(header_at)
        self.file.write(_header(name, size))
        self.file.seek(end)

    def add(self, name: str, content: bytes) -> None:
        """A member whose content is at hand."""
        with self.member(name) as file:
            file.write(content)

    def finish(self, *, config_hex: str, config: bytes, diff_ids: tuple[str, ...], tag: str) -> None:
        """Config, manifest and the end marker."""
        self.add(f"{config_hex}.json", config)
        manifest = [{"Config": f"{config_hex}.json", "RepoTags": [tag], "Layers": [layer_name(d) for d in diff_ids]}]
        self.add("manifest.json", json.dumps(manifest).encode())
        self.file.write(bytes(2 * BLOCK))


def layer_name(diff_id: str) -> str:
    """Where a layer lies in the tar."""
    return f"{diff_id.removeprefix('sha256:')}/layer.tar"


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes its name only when all of it is on the disk; nothing is left where anything fails."""
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _header(name: str, size: int) -> bytes:
    """One header block: a plain file owned by nobody in particular, at no particular time."""
    length = b"%011o\0" % size if size < _OCTAL_LIMIT else b"\x80" + size.to_bytes(11, "big")
    fields = (
        name.encode("ascii").ljust(100, b"\0"),
        b"0000644\0",  # mode
        b"0000000\0" * 2,  # owner
        length,
        b"00000000000\0",  # time
        b" " * 8,  # checksum, counted as spaces
        b"0".ljust(101, b"\0"),  # plain file, no link
        b"ustar  \0" if size >= _OCTAL_LIMIT else b"ustar\0" + b"00",  # lengths in base 256 are GNU's
    )
    block = b"".join(fields).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
