"""What a submission's public page says, over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from sonobench_platform.accounts.access import ParticipantOrOrganiser
from sonobench_platform.core import CoreDep
from sonobench_platform.problems import refusals
from sonobench_platform.submissions.api import SubmissionId
from sonobench_platform.submissions.public_face import PublicWords, set_public_words, words_of

router = APIRouter(prefix="/api/v1", tags=["submissions"])


@router.put(
    "/submissions/{submission_id}/public", responses=refusals(401, 403, 404), summary="Say what a submission's public page shows"
)
def put_public_words(
    core: CoreDep, caller: ParticipantOrOrganiser, submission_id: SubmissionId, body: PublicWords
) -> PublicWords:
    """A summary and links, shown once `show` is true and the submission is on a board that everybody sees.

    An organiser may only hide them.
    """
    with core.database.write() as work:
        return words_of(set_public_words(core, work, submission_id, body, caller=caller))
