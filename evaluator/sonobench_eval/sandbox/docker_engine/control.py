"""Is it the node or the image? A container of our own image, started as a stranger's would be, tells."""

from __future__ import annotations

import docker

from sonobench_eval.sandbox.docker_engine.calls import engine_call
from sonobench_eval.sandbox.docker_engine.keeper import COMMAND, ensure_keeper
from sonobench_eval.sandbox.docker_engine.owned import owned_container
from sonobench_eval.sandbox.limits import NodeFacts, control_config
from sonobench_eval.sandbox.port import RunSpec, SandboxTrouble


def another_image_starts(api: docker.APIClient, node: NodeFacts, spec: RunSpec) -> bool:
    """True where the engine, at this moment, starts a container of our own image with the run's inputs and limits."""
    try:
        body = control_config(spec, node=node, image=ensure_keeper(api), command=COMMAND)
        control = owned_container(api, body, f"{spec.name}-control", refusing=engine_call)
        with control as container_id, engine_call("start a container"):
            api.start(container_id)
    except SandboxTrouble:
        return False
    return True
