"""Whether runs can have a control group of their own on this engine's machine (`meter/parent.py`), and which is theirs."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sonobench_eval.meter.parent import NoParent, ParentGroup, parent_group, remove_leftovers, this_machines_place
from sonobench_eval.sandbox.docker_engine.calls import DEFAULT_SOCKET
from sonobench_eval.sandbox.limits import NodeFacts
from sonobench_eval.sandbox.port import RunSpec, container_name

_CREDENTIALS = struct.Struct("3i")
_NAME = re.compile(r"sonobench-(.+)-a(\d{1,9})")


class Keeping(NamedTuple):
    """Who keeps the engine's control groups; empty where they are not to be seen from here."""

    driver: str
    version: str


def kept_by(info: Mapping[str, Any]) -> Keeping:
    """What the engine says of its control groups, if it is on this machine and sees the same ones as we do.

    An engine without root has its groups below its user's, where these names are not found.
    """
    rootless = any("name=rootless" in option for option in info.get("SecurityOptions") or ())
    if rootless or not _sees_our_groups(os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET):
        return Keeping("", "")
    return Keeping(str(info.get("CgroupDriver") or ""), str(info.get("CgroupVersion") or ""))


@contextmanager
def run_parent(node: NodeFacts, spec: RunSpec, *, name: str = "") -> Iterator[ParentGroup | None]:
    """The group that the run's container is put into, removed at the end; None where there can be none."""
    with ExitStack() as held:
        parent: ParentGroup | None = None
        with suppress(NoParent, OSError):
            place = this_machines_place(node.cgroup_driver, node.cgroup_version)
            parent = held.enter_context(parent_group(place, node=spec.node, name=name or spec.name))
        yield parent


def sweep_parents(facts: NodeFacts, node: str, is_alive: Callable[[str, int], bool]) -> list[str]:
    """Remove the groups of runs of `node` that are not alive; returns their names. Not being able to is no trouble."""

    def lives(name: str) -> bool:
        match = _NAME.fullmatch(name.removesuffix("-control"))
        if match is None or container_name(match[1], int(match[2])) != name.removesuffix("-control"):
            return True  # not ours to judge
        return is_alive(match[1], int(match[2]))

    try:
        return remove_leftovers(this_machines_place(facts.cgroup_driver, facts.cgroup_version), node=node, is_alive=lives)
    except (NoParent, OSError, ValueError):
        return []


def _sees_our_groups(host: str) -> bool:
    """True where whoever listens at the engine's socket has our own view of the control groups: no proxy, no other machine."""
    if not host.startswith("unix://"):
        return False
    try:
        listener = _listener(host.removeprefix("unix://"))
        return _group_namespace(str(listener)) == _group_namespace("self")
    except OSError:
        return False


def _listener(address: str) -> int:
    """The process behind a socket, in our own PID namespace; 0 where it is not in it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.connect(address)
        credentials = door.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, _, _ = _CREDENTIALS.unpack(credentials)
    return int(pid)


def _group_namespace(pid: str) -> str:
    return str(Path("/proc", pid, "ns", "cgroup").readlink())
