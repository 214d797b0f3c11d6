"""`sonobench worker run`: joins the run worker (`node/`) to the engine, the internal API and the broker.

Imports neither the database nor the nouns: what runs strangers' images gets inputs, a node token, and nothing else.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from sonobench_eval.doctor.examine import Setting, examine_node, node_fingerprint
from sonobench_eval.doctor.report import NodeReport
from sonobench_eval.meter.gpu_place import GpuFacts, gpu_facts
from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.port import SandboxTrouble
from sonobench_platform.commands.journal import start_journal
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.node.cache import InputsCache
from sonobench_platform.node.client import NodeClient
from sonobench_platform.node.runner import Place
from sonobench_platform.node.safety import Machine, Safety
from sonobench_platform.node.slot import GpuClaim, Slot, SlotTaken, node_id
from sonobench_platform.node.speed import Speed
from sonobench_platform.node.worker import Pace, RunWorker
from sonobench_platform.queue.celery_app import RUN_QUEUE, make_app
from sonobench_platform.queue.consume import consume
from sonobench_platform.queue.embedded import redis_server, socket_url
from sonobench_platform.queue.tasks import register_run_tasks

log = logging.getLogger(__name__)

_ASK_AGAIN_S = 1.0
_MACHINE_LOCKS = Path("/run/lock/sonobench")


def run_worker(settings: Settings, *, slot: int, poll_s: float, drain_grace_s: float) -> None:
    """Run what is queued until SIGTERM or SIGINT; where that cannot even start, say why and exit with 1."""
    start_journal("run-worker")
    pace = Pace(poll_s=poll_s, drain_grace_s=drain_grace_s)
    with told_in_a_sentence(SlotTaken, SandboxTrouble), ExitStack() as held:
        name = node_name(settings, slot=slot)
        folder = settings.home / "node"
        gpu = None if settings.gpu_uuid is None else gpu_facts(settings.gpu_uuid)
        _claim_gpu(settings, gpu, folder, held)
        place = Place(
            node=name,
            work=held.enter_context(closing(Slot(folder, slot))).work,
            runtime=settings.runtime,
            gpu_uuid=settings.gpu_uuid,
            cpuset=_cpus(settings, gpu),
        )
        api = held.enter_context(closing(NodeClient(settings.api_url, token=read_token(settings.node_token_file), node=name)))
        doctor = NodeDoctor(Setting(settings.home, settings.runtime, settings.gpu_uuid, staging=place.work))
        machine = Machine() if gpu is None else Machine(gpu.name, gpu.driver)
        kept = folder / f"doctor-{slot}.json"
        safety = Safety(doctor, api, kept=kept, accept_unsafe=settings.accept_unsafe_node, machine=machine)
        speed = Speed(api, work=place.work, runtime=place.runtime, cpuset=place.cpuset, every_s=settings.reference_every_s)
        inputs = InputsCache(folder / "inputs")
        connect = partial(
            DockerEngine.connect, output_folder=folder / "outputs", output_in_memory_bytes=settings.output_in_memory_bytes
        )
        worker = RunWorker(api, connect, inputs, place, safety=safety, speed=speed, pace=pace)
        _on_signal(worker.leave)
        worker.recover()
        log.info("%s takes runs from %s", name, settings.api_url)
        _work(worker, broker_address(settings), name=name)


def _cpus(settings: Settings, gpu: GpuFacts | None) -> str | None:
    """The configured CPUs, else those near the GPU: the way to it from others is longer, and timings tell."""
    if settings.gpu_uuid is None:
        return settings.cpuset
    if gpu is None:
        log.warning("GPU %s cannot be watched through NVML: runs that need it will be given back", settings.gpu_uuid)
        return settings.cpuset
    accounting = "on" if gpu.accounting else "off"
    log.info(
        "GPU %s: %s, driver %s, accounting %s, near CPUs %s", gpu.uuid, gpu.name, gpu.driver, accounting, gpu.cpus_near or "all"
    )
    return settings.cpuset if settings.cpuset is not None else gpu.cpus_near


class NodeDoctor:
    """`sonobench doctor` for this worker's own runtime and GPU; see `node/safety.py`."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def fingerprint(self) -> str:
        return node_fingerprint(self._setting)

    def examine(self) -> NodeReport:
        return examine_node(self._setting)


def node_name(settings: Settings, *, slot: int) -> str:
    """The configured name, or the machine's with this home's own id: two platforms on one machine must never
    take each other's containers for leftovers. Slots after the first add their number."""
    configured = "node_name" in settings.model_fields_set and settings.node_name
    name = configured or f"{settings.node_name[:50]}-{node_id(settings.home / 'node')}"
    return f"{name[:60]}-{slot}" if slot else name


def broker_address(settings: Settings) -> str | None:
    """Where wake-ups come from: the configured broker, or the private one of this home; None where there is none."""
    return settings.broker_url or (socket_url(settings.home) if redis_server() else None)


def read_token(path: Path | None) -> str:
    """The node token in the file `path`.

    Raises:
        CommandError: there is none yet.
    """
    if path is None or not path.is_file():
        raise CommandError(
            f"there is no node token at {path}; start `sonobench serve` once, or copy the server's node-token there"
        )
    return path.read_text().strip()


def _claim_gpu(settings: Settings, gpu: GpuFacts | None, folder: Path, held: ExitStack) -> None:
    """Hold the configured GPU, all of it, for as long as `held` does; nothing where none is configured."""
    if settings.gpu_uuid is None:
        return
    if gpu is None and settings.gpu_uuid.startswith("MIG-"):
        raise CommandError(
            f"{settings.gpu_uuid} cannot be found through NVML, so nobody knows which GPU it is a part of; look at its driver"
        )
    locks = _MACHINE_LOCKS if _MACHINE_LOCKS.parent.is_dir() else folder
    whole, part = (gpu.whole_uuid, gpu.uuid) if gpu is not None else (settings.gpu_uuid, None)
    held.enter_context(closing(GpuClaim(whole, locks=locks, part=part if part != whole else None)))


def _work(worker: RunWorker, broker: str | None, *, name: str) -> None:
    ended = threading.Event()
    poller = threading.Thread(target=_poll, args=(worker, ended), name="poll")
    poller.start()
    try:
        if broker is None:
            log.info("no broker: polling")
            wait_for_signal(worker.leave)
        else:
            app = make_app(broker)
            register_run_tasks(app, wake=worker.wake)
            consume(app, [RUN_QUEUE], name=f"run@{name}", concurrency=1, on_shutdown=worker.leave)
    finally:
        ended.set()
        worker.leave()
        poller.join()


def _poll(worker: RunWorker, ended: threading.Event) -> None:
    """Poll, and see to it that the process ends after: a signal can come before anything here waits for one."""
    worker.poll_until_leaving()
    while not ended.wait(_ASK_AGAIN_S):
        os.kill(os.getpid(), signal.SIGTERM)


def wait_for_signal(on_signal: Callable[[], None]) -> None:
    """Wait for SIGTERM or SIGINT and call `on_signal`; later signals change nothing."""
    told = threading.Event()
    _on_signal(told.set)
    told.wait()
    on_signal()


def _on_signal(call: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: call())
