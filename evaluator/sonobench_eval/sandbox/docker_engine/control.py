"""Is it the node or the image? Our own image, loaded or started as a stranger's would be, tells."""

from __future__ import annotations

import secrets
from contextlib import suppress

import docker

from sonobench_eval.sandbox.docker_engine.calls import LIBRARY_ERRORS, engine_call, load_error
from sonobench_eval.sandbox.docker_engine.keeper import COMMAND, control_tag, control_tar, ensure_keeper
from sonobench_eval.sandbox.docker_engine.owned import owned_container
from sonobench_eval.sandbox.docker_engine.parents import run_parent
from sonobench_eval.sandbox.limits import NodeFacts, control_config, in_group
from sonobench_eval.sandbox.port import RunSpec, SandboxTrouble


def another_image_starts(api: docker.APIClient, node: NodeFacts, spec: RunSpec) -> bool:
    """True where the engine, at this moment, starts a container of our own image with the run's inputs and limits."""
    try:
        name, body = f"{spec.name}-control", control_config(spec, node=node, image=ensure_keeper(api), command=COMMAND)
        with run_parent(node, spec, name=name) as parent:
            body = in_group(body, None if parent is None else parent.engine_name)
            control = owned_container(api, body, name, refusing=engine_call)
            with control as container_id, engine_call("start a container"):
                api.start(container_id)
    except SandboxTrouble:
        return False
    return True


def another_image_loads(api: docker.APIClient) -> bool:
    """True where the engine, at this moment, unpacks an image of our own with a layer that is new to it."""
    token = secrets.token_hex(8)
    try:
        with engine_call("load an image"):
            return not load_error(api, control_tar(token))
    except SandboxTrouble:
        return False
    finally:
        with suppress(*LIBRARY_ERRORS):
            api.remove_image(control_tag(token))
