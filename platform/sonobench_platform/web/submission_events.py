"""The stream that an open page of a submission listens to. Whoever may see the page may listen, and nobody else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from sonobench_platform.accounts.access import ParticipantOrOrganiser
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep, core_of
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.live import Look, Seat, Stamp, Watching, stamps_of
from sonobench_platform.web.submission_pages import SubmissionId

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy that gathers bytes before it passes them on would hold every event back
}
SeenQuery = Annotated[str, Query(max_length=32)]


class _Events(StreamingResponse):
    """Gives its seat back however it ends, also where nobody ever read of it."""

    def __init__(self, watching: Watching, seat: Seat) -> None:
        super().__init__(watching.events(seat), media_type="text/event-stream", headers=_HEADERS)
        self._watching, self._seat = watching, seat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._watching.leave(self._seat)


@router.get("/submissions/{submission_id}/events")
async def submission_events(
    request: Request, core: CoreDep, caller: ParticipantOrOrganiser, submission_id: SubmissionId, seen: SeenQuery = ""
) -> Response:
    """`change` whenever the page would say something else than it did at the stamp `seen`, or at `Last-Event-ID`.

    Where no seat is left the answer is 204. A browser takes that as the stream's end for good, and the page asks every now and
    then instead; of any status that names a fault the browser would write an error into its reader's console.
    """
    await run_in_threadpool(_refuse_unknown, core, caller, submission_id)
    last = request.headers.get("last-event-id", "")[:32] or seen
    watching = watching_of(request)
    seat = watching.take(submission_id, caller=_who(caller), seen=last)
    return Response(status_code=204, headers=_HEADERS) if seat is None else _Events(watching, seat)


def watching_of(request: Request) -> Watching:
    """This process's; made when it is first asked for."""
    state = cast(Any, request.app.state)
    if not hasattr(state, "watching"):
        state.watching = Watching(_look_at(core_of(request)))
    return state.watching  # type: ignore[no-any-return]


def end_watching(app: Any) -> None:
    """Have every stream of the application end at once, so that a server which is to end need not wait for them."""
    watching = getattr(app.state, "watching", None)
    if watching is not None:
        watching.close()


def _look_at(core: Core) -> Look:
    def read(submission_ids: Collection[str]) -> Mapping[str, Stamp]:
        with core.database.read() as session:
            return stamps_of(session, submission_ids, core.clock.now())

    async def look(submission_ids: Collection[str]) -> Mapping[str, Stamp]:
        return await run_in_threadpool(read, submission_ids)

    return look


def _refuse_unknown(core: Core, caller: Identity, submission_id: str) -> None:
    """Raises NotFound where the caller may not know of the submission."""
    with core.database.read() as session:
        repository.whole(session, submission_id, caller=caller)


def _who(caller: Identity) -> str:
    teams = ",".join(sorted(caller.team_ids))
    return f"{caller.kind}:{caller.person_id or teams or caller.name}"
