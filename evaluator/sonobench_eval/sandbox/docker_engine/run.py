"""One run on the engine, from verified image to collected results, with nothing left behind.

Three containers make a run. `<name>-image` is of the stranger's image and never started: its files are read from it,
and its name is what a second start of the same attempt stumbles over, as it lives from first to last. `<name>-keeper`
is ours and holds the in-memory volumes. `<name>` runs. Where it cannot be started and nobody knows why, `<name>-control`,
of our own image, shows whether any could.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import docker

from sonobench_eval.meter.meter import RunMeter
from sonobench_eval.meter.parent import ParentGroup
from sonobench_eval.sandbox.docker_engine.calls import UnexplainedRefusal, engine_call, image_may_be_refused
from sonobench_eval.sandbox.docker_engine.collect import collect
from sonobench_eval.sandbox.docker_engine.control import another_image_starts
from sonobench_eval.sandbox.docker_engine.execute import execute
from sonobench_eval.sandbox.docker_engine.fill import copy_place, refuse_odd_accounts
from sonobench_eval.sandbox.docker_engine.images import assert_made_of, verified_facts
from sonobench_eval.sandbox.docker_engine.keeper import COMMAND, ensure_keeper
from sonobench_eval.sandbox.docker_engine.links import refuse_paths_astray
from sonobench_eval.sandbox.docker_engine.logs import LogTeller, read_log_tail
from sonobench_eval.sandbox.docker_engine.loop_disk import loop_disk
from sonobench_eval.sandbox.docker_engine.outcome import outcome_of
from sonobench_eval.sandbox.docker_engine.output_file import empty_output_file
from sonobench_eval.sandbox.docker_engine.owned import owned_container, owned_volume
from sonobench_eval.sandbox.docker_engine.parents import run_parent
from sonobench_eval.sandbox.docker_engine.statistics import read_statistics
from sonobench_eval.sandbox.docker_engine.writable import taken_paths, writable_places
from sonobench_eval.sandbox.limits import (
    NodeFacts,
    Place,
    container_config,
    cpus_given,
    disk_volume_options,
    in_group,
    keeper_config,
    labels,
    output_on_disk,
    output_volume_options,
    place_volume_options,
    probe_config,
    with_output_file,
)
from sonobench_eval.sandbox.places import why_unfit
from sonobench_eval.sandbox.port import (
    ImageRefusedByEngine,
    PhaseTimes,
    ProgressFn,
    RunOutcome,
    RunSpec,
    never_started,
)
from sonobench_eval.sandbox.refusals import blaming

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A container that is ready to start, the keeper that holds its output, the control group of ours that it is in, its
    memory limit as far as the node has as much, and what was done differently than asked."""

    container_id: str
    keeper_id: str
    parent: ParentGroup | None
    limit_bytes: int
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
    """See `port.Sandbox.run`.

    Where the engine gives a reason that nobody knows, a container of our own image is tried, then this one once more:
    what fails before and after another image started is the image's doing, and no node needs to try it again.
    """
    run_once = partial(_run_once, api, node, spec, results=results, should_stop=should_stop, progress=progress)
    try:
        return run_once()
    except UnexplainedRefusal as refusal:
        log.warning("%s: %s", spec.name, refusal)
        if not another_image_starts(api, node, spec):
            raise
    try:
        return run_once()
    except UnexplainedRefusal as refusal:
        return never_started(blaming(refusal.words))


def _run_once(
    api: docker.APIClient,
    node: NodeFacts,
    spec: RunSpec,
    *,
    results: Path,
    should_stop: Callable[[], bool],
    progress: ProgressFn,
) -> RunOutcome:
    began_s = time.monotonic()
    with ExitStack() as owned:
        progress("create")
        try:
            prepared = _prepare(api, node, spec, owned)
            meter = RunMeter(
                gpu_uuid=spec.gpu_uuid,
                gpu_exclusive=spec.gpu_exclusive,
                engine_reader=partial(read_statistics, api, prepared.container_id, limit_bytes=prepared.limit_bytes),
                parent=prepared.parent,
            )
            created_s = time.monotonic()
            progress("run")
            ended = execute(
                api,
                prepared.container_id,
                time_limit_s=spec.limits.time_s,
                should_stop=should_stop,
                meter=meter,
                between=LogTeller(api, prepared.container_id, spec.tell_log).look,
            )
        except ImageRefusedByEngine as refusal:
            return never_started(str(refusal))
        progress("collect")
        ended_s = time.monotonic()
        tail = read_log_tail(api, prepared.container_id, limit_bytes=spec.limits.log_bytes)
        collected = collect(api, keeper=prepared.keeper_id, output_at=spec.mounts.output_at, limits=spec.limits, results=results)
        phases = PhaseTimes(create_s=created_s - began_s, collect_s=time.monotonic() - ended_s)
        progress("remove")
    return outcome_of(ended, collected, tail, phases=phases, results=results, notes=prepared.notes)


def _prepare(api: docker.APIClient, node: NodeFacts, spec: RunSpec, owned: ExitStack) -> Prepared:
    image = verified_facts(api, spec.image)
    if why := why_unfit(image):
        raise ImageRefusedByEngine(why)
    probe = owned.enter_context(
        owned_container(api, probe_config(spec, image), f"{spec.name}-image", refusing=image_may_be_refused)
    )
    refuse_odd_accounts(api, probe)
    refuse_paths_astray(api, probe, image, taken=taken_paths(spec))
    home, places, notes = writable_places(api, node, spec, image=image, probe=probe)
    output_volume = f"{spec.name}-output"
    keeper = _start_keeper(api, node, spec, owned, output_volume=output_volume, places=places)
    for place in places:
        if place.content_files:
            copy_place(api, image_container=probe, at=place.at, keeper=keeper, keeper_at=_keeper_path(place))
    body = container_config(spec, node=node, image=image, home=home, output_volume=output_volume, places=places)
    if spec.mounts.output_file is not None:
        body = with_output_file(body, spec, source=empty_output_file(api, spec, keeper=keeper, volume=output_volume))
    parent = owned.enter_context(run_parent(node, spec))
    body = in_group(body, None if parent is None else parent.engine_name)
    container_id = owned.enter_context(owned_container(api, body, spec.name, refusing=image_may_be_refused))
    assert_made_of(api, container_id, spec.image, engine_id=image.engine_id)
    limit_bytes = min(int(body["HostConfig"]["Memory"]), node.memory_bytes)
    return Prepared(container_id, keeper, parent, limit_bytes, (*notes, *_cpu_notes(spec, node)))


def _cpu_notes(spec: RunSpec, node: NodeFacts) -> tuple[str, ...]:
    given, allowed = cpus_given(spec, node), spec.limits.cpus
    whose = "this node has" if spec.cpuset is None else f"it is given on this node ({spec.cpuset})"
    return (f"It ran with {given:g} CPUs, all {whose}, where the challenge allows {allowed:g}.",) if given < allowed else ()


def _start_keeper(
    api: docker.APIClient, node: NodeFacts, spec: RunSpec, owned: ExitStack, *, output_volume: str, places: tuple[Place, ...]
) -> str:
    """Make every volume of the run and the container that holds them; its id."""
    plan = output_on_disk(spec.limits, node)
    disk = None if plan is None else owned.enter_context(loop_disk(spec, plan))
    options = {output_volume: output_volume_options(spec.limits, node) if disk is None else disk_volume_options(disk.device)}
    options.update({place.volume: place_volume_options(place, node) for place in places})
    for name, volume_options in options.items():
        owned.enter_context(owned_volume(api, name, options=volume_options, labels=labels(spec)))
    at = {output_volume: spec.mounts.output_at, **{place.volume: _keeper_path(place) for place in places}}
    body = keeper_config(spec, image=ensure_keeper(api), command=COMMAND, volumes=at)
    keeper = owned.enter_context(owned_container(api, body, f"{spec.name}-keeper", refusing=engine_call))
    with engine_call("start the keeper"):
        api.start(keeper)
    if disk is not None:
        disk.let_go()  # it is mounted now, and goes when the keeper does
    return keeper


def _keeper_path(place: Place) -> str:
    return "/" + place.volume
