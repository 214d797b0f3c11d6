"""The parent group on this kernel's own trees: with a process that burns a known amount of CPU time, and none left behind."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import uuid
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from sonobench_eval.meter.parent import ParentPlace, parent_group

BURN_S = 0.3
BURN = f"import time\nwhile time.process_time() < {BURN_S}: pass"
TREES = {
    "version 1": Path("/sys/fs/cgroup"),
    "version 2": Path("/sys/fs/cgroup"),
    "version 2 beside 1": Path("/sys/fs/cgroup/unified"),
}


def place_of(kind: str) -> ParentPlace:
    root = TREES[kind]
    version = 1 if kind == "version 1" else 2
    there = (root / "memory").is_dir() if version == 1 else (root / "cgroup.controllers").is_file()
    if not there or not os.access(root / "memory" if version == 1 else root, os.W_OK) or os.geteuid() != 0:
        pytest.skip(f"this machine has no tree of {kind} that this user may change")
    return ParentPlace("cgroupfs", version, root=root)


@pytest.mark.parametrize("kind", TREES)
def test_cpu_time_outlives_the_process_and_its_own_group(kind):
    place, node = place_of(kind), f"test-{uuid.uuid4().hex[:8]}"
    with parent_group(place, node=node, name="sonobench-burns-a1") as parent, ExitStack() as made:
        # A version 1 set of CPUs is empty until somebody fills it, level by level; nothing is counted there.
        own = [folder / "container" for folder in parent.folders if place.version == 2 or "cpuset" not in str(folder)]
        for folder in own:
            folder.mkdir()
            made.callback(_gone, folder)
        join = "import os, sys\nfor path in sys.argv[1:]: open(path + '/cgroup.procs', 'w').write(str(os.getpid()))\n"
        before_s = cpu_time_of_children_s()
        subprocess.run([sys.executable, "-S", "-c", join + BURN, *map(str, own)], check=True, timeout=60)
        whole_s = cpu_time_of_children_s() - before_s
        made.close()
        counted = parent.totals()
        assert counted is not None
        # The process was in the group but for its beginning, so it took no more than the kernel charges to its parent.
        assert BURN_S * 0.8 <= counted.cpu_time_s <= whole_s * 1.1
    assert [path for tree in place.hierarchies() for path in (tree / "sonobench").glob(f"{node}*")] == []


def cpu_time_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _gone(folder: Path) -> None:
    with suppress(FileNotFoundError):
        folder.rmdir()
