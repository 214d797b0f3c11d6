"""What organisers have done again: runs, scores, and decisions on failures that no program can judge."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.challenges.phases import get_phase, of_challenge
from sonobench_platform.core import CoreDep
from sonobench_platform.problems import refusals
from sonobench_platform.runs import baselines, decide, rerun, rescoring
from sonobench_platform.runs.organising_schemas import (
    Baselines,
    BaselineView,
    NewBaseline,
    NewDecision,
    NewRerun,
    NewReruns,
    NewRescoring,
    Reruns,
    Rescoring,
    Rescorings,
)
from sonobench_platform.runs.organising_view import baseline_view, rescoring_view
from sonobench_platform.teams.visible import organised

router = APIRouter(prefix="/api/v1", tags=["runs"])

SubmissionId = Annotated[str, Path(description="The submission's id.")]
RescoringId = Annotated[str, Path(description="The rescoring's id.", examples=["resc-k3jw5xq2m7ud4n6a"])]


@router.post(
    "/submissions/{submission_id}/rerun",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(401, 403, 404, 409),
    summary="Run a submission again",
)
def post_rerun(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, body: NewRerun) -> Reruns:
    """A new run; the old one is kept, and a score counts until the new one is there. It costs the team nothing."""
    with core.database.write() as work:
        rerun.rerun(core, work, caller, submission_id, reason=body.reason)
    return Reruns(submissions=[submission_id], without_image=[])


@router.post(
    "/challenges/{name}/rerun",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(401, 403, 404),
    summary="Run everything that is scored again",
)
def post_reruns(core: CoreDep, caller: OrganiserCaller, name: str, body: NewReruns) -> Reruns:
    """Every scored submission of one phase. The board stays whole meanwhile."""
    with core.database.write() as work:
        phase = get_phase(work.session, organised(work.session, caller, name), body.phase)
        started = rerun.rerun_all(core, work, caller, phase, reason=body.reason)
    return Reruns(submissions=list(started.submissions), without_image=list(started.without_image))


@router.post(
    "/submissions/{submission_id}/decide",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404, 409),
    summary="Decide on a failure that no program can judge",
)
def post_decision(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, body: NewDecision) -> None:
    """`rerun` it; or it was the `team`'s: then what it left is scored where the challenge says so; or the `platform`'s."""
    with core.database.write() as work:
        decide.decide(core, work, caller, submission_id, decision=body.decision, reason=body.reason)


@router.post(
    "/challenges/{name}/rescorings",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(401, 403, 404, 409),
    summary="Score stored predictions again",
)
def post_rescoring(core: CoreDep, caller: OrganiserCaller, name: str, body: NewRescoring) -> Rescoring:
    """After a metric or the definition was mended. Nothing that counts changes until it is published."""
    with core.database.write() as work:
        phase = get_phase(work.session, organised(work.session, caller, name), body.phase)
        row = rescoring.ask(core, work, caller, phase, reason=body.reason, submissions=body.submissions)
        return rescoring_view(work.session, row)


@router.get("/challenges/{name}/rescorings", responses=refusals(401, 403, 404), summary="A challenge's rescorings")
def list_rescorings(core: CoreDep, caller: OrganiserCaller, name: str) -> Rescorings:
    """The newest first."""
    with core.database.read() as session:
        phases = of_challenge(session, organised(session, caller, name).id)
        found = rescoring.of_phases(session, [phase.id for phase in phases])
        return Rescorings(items=[rescoring_view(session, row) for row in found])


@router.get("/rescorings/{rescoring_id}", responses=refusals(401, 403, 404), summary="One rescoring")
def get_rescoring(core: CoreDep, caller: OrganiserCaller, rescoring_id: RescoringId) -> Rescoring:
    """How far it is; once it is ready, every team's rank and score as they are and as they would be."""
    with core.database.read() as session:
        row, _ = rescoring.get_rescoring(session, caller, rescoring_id)
        return rescoring_view(session, row)


@router.post("/rescorings/{rescoring_id}/publish", responses=refusals(401, 403, 404, 409), summary="Publish a rescoring")
def post_publish(core: CoreDep, caller: OrganiserCaller, rescoring_id: RescoringId) -> Rescoring:
    """Its evaluations count from now on, and the board is published anew. Twice is harmless."""
    with core.database.write() as work:
        row = rescoring.publish_rescoring(core, work, caller, rescoring_id)
        return rescoring_view(work.session, row)


@router.post("/rescorings/{rescoring_id}/drop", responses=refusals(401, 403, 404, 409), summary="Drop a rescoring")
def post_drop(core: CoreDep, caller: OrganiserCaller, rescoring_id: RescoringId) -> Rescoring:
    """Its evaluations are forgotten. Twice is harmless."""
    with core.database.write() as work:
        row = rescoring.drop_rescoring(core, work, caller, rescoring_id)
        return rescoring_view(work.session, row)


@router.put("/submissions/{submission_id}/baseline", responses=refusals(401, 403, 404, 409), summary="Make it a baseline")
def put_baseline(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, body: NewBaseline) -> BaselineView:
    """It is run again every so often, to notice a node that drifts. Its score and the board never change by it."""
    with core.database.write() as work:
        baselines.set_baseline(core, work, caller, submission_id, every_s=body.every_s)
        return baseline_view(work.session, baselines.get_baseline(work.session, submission_id))


@router.delete(
    "/submissions/{submission_id}/baseline",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(401, 403, 404),
    summary="A baseline no more",
)
def delete_baseline(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId) -> None:
    """It is run no more; its score stays."""
    with core.database.write() as work:
        baselines.remove_baseline(core, work, caller, submission_id)


@router.get("/challenges/{name}/baselines", responses=refusals(401, 403, 404), summary="A challenge's baselines")
def list_baselines(core: CoreDep, caller: OrganiserCaller, name: str) -> Baselines:
    """When each is due, and what it took on which node."""
    with core.database.read() as session:
        found = baselines.baselines(session, organised(session, caller, name).id)
        return Baselines(items=[baseline_view(session, each) for each in found])
