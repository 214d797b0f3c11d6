"""Image tars built byte by byte, honest and forged. Nothing here uses the reader under test, nor `tarfile`."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

import zstandard

BLOCK = 512
END = bytes(2 * BLOCK)


def entry(
    name: str | bytes,
    content: bytes = b"",
    *,
    kind: bytes = b"0",
    link: str | bytes = b"",
    size: int | None = None,
    size_field: bytes | None = None,
    magic: bytes = b"ustar\x0000",
) -> bytes:
    """One tar entry; `size` and `size_field` say something else than the content's length where given."""
    raw_name = name.encode() if isinstance(name, str) else name
    raw_link = link.encode() if isinstance(link, str) else link
    length = size_field or b"%011o\0" % (len(content) if size is None else size)
    block = b"".join(
        (
            raw_name.ljust(100, b"\0"),
            b"0000644\0" + b"0000000\0" * 2,
            length,
            b"00000000000\0",
            b" " * 8,
            kind,
            raw_link.ljust(100, b"\0"),
            magic,
        )
    ).ljust(BLOCK, b"\0")
    header = block[:148] + b"%06o\0 " % sum(block) + block[156:]
    return header + content + bytes(-len(content) % BLOCK)


def pax(**records: str | bytes) -> bytes:
    """A pax header for the next entry; `__` in a keyword stands for '.'."""
    body = b""
    for key, value in records.items():
        raw = key.replace("__", ".").encode() + b"=" + (value.encode() if isinstance(value, str) else value) + b"\n"
        length = len(raw) + 2
        while len(str(length)) + 1 + len(raw) != length:
            length += 1
        body += b"%d " % length + raw
    return entry("PaxHeaders/x", body, kind=b"x")


def layer(**files: bytes) -> bytes:
    """A layer of plain files; `__` in a keyword stands for '/'."""
    return b"".join(entry(name.replace("__", "/"), content) for name, content in files.items()) + END


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def config(layers: list[bytes], settings: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """An image config that names these layers; `settings` are those of its containers."""
    document: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/busybox", "true"], **(settings or {})},
        "rootfs": {"type": "layers", "diff_ids": [digest(each) for each in layers]},
    }
    return json.dumps({**document, **fields}).encode()


@dataclass(frozen=True)
class Forged:
    """What goes into an upload: named contents in order, which tests change one thing of."""

    members: dict[str, bytes] = field(default_factory=dict)

    def tar(self) -> bytes:
        return b"".join(entry(name, content) for name, content in self.members.items()) + END

    def having(self, **members: bytes) -> Forged:
        return self.with_members({key.replace("__", "."): value for key, value in members.items()})

    def with_members(self, members: dict[str, bytes]) -> Forged:
        return replace(self, members={**self.members, **members})

    def without(self, *names: str) -> Forged:
        return replace(self, members={name: content for name, content in self.members.items() if name not in names})


def saved_image(
    layers: list[bytes] | None = None,
    *,
    stored: list[bytes] | None = None,
    config_bytes: bytes | None = None,
    settings: dict[str, Any] | None = None,
    tags: list[str] | None = None,
) -> Forged:
    """An image as `docker save` writes it: layers, config, manifest.

    `stored` are the bytes put into the layers' files where they differ from `layers`, which the config names.
    """
    layers = [layer(busybox=b"not really")] if layers is None else layers
    config_bytes = config(layers, settings) if config_bytes is None else config_bytes
    names = [f"{number:064x}/layer.tar" for number in range(1, len(layers) + 1)]
    config_name = digest(config_bytes).removeprefix("sha256:") + ".json"
    manifest = [{"Config": config_name, "RepoTags": tags or ["team/model:1"], "Layers": names}]
    members = dict(zip(names, stored or layers, strict=True))
    return Forged({**members, config_name: config_bytes, "manifest.json": json.dumps(manifest).encode()})


def manifest_of(forged: Forged) -> list[dict[str, Any]]:
    """The image's manifest, to be changed and put back with `with_manifest`."""
    document: list[dict[str, Any]] = json.loads(forged.members["manifest.json"])
    return document


def with_manifest(forged: Forged, manifest: object) -> Forged:
    return forged.with_members({"manifest.json": json.dumps(manifest).encode()})


def compressed(data: bytes, compression: str | None) -> bytes:
    """The data in gzip, in zstd, or (None) as it is; always the same bytes."""
    if compression == "zstd":
        return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(data)
    return data if compression is None else gzip.compress(data, 1, mtime=0)


def oci_layout(
    layers: list[bytes] | None = None, *, compression: str | None = "gzip", platform: dict[str, str] | None = None
) -> Forged:
    """An image as buildx writes it with `type=oci`: blobs by digest, found from `index.json`, with an attestation beside."""
    layers = [layer(busybox=b"not really")] if layers is None else layers
    blobs: dict[str, bytes] = {}

    def stored(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        blobs["blobs/sha256/" + digest(data).removeprefix("sha256:")] = data
        return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": digest(data), "size": len(data), **more}

    tars = [compressed(each, compression) for each in layers]
    layer_type = "layer.v1.tar" + (f"+{compression}" if compression else "")
    manifest = {
        "schemaVersion": 2,
        "config": stored(config(layers), "config.v1+json"),
        "layers": [stored(each, layer_type) for each in tars],
    }
    image = stored(
        json.dumps(manifest).encode(), "manifest.v1+json", platform=platform or {"os": "linux", "architecture": "amd64"}
    )
    attestation = stored(
        b"{}",
        "manifest.v1+json",
        platform={"os": "unknown", "architecture": "unknown"},
        annotations={"vnd.docker.reference.type": "attestation-manifest"},
    )
    inner = stored(json.dumps({"schemaVersion": 2, "manifests": [image, attestation]}).encode(), "index.v1+json")
    index = json.dumps({"schemaVersion": 2, "manifests": [inner]}).encode()
    return Forged({"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', **blobs, "index.json": index})
