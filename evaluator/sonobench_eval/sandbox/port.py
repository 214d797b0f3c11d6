"""The sandbox: a few verbs behind which strangers' images run. `docker_engine.py` is the real one, `fake.py` the tests'.

Whose fault a trouble is, is a type: what the container did is data in `RunOutcome` (the pure function in
`failure.py` names it); what the engine or this node did wrong is raised as `SandboxTrouble` and never costs a team anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sonobench_eval.challenge.model import Limits

LABEL_PREFIX = "org.sonobench."
RUN_LABEL = LABEL_PREFIX + "run"
ATTEMPT_LABEL = LABEL_PREFIX + "attempt"
NODE_LABEL = LABEL_PREFIX + "node"


def container_name(run_id: str, attempt: int) -> str:
    """The one name a run's attempt may have. Starting it twice is refused by the engine; a sweep trusts nothing else.

    Raises:
        ValueError: `run_id` has characters a container's name cannot have, or is longer than 64 characters.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", run_id):
        raise ValueError(f"{run_id!r} cannot be part of a container's name: use up to 64 letters, digits and . _ -")
    return f"sonobench-{run_id}-a{attempt}"


class SandboxTrouble(Exception):
    """The platform's fault: the engine is away, the disk is full, an image vanished. Retry; cost the team nothing."""


class EngineMissing(SandboxTrouble):
    """No Docker Engine answers. The message says how to get one."""


class AlreadyRunning(SandboxTrouble):
    """This attempt was started before and is still there. The one that runs is left alone."""


class ImageRefusedByEngine(Exception):
    """The participant's fault: the engine cannot hold, create or start this image, because of what the image is.

    The message is for organisers and for `failure.classify`, which has a sentence for the team.
    """


LogFn = Callable[[str], None]
"""Called with the end of a log, as the container wrote it: at most `LIVE_LOG_BYTES` of UTF-8."""

LIVE_LOG_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """Which image, beyond doubt: config digest (`sha256:...`) and every layer's diff_id, as intake computed them.

    `engine_id` is what this engine calls it: `config_digest`, or in containerd's image stores `manifest_digest`, that of
    the manifest in the tar which intake wrote. None where intake had no part in it. `tag` is the name of ours that it was
    loaded under, taken off it when it is forgotten: an engine may hold the same image under somebody's own name as well.
    """

    config_digest: str
    diff_ids: tuple[str, ...]
    engine_id: str | None = None
    manifest_digest: str | None = None
    tag: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Mounts:
    """Host paths given to the container read-only, and where they appear in it; no case list where none is mounted by itself.

    `beside` are further folders, read-only too: `(on the host, in the container)`. `output_file` is the name of one file of
    the results that the container also finds at its root, empty, to be written in place.
    """

    inputs_dir: Path
    inputs_at: str
    case_list: Path | None
    case_list_at: str | None
    output_at: str
    beside: tuple[tuple[Path, str], ...] = ()
    output_file: str | None = None

    @property
    def taken(self) -> tuple[str, ...]:
        """Paths in the container that have a use of their own."""
        listed = () if self.case_list_at is None else (self.case_list_at,)
        written = () if self.output_file is None else (f"/{self.output_file}",)
        return (self.inputs_at, *listed, *(at for _, at in self.beside), self.output_at, *written)


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One container to run. `name` is `container_name(run_id, attempt)`, so a double start is refused by the engine.

    `writable` places are in memory and thrown away; those that exist in the image keep its content.
    The image's HOME and the volumes it declares are treated in the same way without being named.
    """

    name: str
    image: ImageIdentity
    mounts: Mounts
    limits: Limits
    writable: tuple[str, ...]
    run_id: str
    attempt: int
    node: str
    runtime: str | None = None
    gpu_uuid: str | None = None
    gpu_exclusive: bool = False
    """The GPU must be empty before and after, nobody else's meanwhile, and not slowed by its hardware; else the run is none."""
    cpuset: str | None = None
    """CPUs the container may use, e.g. those near its GPU: `0-7,16-23`; None for all."""
    tell_log: LogFn | None = field(default=None, compare=False, repr=False)
    """Told the end of what the container has printed, every few seconds while it runs; None: nobody may read it meanwhile."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One moment of a run, `t_s` seconds after its start. None where that was not measured."""

    t_s: float
    host_memory_bytes: int | None = None
    cpu_time_s: float | None = None
    gpu_memory_bytes: int | None = None
    gpu_utilisation_percent: float | None = None


@dataclass(frozen=True, slots=True)
class GpuFigures:
    """What else is known of a run's GPU. None means not measured, never zero.

    `baseline_bytes` is what the device held before the run, `memory_area_byte_s` the area under the memory curve,
    `energy_j` the whole device's energy, idle consumption included.
    `limits` are sentences about what could not be told apart on this device (MIG, WSL, several processes).
    """

    uuid: str
    driver: str | None = None
    baseline_bytes: int | None = None
    sampling_gap_s: float | None = None
    samples: int = 0
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


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """Seconds of what is not the run's wall time, by a monotonic clock: load of the image, create, collect, warm-up."""

    load_s: float | None = None
    create_s: float | None = None
    collect_s: float | None = None
    warm_up_s: float | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a run used. None means not measured, never zero.

    With repeats, `wall_time_s` is the median of `repeats_s` (each timed run, in order), `wall_time_cv` their coefficient
    of variation, and `wall_time_steady` False where that stayed above the challenge's bound. `reference_s` is what the
    node's reference container took when it last ran. `curve` has at most 600 points.

    Wall time is the engine's FinishedAt - StartedAt; `clock_disagrees` is set where a monotonic clock
    differs from it by more than a second. `peak_host_memory_bytes` is the largest sampled anon + shmem;
    `peak_cgroup_bytes` is the kernel's own peak, which includes page cache and so depends on what was read before.
    """

    wall_time_s: float | None
    monotonic_s: float | None = None
    clock_disagrees: bool = False
    cpu_time_s: float | None = None
    cpu_time_method: str = "not measured"
    peak_host_memory_bytes: int | None = None
    host_memory_method: str = "not measured"
    peak_gpu_memory_bytes: int | None = None
    gpu_memory_method: str = "not measured"
    gpu_name: str | None = None
    peak_cgroup_bytes: int | None = None
    peak_cgroup_method: str = "not measured"
    phases: PhaseTimes = PhaseTimes()
    repeats_s: tuple[float, ...] = ()
    wall_time_cv: float | None = None
    wall_time_steady: bool = True
    reference_s: float | None = None
    gpu: GpuFigures | None = None
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What the container did. No text in it was made by the container but `log_tail`, which organisers alone see.

    `engine_error` is the engine's reason why the container never started (then `started_at` is None).
    `notes` are sentences about how this run differed from what was asked, e.g. fewer CPUs than declared.
    """

    exit_code: int | None
    oom_killed: bool
    timed_out: bool
    cancelled: bool
    output_full: bool
    output_too_many_files: bool
    log_truncated: bool
    started_at: datetime | None
    finished_at: datetime | None
    measurement: Measurement
    results: Path | None
    result_files: int = 0
    result_bytes: int = 0
    engine_error: str = ""
    log_tail: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()


def never_started(engine_error: str) -> RunOutcome:
    """The outcome of a container that the engine would not create or start, because of the image."""
    return RunOutcome(
        exit_code=None,
        oom_killed=False,
        timed_out=False,
        cancelled=False,
        output_full=False,
        output_too_many_files=False,
        log_truncated=False,
        started_at=None,
        finished_at=None,
        measurement=Measurement(wall_time_s=None),
        results=None,
        engine_error=engine_error,
    )


ProgressFn = Callable[[str], None]
"""Called with a short phrase when a run enters a new phase (`create`, `run`, `collect`, `remove`)."""


class Sandbox(Protocol):
    """Verbs of a place that runs images."""

    def load(self, image_tar: Path, identity: ImageIdentity) -> ImageIdentity:
        """Load a tar that intake wrote; returns the identity with `engine_id`. Loading again is harmless.

        Raises:
            ImageRefusedByEngine: the engine cannot unpack it, though the file is whole and other images can be loaded.
            SandboxTrouble: the engine refused it for another reason, or what it now holds is not what intake verified.
        """

    def forget(self, identity: ImageIdentity) -> bool:
        """Remove a loaded image to free its space; True where it is gone now.

        One that is in use stays, and so does one that somebody gave a name of their own. Loading it again works.

        Raises:
            SandboxTrouble: the engine failed.
        """

    def run(
        self,
        spec: RunSpec,
        results: Path,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        progress: ProgressFn = lambda _phase: None,
    ) -> RunOutcome:
        """Run one container to its end, write its regular output files to the tar `results`, remove everything.

        Whatever happens, no container or volume of this attempt is left. `should_stop` is asked about once a
        second; when it says True the container is killed and the outcome says `cancelled`.

        Raises:
            AlreadyRunning: this attempt was started before; nothing of it was touched.
            SandboxTrouble: the engine or this node failed; nothing is known about the algorithm.
        """

    def sweep(self, node: str, is_alive: Callable[[str, int], bool]) -> list[str]:
        """Remove containers and volumes of `node` whose `(run_id, attempt)` is not alive; returns their names."""
