"""What engines say when the node is why no container starts: its GPU, its disk, its runtime, the engine itself.

Pure: words in, a sentence for the organiser or None out. The words are those of real engines, and tests hold each
pattern to them. They may only be trusted where an image had no say in them, as a path that it chose can stand in them:
`docker_engine/control.py` sees to that by starting another image.
"""

from __future__ import annotations

import re

_TROUBLES: tuple[tuple[str, str], ...] = (
    (
        r"could not select device driver|nvidia-c(?:ontainer|tk|di)|\bCDI device|\bnvml\b|/dev/nvidia|has fallen off the bus",
        "The node could not give the container its GPU. See whether `nvidia-smi` works there, and the NVIDIA Container Toolkit.",
    ),
    (
        r"no space left on device|disk quota exceeded",
        "The node's disk is full. Free some of it; `docker system df` shows what the engine uses.",
    ),
    (
        r"cannot allocate memory|resource temporarily unavailable|too many open files|can't get final child's PID",
        "The node ran short of memory, processes or open files while the container was started.",
    ),
    (
        r"unknown or invalid runtime|unknown runtime specified|OCI runtime \S+ not found|containerd-shim"
        r"|exec: \"(?:/sbin/)?(?:docker-init|runc|crun|runsc)\"|failed to start shim|\brunsc\b",
        "The node lacks the container runtime that it is told to use, or a part of it.",
    ),
    (
        r"seccomp|apparmor|unable to apply caps|selinux|user namespaces? (?:is|are) not enabled|gid_map|uid_map",
        "The node's kernel or engine lacks a protection that every container here must have. `sonobench doctor` says which.",
    ),
    (
        r"cgroup|\.slice\b|\.scope\b",
        "The node's control groups do not work as the engine expects them. See the engine's log there.",
    ),
    (
        r"bind source path does not exist|error while mounting volume|failed to mount local volume|read-only file system"
        r"|input/output error|structure needs cleaning|stale file handle",
        "The node could not mount the run's files. See whether its disks are whole and its folders are where the engine looks.",
    ),
    (
        r"connection refused|connection reset|transport is closing|ttrpc: closed|context (?:canceled|deadline exceeded)"
        r"|error while dialing|cannot connect to the docker daemon|is not running|i/o timeout|marked for removal"
        r"|that has stopped",
        "The node's engine was restarted, or stopped answering, while the run was prepared.",
    ),
    (
        r"no such image|no such container|layer does not exist|snapshot \S+ does not exist|manifest unknown",
        "The node's engine lost something that it had a moment before: the image, the container, or a layer.",
    ),
    (
        r"prestart hook|createRuntime hook|createContainer hook|running hook #?\d|executing hook",
        "A program of the node that prepares containers failed. See the engine's log there.",
    ),
)


def trouble_sentence(engine_error: str) -> str | None:
    """What to tell the organiser where the node is known to be why; None where these words do not say."""
    matching = (sentence for pattern, sentence in _TROUBLES if re.search(pattern, engine_error, re.IGNORECASE))
    return next(matching, None)
