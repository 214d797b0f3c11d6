"""One run on the engine, from verified image to collected results, with nothing left behind.

Three containers make a run. `<name>-image` is of the stranger's image and never started: its files are read from it,
and its name is what a second start of the same attempt stumbles over, as it lives from first to last. `<name>-keeper`
is ours and holds the in-memory volumes. `<name>` runs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import docker

from sonobench_eval.meter.clock import clocks_disagree, engine_time, wall_time_s
from sonobench_eval.meter.meter import RunMeter
from sonobench_eval.sandbox.docker_engine.calls import ImageRefusedByEngine, engine_call
from sonobench_eval.sandbox.docker_engine.collect import Collected, collect
from sonobench_eval.sandbox.docker_engine.execute import Ended, execute
from sonobench_eval.sandbox.docker_engine.fill import Content, copy_place, measure, read_passwd, refuse_odd_accounts
from sonobench_eval.sandbox.docker_engine.images import verified_facts
from sonobench_eval.sandbox.docker_engine.keeper import COMMAND, ensure_keeper
from sonobench_eval.sandbox.docker_engine.logs import LogTail, read_log_tail
from sonobench_eval.sandbox.docker_engine.owned import owned_container, owned_volume
from sonobench_eval.sandbox.docker_engine.statistics import read_statistics
from sonobench_eval.sandbox.failure import size
from sonobench_eval.sandbox.limits import (
    ImageFacts,
    NodeFacts,
    Place,
    container_config,
    keeper_config,
    labels,
    output_volume_options,
    place_volume_options,
    probe_config,
)
from sonobench_eval.sandbox.places import declared_volumes, home_of, places_of, why_unfit
from sonobench_eval.sandbox.port import Measurement, ProgressFn, RunOutcome, RunSpec, SandboxTrouble

LARGEST_COPY_BYTES = 8 * 2**30
SHARE_OF_MEMORY_TO_COPY = 4
"""An image's places are copied up to this part (a quarter) of the node's memory, and never beyond the figure above."""
MOST_FILES_TO_COPY = 500_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A container that is ready to start, the keeper that holds its output, and what was done differently than asked."""

    container_id: str
    keeper_id: str
    notes: tuple[str, ...]


def run_container(
    api: docker.APIClient,
    node: NodeFacts,
    spec: RunSpec,
    *,
    results: Path,
    should_stop: Callable[[], bool],
    progress: ProgressFn,
) -> RunOutcome:
    """See `port.Sandbox.run`."""
    with ExitStack() as owned:
        progress("create")
        try:
            prepared = _prepare(api, node, spec, owned)
            meter = RunMeter(gpu_uuid=spec.gpu_uuid, engine_reader=partial(read_statistics, api, prepared.container_id))
            progress("run")
            ended = execute(api, prepared.container_id, time_limit_s=spec.limits.time_s, should_stop=should_stop, meter=meter)
        except ImageRefusedByEngine as refusal:
            return never_started(str(refusal))
        progress("collect")
        log = read_log_tail(api, prepared.container_id, limit_bytes=spec.limits.log_bytes)
        collected = collect(api, keeper=prepared.keeper_id, output_at=spec.mounts.output_at, limits=spec.limits, results=results)
        progress("remove")
    return _outcome(ended, collected, log, results=results, notes=prepared.notes)


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


def _prepare(api: docker.APIClient, node: NodeFacts, spec: RunSpec, owned: ExitStack) -> Prepared:
    image = verified_facts(api, spec.image)
    if why := why_unfit(image):
        raise ImageRefusedByEngine(why)
    probe = owned.enter_context(owned_container(api, probe_config(spec, image), f"{spec.name}-image"))
    refuse_odd_accounts(api, probe)
    home, places, notes = _writable_places(api, node, spec, image=image, probe=probe)
    output_volume = f"{spec.name}-output"
    keeper = _start_keeper(api, node, spec, owned, output_volume=output_volume, places=places)
    for place in places:
        if place.content_files:
            copy_place(api, image_container=probe, at=place.at, keeper=keeper, keeper_at=_keeper_path(place))
    body = container_config(spec, node=node, image=image, home=home, output_volume=output_volume, places=places)
    container_id = owned.enter_context(owned_container(api, body, spec.name))
    _assert_image(api, container_id, image)
    if spec.limits.cpus > node.cpus:
        notes = (*notes, f"It ran with {node.cpus} CPUs, all this node has, where the challenge allows {spec.limits.cpus:g}.")
    return Prepared(container_id, keeper, notes)


def _start_keeper(
    api: docker.APIClient, node: NodeFacts, spec: RunSpec, owned: ExitStack, *, output_volume: str, places: tuple[Place, ...]
) -> str:
    """Make every in-memory volume of the run and the container that holds them; its id."""
    options = {output_volume: output_volume_options(spec.limits, node)}
    options.update({place.volume: place_volume_options(place, node) for place in places})
    for name, volume_options in options.items():
        owned.enter_context(owned_volume(api, name, options=volume_options, labels=labels(spec)))
    at = {output_volume: spec.mounts.output_at, **{place.volume: _keeper_path(place) for place in places}}
    body = keeper_config(spec, image=ensure_keeper(api), command=COMMAND, volumes=at)
    keeper = owned.enter_context(owned_container(api, body, f"{spec.name}-keeper"))
    with engine_call("start the keeper"):
        api.start(keeper)
    return keeper


def _keeper_path(place: Place) -> str:
    return "/" + place.volume


def _writable_places(
    api: docker.APIClient, node: NodeFacts, spec: RunSpec, *, image: ImageFacts, probe: str
) -> tuple[str, tuple[Place, ...], tuple[str, ...]]:
    """HOME, the places that are given as copies in memory, and a note for each that could not be.

    The copies of all places share one allowance: they lie in the node's memory and are charged to no container.
    """
    taken = (spec.mounts.inputs_at, spec.mounts.case_list_at, spec.mounts.output_at)
    home = home_of(image, passwd=read_passwd(api, probe), taken=taken)
    most = left_bytes = min(LARGEST_COPY_BYTES, node.memory_bytes // SHARE_OF_MEMORY_TO_COPY)
    left_files = MOST_FILES_TO_COPY
    places: list[Place] = []
    notes: list[str] = []
    for number, at in enumerate(places_of(image, home=home, writable=spec.writable, taken=taken)):
        found = measure(api, probe, at, limit_bytes=left_bytes, limit_files=left_files)
        place = Place(f"{spec.name}-place{number}", at, spec.limits.scratch_bytes)
        if found.kind in {"nothing", "folder"}:
            places.append(replace(place, content_bytes=found.size_bytes, content_files=found.files))
            left_bytes, left_files = left_bytes - found.size_bytes, left_files - found.files
            continue
        notes.append(_not_writable(at, found, most))
        if at in declared_volumes(image):
            places.append(place)  # left alone it would become a volume on the host's disk: it is covered, and empty
    return home, tuple(places), tuple(notes)


def _not_writable(at: str, found: Content, most: int) -> str:
    if found.kind == "no_folder":
        return f"{at} is not a folder in the image, so it was left as it is."
    return (
        f"{at} of the image was not made writable: with it, more than {size(most)} or {MOST_FILES_TO_COPY:,} files "
        "would have to be copied into memory."
    )


def _assert_image(api: docker.APIClient, container_id: str, image: ImageFacts) -> None:
    with engine_call("look at a container"):
        made_of = api.inspect_container(container_id)["Image"]
    if made_of != image.engine_id:
        raise SandboxTrouble(f"The Docker Engine made a container of {made_of} where {image.engine_id} was asked for.")


def _outcome(ended: Ended, collected: Collected, log: LogTail, *, results: Path, notes: tuple[str, ...]) -> RunOutcome:
    host, gpu = ended.usage.host, ended.usage.gpu
    wall_s = wall_time_s(ended.started_at, ended.finished_at)
    measurement = Measurement(
        wall_time_s=wall_s,
        monotonic_s=ended.monotonic_s,
        clock_disagrees=clocks_disagree(wall_s, ended.monotonic_s),
        cpu_time_s=host.cpu_time_s,
        peak_host_memory_bytes=host.peak_bytes,
        host_memory_method=host.method,
        peak_gpu_memory_bytes=gpu.peak_bytes,
        gpu_memory_method=gpu.method,
        gpu_name=gpu.name,
        peak_cgroup_bytes=host.peak_cgroup_bytes,
    )
    return RunOutcome(
        exit_code=ended.exit_code,
        oom_killed=ended.oom_killed,
        timed_out=ended.timed_out,
        cancelled=ended.cancelled,
        output_full=collected.bytes_full,
        output_too_many_files=collected.too_many,
        log_truncated=log.truncated,
        started_at=engine_time(ended.started_at),
        finished_at=engine_time(ended.finished_at),
        measurement=measurement,
        results=results,
        result_files=collected.files,
        result_bytes=collected.size_bytes,
        log_tail=log.text,
        notes=notes,
    )
