"""Containers and volumes that are removed on every way out, an interrupt included."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import docker
import docker.errors

from sonobench_eval.sandbox.docker_engine.calls import LIBRARY_ERRORS, engine_call, is_conflict
from sonobench_eval.sandbox.limits import Json
from sonobench_eval.sandbox.port import AlreadyRunning

log = logging.getLogger(__name__)

Refusing = Callable[[str], AbstractContextManager[None]]
"""What to make of an engine's refusal to do what is named."""


@contextmanager
def owned_container(api: docker.APIClient, config: Json, name: str, *, refusing: Refusing) -> Iterator[str]:
    """Create a container, yield its id, remove it. Whose name is taken was started before, and is not ours to remove.

    Args:
        refusing: `image_may_be_refused` for a stranger's image, `engine_call` for our own.

    Raises:
        AlreadyRunning: the name is taken.
        ImageRefusedByEngine, SandboxTrouble: as `refusing` has it.
    """
    try:
        container_id = _create(api, config, name, refusing)
    except AlreadyRunning:
        raise
    except BaseException:
        # The engine may have made it before we were interrupted; the name is ours, as it was free.
        remove_container(api, name)
        raise
    try:
        yield container_id
    finally:
        remove_container(api, container_id)


def _create(api: docker.APIClient, config: Json, name: str, refusing: Refusing) -> str:
    with refusing("create a container"):
        try:
            created = api.create_container_from_config(config, name)  # type: ignore[no-untyped-call]
        except docker.errors.APIError as error:
            if is_conflict(error):
                raise AlreadyRunning(f"The container {name} exists already: this attempt was started before.") from error
            raise
    return str(created["Id"])


@contextmanager
def owned_volume(api: docker.APIClient, name: str, *, options: dict[str, str], labels: dict[str, str]) -> Iterator[str]:
    """Create a volume, yield its name, remove it. Only for a run whose container name is already claimed:
    an engine hands out an existing volume of the same name without a word.
    """
    try:
        with engine_call("create a volume"):
            api.create_volume(name, driver="local", driver_opts=options, labels=labels)
        yield name
    finally:
        remove_volume(api, name)


def remove_container(api: docker.APIClient, name: str) -> bool:
    """Kill and remove a container and its anonymous volumes. A failure is logged; the sweep tries again."""
    try:
        api.remove_container(name, v=True, force=True)
    except docker.errors.NotFound:
        return False
    except LIBRARY_ERRORS as error:
        log.warning("container %s could not be removed: %s", name, str(error))
        return False
    return True


def remove_volume(api: docker.APIClient, name: str) -> bool:
    """Remove a volume. A failure is logged; the sweep tries again."""
    try:
        api.remove_volume(name, force=True)
    except docker.errors.NotFound:
        return False
    except LIBRARY_ERRORS as error:
        log.warning("volume %s could not be removed: %s", name, str(error))
        return False
    return True
