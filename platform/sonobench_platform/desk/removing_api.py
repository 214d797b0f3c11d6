"""What goes from the store, over HTTP: organisers erase a submission, administrators see and apply the rules of retention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sonobench_platform.accounts.access import AdministratorCaller, OrganiserCaller
from sonobench_platform.core import CoreDep
from sonobench_platform.desk import retention, submission_erasure
from sonobench_platform.domain.text import clean_line
from sonobench_platform.problems import refusals
from sonobench_platform.submissions import view
from sonobench_platform.submissions.api import SubmissionId
from sonobench_platform.submissions.schemas import Submission

router = APIRouter(prefix="/api/v1", tags=["retention"])


class ErasingSubmission(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str,
        AfterValidator(clean_line),
        Field(min_length=1, max_length=1000, description="For its history, which its team reads, and the audit log."),
    ]


class PastItsTime(BaseModel):
    """What one rule removes, and the disk space that it takes."""

    rule: str
    days: Annotated[float, Field(description="How long it is kept.")]
    items: Annotated[list[str], Field(description="Ids, or digests of images.")]
    size_bytes: int


class Retention(BaseModel):
    """One entry for each rule that is set; without any nothing is ever removed."""

    items: list[PastItsTime]


@router.post("/submissions/{submission_id}/erase", responses=refusals(401, 403, 404, 409), summary="Erase a submission")
def erase_submission(core: CoreDep, caller: OrganiserCaller, submission_id: SubmissionId, body: ErasingSubmission) -> Submission:
    """Its image, predictions, evaluations and logs go, for good; its board is published without it. Twice is harmless.

    That there was one, its states and the reason stay, and what earlier boards said. One that has not ended is cancelled first.
    """
    with core.database.write() as work:
        submission_erasure.erase_submission(core, work, submission_id, caller=caller, reason=body.reason)
        return view.view_one(work.session, caller, submission_id, now=core.clock.now())


@router.get("/retention", responses=refusals(401, 403), summary="What retention would remove now")
def look_at_retention(core: CoreDep, _caller: AdministratorCaller) -> Retention:
    """Removes nothing. The rules are the server's settings."""
    return _shown(retention.look(core))


@router.post("/retention/apply", responses=refusals(401, 403), summary="Remove what is past its time")
def apply_retention(core: CoreDep, caller: AdministratorCaller) -> Retention:
    """What was removed. A sweep does so by itself once a day."""
    return _shown(retention.apply(core, caller=caller))


def _shown(found: Sequence[retention.Found]) -> Retention:
    return Retention(
        items=[PastItsTime(rule=each.rule, days=each.days, items=list(each.items), size_bytes=each.size_bytes) for each in found]
    )
