"""Taking a submission out of the ranking and putting it back, over HTTP: for the challenge's organisers."""

from __future__ import annotations

from fastapi import APIRouter

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.core import CoreDep
from sonobench_platform.problems import refusals
from sonobench_platform.submissions import disqualify, view
from sonobench_platform.submissions.api import SubmissionId
from sonobench_platform.submissions.counting_api import GiveBack as WithReason
from sonobench_platform.submissions.schemas import Submission

router = APIRouter(prefix="/api/v1", tags=["submissions"])


@router.post("/submissions/{submission_id}/disqualify", responses=refusals(401, 403, 404, 409), summary="Disqualify a submission")
def disqualify_submission(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, body: WithReason) -> Submission:
    """It has no rank, whatever its score. A team without another one stays on the board unranked. Twice is harmless.

    Its team reads the reason; the board says only that the team is disqualified.
    """
    with core.database.write() as work:
        disqualify.disqualify(core, work, submission_id, caller=caller, reason=body.reason)
        return view.view_one(work.session, caller, submission_id, now=core.clock.now())


@router.post("/submissions/{submission_id}/reinstate", responses=refusals(401, 403, 404), summary="Rank a submission again")
def reinstate_submission(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, body: WithReason) -> Submission:
    """One that was disqualified is ranked again, and its team is told. Twice is harmless."""
    with core.database.write() as work:
        disqualify.reinstate(core, work, submission_id, caller=caller, reason=body.reason)
        return view.view_one(work.session, caller, submission_id, now=core.clock.now())
