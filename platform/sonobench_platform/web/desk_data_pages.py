"""/desk/challenges/{name}/data: what is known of a phase's data, and asking for a verification."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import datasets
from sonobench_platform.challenges.datasets_api import Dataset, shown
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.phases import get_phase, of_challenge
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import PhaseRow
from sonobench_platform.domain.errors import NotFound, Refusal
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.desk_data_build import data_context
from sonobench_platform.web.desk_frame import DeskFormDep, NoteQuery, desk_challenge, frame_of, noted, root_of
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

PhaseQuery = Annotated[str | None, Query(max_length=64)]


@router.get("/desk/challenges/{name}/data")
def data_page(core: CoreDep, caller: OrganiserCaller, name: str, phase: PhaseQuery = None, note: NoteQuery = "") -> Response:
    return _shown(core, caller, name, phase, note=noted(_notes(), note))


@router.post("/desk/challenges/{name}/data/verify")
def verify(core: CoreDep, caller: OrganiserCaller, name: str, form: DeskFormDep) -> Response:
    phase = form.text("phase") or None
    try:
        with core.database.write() as work:
            row = get_phase(work.session, desk_challenge(work.session, caller, name), phase)
            datasets.ask(core, work, caller, row)
            asked = row.name
    except Refusal as refused:
        return _shown(core, caller, name, None, refused=refused)
    return see_other(f"{root_of(name)}/data?phase={asked}&note=asked")


def _shown(
    core: Core, caller: Identity, name: str, phase: str | None, *, note: str = "", refused: Refusal | None = None
) -> Response:
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        row = get_phase(session, challenge, phase)
        phases = of_challenge(session, challenge.id)
        frame = frame_of(challenge, caller, "data", note=note, refused=refused)
        known = _known(core, row)
        context = data_context(challenge, frame, row, phases, known=known, cases=public_challenge(row))
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _known(core: Core, row: PhaseRow) -> Dataset | None:
    """None: the phase was registered before there were verifications."""
    with core.database.read() as session:
        try:
            return shown(row, datasets.get_dataset(session, row), now=core.clock.now())
        except NotFound:
            return None


def _notes() -> dict[str, str]:
    said = _("The data is being verified. A score worker reads every file; load this page again to see how far it is.")
    return {"asked": said}
