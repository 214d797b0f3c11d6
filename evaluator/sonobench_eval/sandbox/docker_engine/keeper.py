"""Our own image: one file of 129 bytes that does nothing but wait.

A container of it holds a run's in-memory volumes, so that they can be filled before the stranger's image runs and
read after it has ended, without anything of the stranger's being executed for it. It is written here byte by byte
because a hospital's node has no registry to pull from, and because 129 bytes can be read and judged.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import docker
import docker.errors

from sonobench_eval.sandbox.docker_engine.calls import engine_call, load_error
from sonobench_eval.sandbox.docker_engine.tiny_elf import executable
from sonobench_eval.sandbox.port import SandboxTrouble

COMMAND = "/wait"
TAG = "sonobench/keeper:1"

_SLEEP = bytes.fromhex("b822000000")  # mov eax, 34   the system call pause(): sleep until a signal comes
_CALL = bytes.fromhex("0f05")  #         syscall
_AGAIN = bytes.fromhex("ebf7")  #        jmp -9        back to the first instruction
_CODE = _SLEEP + _CALL + _AGAIN


def wait_program() -> bytes:
    """A static ELF program for linux/amd64 that waits for ever."""
    return executable(_CODE)


def keeper_tar() -> tuple[bytes, str]:
    """The image as `docker load` takes it, the same bytes every time, and its layer's diff_id."""
    return image_tar({COMMAND.lstrip("/"): (wait_program(), 0o755)}, tag=TAG)


def control_tar(token: str) -> bytes:
    """An image with a layer that no engine has seen yet where `token` is new; its tag is `control_tag(token)`.

    One of its folders hides that of a layer below, as many images have it: to unpack that, the node's file system has
    to keep extended attributes.
    """
    return image_tar({"token": (token.encode(), 0o644), "folder/.wh..wh..opq": (b"", 0o600)}, tag=control_tag(token))[0]


def control_tag(token: str) -> str:
    return f"sonobench/control:{token}"


def image_tar(files: dict[str, tuple[bytes, int]], *, tag: str, command: str = COMMAND) -> tuple[bytes, str]:
    """An image of ours as `docker load` takes it, and its layer's diff_id. `files`: path without `/` to content and mode.

    It starts `command` unless a container names another entry point.
    """
    layer = _tar(files)
    diff_id = "sha256:" + hashlib.sha256(layer).hexdigest()
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Entrypoint": [command]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "sonobench keeper"}],
        }
    )
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = _json([{"Config": config_name, "RepoTags": [tag], "Layers": ["layer.tar"]}])
    parts = {"manifest.json": (manifest, 0o644), config_name: (config, 0o644), "layer.tar": (layer, 0o644)}
    return _tar(parts), diff_id


def ensure_keeper(api: docker.APIClient) -> str:
    """The keeper image's id in this engine; it is loaded where it is missing, or where its tag means something else.

    Raises:
        SandboxTrouble: the engine cannot load it.
    """
    image_tar, diff_id = keeper_tar()
    with engine_call("load the keeper image"):
        found = _keeper_id(api, diff_id)
        if found is None:
            if words := load_error(api, image_tar):
                raise SandboxTrouble(f"The Docker Engine could not load the keeper image: {words}")
            found = _keeper_id(api, diff_id)
    if found is None:
        raise SandboxTrouble("The Docker Engine loaded the keeper image but holds something else under its tag.")
    return found


def _keeper_id(api: docker.APIClient, diff_id: str) -> str | None:
    try:
        image = api.inspect_image(TAG)  # type: ignore[no-untyped-call]
    except docker.errors.ImageNotFound:
        return None
    return str(image["Id"]) if image["RootFS"]["Layers"] == [diff_id] else None


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, (data, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            tar.addfile(member, io.BytesIO(data))
    return whole.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
