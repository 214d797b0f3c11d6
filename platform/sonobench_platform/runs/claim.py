"""Claiming: the run that is due becomes this node's, for a lease, under a new attempt number."""

from __future__ import annotations

import json
from datetime import timedelta

from sonobench_eval.contract.pseudonyms import new_key
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import AttemptRow, ImageRow, PhaseRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.states import State
from sonobench_platform.nodes.admission import admit
from sonobench_platform.nodes.draining import is_drained
from sonobench_platform.runs.canary import Canary, due_canary
from sonobench_platform.runs.queue_order import claim_order
from sonobench_platform.runs.schemas import AssignedCanary, AssignedImage, AssignedInputs, Assignment
from sonobench_platform.submissions import repository as submissions
from sonobench_platform.submissions.move import move

CLAIMED = "claimed"


def claim(core: Core, work: Work, *, node: str, gpus: int) -> Assignment | None:
    """Lease the run that is due to `node`, or None where nothing is, or the node is drained.

    Due is: of the phases with the highest priority, of the team with the fewest runs running, the oldest; and the node has
    the GPUs that its challenge asks for.

    Raises:
        Forbidden: hidden data must not go to this node, or nothing is known of it.
    """
    admit(work.session, node)
    if is_drained(work.session, node):
        return None
    # Two nodes that ask together must not both see the same team as the least busy.
    work.take_turns("claims")
    for waiting in claim_order(work.session, gpus=gpus):
        run = work.session.get_one(RunRow, waiting.run_id)
        submission = submissions.lock(work.session, run.submission_id)
        if submission.state == State.QUEUED:
            return _lease(core, work, run, submission, node)
    return None


def _lease(core: Core, work: Work, run: RunRow, submission: SubmissionRow, node: str) -> Assignment:
    now = core.clock.now()
    run.attempt += 1
    run.node, run.lease_until = node, now + timedelta(seconds=core.settings.lease_s)
    run.phase, run.phase_since = CLAIMED, now
    phase = work.session.get_one(PhaseRow, submission.phase_id)
    key = new_key(public_challenge(phase))
    attempt = AttemptRow(run_id=run.id, attempt=run.attempt, node=node, claimed_at=now)
    attempt.pseudonym_key = None if key is None else key.hex()
    work.session.add(attempt)
    move(work, submission, State.RUNNING, cause=f"attempt {run.attempt} started", at=now)
    canary = due_canary(work.session, run, submission, phase)
    return _assignment(core, work, submission, phase=phase, attempt=attempt, canary=canary)


def _assignment(
    core: Core, work: Work, submission: SubmissionRow, *, phase: PhaseRow, attempt: AttemptRow, canary: Canary | None
) -> Assignment:
    image = work.session.get_one(ImageRow, submission.image_digest)
    verified = json.loads(image.description)
    return Assignment(
        run_id=attempt.run_id,
        attempt=attempt.attempt,
        submission_id=submission.id,
        lease_s=core.settings.lease_s,
        heartbeat_s=core.settings.heartbeat_s,
        challenge_hash=phase.hash,
        challenge=public_challenge(phase).model_dump(mode="json"),
        image=AssignedImage(
            config_digest=image.config_digest,
            diff_ids=verified["diff_ids"],
            size_bytes=image.size_bytes,
            manifest_digest=verified.get("manifest_digest"),
        ),
        image_url=f"/internal/v1/images/{image.config_digest}",
        inputs=_inputs(phase.dataset_hash),
        pseudonym_key=attempt.pseudonym_key,
        tells_log=public_challenge(phase).logs == "team",
        canary=None
        if canary is None
        else AssignedCanary(challenge=canary.challenge.model_dump(mode="json"), inputs=_inputs(canary.hash)),
    )


def _inputs(found: str) -> AssignedInputs:
    return AssignedInputs(hash=found, url=f"/internal/v1/inputs/{found}")
