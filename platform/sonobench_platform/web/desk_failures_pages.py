"""The desk's failures by cause, and the logs of runs. What is done about them goes the way of `desk_submissions_pages.py`."""

from __future__ import annotations

from fastapi import APIRouter, Response

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.core import CoreDep
from sonobench_platform.submissions import failures, repository
from sonobench_platform.submissions.details import log_of
from sonobench_platform.web import desk_failures_build as build
from sonobench_platform.web.desk_frame import desk_challenge, frame_of
from sonobench_platform.web.rendering import private_response

router = APIRouter(prefix="/desk/challenges/{name}", include_in_schema=False)


@router.get("/failures")
def failures_page(core: CoreDep, caller: OrganiserCaller, name: str) -> Response:
    """What failed, by cause, with what can be done about each."""
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        groups = failures.groups(session, challenge.id, newest=build.SHOWN)
        troubled = failures.in_trouble(session, challenge.id)
    context = build.failures_context(challenge, frame_of(challenge, caller, "failures"), groups, troubled)
    return private_response(context, reader=caller)


@router.get("/failures/{submission_id}/log")
def log_page(core: CoreDep, caller: OrganiserCaller, name: str, submission_id: str) -> Response:
    """The end of a run's log, as the API gives it to organizers.

    Raises:
        NotFound: there is no such submission in this challenge, or no run of it has ended.
    """
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        if repository.whole(session, submission_id, caller=caller).challenge.id != challenge.id:
            raise repository.no_such_submission()
        log = log_of(session, caller, submission_id)
    return private_response(build.log_context(challenge, frame_of(challenge, caller, "failures"), log), reader=caller)
