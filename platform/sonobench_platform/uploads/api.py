"""Resumable uploads over HTTP: tus 1.0.0 with creation, checksum, expiration and termination.

The protocol's header is asked for after the token, so that a stranger learns nothing from the answer.
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response, status
from starlette.concurrency import run_in_threadpool

from sonobench_platform.accounts.access import Everyone, Participant
from sonobench_platform.core import CoreDep
from sonobench_platform.domain.errors import BadRequest
from sonobench_platform.problems import refusals
from sonobench_platform.uploads import headers
from sonobench_platform.uploads.append import Wanted, append, let_writer_end
from sonobench_platform.uploads.open import Opened, open_for, open_with_submission
from sonobench_platform.uploads.standing import Standing, standing_of
from sonobench_platform.uploads.terminate import terminate

router = APIRouter(prefix="/api/v1", tags=["uploads"])

UploadId = Annotated[str, Path(description="The upload's id.", examples=["upl-k3jw5xq2m7ud4n6a"])]
SUBMISSION = "Sonobench-Submission"
"""Names the submission that an upload belongs to, in every answer about it."""


def _version(request: Request) -> None:
    headers.check_version(request.headers.get("tus-resumable"))


Version = Annotated[None, Depends(_version)]


def _said(name: str, description: str, *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string"}, "description": description}


TUS = _said("Tus-Resumable", "`1.0.0`")
METADATA = _said(
    "Upload-Metadata",
    "`key BASE64, ...`. Read: `challenge`, `phase`, `note`, and `sha256` of the whole in hexadecimal digits, which is verified. "
    "All others, `filename` and `filetype` too, are only kept.",
)
OPTIONS_SAY = "What this server knows of tus"
BODY = {
    "requestBody": {
        "required": True,
        "content": {headers.BODY_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.options("/uploads", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Everyone], summary=OPTIONS_SAY)
@router.options("/uploads/{upload_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Everyone], summary=OPTIONS_SAY)
def options(core: CoreDep) -> Response:
    """Version, extensions, checksum algorithms and the largest upload, in headers."""
    known = {
        "Tus-Version": headers.VERSION,
        "Tus-Resumable": headers.VERSION,
        "Tus-Extension": headers.EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(headers.ALGORITHMS),
        "Tus-Max-Size": str(core.settings.max_upload_bytes),
    }
    return Response(status_code=status.HTTP_204_NO_CONTENT, headers=known)


@router.post(
    "/uploads",
    status_code=status.HTTP_201_CREATED,
    response_class=Response,
    responses=refusals(400, 401, 403, 404, 409, 412, 413, 429, 507),
    openapi_extra={"parameters": [TUS, _said("Upload-Length", "Exact size of the tar in bytes."), METADATA]},
    summary="Open a submission and a resumable upload for it",
)
def post_upload(request: Request, core: CoreDep, caller: Participant, _tus: Version) -> Response:
    """Takes the team's attempt and promises the disk space. `Location` is where the bytes go. Asked again with the same length
    and metadata before anything was sent, or with `sha256` in the metadata, it gives the same upload."""
    if "upload-defer-length" in request.headers:
        raise BadRequest("length-needed", "This server needs Upload-Length at creation; a length told later is not taken.")
    size_bytes = headers.parse_bytes("Upload-Length", request.headers.get("upload-length"))
    metadata = headers.parse_metadata(request.headers.get("upload-metadata"))
    return _created(open_with_submission(core, caller, size_bytes=size_bytes, metadata=metadata))


@router.post(
    "/submissions/{submission_id}/upload",
    status_code=status.HTTP_201_CREATED,
    response_class=Response,
    responses=refusals(400, 401, 403, 404, 409, 413, 429, 507),
    openapi_extra={"parameters": [{**METADATA, "required": False}]},
    summary="Open a resumable upload for a submission",
)
def post_submission_upload(
    request: Request,
    core: CoreDep,
    caller: Participant,
    submission_id: Annotated[str, Path(description="The submission's id.")],
) -> Response:
    """For a submission that waits for its image: `Location` is where its bytes go by tus. Twice gives the same upload."""
    metadata = headers.parse_metadata(request.headers.get("upload-metadata"))
    return _created(open_for(core, caller, submission_id, metadata))


@router.head(
    "/uploads/{upload_id}",
    response_class=Response,
    responses=refusals(401, 403, 404, 410, 412),
    openapi_extra={"parameters": [TUS]},
    summary="How much of an upload is there",
)
async def head_upload(core: CoreDep, caller: Participant, upload_id: UploadId, _tus: Version) -> Response:
    """`Upload-Offset` is what is safely on disk; once it is whole, `Repr-Digest` has its SHA-256.

    While another request writes, this waits a few seconds for its end: what a broken connection brought need not come again.
    """
    standing = await run_in_threadpool(standing_of, core, caller, upload_id)
    if not standing.is_finished:
        await let_writer_end(core, upload_id)
        standing = await run_in_threadpool(standing_of, core, caller, upload_id)
    said = {"Upload-Length": str(standing.size_bytes), "Cache-Control": "no-store"}
    if standing.metadata.header:
        said["Upload-Metadata"] = standing.metadata.header
    return Response(headers={**said, **_where(standing, standing.offset_bytes)})


@router.patch(
    "/uploads/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=refusals(400, 401, 403, 404, 408, 409, 410, 412, 413, 415, 423, 460, 507),
    openapi_extra={
        **BODY,
        "parameters": [
            TUS,
            _said("Upload-Offset", "Where these bytes belong: the present offset."),
            _said("Upload-Checksum", "`sha256 BASE64` of this body: then it is kept whole or not at all.", required=False),
        ],
    },
    summary="Send bytes of an upload",
)
async def patch_upload(request: Request, core: CoreDep, caller: Participant, upload_id: UploadId, _tus: Version) -> Response:
    """With the last byte the upload is complete and its image is checked. 423 while another request writes to it."""
    headers.check_body_type(request.headers.get("content-type"))
    length = request.headers.get("content-length")
    wanted = Wanted(
        offset_bytes=headers.parse_bytes("Upload-Offset", request.headers.get("upload-offset")),
        body_bytes=None if length is None else headers.parse_bytes("Content-Length", length),
        checksum=headers.parse_checksum(request.headers.get("upload-checksum")),
    )
    appended = await append(core, request, caller, upload_id, wanted)
    standing = appended.standing
    if appended.offset_bytes == standing.size_bytes and not standing.is_finished:
        standing = await run_in_threadpool(standing_of, core, caller, upload_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT, headers=_where(standing, appended.offset_bytes))


@router.delete(
    "/uploads/{upload_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=refusals(401, 403, 404, 409, 410, 412),
    openapi_extra={"parameters": [TUS]},
    summary="End an upload",
)
def delete_upload(core: CoreDep, caller: Participant, upload_id: UploadId, _tus: Version) -> Response:
    """Its submission is cancelled, the team's attempt is given back, and the bytes are removed."""
    terminate(core, caller, upload_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _created(opened: Opened) -> Response:
    said = {
        "Location": f"/api/v1/uploads/{opened.upload_id}",
        "Upload-Expires": format_datetime(opened.expires_at, usegmt=True),
        "Tus-Resumable": headers.VERSION,
        SUBMISSION: opened.submission_id,
    }
    return Response(status_code=status.HTTP_201_CREATED, headers=said)


def _where(standing: Standing, offset_bytes: int) -> dict[str, str]:
    """What every answer about an upload says."""
    said = {"Upload-Offset": str(offset_bytes), SUBMISSION: standing.submission_id}
    if standing.sha256 is None:
        said["Upload-Expires"] = format_datetime(standing.expires_at, usegmt=True)
    else:
        said["Repr-Digest"] = headers.repr_digest(standing.sha256)
    return said
