"""A control group of our own around one run's container, which outlives it.

A container's own cgroup is gone the moment it ends, so figures read from it are those of the last sample. What its
parent counted stays: the CPU time to the last microsecond, the kernel's peak, and what was ended for want of memory.

    with parent_group(ParentPlace("cgroupfs", 2), node="n1", name="sonobench-run-1-a1") as parent:
        ...  # the engine is told parent.engine_name, if there is a parent
        parent.totals()  # after the container has ended

Under the cgroupfs driver the groups are folders that we make and remove. Under the systemd driver they are slices:
systemd makes one for the container that asks for it, keeps it, and is told to stop it. Where neither can be done from
here, there is no parent, and figures come from sampling as they say.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sonobench_eval.meter.cgroup import CGROUP_ROOT, number_in, table_in

log = logging.getLogger(__name__)

FAMILY = "sonobench"
_GONE_WITHIN_S = 3.0
_LOOK_EVERY_S = 0.05
_SYSTEMCTL_S = 20.0
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class NoParent(Exception):
    """There can be no parent from here. The message says why, for the label of the figures."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a parent counted from first to last. None where this kernel does not count it."""

    cpu_time_s: float | None
    peak_bytes: int | None
    oom_kills: int | None


@dataclass(frozen=True, slots=True)
class ParentPlace:
    """Where this machine keeps its groups, and who makes them: `cgroupfs` or `systemd`. `version` is 1 or 2.

    `remove_folder` is the system's rmdir, which takes a group's files with it; `stop_slice` asks systemd.
    """

    driver: str
    version: int
    root: Path = CGROUP_ROOT
    remove_folder: Callable[[Path], None] = Path.rmdir
    stop_slice: Callable[[str], None] | None = None

    def hierarchies(self) -> tuple[Path, ...]:
        """Version 2 has one tree, version 1 one for each controller (and aliases, which are links)."""
        if self.version == 2:
            return (self.root,)
        return tuple(sorted(path for path in self.root.iterdir() if path.is_dir() and not path.is_symlink()))


class ParentGroup:
    """The parent of one run. `engine_name` is what the engine is told as the container's `CgroupParent`."""

    def __init__(self, place: ParentPlace, *, engine_name: str, below: Path) -> None:
        self.engine_name = engine_name
        self._place = place
        self._below = below

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the group is, in every tree in which it is."""
        return tuple(path for tree in self._place.hierarchies() if (path := tree / self._below).is_dir())

    def totals(self) -> Totals | None:
        """What the group counted; None where nothing ever ran in it: some runtimes take no notice of a parent."""
        with suppress(OSError):
            found = self._totals_v2() if self._place.version == 2 else self._totals_v1()
            return found if found.cpu_time_s else None
        return None

    def remove(self) -> bool:
        """Take the group away; True where it is gone. A container's own group in it can take a moment to go."""
        until = time.monotonic() + _GONE_WITHIN_S
        if self._place.stop_slice is not None:
            self._place.stop_slice(self._below.name)
        while left := [folder for folder in self.folders if not self._removed(folder)]:
            if time.monotonic() > until:
                log.warning("the control group %s could not be removed; it is tried again later", left[0])
                return False
            time.sleep(_LOOK_EVERY_S)
        self._remove_family()
        return True

    def _removed(self, folder: Path) -> bool:
        try:
            self._place.remove_folder(folder)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def _remove_family(self) -> None:
        """The node's folder goes with its last run. Another run of the node may be making its own in it: then it stays."""
        if self._place.stop_slice is None:
            for tree in self._place.hierarchies():
                with suppress(OSError):
                    self._place.remove_folder(tree / self._below.parent)

    def _totals_v2(self) -> Totals:
        folder = self._place.root / self._below
        cpu = table_in(folder / "cpu.stat").get("usage_usec")
        events = folder / "memory.events"
        return Totals(
            cpu_time_s=None if cpu is None else cpu / 1e6,
            peak_bytes=number_in(folder / "memory.peak"),  # since Linux 5.19
            oom_kills=table_in(events).get("oom_kill") if events.exists() else None,
        )

    def _totals_v1(self) -> Totals:
        cpu_ns = next(
            (found for tree in self._place.hierarchies() if (found := number_in(tree / self._below / "cpuacct.usage"))), None
        )
        memory = self._place.root / "memory" / self._below
        return Totals(
            cpu_time_s=None if cpu_ns is None else cpu_ns / 1e9,
            # Without a hierarchy the container's pages would not be counted here at all.
            peak_bytes=number_in(memory / "memory.max_usage_in_bytes") if _is_hierarchical(memory) else None,
            oom_kills=None,  # version 1 counts them in the container's own group alone
        )


@contextmanager
def parent_group(place: ParentPlace, *, node: str, name: str) -> Iterator[ParentGroup]:
    """The parent for the container `name` of `node`: ready before the container is created, gone at the end of the block.

    Raises:
        NoParent: it cannot be made, or not be removed, from here.
    """
    parent = _of(place, node=node, name=name)
    if place.driver == "cgroupfs":
        _make(parent, place, node=node, name=name)
    elif place.stop_slice is None:
        raise NoParent("systemd cannot be asked from here to stop a slice")
    try:
        yield parent
    finally:
        parent.remove()


def remove_leftovers(place: ParentPlace, *, node: str, is_alive: Callable[[str], bool]) -> list[str]:
    """Remove the parents of `node` that a killed worker left, but for those of containers that are alive; their names."""
    removed = []
    for name in sorted(_names(place, node)):
        if not is_alive(name) and _of(place, node=node, name=name).remove():
            removed.append(name)
    return removed


def this_machines_place(driver: str, version: str) -> ParentPlace:
    """The place as an engine describes it (`CgroupDriver`, `CgroupVersion`).

    Raises:
        NoParent: there is none that can be used.
    """
    if version not in {"1", "2"} or driver not in {"cgroupfs", "systemd"}:
        raise NoParent(f"the engine keeps its groups by {driver or 'no driver'}, version {version or 'unknown'}")
    if driver == "cgroupfs":
        return ParentPlace(driver, int(version))
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        raise NoParent("systemd cannot be asked from here to stop a slice")
    return ParentPlace(driver, int(version), stop_slice=_stop_slice)


def _stop_slice(name: str) -> None:
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(["systemctl", "stop", "--", name], check=False, capture_output=True, timeout=_SYSTEMCTL_S)


def _of(place: ParentPlace, *, node: str, name: str) -> ParentGroup:
    if not _PLAIN.fullmatch(node) or not _PLAIN.fullmatch(name):
        raise NoParent(f"{node!r} and {name!r} cannot be names of groups")
    if place.driver == "cgroupfs":
        below = Path(FAMILY, node, name)
        return ParentGroup(place, engine_name=f"/{below}", below=below)
    family, slice_name = _slice_of(node), f"{_slice_of(node, name)}.slice"
    return ParentGroup(place, engine_name=slice_name, below=Path(f"{FAMILY}.slice", f"{family}.slice", slice_name))


def _slice_of(*parts: str) -> str:
    """A dash in a slice's name means "below", so dashes of our own names are escaped as systemd does it."""
    return "-".join((FAMILY, *(part.replace("-", r"\x2d") for part in parts)))


def _names(place: ParentPlace, node: str) -> set[str]:
    """The containers whose parents are there."""
    systemd = place.driver == "systemd"
    family = Path(f"{FAMILY}.slice", f"{_slice_of(node)}.slice") if systemd else Path(FAMILY, node)
    found = {path.name for tree in place.hierarchies() for path in (tree / family).glob("*") if path.is_dir()}
    if not systemd:
        return found
    prefix = f"{_slice_of(node)}-"
    slices = (name.removesuffix(".slice") for name in found if name.startswith(prefix) and name.endswith(".slice"))
    return {name.removeprefix(prefix).replace(r"\x2d", "-") for name in slices}


def _make(parent: ParentGroup, place: ParentPlace, *, node: str, name: str) -> None:
    """Make the group's folders. One of the same name is a killed worker's, with figures of its own: it goes first."""
    below = Path(FAMILY, node, name)
    try:
        if parent.folders and not parent.remove():
            raise NoParent("a group of this name is still in use")
        for tree in place.hierarchies():
            _make_folder(tree / below)
            if (hierarchical := tree / below / "memory.use_hierarchy").exists() and number_in(hierarchical) == 0:
                hierarchical.write_text("1")
    except OSError as error:
        with suppress(OSError):
            parent.remove()
        raise NoParent(f"a group cannot be made here ({error.strerror or error})") from error


def _make_folder(folder: Path) -> None:
    for _ in range(3):
        with suppress(FileNotFoundError):  # the end of another run has just taken the node's folder away
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            return
    raise FileNotFoundError(0, "its folder is taken away as it is made", str(folder))


def _is_hierarchical(memory: Path) -> bool:
    setting = memory / "memory.use_hierarchy"
    return not setting.exists() or number_in(setting) == 1
