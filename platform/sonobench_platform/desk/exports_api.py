"""Exports for a challenge's organisers, streamed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.challenges.phases import get_phase
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.desk.exports import Form, Subject, Table, lines, table
from sonobench_platform.problems import refusals
from sonobench_platform.teams.visible import organised

router = APIRouter(prefix="/api/v1/challenges", tags=["exports"])

_TYPES = {Form.CSV: "text/csv; charset=utf-8", Form.JSON: "application/json"}
_CONTENT = {
    "text/csv": {"schema": {"type": "string"}},
    "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
}


@router.get(
    "/{name}/export/{subject}.{form}",
    response_class=StreamingResponse,
    responses={200: {"description": "The table, as a file.", "content": _CONTENT}, **refusals(401, 403, 404, 422)},
    summary="Export a table",
)
def export(
    *,
    core: CoreDep,
    caller: OrganiserCaller,
    name: str,
    subject: Annotated[Subject, Path(description="What of the challenge.")],
    form: Annotated[Form, Path(description="As what.")],
    phase: Annotated[str | None, Query(max_length=64, description="Only of this phase.")] = None,
) -> StreamingResponse:
    """In CSV, text that a spreadsheet would take for a formula has an apostrophe before it. Every export is in the audit log."""
    wanted = begin_export(core, caller, name, subject, phase=phase)
    headers = {"Content-Disposition": f'attachment; filename="{name}-{subject}.{form}"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(lines(form, wanted), media_type=_TYPES[form], headers=headers)


def begin_export(core: Core, caller: Identity, name: str, subject: Subject, *, phase: str | None) -> Table:
    """The table, once it is in the audit log that it is exported.

    Raises:
        NotFound: there is no such challenge or phase. Forbidden: others organise it.
    """
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        phase_id = None if phase is None else get_phase(work.session, challenge, phase).id
        detail = {"phase": phase}
        record(core, work, caller, f"export.{subject}", challenge.name, challenge_id=challenge.id, detail=detail)
    return table(core, subject, challenge_id=challenge.id, phase_id=phase_id)
