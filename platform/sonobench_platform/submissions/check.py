"""Checking an upload: intake verifies and re-writes it, the submission is queued or rejected, the upload goes.

A refusal is the team's and says what to do. Anything else that goes wrong is the platform's: tried again, with pauses.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from sonobench_eval.intake.records import ImageRefused, VerifiedImage
from sonobench_platform.core import Core
from sonobench_platform.db.models import ImageRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.states import State
from sonobench_platform.registry.found import image_at
from sonobench_platform.runs.purpose import FIRST
from sonobench_platform.storage.store import settle
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.failing import fail_by_platform, reject
from sonobench_platform.submissions.move import move
from sonobench_platform.submissions.worker_lease import LeaseGone, WorkerLease, working_on

log = logging.getLogger(__name__)

TAG_PREFIX = "sonobench.local/submitted"
TRIES = 8
"""With the pauses between them about half an hour; an upload that kills its checker does so no more often than this."""


def check_submission(core: Core, submission_id: str) -> None:
    """Check one upload. Harmless when it is not due, done already, or under way elsewhere."""
    with working_on(core, submission_id, State.CHECKING) as lease:
        if lease is None:
            return
        verifying = core.store.verifying(submission_id)
        try:
            _check(core, lease, verifying)
        except (LeaseGone, NotFound):
            log.info("%s moved on while it was checked", submission_id)
        except Exception as error:
            log.exception("checking %s failed", submission_id)
            _give_up_or_put_off(core, lease, error)
        finally:
            verifying.unlink(missing_ok=True)


def _check(core: Core, lease: WorkerLease, verifying: Path) -> None:
    upload = core.store.upload(lease.submission_id)
    try:
        image = _verified(core, lease.submission_id, upload, verifying)
    except ImageRefused as refused:
        with core.database.write() as work:
            _reject(core, work, lease, code=refused.code, sentence=refused.sentence)
            work.after_commit(lambda: upload.unlink(missing_ok=True))
        return
    with core.database.write() as work:
        if not _own(core, work, lease.held(work), image):
            _reject(core, work, lease, code="image-of-another-team", sentence=_ANOTHER_TEAMS)
        else:
            # Before the commit: whoever sees the run queued finds its image.
            settle(verifying, core.store.image(image.config_digest))
            _enqueue(core, work, lease.held(work), image)
        work.after_commit(lambda: upload.unlink(missing_ok=True))


def _verified(core: Core, submission_id: str, upload: Path, verifying: Path) -> VerifiedImage:
    """The image, however it came: the same check, and the same tar of our own writing.

    Raises:
        ImageRefused: the team's to mend; anything else is ours.
    """
    tag = f"{TAG_PREFIX}:{submission_id}"
    with core.database.read() as session:
        pushed = session.get_one(SubmissionRow, submission_id).image_reference
    if pushed is not None:
        return core.evaluator.verify_registry_image(image_at(core, pushed), verifying, tag=tag)
    if not upload.is_file():
        raise FileNotFoundError(f"{upload} is gone")  # our fault, and intake would call it the team's
    return core.evaluator.verify_image(upload, verifying, tag=tag)


_ANOTHER_TEAMS = (
    "Another team has handed in this very image (its config digest is the same). Build your own; if the image is yours, "
    "ask the organisers."
)


def _own(core: Core, work: Work, submission: SubmissionRow, image: VerifiedImage) -> bool:
    """Record the image as the team's; False where it is another team's. Two teams at once: the first to commit has it.

    Only an image that was verified gets an owner, so a rejected upload leaves none. A team that cancelled all it handed in of
    an image has given it up: else whoever got hold of another team's file could keep that team out for good.
    """
    known = work.session.get(ImageRow, image.config_digest, with_for_update=True)
    if known is None:
        known = _described(core, submission, image)
        try:
            with work.session.begin_nested():
                work.session.add(known)
        except IntegrityError:
            known = work.session.get_one(ImageRow, image.config_digest, populate_existing=True, with_for_update=True)
    if known.team_id != submission.team_id and not repository.holds_image(work.session, known.team_id, image.config_digest):
        known.team_id = submission.team_id
    return known.team_id == submission.team_id


def _described(core: Core, submission: SubmissionRow, image: VerifiedImage) -> ImageRow:
    description = {
        "manifest_digest": image.manifest_digest,
        "diff_ids": image.diff_ids,
        "tag": image.tag,
        "user": image.user,
        "entrypoint": image.entrypoint,
        "command": image.command,
        "working_dir": image.working_dir,
        "volumes": image.volumes,
        "warnings": image.warnings,
    }
    return ImageRow(
        config_digest=image.config_digest,
        team_id=submission.team_id,
        size_bytes=image.size_bytes,
        # A stranger's text: half a surrogate pair in it must not break whoever shows it.
        description=json.dumps(description, ensure_ascii=False).encode("utf-8", "replace").decode(),
        created_at=core.clock.now(),
    )


def _enqueue(core: Core, work: Work, submission: SubmissionRow, image: VerifiedImage) -> None:
    now = core.clock.now()
    before = repository.same_image(work.session, submission, image.config_digest)
    again = f"; the same image as in {before.id}" if before is not None else ""
    submission.image_digest = image.config_digest
    submission.queued_at = now
    work.session.get_one(ImageRow, image.config_digest).size_bytes = core.store.image(image.config_digest).stat().st_size
    move(work, submission, State.QUEUED, cause=f"image verified ({image.config_digest[:19]}…){again}", at=now)
    work.session.add(
        RunRow(
            id=new_id("run"),
            submission_id=submission.id,
            number=1,
            is_current=True,
            purpose=FIRST,
            created_at=now,
            attempt=0,
            lost=0,
        )
    )
    work.after_commit(core.wake.run_queued)


def _reject(core: Core, work: Work, lease: WorkerLease, *, code: str, sentence: str) -> None:
    reject(core, work, lease.held(work), category=code, sentence=sentence, at=core.clock.now())


def _give_up_or_put_off(core: Core, lease: WorkerLease, error: Exception) -> None:
    if lease.tries < TRIES:
        lease.put_off(f"checking failed: {type(error).__name__}: {error}")
        return
    sentence = "The platform could not check this image, however often it tried. It costs you nothing; the organisers will look."
    try:
        with core.database.write() as work:
            fail_by_platform(core, work, lease.held(work), sentence=sentence, at=core.clock.now())
            upload = core.store.upload(lease.submission_id)
            work.after_commit(lambda: upload.unlink(missing_ok=True))
    except (LeaseGone, NotFound):
        log.info("%s moved on before the platform gave up on it", lease.submission_id)
