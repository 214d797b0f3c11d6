"""The tar we hand to Docker: our own headers, manifests and tag around bytes that were hashed.

It is one image in two layouts that share their blobs, as `docker save` has written it since version 25: `manifest.json`
for classic image stores (engines since 1.10 load it), and an OCI layout for containerd's, which would otherwise make a
manifest of their own, and name the image by a digest that nobody could know before. The same image and tag give the
same bytes, however the image was saved.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sonobench_eval.intake.tar import BLOCK

_OCTAL_LIMIT = 8**11
_BLOBS = "blobs/sha256/"
_OCI_TYPE = "application/vnd.oci.image."


class VerifiedTar:
    """Writes members in turn. Everything but the size of a member is known before its content."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self._sizes: dict[str, int] = {}

    @contextmanager
    def layer(self, diff_id: str) -> Iterator[BinaryIO]:
        """A layer, to be written as a stream; its header gets its size at the end."""
        header_at = self.file.tell()
        self.file.write(_header(_blob(diff_id), 0))
        yield self.file
        self._sizes[diff_id] = size = self.file.tell() - header_at - BLOCK
        self.file.write(bytes(-size % BLOCK))
        end = self.file.tell()
        self.file.seek(header_at)
        self.file.write(_header(_blob(diff_id), size))
        self.file.seek(end)

    def finish(self, *, config: bytes, diff_ids: tuple[str, ...], tag: str) -> str:
        """Config, manifests and the end marker; returns the OCI manifest's digest, `sha256:...`."""
        described = self._blob(config, "config.v1+json")
        layers = [{"mediaType": _OCI_TYPE + "layer.v1.tar", "digest": each, "size": self._sizes[each]} for each in diff_ids]
        manifest = {
            "schemaVersion": 2,
            "mediaType": _OCI_TYPE + "manifest.v1+json",
            "config": described,
            "layers": layers,
        }
        image = self._blob(_json(manifest), "manifest.v1+json")
        names = {"io.containerd.image.name": _full_name(tag), "org.opencontainers.image.ref.name": tag.rpartition(":")[2]}
        index = {"schemaVersion": 2, "mediaType": _OCI_TYPE + "index.v1+json", "manifests": [{**image, "annotations": names}]}
        classic = {"Config": _blob(described["digest"]), "RepoTags": [tag], "Layers": [_blob(each) for each in diff_ids]}
        self._add("index.json", _json(index))
        self._add("manifest.json", _json([classic]))
        self._add("oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        self.file.write(bytes(2 * BLOCK))
        return str(image["digest"])

    def _blob(self, content: bytes, media_type: str) -> dict[str, Any]:
        """Adds a blob; returns its OCI descriptor."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self._add(_blob(digest), content)
        return {"mediaType": _OCI_TYPE + media_type, "digest": digest, "size": len(content)}

    def _add(self, name: str, content: bytes) -> None:
        self.file.write(_header(name, len(content)) + content + bytes(-len(content) % BLOCK))


def _blob(digest: str) -> str:
    """Where a blob lies in the tar. A layer lies there uncompressed, so its digest is its diff_id."""
    return _BLOBS + digest.removeprefix("sha256:")


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _full_name(tag: str) -> str:
    """The tag with the registry and folder that Docker adds in its mind to short ones."""
    first, slash, _ = tag.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return tag
    return "docker.io/" + (tag if slash else f"library/{tag}")


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
