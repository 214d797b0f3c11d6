"""What the engine is told about one run, as plain data: the body of the engine API's "create container" call.

Pure: limits, the run's spec, and facts about the node and the image go in, dictionaries come out. Nothing here
talks to an engine, so that every option can be tested as data. The options are the sandbox; none of them can be
switched off by a challenge or an image.

In-memory places (`/tmp`, `/dev/shm`, `/output`, writable places) are charged to the memory of whoever writes to
them. The container's memory limit is therefore the declared memory plus the sizes of them all: a program may use
what was declared for it however full these places are. Results that would outgrow the node's memory are the exception:
they go to a file system of their own on its disk.

The container is put into a control group that is the run's own (`meter/parent.py`), where the node has one to give. It
carries no limit: the kernel tells of a limit's breach in the group that has it, and the engine listens at the container's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.cpuset import parse_cpuset
from sonobench_eval.sandbox.port import ATTEMPT_LABEL, NODE_LABEL, RUN_LABEL, RunSpec
from sonobench_eval.sandbox.seccomp import SECURITY_OPTION

SANDBOX_UID = 10001
SANDBOX_GID = 10001
FOLDERS_IN_OUTPUT = 1024
"""Inodes of `/output` beyond the declared number of files, for the folders they lie in."""
SCRATCH_INODES = 100_000
"""Inodes of `/tmp` and of each writable place beyond those of the image's own files."""
OUT_OF_MEMORY_SCORE = 500
"""Where the whole node runs out of memory, the kernel ends a submission before anything of the platform.

A program may lower its own to 0, not below: what should outlive it is given less (`docs/nodes.md`).
"""

INODE_BYTES = 256
"""What an ext4 file system keeps for each file it may hold, beside the file's content."""
SHARE_OF_MEMORY_FOR_OUTPUT = 2
"""Results of up to this part (half, as Linux gives a tmpfs) of the node's memory are kept in it, larger ones on its disk."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node has. `uid_offset` is where container user 0 begins on a node with user-namespace remapping."""

    cpus: int
    memory_bytes: int
    uid_offset: int = 0
    gid_offset: int = 0
    cgroup_driver: str = ""
    """Who makes control groups, `cgroupfs` or `systemd`; empty where those of the engine are not to be seen from here."""
    cgroup_version: str = ""
    output_folder: str = "/var/lib/sonobench/outputs"
    """Where the node keeps results that are too large for its memory, while they are made."""
    output_in_memory_bytes: int | None = None
    """Results that may be larger than this are kept there; None for half of the memory."""


@dataclass(frozen=True, slots=True)
class DiskPlan:
    """A file system for a run's results on the node's disk: how large the file is, and whose its only folder is."""

    folder: Path
    output_bytes: int
    size_bytes: int
    inodes: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image asks for. Only what the sandbox must answer to; user, entry point and the rest stay the image's."""

    engine_id: str
    environment: Mapping[str, str]
    user: str = ""
    volumes: tuple[str, ...] = ()
    working_dir: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the container kept in memory: an engine volume `volume`, mounted at `at`.

    `content_bytes` and `content_files` are what the image has there; `scratch_bytes` is the room beyond that.
    """

    volume: str
    at: str
    scratch_bytes: int
    content_bytes: int = 0
    content_files: int = 0


def output_on_disk(limits: Limits, node: NodeFacts) -> DiskPlan | None:
    """The file system for results that may outgrow the node's memory; None where they are kept in memory.

    It always has room for `output_bytes` of results, in as many files as allowed, with the longest names. So whether the
    limit was reached is told in the same way, by what is there, as for results in memory.
    """
    most = node.output_in_memory_bytes
    if limits.output_bytes <= (node.memory_bytes // SHARE_OF_MEMORY_FOR_OUTPUT if most is None else most):
        return None
    inodes = limits.output_files + FOLDERS_IN_OUTPUT
    names_bytes, folders_bytes, layout_bytes = inodes * 264, FOLDERS_IN_OUTPUT * 4096, limits.output_bytes // 32 + 16 * 2**20
    size_bytes = limits.output_bytes + inodes * (INODE_BYTES + 4096) + names_bytes + folders_bytes + layout_bytes
    return DiskPlan(
        folder=Path(node.output_folder),
        output_bytes=limits.output_bytes,
        size_bytes=-(-size_bytes // 2**20) * 2**20,
        inodes=inodes,
        uid=SANDBOX_UID + node.uid_offset,
        gid=SANDBOX_GID + node.gid_offset,
    )


def disk_volume_options(device: str) -> dict[str, str]:
    """Options of the volume at `/output` that shows a file system on the node's disk. Nothing in it can be executed."""
    return {"type": "ext4", "device": device, "o": "nosuid,nodev,noexec,noatime"}


def memory_limit_bytes(limits: Limits, places: tuple[Place, ...], *, node: NodeFacts) -> int:
    """Declared memory plus every in-memory place. The image's own files in a place are not charged to the container."""
    output_bytes = 0 if output_on_disk(limits, node) else limits.output_bytes
    in_memory = limits.shm_bytes + limits.scratch_bytes + output_bytes
    return limits.memory_bytes + in_memory + sum(place.scratch_bytes for place in places)


def output_volume_options(limits: Limits, node: NodeFacts) -> dict[str, str]:
    """Options of the in-memory volume at `/output`: bounded in bytes and files, nothing in it can be executed."""
    inodes = limits.output_files + FOLDERS_IN_OUTPUT
    return _tmpfs_volume(f"size={limits.output_bytes},nr_inodes={inodes},mode=0700,noexec,{_owner(node)}")


def place_volume_options(place: Place, node: NodeFacts) -> dict[str, str]:
    """Options of the in-memory volume of a writable place: room for the image's files there, and scratch beyond."""
    size = place.content_bytes + place.scratch_bytes
    return _tmpfs_volume(f"size={size},nr_inodes={place.content_files + SCRATCH_INODES},mode=0755,{_owner(node)}")


def _tmpfs_volume(options: str) -> dict[str, str]:
    return {"type": "tmpfs", "device": "tmpfs", "o": f"{options},nosuid,nodev"}


def _owner(node: NodeFacts) -> str:
    return f"uid={SANDBOX_UID + node.uid_offset},gid={SANDBOX_GID + node.gid_offset}"


def labels(spec: RunSpec) -> dict[str, str]:
    """Labels of everything made for a run. They win over labels of the same name that an image carries."""
    return {RUN_LABEL: spec.run_id, ATTEMPT_LABEL: str(spec.attempt), NODE_LABEL: spec.node}


def container_config(
    spec: RunSpec, *, node: NodeFacts, image: ImageFacts, home: str, output_volume: str, places: tuple[Place, ...]
) -> Json:
    """The container that runs the stranger's image: its own entry point and command, everything else ours."""
    return {
        "Image": image.engine_id,
        "User": f"{SANDBOX_UID}:{SANDBOX_GID}",
        "Hostname": "case",
        "Env": environment(image, home=home, gpu_uuid=spec.gpu_uuid),
        "Healthcheck": {"Test": ["NONE"]},
        "StopSignal": "SIGKILL",
        "Labels": labels(spec),
        "NetworkDisabled": True,
        "Tty": False,
        "OpenStdin": False,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "HostConfig": host_config(spec, node=node, output_volume=output_volume, places=places),
    }


def environment(image: ImageFacts, *, home: str, gpu_uuid: str | None) -> list[str]:
    """What is set (`NAME=value`) and what is taken away (`NAME` alone, as the engine reads it) from the image's own.

    `LD_PRELOAD`, `LD_AUDIT` and every `NVIDIA_*` variable of an image reach hooks that run as root on the host, so they go.
    An empty part of `LD_LIBRARY_PATH` would mean the folder that such a hook stands in, so it is left out.
    A user without an entry in the image's passwd file needs `USER` and `LOGNAME` for libraries that ask for a name.
    """
    gone = sorted(name for name in image.environment if name.upper().startswith("NVIDIA_"))
    names = [f"{name}=case" for name in ("USER", "LOGNAME") if name not in image.environment]
    gpu = [f"NVIDIA_VISIBLE_DEVICES={gpu_uuid or 'void'}", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"]
    return ["LD_PRELOAD", "LD_AUDIT", *gone, *_library_path(image), f"HOME={home}", *names, *(gpu if gpu_uuid else gpu[:1])]


def _library_path(image: ImageFacts) -> list[str]:
    value = image.environment.get("LD_LIBRARY_PATH", "")
    folders = re.split("[:;]", value)
    kept = [folder for folder in folders if folder]
    if not value or kept == folders:
        return []
    return [f"LD_LIBRARY_PATH={':'.join(kept)}" if kept else "LD_LIBRARY_PATH"]


def host_config(spec: RunSpec, *, node: NodeFacts, output_volume: str, places: tuple[Place, ...]) -> Json:
    """Isolation and limits of the run's container."""
    limits = spec.limits
    memory = memory_limit_bytes(limits, places, node=node)
    return {
        **isolation(),
        "Init": True,
        "IpcMode": "private",
        "Runtime": spec.runtime or "",
        "Memory": memory,
        "MemorySwap": memory,
        "NanoCpus": int(cpus_given(spec, node) * 1e9),
        "CpusetCpus": spec.cpuset or "",
        "PidsLimit": limits.pids,
        "ShmSize": limits.shm_bytes,
        "OomScoreAdj": OUT_OF_MEMORY_SCORE,
        "Ulimits": [
            {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "Tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,size={limits.scratch_bytes},nr_inodes={SCRATCH_INODES},mode=1777"},  # noqa: S108
        "Mounts": _mounts(spec, output_volume=output_volume, places=places),
        "LogConfig": _log_config(limits),
        "DeviceRequests": _gpu_request(spec.gpu_uuid),
    }


def cpus_given(spec: RunSpec, node: NodeFacts) -> float:
    """What the challenge allows, as far as the node, or the CPU set on it, has as many."""
    at_hand = node.cpus if spec.cpuset is None else len(parse_cpuset(spec.cpuset))
    return min(spec.limits.cpus, at_hand)


def in_group(container: Json, cgroup_parent: str | None) -> Json:
    """The same container in a control group of ours; as it is where there is none."""
    if cgroup_parent is None:
        return container
    return {**container, "HostConfig": {**container["HostConfig"], "CgroupParent": cgroup_parent}}


def with_output_file(container: Json, spec: RunSpec, *, source: str) -> Json:
    """The same container with one file of its results at its root too; `source` is that file on the engine's host."""
    at = f"/{spec.mounts.output_file}"
    # No word on propagation: the engine has its own for what lies in its own folder, and refuses ours.
    mount = {"Type": "bind", "Source": source, "Target": at}
    host = container["HostConfig"]
    return {**container, "HostConfig": {**host, "Mounts": [*host["Mounts"], mount]}}


def isolation() -> Json:
    """What every container of ours has, the keeper included."""
    return {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "Privileged": False,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", SECURITY_OPTION],
        "RestartPolicy": {"Name": "no"},
        "AutoRemove": False,
    }


def volume_mount(volume: str, at: str) -> Json:
    """A volume mounted as it is: the engine must not copy the image's files into it, with the image's owners."""
    return {"Type": "volume", "Source": volume, "Target": at, "VolumeOptions": {"NoCopy": True}}


def _mounts(spec: RunSpec, *, output_volume: str, places: tuple[Place, ...]) -> list[Json]:
    mounts = spec.mounts
    listed = [] if mounts.case_list_at is None else [_read_only_bind(str(mounts.case_list), mounts.case_list_at)]
    return [
        _read_only_bind(str(mounts.inputs_dir), mounts.inputs_at),
        *listed,
        *(_read_only_bind(str(folder), at) for folder, at in mounts.beside),
        volume_mount(output_volume, mounts.output_at),
        *(volume_mount(place.volume, place.at) for place in places),
    ]


def _read_only_bind(source: str, at: str) -> Json:
    return {"Type": "bind", "Source": source, "Target": at, "ReadOnly": True, "BindOptions": {"Propagation": "rprivate"}}


def _log_config(limits: Limits) -> Json:
    # Two files: after a rotation the older one still holds `log_bytes`, which is how a full log is recognised.
    # Compression is off because the driver refuses it with few files, and a program's log is not worth the CPU.
    return {"Type": "local", "Config": {"max-size": str(limits.log_bytes), "max-file": "2", "compress": "false"}}


def _gpu_request(gpu_uuid: str | None) -> list[Json]:
    if gpu_uuid is None:
        return []
    return [{"Driver": "nvidia", "DeviceIDs": [gpu_uuid], "Capabilities": [["gpu", "compute", "utility"]]}]


def keeper_config(spec: RunSpec, *, image: str, command: str, volumes: Mapping[str, str]) -> Json:
    """The container that holds the in-memory volumes while the stranger's runs. `volumes`: volume name to path in it.

    A tmpfs volume lives as long as a running container has it mounted. The keeper runs our own one-file image,
    which does nothing but wait, so results can be read through it after the stranger's container has ended.
    """
    return {
        "Image": image,
        "Entrypoint": [command],
        "User": "65534:65534",
        "Labels": labels(spec),
        "NetworkDisabled": True,
        "HostConfig": {
            **isolation(),
            "Memory": 16 * 2**20,
            "MemorySwap": 16 * 2**20,
            "PidsLimit": 16,
            "LogConfig": {"Type": "none", "Config": {}},
            "Mounts": [volume_mount(name, at) for name, at in volumes.items()],
        },
    }


def control_config(spec: RunSpec, *, node: NodeFacts, image: str, command: str) -> Json:
    """The run's container with our own image in place of the stranger's, and without what is made from that one's files."""
    facts = ImageFacts(engine_id=image, environment={})
    body = container_config(spec, node=node, image=facts, home="/", output_volume="", places=())
    host = body["HostConfig"]
    inputs = [mount for mount in host["Mounts"] if mount["Type"] == "bind"]
    in_memory = {**host["Tmpfs"], spec.mounts.output_at: "size=65536"}
    return {**body, "Entrypoint": [command], "HostConfig": {**host, "Mounts": inputs, "Tmpfs": in_memory}}


def probe_config(spec: RunSpec, image: ImageFacts) -> Json:
    """A container of the stranger's image that is created and never started, so that its files can be read.

    Its declared volumes are covered: the engine would else make a volume on the host's disk for each.
    """
    return {
        "Image": image.engine_id,
        "Entrypoint": ["/never-started"],
        "Labels": labels(spec),
        "NetworkDisabled": True,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            **isolation(),
            "LogConfig": {"Type": "none", "Config": {}},
            "Tmpfs": dict.fromkeys(image.volumes, "size=65536"),
        },
    }
