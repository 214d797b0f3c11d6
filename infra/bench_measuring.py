"""Is the time right, and does measuring cost any? Part of `make bench`; alone: python -m infra.bench_measuring [--short]

A container of ours notes the monotonic clock as the first and as the last thing it does. Wall time as the platform tells
it (the engine's) is held against those stamps for lengths from 0.1 to 60 s; the same wait seen from the client is the
named peer. The rest of a wall time is the container's own start and end, which the stamps cannot see.

What measuring costs is told within single runs: while the container works in small pieces, the meter samples it for a
quarter of a second, rests for as long, and so on. Each turn is held against its neighbours, because what a shared
machine does changes from one minute to the next by far more than a meter could cost. Told are the usual piece of work,
all pieces together (which a contended machine scatters widely), and the meter's own CPU time, the most that it can take
from a container by running in its stead. `busy` looks a hundred times as often: where this way of telling works, it is seen.
"""

from __future__ import annotations

import argparse
import bisect
import hashlib
import io
import json
import os
import resource
import shutil
import struct
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import ClassVar
from unittest.mock import patch

from sonobench_eval.challenge.model import Limits
from sonobench_eval.meter.cgroup import Looks, find_cgroup
from sonobench_eval.meter.host_memory import INTERVAL_S, HostMemoryMeter
from sonobench_eval.meter.meter import RunMeter, Usage
from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.docker_engine import run as run_module
from sonobench_eval.sandbox.docker_engine.keeper import image_tar
from sonobench_eval.sandbox.port import EngineMissing, ImageIdentity, Mounts, RunSpec, container_name

PROGRAM = Path(__file__).with_name("bench_stamps.c")
RUNS = {0.1: 20, 0.3: 16, 1.0: 12, 3.0: 6, 10.0: 3, 30.0: 1, 60.0: 1}
"""Seconds that the container sleeps, to how many runs of it: under four minutes in all."""
SHORT_RUNS = {0.1: 10, 0.3: 6, 1.0: 3}
COST_S, SHORT_COST_S, SPAN_S = 45.0, 8.0, 0.25
BUSY_INTERVAL_S = 0.0005
TARGET = " (target: under 1 %)"
TARGET_MS = 20.0
_LIMITS = Limits(time_s=300, memory_bytes=64 * 2**20, cpus=1, pids=16, shm_bytes=2**20, scratch_bytes=2**20, output_bytes=2**21)


@dataclass(frozen=True, slots=True)
class Timed:
    """One run: the container's own stamps (s), what the platform says, and what a client's clock around the run saw."""

    stamps_s: tuple[float, ...]
    wall_s: float
    client_s: float

    @property
    def own_s(self) -> float:
        return self.stamps_s[-1] - self.stamps_s[0]


@dataclass(frozen=True, slots=True)
class Turn:
    """A while in which the meter sampled or rested, by the container's clock; `cpu_share` of one CPU went into it."""

    metered: bool
    began_s: float
    ended_s: float
    cpu_share: float


class OnAndOff(RunMeter):
    """Samples for a while and rests for as long, in turns."""

    turns: ClassVar[list[Turn]] = []
    interval_s: ClassVar[float] = INTERVAL_S

    def started(self, container_id: str, pid: int) -> None:
        """Begin with a rest."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._take_turns, args=(Looks(find_cgroup(container_id, pid)),))
        self._thread.start()

    def stop(self) -> Usage:
        """End the turns."""
        if hasattr(self, "_over"):
            self._over.set()
            self._thread.join()
        return super().stop()

    def _take_turns(self, looks: Looks) -> None:
        metered = False
        while not self._over.is_set():
            meter = HostMemoryMeter(looks.sample, source="a bench", interval_s=self.interval_s)
            began_s, cpu_s = time.monotonic(), _own_cpu_s()
            if metered:
                meter.start()
            self._over.wait(SPAN_S)
            if metered:
                meter.stop()
            ended_s = time.monotonic()
            self.turns.append(Turn(metered, began_s, ended_s, (_own_cpu_s() - cpu_s) / (ended_s - began_s)))
            metered = not metered
        looks.close()


class Bench:
    """Runs the program on an engine, under the flags of strangers' images."""

    def __init__(self, engine: DockerEngine, identity: ImageIdentity, folder: Path) -> None:
        self._engine = engine
        self._identity = identity
        self._folder = folder
        self._number = 0

    def run(self, asked: str) -> Timed:
        """One run of `sleep SECONDS` or `beat SECONDS`."""
        self._number += 1
        case_list, results = self._folder / "cases.json", self._folder / "results.tar"
        case_list.write_text(asked)
        run_id = f"bench-{os.getpid()}"
        spec = RunSpec(
            name=container_name(run_id, self._number),
            image=self._identity,
            mounts=Mounts(self._folder / "inputs", "/input/", case_list, "/input_json", "/output"),
            limits=_LIMITS,
            writable=(),
            run_id=run_id,
            attempt=self._number,
            node=f"bench-{os.getpid()}",
        )
        began_s = time.monotonic()
        outcome = self._engine.run(spec, results)
        client_s = time.monotonic() - began_s
        if outcome.exit_code != 0 or outcome.measurement.wall_time_s is None:
            raise SystemExit(f"the bench's own container failed: exit code {outcome.exit_code} {outcome.engine_error}")
        return Timed(_stamps_s(results), outcome.measurement.wall_time_s, client_s)


def main(arguments: Sequence[str] = ()) -> None:
    short = _options(arguments).short
    if shutil.which("gcc") is None:
        print("measuring: not benched, as there is no gcc to build its program with")
        return
    try:
        engine = DockerEngine.connect()
    except EngineMissing as missing:
        print(f"measuring: not benched. {missing}")
        return
    with tempfile.TemporaryDirectory() as name, _bench(engine, Path(name)) as bench:
        bench.run("sleep 0")  # the keeper's image is loaded with the first run
        show_error(bench, SHORT_RUNS if short else RUNS)
        show_cost(bench, SHORT_COST_S if short else COST_S)


def show_error(bench: Bench, runs: dict[float, int]) -> None:
    """Wall time less the container's own stamps, for each length and over all."""
    print("wall time against the container's own stamps (the peer: a clock around the client's call)")
    every: list[float] = []
    for length_s, count in runs.items():
        timed = [bench.run(f"sleep {length_s}") for _ in range(count)]
        errors_ms = [1000 * (each.wall_s - each.own_s) for each in timed]
        client_ms = median(1000 * (each.client_s - each.own_s) for each in timed)
        every += errors_ms
        told = f"median {median(errors_ms):5.1f} ms, worst {max(errors_ms, key=abs):5.1f} ms, client {client_ms:6.0f} ms"
        print(f"  {length_s:5.1f} s x {count:2}: {told}")
    absolute = sorted(abs(error) for error in every)
    print(
        f"  all {len(every)}: median error {median(absolute):.1f} ms (target: at most {TARGET_MS:g}), p95 {_p95(absolute):.1f} ms"
    )


def show_cost(bench: Bench, seconds: float) -> None:
    """What the container loses while it is measured, against right before and after."""
    print(f"cost of measuring on the container's own time, in turns of {SPAN_S:g} s over {seconds:g} s")
    for name, interval_s, lasts_s in (("the meter", INTERVAL_S, seconds), ("busy", BUSY_INTERVAL_S, seconds / 3)):
        stamps_s, turns = turns_of(bench, lasts_s, interval_s=interval_s)
        share = median(turn.cpu_share for turn in turns if turn.metered) - median(
            turn.cpu_share for turn in turns if not turn.metered
        )
        costs = (
            ("a piece of work takes", costs_of(stamps_s, turns, median)),
            ("all pieces together take", costs_of(stamps_s, turns, fmean)),
        )
        said = ", ".join(f"{what} {median(each):+.2%} +- {_unsure(each):.2%}" for what, each in costs)
        print(f"  {name}: {said}, and it takes {share:.2%} of one CPU for itself" + TARGET * (name == "the meter"))


def turns_of(bench: Bench, seconds: float, *, interval_s: float) -> tuple[tuple[float, ...], list[Turn]]:
    """One run under a meter that works in turns: the container's stamps, and when it was which turn."""
    OnAndOff.turns, OnAndOff.interval_s = [], interval_s
    with patch.object(run_module, "RunMeter", OnAndOff):
        return bench.run(f"beat {seconds}").stamps_s, OnAndOff.turns


def costs_of(stamps_s: Sequence[float], turns: Sequence[Turn], middle: Callable[[list[float]], float]) -> list[float]:
    """For each metered turn, the time of its pieces (in the `middle`) over that in the turns beside it, less 1."""
    each = [(turn.metered, _pieces_s(stamps_s, turn)) for turn in turns]
    triples = zip(each, each[1:], each[2:], strict=False)
    return [
        2 * middle(on) / (middle(before) + middle(after)) - 1
        for (_, before), (metered, on), (_, after) in triples
        if metered and before and on and after
    ]


def _pieces_s(stamps_s: Sequence[float], turn: Turn) -> list[float]:
    """How long the pieces took that lie wholly in the turn."""
    first, last = bisect.bisect_left(stamps_s, turn.began_s), bisect.bisect_right(stamps_s, turn.ended_s)
    return [after - before for before, after in pairwise(stamps_s[first:last])]


def _unsure(values: Sequence[float]) -> float:
    """A median's standard error, from the quartiles."""
    low, _, high = quantiles(values, n=4)
    return float(1.25 * (high - low) / 1.35 / len(values) ** 0.5)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.bench_measuring", description="Is the time right?")
    parser.add_argument("--short", action="store_true", help="few and short runs: under a minute")
    return parser.parse_args(arguments)


@contextmanager
def _bench(engine: DockerEngine, folder: Path) -> Iterator[Bench]:
    """The program as an image in the engine, gone afterwards."""
    program, tar = folder / "stamps", folder / "image.tar"
    subprocess.run(["gcc", "-O2", "-static", "-o", program, PROGRAM], check=True)
    image, diff_id = image_tar({"stamps": (program.read_bytes(), 0o755)}, tag="sonobench-bench/stamps:1", command="/stamps")
    tar.write_bytes(image)
    (folder / "inputs").mkdir()
    identity = engine.load(tar, ImageIdentity(_config_digest(image), (diff_id,)))
    try:
        yield Bench(engine, identity, folder)
    finally:
        engine.forget(identity)


def _config_digest(image: bytes) -> str:
    with tarfile.open(fileobj=io.BytesIO(image)) as tar:
        manifest = tar.extractfile("manifest.json")
        config = tar.extractfile(json.load(manifest)[0]["Config"]) if manifest else None
        return "sha256:" + hashlib.sha256(config.read() if config else b"").hexdigest()


def _stamps_s(results: Path) -> tuple[float, ...]:
    with tarfile.open(results) as tar:
        stamps = tar.extractfile("stamps")
        return tuple(ns / 1e9 for (ns,) in struct.iter_unpack("<q", stamps.read() if stamps else b""))


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
