"""The internal API: what run workers call with the node token. No hidden truth passes here."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response, status
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from sonobench_platform.accounts.access import NodeCaller
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.core import CoreDep
from sonobench_platform.db.models import ImageRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.ids import is_digest
from sonobench_platform.nodes import service as nodes
from sonobench_platform.problems import refusals
from sonobench_platform.runs import heartbeat, results
from sonobench_platform.runs.canary import report_canary
from sonobench_platform.runs.claim import claim
from sonobench_platform.runs.finish import finish
from sonobench_platform.runs.give_back import release
from sonobench_platform.runs.schemas import (
    NODE_PATTERN,
    Assignment,
    Attempt,
    CanaryAnswer,
    CanaryReport,
    Claim,
    Done,
    Finish,
    Heartbeat,
    HeartbeatAnswer,
    LiveRuns,
    Release,
)
from sonobench_platform.streaming import announced_bytes, received
from sonobench_platform.submissions.api import BODY, CONTENT_DIGEST

router = APIRouter(prefix="/internal/v1", tags=["internal"])

RunId = Annotated[str, Path(description="The run's id.")]
NodeQuery = Annotated[str, Query(pattern=NODE_PATTERN, description="The node's name.")]
TAR: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(
    "/claims",
    response_model=Assignment,
    responses={204: {"description": "Nothing is due for this node."}, **refusals(401, 403)},
    summary="Claim the run that is due",
)
def post_claim(core: CoreDep, _caller: NodeCaller, body: Claim) -> Assignment | Response:
    """Leases it to the node under a new attempt number. Fair between teams, then oldest first."""
    with core.database.write() as work:
        nodes.see(core, work, body.node, gpus=body.gpus)
        assignment = claim(core, work, node=body.node, gpus=body.gpus)
    return Response(status_code=status.HTTP_204_NO_CONTENT) if assignment is None else assignment


@router.get("/runs/live", responses=refusals(401, 403), summary="Attempts that a node owns")
def get_live(core: CoreDep, _caller: NodeCaller, node: NodeQuery) -> LiveRuns:
    """A node removes its containers of every other attempt."""
    with core.database.read() as session:
        return LiveRuns(live=heartbeat.live_on(session, node))


@router.post("/runs/{run_id}/heartbeat", responses=refusals(401, 403, 404, 409), summary="Keep a lease")
def post_heartbeat(core: CoreDep, _caller: NodeCaller, run_id: RunId, body: Heartbeat) -> HeartbeatAnswer:
    """409 with code `lease-lost` when this attempt no longer owns the run."""
    with core.database.write() as work:
        stop = heartbeat.beat(core, work, run_id, attempt=body.attempt, node=body.node, phase=body.phase, log_tail=body.log_tail)
    return HeartbeatAnswer(stop=stop)


@router.put(
    "/runs/{run_id}/results",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(400, 401, 403, 404, 408, 409, 411, 413, 429, 507),
    openapi_extra={**BODY, "parameters": [{**CONTENT_DIGEST, "required": True}]},
    summary="Hand back results",
)
async def put_results(
    request: Request,
    core: CoreDep,
    _caller: NodeCaller,
    run_id: RunId,
    attempt: Annotated[Attempt, Query()],
    node: Annotated[str | None, Query(pattern=NODE_PATTERN)] = None,
) -> None:
    """Takes the tar of predictions as the raw body. Sending it again replaces it while the attempt lives."""
    size_bytes = announced_bytes(request)
    sha256 = results.needed_digest(request.headers.get("content-digest"))
    accept = partial(results.accept, core, run_id, attempt=attempt, node=node, announced_bytes=size_bytes)
    async with received(request, accept, idle_s=core.settings.upload_idle_s) as incoming:
        await run_in_threadpool(results.complete, core, run_id, incoming, sha256, attempt=attempt, node=node)


@router.post("/runs/{run_id}/canary", responses=refusals(401, 403, 404, 409), summary="Tell how the public samples went")
def post_canary(core: CoreDep, _caller: NodeCaller, run_id: RunId, body: CanaryReport) -> CanaryAnswer:
    """Before any hidden input is fetched. Said twice, nothing changes. 409 with code `lease-lost` for an attempt that is over."""
    with core.database.write() as work:
        return CanaryAnswer(proceed=report_canary(core, work, run_id, body.report, attempt=body.attempt, node=body.node))


@router.post("/runs/{run_id}/finish", responses=refusals(401, 403, 404, 409), summary="Record how an attempt ended")
def post_finish(core: CoreDep, _caller: NodeCaller, run_id: RunId, body: Finish) -> Done:
    """Said twice for the same attempt, nothing changes. 409 with code `lease-lost` for an attempt that is over."""
    with core.database.write() as work:
        return Done(state=finish(core, work, run_id, body.report, attempt=body.attempt, node=body.node))


@router.post("/runs/{run_id}/release", responses=refusals(401, 403, 404, 409), summary="Give a run back")
def post_release(core: CoreDep, _caller: NodeCaller, run_id: RunId, body: Release) -> Done:
    """Back to the queue, at no cost to the team."""
    with core.database.write() as work:
        return Done(state=release(core, work, run_id, attempt=body.attempt, node=body.node, reason=body.reason))


@router.get(
    "/images/{config_digest}",
    response_class=FileResponse,
    responses={**TAR, **refusals(401, 403, 404)},
    summary="A verified image, as intake wrote it",
)
def get_image(core: CoreDep, _caller: NodeCaller, config_digest: str) -> FileResponse:
    with core.database.read() as session:
        known = is_digest(config_digest) and session.get(ImageRow, config_digest) is not None
    if not known or not core.store.image(config_digest).is_file():
        raise NotFound("no-such-image", "There is no verified image with this digest.")
    return FileResponse(core.store.image(config_digest), media_type="application/x-tar")


@router.get(
    "/inputs/{dataset_hash}",
    response_class=FileResponse,
    responses={**TAR, **refusals(401, 403, 404)},
    summary="A data set's input images",
)
def get_inputs(core: CoreDep, _caller: NodeCaller, dataset_hash: str) -> FileResponse:
    """A plain tar with the cases' images, named as the cases are; never a reference."""
    with core.database.read() as session:
        known = is_digest(dataset_hash) and challenges.has_inputs(session, dataset_hash)
    if not known or not core.store.inputs(dataset_hash).is_file():
        raise NotFound("no-such-inputs", "There is no data set with this hash.")
    return FileResponse(core.store.inputs(dataset_hash), media_type="application/x-tar")
