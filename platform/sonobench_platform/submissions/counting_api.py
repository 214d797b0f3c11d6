"""What a team has left, which submission counts, and what an organiser gives back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sonobench_platform.accounts.access import OrganiserCaller, Participant, ParticipantOrOrganiser
from sonobench_platform.challenges.phases import of_challenge, rules_of, takes_images
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import PhaseRow
from sonobench_platform.domain.quota import Used, left_of, next_day_begins
from sonobench_platform.domain.text import clean_line
from sonobench_platform.problems import refusals
from sonobench_platform.submissions import choose, quota, view
from sonobench_platform.submissions.api import SubmissionId
from sonobench_platform.submissions.giving_back import give_back_by_hand
from sonobench_platform.submissions.schemas import Submission
from sonobench_platform.teams.entries import team_for
from sonobench_platform.teams.visible import visible

router = APIRouter(prefix="/api/v1", tags=["submissions"])


class Limit(BaseModel):
    """One limit of a phase; None where it has none."""

    limit: int | None
    used: int
    left: int | None


class PhaseQuota(BaseModel):
    """What a team has left of a phase."""

    phase: str
    open: Annotated[bool, Field(description="Whether it takes images now.")]
    daily: Limit
    total: Limit
    concurrent: Annotated[Limit, Field(description="Submissions that wait or run at the same time.")]
    left: Annotated[int | None, Field(description="How many the team could open now; None: no limit of the phase.")]
    time_zone: Annotated[str, Field(description="Where a day begins at midnight.")]
    next_day: Annotated[datetime, Field(description="When the next day begins there.")]


class TeamQuota(BaseModel):
    """What a team has left of a challenge, phase by phase."""

    team: str
    phases: list[PhaseQuota]


class GiveBack(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=2000)]


@router.get("/challenges/{name}/quota", responses=refusals(401, 403, 404, 409), summary="What your team has left")
def get_quota(core: CoreDep, caller: Participant, name: str) -> TeamQuota:
    """Attempts that were given back are left again."""
    with core.database.read() as session:
        challenge = visible(session, caller, name)
        team = team_for(session, caller, challenge)
        phases = of_challenge(session, challenge.id)
        used = [quota.used_of(session, team.id, phase, core.clock.now()) for phase in phases]
    return TeamQuota(team=team.id, phases=[_phase(core, phase, each) for phase, each in zip(phases, used, strict=True)])


def _phase(core: Core, phase: PhaseRow, used: Used) -> PhaseQuota:
    rules, now = rules_of(phase).quota, core.clock.now()
    left = left_of(rules, used)
    return PhaseQuota(
        phase=phase.name,
        open=takes_images(phase, now),
        daily=Limit(limit=rules.daily, used=used.today, left=left.today),
        total=Limit(limit=rules.total, used=used.total, left=left.total),
        concurrent=Limit(limit=rules.concurrent, used=used.under_way, left=left.at_once),
        left=left.now,
        time_zone=rules.time_zone,
        next_day=next_day_begins(now, rules.time_zone),
    )


@router.post("/submissions/{submission_id}/choose", responses=refusals(401, 403, 404, 409), summary="Let a submission count")
def choose_submission(core: CoreDep, caller: Participant, submission_id: SubmissionId) -> Submission:
    """In a phase with `counts: chosen`, until it closes. The last choice counts; twice is harmless."""
    with core.database.write() as work:
        choose.choose(core, work, submission_id, caller=caller)
        return view.view_one(work.session, caller, submission_id, now=core.clock.now())


@router.post("/submissions/{submission_id}/withdraw", responses=refusals(401, 403, 404, 409), summary="Withdraw a submission")
def withdraw_submission(
    core: CoreDep,
    caller: ParticipantOrOrganiser,
    submission_id: SubmissionId,
    reason: Annotated[str, AfterValidator(clean_line), Query(max_length=500)] = "",
) -> Submission:
    """A scored one leaves the board for good; its attempt is not given back. A team may until the phase closes."""
    with core.database.write() as work:
        choose.withdraw(core, work, submission_id, caller=caller, reason=reason or None)
        return view.view_one(work.session, caller, submission_id, now=core.clock.now())


@router.post("/submissions/{submission_id}/give-back", responses=refusals(401, 403, 404, 409), summary="Give an attempt back")
def give_attempt_back(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, body: GiveBack) -> Submission:
    """What the platform did not see as its own fault, an organiser may. An attempt is given back once; twice is harmless."""
    with core.database.write() as work:
        give_back_by_hand(core, work, submission_id, caller=caller, reason=body.reason)
        return view.view_one(work.session, caller, submission_id, now=core.clock.now())
