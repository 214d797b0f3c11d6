"""Is the time right, and does measuring cost any? Part of `make bench`; alone: python -m infra.bench_measuring [--short]

A container of ours notes the monotonic clock as the first and as the last thing it does. Wall time as the platform tells
it (the engine's) is held against those stamps for lengths from 0.1 to 60 s; the same wait seen from the client is the
named peer. The rest of a wall time is the container's own start and end, which the stamps cannot see.

What measuring costs is the same work with and without the meter, in turns, by the container's own stamps: neighbours on a
shared machine change both alike, so pairs are compared, and the spread of the pairs says how far to trust the median.
Where the CPUs are contended, the container's own CPU time tells more than the time that went by: waiting is not in it.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from unittest.mock import patch

from sonobench_eval.challenge.model import Limits
from sonobench_eval.meter.meter import RunMeter
from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.docker_engine import run as run_module
from sonobench_eval.sandbox.docker_engine.keeper import image_tar
from sonobench_eval.sandbox.port import EngineMissing, ImageIdentity, Mounts, RunSpec, container_name

PROGRAM = Path(__file__).with_name("bench_stamps.c")
RUNS = {0.1: 20, 0.3: 16, 1.0: 12, 3.0: 6, 10.0: 3, 30.0: 1, 60.0: 1}
"""Seconds that the container sleeps, to how many runs of it: under four minutes in all."""
SHORT_RUNS = {0.1: 10, 0.3: 6, 1.0: 3}
PAIRS, SHORT_PAIRS = 16, 6
WORK_STEPS = 150_000_000
TARGET_MS, TARGET_COST = 20.0, 0.01
_LIMITS = Limits(time_s=300, memory_bytes=64 * 2**20, cpus=1, pids=16, shm_bytes=2**20, scratch_bytes=2**20, output_bytes=2**20)


@dataclass(frozen=True, slots=True)
class Timed:
    """One run: what the container noted, what the platform says, and what a client's clock around the run saw."""

    own_s: float
    own_cpu_s: float
    wall_s: float
    client_s: float
    meter_cpu_s: float


class Unmetered(RunMeter):
    """The meter, asleep."""

    def started(self, container_id: str, pid: int) -> None:
        """Samples nothing."""


class Bench:
    """Runs the program on an engine, under the flags of strangers' images."""

    def __init__(self, engine: DockerEngine, identity: ImageIdentity, folder: Path) -> None:
        self._engine = engine
        self._identity = identity
        self._folder = folder
        self._number = 0

    def run(self, asked: str) -> Timed:
        """One run of `sleep SECONDS` or `work STEPS`."""
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
        began_s, cpu_s = time.monotonic(), _own_cpu_s()
        outcome = self._engine.run(spec, results)
        client_s, meter_cpu_s = time.monotonic() - began_s, _own_cpu_s() - cpu_s
        if outcome.exit_code != 0 or outcome.measurement.wall_time_s is None:
            raise SystemExit(f"the bench's own container failed: exit code {outcome.exit_code} {outcome.engine_error}")
        return Timed(*_stamped_s(results), outcome.measurement.wall_time_s, client_s, meter_cpu_s)


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
        show_cost(bench, SHORT_PAIRS if short else PAIRS)


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


def show_cost(bench: Bench, pairs: int) -> None:
    """The same work with and without the meter, in turns; and the meter's own CPU time, which is the exacter figure."""
    times, cpu_times, meter_share = [], [], []
    for number in range(pairs):
        metered_first = number % 2 == 0
        one = _work(bench, metered=metered_first)
        other = _work(bench, metered=not metered_first)
        metered, plain = (one, other) if metered_first else (other, one)
        times.append(metered.own_s / plain.own_s - 1)
        cpu_times.append(metered.own_cpu_s / plain.own_cpu_s - 1)
        meter_share.append((metered.meter_cpu_s - plain.meter_cpu_s) / metered.own_s)
    print(f"cost of measuring, {pairs} pairs of the same work of about {plain.own_s:.1f} s, with and without the meter")
    for what, ratios in (("time", times), ("CPU time", cpu_times)):
        low, _, high = quantiles(ratios, n=4)
        told = f"median {median(ratios):+.2%} (target: under {TARGET_COST:.0%}), middle half {low:+.2%} to {high:+.2%}"
        print(f"  on the container's own {what}: {told}")
    print(f"  the meter's own CPU time: {median(meter_share):.2%} of one CPU while the container runs")


def _work(bench: Bench, *, metered: bool) -> Timed:
    if metered:
        return bench.run(f"work {WORK_STEPS}")
    with patch.object(run_module, "RunMeter", Unmetered):
        return bench.run(f"work {WORK_STEPS}")


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


def _stamped_s(results: Path) -> tuple[float, float]:
    """The time between the stamps, and the CPU time."""
    with tarfile.open(results) as tar:
        stamps = tar.extractfile("stamps")
        began_ns, ended_ns, cpu_ns, _ = (stamps.read() if stamps else b"").split()
    return (int(ended_ns) - int(began_ns)) / 1e9, int(cpu_ns) / 1e9


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
