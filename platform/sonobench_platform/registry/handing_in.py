"""Handing in an image that was pushed: pinned by digest at that moment, then checked as any other."""

from __future__ import annotations

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.states import State
from sonobench_platform.registry.found import Found, look_up, url_of
from sonobench_platform.registry.reference import parse_reference
from sonobench_platform.registry.schemas import PushedImage
from sonobench_platform.submissions.create import create
from sonobench_platform.submissions.move import move
from sonobench_platform.submissions.schemas import LARGEST_BYTES, NewSubmission

SOURCE = "registry"


def find_pushed(core: Core, caller: Identity, image: str) -> Found:
    """Which image is meant. Outside any transaction: the registry is waited for.

    Raises:
        NotFound: there is no registry, or no such image in a repository of the caller's teams.
        Unprocessable: that is no image's name.
        Unavailable: the registry does not answer.
    """
    url_of(core)
    reference = parse_reference(image, host=core.settings.registry_host)
    if reference.team_id not in caller.team_ids:
        raise NotFound("no-such-image", "There is no such image in a repository of your team.")
    return look_up(core, reference)


def hand_in(core: Core, work: Work, caller: Identity, found: Found, *, challenge_name: str, wanted: PushedImage) -> SubmissionRow:
    """A submission of this image, on its way to be checked.

    Raises:
        NotFound: also where the image is another team's than the one that takes part in this challenge.
        As `submissions.create.create` does.
    """
    # A manifest may name any size: one beyond all bounds is too large, and no fault of ours.
    new = NewSubmission(size_bytes=min(found.size_bytes, LARGEST_BYTES), note=wanted.note, phase=wanted.phase)
    submission = create(core, work, caller, challenge_name=challenge_name, wanted=new)
    if found.repository.split("/")[0] != submission.team_id:
        raise NotFound("no-such-image", "There is no such image in the repositories of the team that takes part here.")
    submission.source, submission.image_reference = SOURCE, found.name
    move(work, submission, State.CHECKING, cause=f"pushed as {found.digest[:19]}…", at=core.clock.now())
    submission_id = submission.id
    work.after_commit(lambda: core.wake.check(submission_id))
    return submission
