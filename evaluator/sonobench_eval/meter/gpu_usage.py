"""What is known of a run's GPU, how several processes' peaks make one figure, and in which words it is said. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sonobench_eval.meter.curve import Moment


@dataclass(frozen=True, slots=True)
class GpuUsage:
    """What was seen. None means not measured; `method` says how, or why not.

    `trouble` says why the run must not count (the platform's fault); empty where it may. `baseline_bytes` is what the
    device held before the run, `processes` how many were seen on it, `energy_j` the whole device's, idle included.
    """

    peak_bytes: int | None
    method: str
    name: str | None = None
    uuid: str | None = None
    driver: str | None = None
    baseline_bytes: int | None = None
    samples: int = 0
    sampling_gap_s: float | None = None
    processes: int | None = None
    accounting: bool = False
    memory_area_byte_s: float | None = None
    mean_utilisation_percent: float | None = None
    energy_j: float | None = None
    peak_power_w: float | None = None
    sm_clock_mhz_low: int | None = None
    sm_clock_mhz_high: int | None = None
    throttled: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    curve: tuple[Moment, ...] = ()
    trouble: str = ""


NOT_MEASURED = GpuUsage(None, "not measured: the run had no GPU")

MIG_LIMIT = (
    "It is a MIG instance: the driver keeps no accounting of one, and its neighbours share the device's power, energy and clocks."
)
UNTOLD_LIMIT = "The driver does not tell a process's memory here, as under WSL; others on the device would count as the run's."
UNSEEN_LIMIT = "No process of the run was seen on the device; other users of the device would count as the run's."
SPIKES_LIMIT = "The driver's accounting is off: memory held for less than the sampling gap can be missed."
SEVERAL_LIMIT = "Several processes: the figure lies between the largest of their peaks and the sum of their peaks."
FORGOTTEN_LIMIT = "The driver's accounting does not know all of the run's processes: the figure is a lower bound."


@dataclass(frozen=True, slots=True)
class Accounts:
    """The driver's peaks of a run's processes, in bytes. `complete` is False where it does not know all of them."""

    peaks_bytes: tuple[int, ...]
    complete: bool


def combined_peak_bytes(sampled_bytes: int, accounts: Accounts | None) -> int:
    """The peak of a run whose processes together held `sampled_bytes` in the highest sample.

    One process alone reached each peak, so none is above the truth; all peaks at once are the most that can have been.
    The sample is held between the two, and for one process becomes its exact peak.
    """
    if accounts is None:
        return sampled_bytes
    at_least = max(sampled_bytes, *accounts.peaks_bytes, 0)
    return min(at_least, sum(accounts.peaks_bytes)) if accounts.complete else at_least


def processes_method(accounts: Accounts | None, *, spacing: str) -> str:
    """How `combined_peak_bytes` came to its figure, where samples were taken `spacing`."""
    if accounts is None:
        return f"NVML, the run's processes together, largest of {spacing}"
    if not accounts.complete:
        return f"NVML, the run's processes together, largest of {spacing} and of the peaks that the driver's accounting knows"
    if len(accounts.peaks_bytes) == 1:
        return "NVML, the driver's accounting of the run's one process"
    count = len(accounts.peaks_bytes)
    return f"NVML, {count} processes together, largest of {spacing}, held within the driver's accounting"


def device_method(*, spacing: str) -> str:
    """How the last resort comes to its figure."""
    return f"NVML, whole device less what was used before the run, largest of {spacing}"


def processes_limits(accounts: Accounts | None, *, unlisted: int, looks: int) -> Sequence[str]:
    """What a figure made from processes cannot tell; `unlisted` of `looks` samples had no list of processes."""
    limits = []
    if accounts is None:
        limits.append(SPIKES_LIMIT)
    elif not accounts.complete:
        limits.append(FORGOTTEN_LIMIT)
    elif len(accounts.peaks_bytes) > 1:
        limits.append(SEVERAL_LIMIT)
    if unlisted:
        limits.append(f"In {unlisted} of {looks} samples no processes were listed; the whole device less its baseline stands in.")
    return limits
