"""What is seen of a GPU during a run, look by look: whose processes hold how much, how busy it is, why it slows down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sonobench_eval.meter.curve import Curve
from sonobench_eval.meter.gpu_clocks import ClockReasons
from sonobench_eval.meter.gpu_device import Accounted, GpuDevice
from sonobench_eval.meter.gpu_owner import Owner
from sonobench_eval.meter.gpu_tally import Held, Range

CLOCKS_EVERY = 5
"""Clocks, power and utilisation change more slowly than memory, and cost more to ask for: every fifth look has them."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was on the device before the run. None means not told; `at_s` is the meter's own clock."""

    at_s: float
    used_bytes: int | None
    pids: frozenset[int]
    accounts: frozenset[Accounted]
    energy_mj: int | None


def note_before(device: GpuDevice, *, at_s: float) -> Before:
    """Look once, before anything of the run can be there, and forget the faults of earlier runs."""
    device.new_faults()
    return Before(
        at_s=at_s,
        used_bytes=device.memory_used_bytes(),
        pids=frozenset(device.processes() or ()),
        accounts=frozenset(device.accounted() or ()),
        energy_mj=device.energy_mj(),
    )


class Looks:
    """Everything that was not there before is the run's, until `owner` says that it is somebody else's.

    Raises whatever the device raises; what was seen until then stays.
    """

    def __init__(self, device: GpuDevice, before: Before, *, owner: Owner, clock: Callable[[], float]) -> None:
        self.ours: set[int] = set()
        self.strangers: set[int] = set()
        self.taken = 0
        self.unlisted = 0
        self.memory_told = True
        self.by_process, self.by_device = Held(), Held()
        self.utilisation, self.sm_clock, self.power = Range(), Range(), Range()
        self.reasons = ClockReasons()
        self.faults: list[int] = []
        self.curve = Curve()
        self._device = device
        self._before = before
        self._owner = owner
        self._clock = clock

    def take(self) -> None:
        """Look once. Where processes cannot be told, the whole device less its baseline stands in for them."""
        used_bytes = self._device.memory_used_bytes()
        t_s = self._clock() - self._before.at_s
        above_bytes = None if used_bytes is None else max(0, used_bytes - (self._before.used_bytes or 0))
        held_bytes = self._held_by_processes()
        best_bytes = above_bytes if held_bytes is None else held_bytes
        if above_bytes is not None:
            self.by_device.add(t_s, above_bytes)
        if best_bytes is not None:
            self.by_process.add(t_s, best_bytes)
        busy = self._look_at_clocks() if self.taken % CLOCKS_EVERY == 0 else None
        self.curve.add(t_s, gpu_memory_bytes=best_bytes, gpu_utilisation_percent=busy)
        self.taken += 1

    def _held_by_processes(self) -> int | None:
        listed = self._device.processes()
        if listed is None:
            self.unlisted += 1
            return None
        pids = [pid for pid in listed if pid not in self._before.pids and self._is_ours(pid)]
        told = [held for pid in pids if (held := listed[pid]) is not None]
        self.memory_told = self.memory_told and len(told) == len(pids)
        return sum(told) if self.memory_told else None

    def _is_ours(self, pid: int) -> bool:
        if self._owner(pid) is False:
            self.strangers.add(pid)
            self.ours.discard(pid)  # taken for ours while nobody could tell
            return False
        self.ours.add(pid)
        return True

    def _look_at_clocks(self) -> int | None:
        busy = self._device.utilisation_percent()
        self.utilisation.add(busy)
        self.sm_clock.add(self._device.sm_clock_mhz())
        self.power.add(self._device.power_mw())
        reasons = self._device.clock_reasons()
        if reasons is not None:
            self.reasons.add(reasons)
        self.faults += self._device.new_faults()
        return busy
