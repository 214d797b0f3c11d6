"""/desk/nodes: every node, what it runs, what waits, and taking a node out of service for a while. For administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.access import AdministratorCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import AttemptRow, ChallengeRow, RunRow, SubmissionRow, TeamRow
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.nodes import draining, repository, service
from sonobench_platform.nodes.view import node_of
from sonobench_platform.runs.expected_start import expectations
from sonobench_platform.runs.schemas import NODE_PATTERN
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.desk_frame import DESK, DeskFormDep, NoteQuery, confirmed, errors_of, noted, reason_of
from sonobench_platform.web.desk_nodes_build import Asked, RunOnNode, nodes_context
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

NODES = f"{DESK}/nodes"
NodeInPath = Annotated[str, Path(pattern=NODE_PATTERN)]


@router.get(NODES)
def nodes_page(core: CoreDep, caller: AdministratorCaller, note: NoteQuery = "") -> Response:
    return _shown(core, caller, note=noted(_notes(), note))


@router.post(f"{NODES}/{{node}}/drain")
def drain(core: CoreDep, caller: AdministratorCaller, node: NodeInPath, form: DeskFormDep) -> Response:
    try:
        with core.database.write() as work:
            draining.drain(core, work, caller, node, reason=reason_of(form))
    except Refusal as refused:
        return _shown(core, caller, refused=refused)
    return see_other(f"{NODES}?note=drained")


@router.post(f"{NODES}/{{node}}/take-back")
def take_back(core: CoreDep, caller: AdministratorCaller, node: NodeInPath) -> Response:
    try:
        with core.database.write() as work:
            draining.take_back(core, work, caller, node)
    except Refusal as refused:
        return _shown(core, caller, refused=refused)
    return see_other(f"{NODES}?note=taken-back")


@router.post(f"{NODES}/{{node}}/forget")
def forget(core: CoreDep, caller: AdministratorCaller, node: NodeInPath, form: DeskFormDep) -> Response:
    """Its name must be typed in: its first reference time, which drift is told from, is gone then."""
    try:
        confirmed(form, node)
        with core.database.write() as work:
            draining.get_node(work.session, node)
            service.forget_by(core, work, caller, node)
    except Refusal as refused:
        return _shown(core, caller, refused=refused)
    return see_other(f"{NODES}?note=forgotten")


def _shown(core: Core, caller: Identity, *, note: str = "", refused: Refusal | None = None) -> Response:
    now = core.clock.now()
    with core.database.read() as session:
        nodes = [node_of(session, row) for row in repository.everything(session)]
        running, waiting = _running(session), _waiting(core, session)
    asked = Asked(caller.csrf or "", note, errors_of(refused))
    context = nodes_context(nodes, running, waiting, now=now, asked=asked)
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _running(session: Session) -> list[RunOnNode]:
    query = (
        select(AttemptRow.node, SubmissionRow.id, TeamRow.name, ChallengeRow.title, AttemptRow.claimed_at)
        .join(RunRow, RunRow.id == AttemptRow.run_id)
        .join(SubmissionRow, SubmissionRow.id == RunRow.submission_id)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .join(ChallengeRow, ChallengeRow.id == SubmissionRow.challenge_id)
        .where(AttemptRow.ended_at.is_(None))
        .order_by(AttemptRow.claimed_at)
    )
    return [RunOnNode(*found) for found in session.execute(query)]


def _waiting(core: Core, session: Session) -> list[RunOnNode]:
    expected = expectations(session, core.clock.now())
    query = (
        select(SubmissionRow.id, TeamRow.name, ChallengeRow.title, SubmissionRow.queued_at, SubmissionRow.state_since)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .join(ChallengeRow, ChallengeRow.id == SubmissionRow.challenge_id)
        .where(SubmissionRow.id.in_(list(expected)))
    )
    found = [
        RunOnNode("", submission, team, challenge, queued or since, expected[submission].place, expected[submission].start)
        for submission, team, challenge, queued, since in session.execute(query)
    ]
    return sorted(found, key=lambda run: run.place)


def _notes() -> dict[str, str]:
    return {
        "drained": _("The node is given no new run. What it runs now goes on to its end."),
        "taken-back": _("The node is given runs again."),
        "forgotten": _("The node is forgotten. It makes itself known again when its run worker starts."),
    }
