"""From start to end of one container: waiting, the time limit, cancelling, and what the engine knows afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors
import requests

from sonobench_eval.meter.meter import RunMeter, Usage
from sonobench_eval.sandbox.docker_engine.calls import engine_call, image_may_be_refused, is_conflict
from sonobench_eval.sandbox.port import SandboxTrouble

LOOK_EVERY_S = 1.0
DIES_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended. Times are the engine's own text; `monotonic_s` is from the start call's return to the end."""

    exit_code: int | None
    oom_killed: bool
    timed_out: bool
    cancelled: bool
    started_at: str
    finished_at: str
    monotonic_s: float
    usage: Usage


def execute(
    api: docker.APIClient,
    container_id: str,
    *,
    time_limit_s: float,
    should_stop: Callable[[], bool],
    meter: RunMeter,
    between: Callable[[], None] = lambda: None,
) -> Ended:
    """Start the container and stay until it has ended, by itself or by our hand. `between` is called about once a second.

    Raises:
        ImageRefusedByEngine: it cannot start because of what the image is.
        UnexplainedRefusal: it cannot start, and nobody knows why.
        SandboxTrouble: the engine failed, the container cannot be killed, or its GPU is not fit for a measured run.
    """
    try:
        if unfit := meter.before_start():
            raise SandboxTrouble(unfit)
        with image_may_be_refused("start a container"):
            api.start(container_id)
        began = time.monotonic()
        meter.started(container_id, _state(api, container_id).get("Pid") or 0)
        deadline = began + time_limit_s
        why = _until_ended(api, container_id, deadline=deadline, should_stop=should_stop, meter=meter, between=between)
        monotonic_s = time.monotonic() - began
    finally:
        usage = meter.stop()
    if why == "hopeless" or (usage.gpu.trouble and why != "stop"):
        raise SandboxTrouble(usage.gpu.trouble or "The run's GPU was in trouble, and nobody knows why any more.")
    state = _state(api, container_id)
    return Ended(
        exit_code=state.get("ExitCode"),
        oom_killed=bool(state.get("OOMKilled")) or usage.host.oom_kills > 0,
        timed_out=why == "time",
        cancelled=why == "stop",
        started_at=state.get("StartedAt", ""),
        finished_at=state.get("FinishedAt", ""),
        monotonic_s=monotonic_s,
        usage=usage,
    )


def _until_ended(
    api: docker.APIClient,
    container_id: str,
    *,
    deadline: float,
    should_stop: Callable[[], bool],
    meter: RunMeter,
    between: Callable[[], None],
) -> str:
    """Returns `itself`, `time`, `stop` or `hopeless`: why the container is no longer running."""
    while True:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return "time" if _kill(api, container_id) else "itself"
        if _ended_within(api, container_id, min(LOOK_EVERY_S, left_s)):
            return "itself"
        if should_stop():
            return "stop" if _kill(api, container_id) else "itself"
        if meter.is_hopeless:
            return "hopeless" if _kill(api, container_id) else "itself"
        between()


def _ended_within(api: docker.APIClient, container_id: str, seconds: float) -> bool:
    try:
        with engine_call("wait for a container"):
            _wait(api, container_id, seconds)
    except TimeoutError:
        # Silence can also be a wedged engine. An inspect has a timeout of its own and raises where it is.
        return not _state(api, container_id).get("Running", False)
    return True


def _wait(api: docker.APIClient, container_id: str, seconds: float) -> None:
    try:
        api.wait(container_id, timeout=max(0.05, seconds))  # type: ignore[arg-type]  # parts of a second are meant
    except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError) as error:
        # docker-py lets a read timeout through as either of them, depending on where it struck.
        raise TimeoutError from error


def _kill(api: docker.APIClient, container_id: str) -> bool:
    """Kill every process of the container; False where it had ended before. Never `stop`: the image names that signal."""
    with engine_call("kill a container"):
        try:
            api.kill(container_id)
        except docker.errors.APIError as error:
            if is_conflict(error) or not _state(api, container_id).get("Running", False):
                return False
            raise
    if not _ended_within(api, container_id, DIES_WITHIN_S):
        raise SandboxTrouble(f"The container {container_id[:12]} was killed but did not end within {DIES_WITHIN_S:g} s.")
    return True


def _state(api: docker.APIClient, container_id: str) -> dict[str, Any]:
    with engine_call("look at a container"):
        state: dict[str, Any] = api.inspect_container(container_id)["State"]
    return state
