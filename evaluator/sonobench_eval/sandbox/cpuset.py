"""Sets of CPUs as the kernel writes them: `0-7,16-23`. Pure."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def parse_cpuset(text: str) -> frozenset[int]:
    """The CPUs that `text` names.

    Raises:
        ValueError: it names none, or is no such set.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise ValueError(f"{text!r} is not a set of CPUs; write it like 0-7 or 0,2,4-6")
        found.update(range(first, last + 1))
    return frozenset(found)


def why_not_on_node(cpuset: str, *, cpus: int) -> str | None:
    """What is wrong with a CPU set on a node of `cpus` CPUs, in a sentence; None where nothing is."""
    try:
        wanted = parse_cpuset(cpuset)
    except ValueError as error:
        return f"{error}."
    if beyond := sorted(cpu for cpu in wanted if cpu >= cpus):
        return f"The CPU set {cpuset} names CPU {beyond[0]}, and this node has {cpus} (0 to {cpus - 1})."
    return None
