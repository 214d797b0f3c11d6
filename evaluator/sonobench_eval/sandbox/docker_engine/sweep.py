"""Removes what a dead worker left: containers and volumes of this node whose attempt is no longer alive."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import docker

from sonobench_eval.sandbox.docker_engine.calls import engine_call
from sonobench_eval.sandbox.docker_engine.owned import remove_container, remove_volume
from sonobench_eval.sandbox.port import ATTEMPT_LABEL, NODE_LABEL, RUN_LABEL, container_name

log = logging.getLogger(__name__)

_CONTAINER_ENDINGS = re.compile(r"(-image|-keeper|-control)?")
_VOLUME_ENDINGS = re.compile(r"-output|-place\d{1,3}")


def sweep(api: docker.APIClient, node: str, is_alive: Callable[[str, int], bool]) -> list[str]:
    """See `port.Sandbox.sweep`. Each thing is removed by itself: one that is wedged does not keep the others."""
    removed: list[str] = []
    filters = {"label": f"{NODE_LABEL}={node}"}
    with engine_call("list containers"):
        containers = api.containers(all=True, filters=filters)
    for container in containers:
        name = str((container.get("Names") or [""])[0]).lstrip("/")
        if _is_dead(name, container, ending=_CONTAINER_ENDINGS, is_alive=is_alive) and remove_container(api, name):
            removed.append(name)
    with engine_call("list volumes"):
        volumes = api.volumes(filters=filters).get("Volumes") or []
    for volume in volumes:
        name = str(volume.get("Name", ""))
        if _is_dead(name, volume, ending=_VOLUME_ENDINGS, is_alive=is_alive) and remove_volume(api, name):
            removed.append(name)
    return removed


def running_elsewhere(api: docker.APIClient, own_prefix: str) -> list[str]:
    """Names of running containers of runs, but for those of nodes whose names begin with `own_prefix`."""
    with engine_call("list containers"):
        containers = api.containers(filters={"label": RUN_LABEL})
    return [
        str((each.get("Names") or [""])[0]).lstrip("/")
        for each in containers
        if not str((each.get("Labels") or {}).get(NODE_LABEL, "")).startswith(own_prefix)
    ]


def _is_dead(name: str, thing: Mapping[str, Any], *, ending: re.Pattern[str], is_alive: Callable[[str, int], bool]) -> bool:
    """True for a thing that is ours, by its name and not by its labels alone: an image can carry any label."""
    labels = thing.get("Labels") or {}
    run_id, attempt = labels.get(RUN_LABEL, ""), labels.get(ATTEMPT_LABEL, "")
    if not re.fullmatch(r"[0-9]{1,9}", attempt):
        return False
    try:
        base = container_name(run_id, int(attempt))
    except ValueError:
        return False
    if not name.startswith(base) or not ending.fullmatch(name.removeprefix(base)):
        return False
    return not is_alive(run_id, int(attempt))
