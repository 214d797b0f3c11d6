"""Nodes: run workers say how their machine is, organisers read it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from sonobench_platform.accounts.access import AdministratorCaller, NodeCaller
from sonobench_platform.core import CoreDep
from sonobench_platform.nodes import draining, repository, service
from sonobench_platform.nodes.schemas import Draining, Node, NodeReport, Nodes, ReferenceTime
from sonobench_platform.nodes.view import node_of
from sonobench_platform.problems import refusals
from sonobench_platform.runs.schemas import NODE_PATTERN

router = APIRouter(prefix="/api/v1/nodes", tags=["nodes"])
internal = APIRouter(prefix="/internal/v1", tags=["internal"])

NodeInPath = Annotated[str, Path(pattern=NODE_PATTERN, description="The node's name.")]


@router.get("", responses=refusals(401, 403), summary="All nodes")
def list_nodes(core: CoreDep, _caller: AdministratorCaller) -> Nodes:
    """What each node last said of itself, and how its speed has drifted."""
    with core.database.read() as session:
        return Nodes(items=[node_of(session, row) for row in repository.everything(session)])


@router.post("/{node}/drain", responses=refusals(401, 403, 404), summary="Give a node no new run")
def post_drain(core: CoreDep, caller: AdministratorCaller, node: NodeInPath, body: Draining) -> Node:
    """The run that it has goes on to its end. Twice is harmless."""
    with core.database.write() as work:
        return node_of(work.session, draining.drain(core, work, caller, node, reason=body.reason))


@router.post("/{node}/take-back", responses=refusals(401, 403, 404), summary="Give a node runs again")
def post_take_back(core: CoreDep, caller: AdministratorCaller, node: NodeInPath) -> Node:
    """After it was drained. Twice is harmless."""
    with core.database.write() as work:
        return node_of(work.session, draining.take_back(core, work, caller, node))


@internal.put(
    "/nodes/{node}/report",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(401, 403),
    summary="What a node's own check found",
)
def put_report(core: CoreDep, _caller: NodeCaller, node: NodeInPath, body: NodeReport) -> None:
    """Replaces what it found before."""
    with core.database.write() as work:
        service.keep_report(core, work, node, is_safe=body.is_safe, report=body.report)


@internal.post(
    "/nodes/{node}/reference",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(401, 403),
    summary="What a node's reference container took",
)
def post_reference(core: CoreDep, _caller: NodeCaller, node: NodeInPath, body: ReferenceTime) -> None:
    """The first one stays, so that drift can be told."""
    with core.database.write() as work:
        service.keep_reference(core, work, node, body.seconds)
