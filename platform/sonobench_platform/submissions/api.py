"""Submissions: a team's own; organisers see all."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool

from sonobench_eval.evaluation import Evaluation
from sonobench_platform.accounts.access import OrganiserCaller, Participant, ParticipantOrOrganiser
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.desk.paging import PageDep, key_of, page
from sonobench_platform.problems import refusals
from sonobench_platform.runs.evaluations import evaluation_json
from sonobench_platform.storage.incoming import Incoming, parse_content_digest
from sonobench_platform.streaming import announced_bytes, received
from sonobench_platform.submissions import cancel, create, details, upload, view
from sonobench_platform.submissions.schemas import (
    CreatedSubmission,
    NewSubmission,
    RunDetails,
    RunLog,
    Submission,
    Submissions,
)

router = APIRouter(prefix="/api/v1", tags=["submissions"])

SubmissionId = Annotated[str, Path(description="The submission's id.", examples=["sub-k3jw5xq2m7ud4n6a"])]
BODY = {"requestBody": {"required": True, "content": {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}}}}
CONTENT_DIGEST = {
    "name": "Content-Digest",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "`sha-256=:BASE64:` of the body (RFC 9530). Where given, it is verified.",
}


@router.post(
    "/challenges/{name}/submissions",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(401, 403, 404, 409, 413, 429, 507),
    summary="Open a submission",
)
def create_submission(core: CoreDep, caller: Participant, name: str, body: NewSubmission) -> CreatedSubmission:
    """Opens a submission that waits for its image; PUT it to `upload_url`."""
    with core.database.write() as work:
        made = create.create(core, work, caller, challenge_name=name, wanted=body)
        shown = view.view_one(work.session, caller, made.id, now=core.clock.now())
    return CreatedSubmission(submission=shown, upload_url=f"/api/v1/submissions/{made.id}/image")


@router.put(
    "/submissions/{submission_id}/image",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(400, 401, 403, 404, 408, 409, 411, 413, 429, 507),
    openapi_extra={**BODY, "parameters": [CONTENT_DIGEST]},
    summary="Send the image",
)
async def put_image(request: Request, core: CoreDep, caller: Participant, submission_id: SubmissionId) -> Submission:
    """Takes the `docker save` tar as the raw body. A broken or wrong body leaves nothing, and it can be sent again."""
    size_bytes = announced_bytes(request)
    sha256 = parse_content_digest(request.headers.get("content-digest"))
    accept = partial(upload.accept, core, caller, submission_id, size_bytes)
    idle_s = core.settings.upload_idle_s
    async with received(request, accept, idle_s=idle_s) as incoming:
        return await run_in_threadpool(_complete, core, caller, submission_id, incoming, sha256)


def _complete(core: Core, caller: Identity, submission_id: str, incoming: Incoming, sha256: bytes | None) -> Submission:
    upload.complete(core, submission_id, incoming, sha256)
    with core.database.read() as session:
        return view.view_one(session, caller, submission_id, now=core.clock.now())


@router.get("/submissions", responses=refusals(401, 403, 422), summary="Submissions, newest first")
def list_submissions(
    *,
    request: Request,
    response: Response,
    core: CoreDep,
    caller: ParticipantOrOrganiser,
    asked: PageDep,
    challenge: Annotated[str | None, Query(max_length=64, description="Only of this challenge.")] = None,
) -> Submissions:
    """A team sees its own, organisers see those of their challenges."""
    with core.database.read() as session:
        found = view.view_newest(
            session, caller, challenge=challenge, limit=asked.limit + 1, after=asked.place, now=core.clock.now()
        )
    shown = page(found, asked, key=lambda each: key_of(each.created_at, each.id), request=request, response=response)
    return Submissions(items=shown.items, next=shown.next)


@router.get("/submissions/{submission_id}", responses=refusals(401, 403, 404), summary="One submission")
def get_submission(core: CoreDep, caller: ParticipantOrOrganiser, submission_id: SubmissionId) -> Submission:
    with core.database.read() as session:
        return view.view_one(session, caller, submission_id, now=core.clock.now())


@router.post("/submissions/{submission_id}/cancel", responses=refusals(401, 403, 404, 409), summary="Cancel a submission")
def cancel_submission(core: CoreDep, caller: ParticipantOrOrganiser, submission_id: SubmissionId) -> Submission:
    """Ends it in whatever state it is; a running container is stopped within seconds. Twice is harmless."""
    with core.database.write() as work:
        cancel.cancel(core, work, submission_id, caller=caller)
        return view.view_one(work.session, caller, submission_id, now=core.clock.now())


@router.get(
    "/submissions/{submission_id}/evaluation",
    response_model=Evaluation,
    responses=refusals(401, 403, 404),
    summary="The evaluation of a scored submission",
)
def get_evaluation(core: CoreDep, caller: ParticipantOrOrganiser, submission_id: SubmissionId) -> Response:
    """Organisers get it whole; a team gets its own without the single cases and without names its container wrote."""
    with core.database.read() as session:
        document = evaluation_json(session, caller, submission_id, now=core.clock.now())
    return Response(document, media_type="application/json")


@router.get("/submissions/{submission_id}/log", responses=refusals(401, 403, 404), summary="The end of a run's log")
def get_log(core: CoreDep, caller: ParticipantOrOrganiser, submission_id: SubmissionId) -> RunLog:
    """Organisers read every log; a team its own where the challenge says `logs: team`: 500 lines, 64 KiB. Else 404.

    Of a run that failed on the public samples its team reads the log always: nothing in it is from hidden data.
    """
    with core.database.read() as session:
        return details.log_of(session, caller, submission_id)


@router.get("/submissions/{submission_id}/run", responses=refusals(401, 403, 404), summary="All that is known of a run")
def get_run(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId) -> RunDetails:
    """How it ended and what was measured: repeats, processor time, the memory curve, the GPU. For organisers alone."""
    with core.database.read() as session:
        return details.details_of(session, caller, submission_id)
