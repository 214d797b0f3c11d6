"""The probe's image: the host's static busybox, and a few programs of our own. Made when it is needed, pulled from nowhere."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import shutil
import struct
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sonobench_eval.doctor.attempts import Attempt, attempts_program, clone_program, identity_program, many_files_program
from sonobench_eval.sandbox.port import ImageIdentity

COMMAND = ("/bin/sh", "/input/probe.sh")
TOOLS = frozenset(
    {
        "cat",
        "cut",
        "dd",
        "echo",
        "find",
        "grep",
        "head",
        "id",
        "kill",
        "ls",
        "mkdir",
        "mknod",
        "printf",
        "readlink",
        "rm",
        "rmdir",
        "sed",
        "sh",
        "sleep",
        "tail",
        "tr",
        "uname",
        "wc",
    }
)
_PLACES = ("/bin/busybox", "/usr/bin/busybox")
_PROGRAM_HEADER_INTERPRETER = 3
_SETUID = 0o4000


class BusyboxMissing(Exception):
    """There is no busybox here that runs in a container of its own."""


class ProbeImage(NamedTuple):
    tar: bytes
    identity: ImageIdentity


def find_busybox() -> bytes:
    """The host's static busybox.

    Raises:
        BusyboxMissing: there is none, or it needs libraries.
    """
    for place in (*_PLACES, shutil.which("busybox") or ""):
        path = Path(place)
        if place and path.is_file() and is_static(content := path.read_bytes()):
            return content
    raise BusyboxMissing("There is no static busybox on this machine, which the probe containers are made of.")


def is_static(program: bytes) -> bool:
    """True for a program for linux/amd64 that asks for no loader, so that it runs where nothing else is."""
    if program[:6] != b"\x7fELF\x02\x01" or len(program) < 64 or struct.unpack_from("<H", program, 18)[0] != 62:
        return False
    at, size, count = struct.unpack_from("<Q", program, 32)[0], *struct.unpack_from("<HH", program, 54)
    if at + size * count > len(program):
        return False
    kinds = (struct.unpack_from("<I", program, at + size * index)[0] for index in range(count))
    return _PROGRAM_HEADER_INTERPRETER not in kinds


def probe_image(busybox: bytes, tries: Sequence[Attempt], *, open_files: int) -> ProbeImage:
    """The image as `Sandbox.load` takes it. No two are the same: one doctor may forget its image while another works."""
    token = secrets.token_hex(8)
    files = {
        "bin/busybox": (busybox, 0o755),
        "programs/attempts": (attempts_program(tries, report_to="/output/attempts.bin"), 0o755),
        "programs/clone": (clone_program(report_to="/output/clone.bin"), 0o755),
        "programs/identity": (identity_program(report_to="/output/identity.bin"), 0o755 | _SETUID),
        "programs/many": (many_files_program(open_files, report_to="/output/many.bin"), 0o755),
    }
    layer = _tar(files, folders=("bin", "programs"), links={f"bin/{tool}": "busybox" for tool in sorted(TOOLS)})
    diff_id = _digest(layer)
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Cmd": list(COMMAND), "Env": ["HOME=/tmp", "PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": f"sonobench doctor {token}"}],
        }
    )
    digest = _digest(config)
    manifest = [{"Config": f"{digest[7:]}.json", "RepoTags": [f"sonobench/probe:{token}"], "Layers": ["layer.tar"]}]
    parts = {"manifest.json": _json(manifest), f"{digest[7:]}.json": config, "layer.tar": layer}
    return ProbeImage(_tar({name: (data, 0o644) for name, data in parts.items()}), ImageIdentity(digest, (diff_id,)))


def _tar(files: Mapping[str, tuple[bytes, int]], *, folders: Sequence[str] = (), links: Mapping[str, str] | None = None) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in folders:
            tar.addfile(_member(name, tarfile.DIRTYPE, 0o755))
        for name, (data, mode) in files.items():
            member = _member(name, tarfile.REGTYPE, mode)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = _member(name, tarfile.SYMTYPE, 0o777)
            member.linkname = target
            tar.addfile(member)
    return whole.getvalue()


def _member(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = kind, mode
    return member


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
