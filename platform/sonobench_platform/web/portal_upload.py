"""An image sent by a plain form, for browsers without JavaScript: streamed to disk as it comes, never held in memory.

A form says how long it is as a whole, so how long its file is follows from where the file begins: it is the form's last part.
The form's secret stands before the file, and is looked at before anything is opened. Where the body breaks off, the submission
is canceled at once and its attempt given back.
"""

from __future__ import annotations

import contextlib
import hmac
from functools import partial
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from sonobench_platform.accounts import csrf, sessions
from sonobench_platform.accounts.access import ALLOWED, LimitsDep
from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.domain.errors import Forbidden, Refusal, Unauthorised, Unprocessable
from sonobench_platform.streaming import announced_bytes, drain, received
from sonobench_platform.submissions import upload
from sonobench_platform.submissions.cancel import cancel
from sonobench_platform.submissions.create import create
from sonobench_platform.submissions.schemas import NewSubmission
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.portal_build import PORTAL, Told
from sonobench_platform.web.portal_forms import said_at
from sonobench_platform.web.portal_multipart import FilePart, read_file_part
from sonobench_platform.web.portal_pages import checklist
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)


def form_sender(request: Request, core: CoreDep, limits: LimitsDep) -> Identity:
    """Who is signed in in the browser that sends a form whose body is not read yet; the form's secret is in that body."""
    cookie = sessions.cookie_of(request, core.settings)
    identity = None if cookie is None else sessions.recognise(core, cookie)
    if identity is None:
        limits.count_visit(request)
        raise Unauthorised("session-over", "You are signed out; sign in again.")
    csrf.refuse_foreign(request, core.settings)
    limits.count_request(request, identity)
    return identity


ALLOWED[form_sender] = frozenset({Role.SIGNED_IN})
FormSender = Annotated[Identity, Depends(form_sender)]


@router.post(f"{PORTAL}/challenges/{{name}}/upload")
async def upload_by_form(request: Request, core: CoreDep, caller: FormSender, name: str) -> Response:
    """Opens a submission and takes its image; goes on to the submission's page."""
    try:
        part = await read_file_part(request, announced_bytes(request), idle_s=core.settings.upload_idle_s)
        _check_secret(caller, part.fields.get(csrf.FIELD, ""))
        submission_id = await _take(core, caller, name, part)
    except Refusal as refused:
        await drain(request)
        if refused.code == "csrf":
            raise
        return await run_in_threadpool(_again, core, caller, name, refused)
    return see_other(f"/submissions/{submission_id}")


async def _take(core: Core, caller: Identity, name: str, part: FilePart) -> str:
    """The new submission's id, once its image is whole."""
    submission_id = await run_in_threadpool(_open, core, caller, name, part)
    accept = partial(upload.accept, core, caller, submission_id, part.size_bytes)
    try:
        async with received(part, accept, idle_s=core.settings.upload_idle_s) as incoming:
            await run_in_threadpool(upload.complete, core, submission_id, incoming, None)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(_give_up, core, caller, submission_id)
        raise
    return submission_id


def _open(core: Core, caller: Identity, name: str, part: FilePart) -> str:
    wanted = _wanted(part)
    with core.database.write() as work:
        return create(core, work, caller, challenge_name=name, wanted=wanted).id


def _wanted(part: FilePart) -> NewSubmission:
    """What the form says of the submission.

    Raises:
        Unprocessable: no file was chosen, or the note will not do.
    """
    if part.size_bytes <= 0:
        raise Unprocessable("no-image", _("Choose the file with the image first."))
    said = {name: part.fields[name] for name in ("note", "phase") if part.fields.get(name)}
    try:
        return NewSubmission.model_validate({**said, "size_bytes": part.size_bytes})
    except ValidationError as error:
        raise Unprocessable("bad-note", _("The note takes up to 200 plain characters in one line.")) from error


def _give_up(core: Core, caller: Identity, submission_id: str) -> None:
    with contextlib.suppress(Refusal), core.database.write() as work:
        cancel(core, work, submission_id, caller=caller, cause="the upload in the browser broke off")


def _check_secret(caller: Identity, said: str) -> None:
    if caller.csrf is None or not hmac.compare_digest(said.encode(), caller.csrf.encode()):
        raise Forbidden("csrf", "This form is from before you signed in; open its page again.")


def _again(core: Core, caller: Identity, name: str, refused: Refusal) -> Response:
    said = said_at("upload-image" if refused.code == "no-image" else "", refused)
    return checklist(core, caller, name, told=Told(errors=said.errors), said=said)
