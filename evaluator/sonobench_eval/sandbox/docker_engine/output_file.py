"""One file of a run's results that the container also finds at its root, where the root itself is read-only.

The file lies in the run's output volume, so that its size is bounded with everything else there, and is mounted from there.
"""

from __future__ import annotations

import io
import tarfile

import docker

from sonobench_eval.sandbox.docker_engine.calls import engine_call
from sonobench_eval.sandbox.limits import SANDBOX_GID, SANDBOX_UID
from sonobench_eval.sandbox.port import RunSpec, SandboxTrouble


def empty_output_file(api: docker.APIClient, spec: RunSpec, *, keeper: str, volume: str) -> str:
    """Make the file, empty and the sandbox user's, through the keeper that holds the volume; its path on the engine's host.

    Raises:
        SandboxTrouble: the engine failed.
    """
    name = spec.mounts.output_file or ""
    with engine_call("make a file for results"):
        if not api.put_archive(keeper, spec.mounts.output_at, _empty(name)):
            raise SandboxTrouble(f"The Docker Engine did not take the empty file {name} for a run's results.")
        folder = str(api.inspect_volume(volume)["Mountpoint"])
    return f"{folder}/{name}"


def _empty(name: str) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.mode, member.uid, member.gid = 0o600, SANDBOX_UID, SANDBOX_GID
        tar.addfile(member)
    return whole.getvalue()
