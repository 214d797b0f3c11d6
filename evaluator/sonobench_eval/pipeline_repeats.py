"""One measured run of an image: an untimed warm-up where the challenge has public cases for it, then the timed runs.

The first timed run is the one whose results count. Those after it only make its time trustworthy, and each must end as
well as the first did: a program that fails every third time has failed. Every run has the whole time limit to itself.

Time per case cannot be told: this contract hands all cases to one container at once, and what happens in it is not ours
to see. The mean, wall time over cases, is all there is.
"""

from __future__ import annotations

import hashlib
import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Challenge, Limits, Measuring
from sonobench_eval.pipeline_run import RunPlan, run_image
from sonobench_eval.sandbox.failure import Failure, classify
from sonobench_eval.sandbox.port import GpuFigures, Measurement, PhaseTimes, ProgressFn, RunOutcome, Sandbox
from sonobench_eval.statistics.spread import Spread, spread_of

_WARM_UP, _REPEAT = "warm-up", "repeat"
_CHUNK_BYTES = 1 << 20
_DIFFERS = (
    "A repeat left other results than the first run. The first run's count, with the longer of its own time and the median."
)


class _RunOnce(Protocol):
    """One run of the image on a challenge's cases, its results in the tar `to`; `label` stands behind the phases it tells."""

    def __call__(self, cases: Challenge, to: Path, *, label: str) -> RunOutcome: ...


@dataclass(frozen=True, slots=True)
class _WarmUp:
    """What the warm-up took and what is to be said of it; `ended` where it ended the whole measurement."""

    took_s: float | None = None
    notes: tuple[str, ...] = ()
    ended: RunOutcome | None = None


@dataclass(frozen=True, slots=True)
class _Timed:
    """Outcomes of one set of timed runs, in order. Only the last can be a failure, and then there is nothing after it."""

    outcomes: tuple[RunOutcome, ...]
    failed: bool = False

    @property
    def times_s(self) -> tuple[float, ...]:
        return tuple(each.measurement.wall_time_s for each in self.outcomes if each.measurement.wall_time_s is not None)


def measure_image(
    challenge: LoadedChallenge | Challenge,
    plan: RunPlan,
    *,
    sandbox: Sandbox,
    results: Path,
    load_s: float | None = None,
    reference_s: float | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    progress: ProgressFn = lambda _phase: None,
) -> RunOutcome:
    """Run an image as `run_image` does, as often as the challenge's `measuring` asks, and write the first results to `results`.

    Args:
        load_s: what loading the image took, for the phases.
        reference_s: what this node's reference container took, kept beside the time.
        progress: told the phases of each run, with `warm-up` or `2 of 3` after them where there are several.

    Returns:
        The first timed run's outcome with the figures of all of them; or that of the run that failed, was stopped, or
        never started.

    Raises:
        InputsIncomplete, SandboxTrouble: see `run_image`. Nothing is measured then.
    """
    whole = challenge if isinstance(challenge, Challenge) else challenge.challenge

    def once(cases: Challenge, to: Path, *, label: str) -> RunOutcome:
        return run_image(
            cases,
            plan,
            sandbox=sandbox,
            results=to,
            should_stop=should_stop,
            progress=lambda phase: progress(f"{phase} {label}".rstrip()),
        )

    try:
        warm_up = _warm_up(whole, once, results)
        if warm_up.ended is not None:
            return warm_up.ended
        outcome = _timed_runs(whole, once, results)
    finally:
        for kind in (_WARM_UP, _REPEAT):
            _beside(results, kind).unlink(missing_ok=True)
    return _with_surroundings(outcome, warm_up, load_s=load_s, reference_s=reference_s)


def _warm_up(challenge: Challenge, once: _RunOnce, results: Path) -> _WarmUp:
    if not challenge.warm_up:
        return _WarmUp()
    began_s = time.monotonic()
    outcome = once(challenge.only_warm_up(), _beside(results, _WARM_UP), label=_WARM_UP)
    took_s = time.monotonic() - began_s
    if outcome.cancelled:
        return _WarmUp(took_s, ended=replace(outcome, results=None))
    failure = _failure(outcome, challenge.limits)
    notes = () if failure is None else (f"The untimed warm-up on public cases failed ({failure.category}); it does not count.",)
    return _WarmUp(took_s, notes)


def _timed_runs(challenge: Challenge, once: _RunOnce, results: Path) -> RunOutcome:
    """The timed runs, all of them once more where they were not steady; the outcome with the figures of the steadier set."""
    measuring = challenge.measuring
    first = _one_set(challenge, once, results, again=False)
    if first.failed or len(first.times_s) < 2 or spread_of(first.times_s).is_within(measuring.largest_cv):
        return _summed_up((first,), first, measuring, results)
    second = _one_set(challenge, once, results, again=True)
    return _summed_up((first, second), first if second.failed else _steadier(first, second), measuring, results)


def _one_set(challenge: Challenge, once: _RunOnce, results: Path, *, again: bool) -> _Timed:
    """As many runs as asked for, up to the first that fails. The first run of the first set leaves its results in `results`."""
    repeats, outcomes = challenge.measuring.repeats, list[RunOutcome]()
    for number in range(1, repeats + 1):
        is_first = number == 1 and not again
        label = f"{number} of {repeats}{' again' if again else ''}" if repeats > 1 else ""
        target = results if is_first else _beside(results, _REPEAT)
        outcome = once(challenge, target, label=label)
        if outcome.cancelled or _failure(outcome, challenge.limits) is not None:
            return _Timed((*outcomes, _moved(outcome, results)), failed=True)
        outcomes.append(outcome if is_first else _compared(outcome, results))
    return _Timed(tuple(outcomes))


def _compared(outcome: RunOutcome, first: Path) -> RunOutcome:
    """The outcome of a later run, whose results are thrown away, with a note where they are not what the first run's are."""
    if outcome.results is None:
        return outcome
    differ = content_digest(outcome.results) != content_digest(first)
    outcome.results.unlink()
    return replace(outcome, results=None, notes=(*outcome.notes, _DIFFERS) if differ else outcome.notes)


def _moved(outcome: RunOutcome, results: Path) -> RunOutcome:
    """A failure's results take the place where the caller looks for results."""
    if outcome.results is None or outcome.results == results:
        return outcome
    outcome.results.replace(results)
    return replace(outcome, results=results)


def content_digest(results: Path) -> bytes:
    """A digest of what a tar of results holds: names, kinds and bytes, whatever the order and the times."""
    whole = hashlib.sha256()
    with tarfile.open(results, mode="r:") as archive:
        for line in sorted(_line(archive, member) for member in archive):
            whole.update(line)
    return whole.digest()


def _line(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content, name = hashlib.sha256(), member.name.encode("utf-8", "surrogateescape")
    if member.isreg() and (file := archive.extractfile(member)) is not None:
        while chunk := file.read(_CHUNK_BYTES):
            content.update(chunk)
    link = member.linkname.encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"\0".join((name, member.type, link, content.digest()))).digest()


def _steadier(first: _Timed, second: _Timed) -> _Timed:
    cvs = [spread_of(each.times_s).cv if each.times_s else None for each in (first, second)]
    return second if cvs[1] is not None and (cvs[0] is None or cvs[1] < cvs[0]) else first


def _summed_up(sets: Sequence[_Timed], counted: _Timed, measuring: Measuring, results: Path) -> RunOutcome:
    """One outcome of all runs: the first's results, the counted set's times, the largest peaks, everything that was noted."""
    runs = [outcome for each in sets for outcome in each.outcomes]
    ended = runs[-1] if sets[-1].failed else runs[0]
    notes = dict.fromkeys(note for outcome in runs for note in outcome.notes)
    if sets[-1].failed:
        if len(runs) > 1 and not ended.cancelled:
            notes[f"It failed in timed run {len(runs)}; those before it ended well."] = None
        return replace(ended, notes=tuple(notes))
    if not counted.times_s:
        return replace(ended, notes=tuple(notes))
    spread = spread_of(counted.times_s)
    measurement = _peaks_of(runs, _timed_as(ended.measurement, counted, spread, measuring))
    first_s = ended.measurement.wall_time_s
    if _DIFFERS in notes and first_s is not None:
        measurement = replace(measurement, wall_time_s=max(first_s, spread.median))
    if not measurement.wall_time_steady and spread.cv is not None:
        notes[_unsteady(spread.cv, measuring)] = None
    return replace(ended, results=results, measurement=measurement, notes=tuple(notes))


def _timed_as(measurement: Measurement, counted: _Timed, spread: Spread, measuring: Measuring) -> Measurement:
    several = len(counted.outcomes) > 1
    return replace(
        measurement,
        wall_time_s=spread.median,
        repeats_s=counted.times_s if several else (),
        wall_time_cv=spread.cv,
        wall_time_steady=spread.is_within(measuring.largest_cv),
        clock_disagrees=any(each.measurement.clock_disagrees for each in counted.outcomes),
    )


def _peaks_of(runs: Sequence[RunOutcome], measurement: Measurement) -> Measurement:
    """The largest of each peak over all runs, with the words for how that one was measured."""
    every = [outcome.measurement for outcome in runs]
    host = max(every, key=lambda each: each.peak_host_memory_bytes or -1)
    group = max(every, key=lambda each: each.peak_cgroup_bytes or -1)
    gpu = max(every, key=lambda each: each.peak_gpu_memory_bytes or -1)
    return replace(
        measurement,
        peak_host_memory_bytes=host.peak_host_memory_bytes,
        host_memory_method=host.host_memory_method,
        peak_cgroup_bytes=group.peak_cgroup_bytes,
        peak_cgroup_method=group.peak_cgroup_method,
        peak_gpu_memory_bytes=gpu.peak_gpu_memory_bytes,
        gpu_memory_method=gpu.gpu_memory_method,
        gpu=_gpu_of(gpu, every),
    )


def _gpu_of(largest: Measurement, every: Sequence[Measurement]) -> GpuFigures | None:
    """The figures of the run with the largest peak, and every slowdown of any run."""
    if largest.gpu is None:
        return None
    throttled = dict.fromkeys(reason for each in every if each.gpu is not None for reason in each.gpu.throttled)
    return replace(largest.gpu, throttled=tuple(throttled))


def _unsteady(cv: float, measuring: Measuring) -> str:
    return (
        f"The timed runs differ by {cv:.1%} (coefficient of variation) even after they were run again, "
        f"where the challenge allows {measuring.largest_cv:.1%}."
    )


def _with_surroundings(outcome: RunOutcome, warm_up: _WarmUp, *, load_s: float | None, reference_s: float | None) -> RunOutcome:
    phases: PhaseTimes = replace(outcome.measurement.phases, load_s=load_s, warm_up_s=warm_up.took_s)
    measurement = replace(outcome.measurement, phases=phases, reference_s=reference_s)
    return replace(outcome, measurement=measurement, notes=(*warm_up.notes, *outcome.notes))


def _failure(outcome: RunOutcome, limits: Limits) -> Failure | None:
    return classify(
        outcome, time_limit_s=limits.time_s, memory_limit_bytes=limits.memory_bytes, output_limit_bytes=limits.output_bytes
    )


def _beside(results: Path, what: str) -> Path:
    return results.with_name(f"{results.name}.{what}")
