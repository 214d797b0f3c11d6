"""Headers of every kind that Docker unpacks: our reader gives each file the name that Docker gives it.

Docker's names are those in the export of a container. Which headers are tried is drawn at random from a fixed seed, so that
a difference can be looked at again.
"""

from __future__ import annotations

import io
import posixpath
import random
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import docker
import pytest
from intake_fixtures import tars

from sonobench_eval.intake.streams import FileCursor
from sonobench_eval.intake.tar import Member, members

__all__ = ["tars"]

pytestmark = pytest.mark.docker

_FILES = 300
_NAMES = (b"f%d", b"./f%d", b"a//b/f%d", b"a/./f%d", b"/abs/f%d", b"a/../c/f%d", b"x" * 60 + b"/f%d", b"\xc3\xa9%d", b"t%d/.")
_MAGICS = (b"ustar\x0000", b"ustar  \0", b"ustar  x", b"ustar\x0001", bytes(8))
_IN_THE_PREFIXS_PLACE = (
    b"",
    b"pre",
    b"pre\0junk",
    b"x" * 150,
    b"p\xc3\xa9",
    b"00000000000\0",
    b"00000000000\0qq",
    b"\x80" + bytes(11) + b"x",
    b"\xff" * 12,
    b" 123 ",
)


def _sizes(size: int) -> list[bytes]:
    octal = b"%011o" % size
    return [octal + b"\0", octal + b" ", b"%10o \0" % size, b"\x80" + size.to_bytes(11, "big"), b"\0" + octal[1:] + b"\0"]


def _file(tars: ModuleType, draw: random.Random, number: int) -> bytes:
    """A file whose content says its number, under a name told in one of the ways there are."""
    content = b"content-%d" % number + b"z" * draw.randint(0, 900)
    ahead = (
        b"",
        tars.pax(path=f"paxed/p{number}", mtime="1.5"),
        tars.pax(path="", size=str(len(content))),
        tars.entry("././@LongLink", b"long/" + b"l" * 120 + b"%d\0junk" % number, kind=b"L", magic=b"ustar  \0"),
    )
    magic = draw.choice(_MAGICS).ljust(345 - 257, b"\0") + draw.choice(_IN_THE_PREFIXS_PLACE)
    name, size_field = draw.choice(_NAMES) % number, draw.choice(_sizes(len(content)))
    header: bytes = tars.entry(name, content, kind=draw.choice([b"0", b"\0"]), magic=magic, size_field=size_field)
    return draw.choice(ahead) + header


def test_every_file_lies_where_our_reader_says(
    client: docker.DockerClient, load: Callable[[Path], str], tars: ModuleType, tmp_path: Path
) -> None:
    draw = random.Random(7)
    layer = b"".join(_file(tars, draw, number) for number in range(_FILES)) + tars.END
    upload = tmp_path / "image.tar"
    upload.write_bytes(tars.saved_image([layer], tags=[f"intake-test-{uuid.uuid4().hex[:12]}:1"]).tar())
    found = _unpacked_by_docker(client, load(upload))
    told = {_number(layer, member): _clean(member) for member in members(FileCursor(io.BytesIO(layer)))}
    assert len(told) == _FILES
    assert {number: name for number, name in told.items() if name not in found.get(number, ())} == {}


def _unpacked_by_docker(client: docker.DockerClient, image: str) -> dict[bytes, set[str]]:
    container = client.containers.create(image, network_mode="none")
    try:
        exported = b"".join(container.export())
    finally:
        container.remove(v=True, force=True)
    found: dict[bytes, set[str]] = {}
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None and (data := content.read()).startswith(b"content-"):
                found.setdefault(data.rstrip(b"z"), set()).add(member.name)
    return found


def _number(layer: bytes, member: Member) -> bytes:
    return layer[member.offset : member.offset + member.size].rstrip(b"z")


def _clean(member: Member) -> str:
    return posixpath.normpath("/" + member.name.decode("utf-8", "surrogateescape")).lstrip("/")
