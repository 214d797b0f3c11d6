"""The Docker Engine as a sandbox: `port.Sandbox` on a real engine, versions 20.10 to 29, cgroup versions 1 and 2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import docker

from sonobench_eval.sandbox.cpuset import why_not_on_node
from sonobench_eval.sandbox.docker_engine.calls import engine_call, open_client
from sonobench_eval.sandbox.docker_engine.images import forget_image, load_image, resolve_image
from sonobench_eval.sandbox.docker_engine.loop_disk import sweep_disks
from sonobench_eval.sandbox.docker_engine.parents import kept_by, sweep_parents
from sonobench_eval.sandbox.docker_engine.run import run_container
from sonobench_eval.sandbox.docker_engine.sweep import running_elsewhere, sweep
from sonobench_eval.sandbox.limits import NodeFacts
from sonobench_eval.sandbox.port import (
    EngineMissing,
    ImageIdentity,
    ProgressFn,
    RunOutcome,
    RunSpec,
    SandboxTrouble,
    container_name,
)

CALL_TIMEOUT_S = 120.0
LOAD_TIMEOUT_S = 3600.0
"""Loading an image of many gigabytes is silent while the engine unpacks a layer."""


class DockerEngine:
    """A connection to one engine. May be used from several threads: each call has a client of its own."""

    def __init__(self, *, api_version: str, node: NodeFacts, timeout_s: float) -> None:
        self._api_version = api_version
        self._node = node
        self._timeout_s = timeout_s

    @classmethod
    def connect(
        cls, *, timeout_s: float = CALL_TIMEOUT_S, output_folder: Path | None = None, output_in_memory_bytes: int | None = None
    ) -> Self:
        """Connect to the engine that DOCKER_HOST names, else to the local one. `timeout_s` holds for every single call.

        Results that may be larger than `output_in_memory_bytes` (None: half of the node's memory) are made in a file
        system on the node's disk, in `output_folder` (None: `/var/lib/sonobench/outputs`).

        Raises:
            EngineMissing: nobody answers, this user may not ask, or the engine cannot run linux/amd64.
        """
        api = open_client(timeout_s=timeout_s)
        try:
            with engine_call("describe itself"):
                info = api.info()
            driver, version = kept_by(info)
            node = replace(
                node_facts(info), cgroup_driver=driver, cgroup_version=version, output_in_memory_bytes=output_in_memory_bytes
            )
            node = node if output_folder is None else replace(node, output_folder=str(output_folder))
            return cls(api_version=str(api.api_version), node=node, timeout_s=timeout_s)
        finally:
            api.close()

    def resolve(self, reference: str) -> ImageIdentity:
        """The identity of an image that is in the engine already, by tag or id (for trying an image locally).

        Raises:
            SandboxTrouble: there is none.
        """
        with self._client() as api:
            return resolve_image(api, reference)

    def load(self, image_tar: Path, identity: ImageIdentity) -> ImageIdentity:
        """See `port.Sandbox.load`."""
        with self._client(timeout_s=LOAD_TIMEOUT_S) as api:
            return load_image(api, image_tar, identity)

    def forget(self, identity: ImageIdentity) -> bool:
        """See `port.Sandbox.forget`."""
        with self._client() as api:
            return forget_image(api, identity)

    def run(
        self,
        spec: RunSpec,
        results: Path,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        progress: ProgressFn = lambda _phase: None,
    ) -> RunOutcome:
        """See `port.Sandbox.run`."""
        if spec.name != container_name(spec.run_id, spec.attempt):
            raise ValueError(f"{spec.name!r} is not the name of run {spec.run_id!r}, attempt {spec.attempt}")
        if spec.cpuset is not None and (why := why_not_on_node(spec.cpuset, cpus=self._node.cpus)):
            raise SandboxTrouble(f"{why} Give this run worker another set.")
        with self._client() as api:
            return run_container(api, self._node, spec, results=results, should_stop=should_stop, progress=progress)

    def sweep(self, node: str, is_alive: Callable[[str, int], bool]) -> list[str]:
        """See `port.Sandbox.sweep`."""
        with self._client() as api:
            removed = [*sweep(api, node, is_alive), *sweep_parents(self._node, node, is_alive)]
        return [*removed, *sweep_disks(Path(self._node.output_folder), node, is_alive)]

    def strangers(self, own_prefix: str) -> list[str]:
        """Names of running containers of runs on nodes whose names do not begin with `own_prefix`."""
        with self._client() as api:
            return running_elsewhere(api, own_prefix)

    @contextmanager
    def _client(self, *, timeout_s: float | None = None) -> Iterator[docker.APIClient]:
        api = open_client(timeout_s=timeout_s or self._timeout_s, version=self._api_version)
        try:
            yield api
        finally:
            api.close()


def node_facts(info: Mapping[str, Any]) -> NodeFacts:
    """What the engine says of its node.

    Raises:
        EngineMissing: it does not run programs for linux/amd64.
    """
    system, architecture = info.get("OSType", ""), info.get("Architecture", "")
    if system != "linux" or architecture not in {"x86_64", "amd64"}:
        raise EngineMissing(
            f"The Docker Engine runs on {system}/{architecture}; images here are for linux/amd64. Use such a machine."
        )
    uid_offset, gid_offset = _remapping(info)
    return NodeFacts(int(info["NCPU"]), int(info["MemTotal"]), uid_offset, gid_offset)


def _remapping(info: Mapping[str, Any]) -> tuple[int, int]:
    """With user-namespace remapping the engine's folder ends in the first host user and group, as in `/231072.231072`."""
    remapped = any("name=userns" in option for option in info.get("SecurityOptions") or ())
    ending = re.search(r"/(\d+)\.(\d+)$", str(info.get("DockerRootDir", "")))
    return (int(ending[1]), int(ending[2])) if remapped and ending else (0, 0)
