"""Why a GPU ran slower than it can: the driver's reasons, and which of them make a time worthless. Pure.

Source: nvml.h, nvmlClocksEventReasons (nvmlClocksThrottleReasons in older drivers).
"""

from __future__ import annotations

_HARDWARE_SLOWDOWN, _HARDWARE_THERMAL, _HARDWARE_BRAKE = 0x8, 0x40, 0x80
_WORDS = {
    0x2: "application clocks set",
    0x4: "software power cap",
    _HARDWARE_SLOWDOWN: "hardware slowdown",
    0x10: "sync boost",
    0x20: "software thermal slowdown",
    _HARDWARE_THERMAL: "hardware thermal slowdown",
    _HARDWARE_BRAKE: "hardware power brake",
    0x100: "display clock setting",
    0x200: "board limit",
    0x400: "reliability limit",
}

HARDWARE_FAULTS = frozenset({48, 62, 64, 74, 79, 92, 94, 95, 119, 120, 140})
"""Error numbers ("Xid") that speak of the device, its memory or its links, not of the program on it.

Source: NVIDIA, "XID Errors" (docs.nvidia.com/deploy/xid-errors). A program makes 13, 31, 43 and 45 by itself.
"""


class ClockReasons:
    """Gathers the reasons seen during a run.

    Thermal slowdown and power brake of the hardware count at first sight. The plain hardware slowdown is also reported in
    passing while clocks change, says NVML, so it counts once two looks in a row have it.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._last = 0
        self._lasting = 0

    def add(self, bits: int) -> None:
        self._seen |= bits
        self._lasting |= bits & self._last
        self._last = bits

    @property
    def words(self) -> tuple[str, ...]:
        """Every reason seen, but idleness."""
        return tuple(words for bit, words in _WORDS.items() if self._seen & bit)

    @property
    def hardware(self) -> str:
        """The hardware's reason that makes the run's time worthless; empty where there was none."""
        counting = self._seen & (_HARDWARE_THERMAL | _HARDWARE_BRAKE) | self._lasting & _HARDWARE_SLOWDOWN
        return " and ".join(words for bit, words in _WORDS.items() if counting & bit)
