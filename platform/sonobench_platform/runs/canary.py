"""The canary: before hidden data is touched, an image runs on the challenge's public samples.

One that fails there by its own fault ends the attempt at once: its team reads the whole log, because nothing in it was made
from hidden data, and its quota is not touched. One that ran well is remembered and need not do so again.
"""

from __future__ import annotations

import json
import logging
from typing import NamedTuple

from pydantic import ValidationError
from sqlalchemy.orm import Session

from sonobench_eval.challenge.model import Challenge, Measuring, Ranking
from sonobench_eval.contract.pseudonyms import case_names
from sonobench_eval.sandbox.failure import Blame, Category, Failure
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.core import Core
from sonobench_platform.db.models import AttemptRow, CanaryRow, ChallengeRow, PhaseRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.canary import canary_limit_s
from sonobench_platform.domain.errors import Conflict, lease_lost
from sonobench_platform.runs.attempts import CANCELLED, FINISHED, LOST, Held, end, hold
from sonobench_platform.runs.blame import failure_of
from sonobench_platform.runs.give_back import give_back
from sonobench_platform.runs.purpose import BASELINE
from sonobench_platform.runs.report import Report
from sonobench_platform.submissions.failing import fail_on_samples

log = logging.getLogger(__name__)


class Canary(NamedTuple):
    """The public part of a challenge as a run on it needs it, and what its images are known by in the store."""

    challenge: Challenge
    hash: str


class CanaryLog(NamedTuple):
    """What an image printed on the public samples, with the cases' own names."""

    text: str
    truncated: bool


def canary_of(session: Session, phase: PhaseRow) -> Canary | None:
    """The samples for images of this phase; None where the challenge has none, or the phase wants no canary."""
    challenge = session.get_one(ChallengeRow, phase.challenge_id)
    rules = rules_of(phase)
    if challenge.canary_hash is None or not rules.canary or rules.kind == "sample":
        return None
    public = public_challenge(challenge).canary
    if public is None:
        return None
    try:
        return Canary(_short(public, public_challenge(phase)), challenge.canary_hash)
    except ValidationError as error:
        # Runs go on without it: no team's image is to wait for an organiser's samples to be mended.
        log.error("the public samples of %s cannot be used as a canary: %s", challenge.name, error)  # noqa: TRY400
        return None


def due_canary(session: Session, run: RunRow, submission: SubmissionRow, phase: PhaseRow) -> Canary | None:
    """The samples that this run's image has to pass first; None where it did so before, or is a baseline."""
    canary = None if run.purpose == BASELINE else canary_of(session, phase)
    if canary is None or session.get(CanaryRow, (submission.image_digest, canary.hash)) is not None:
        return None
    return canary


def report_canary(core: Core, work: Work, run_id: str, report: Report, *, attempt: int, node: str) -> bool:
    """Record how an image ran on the samples; True where its attempt goes on. Said twice, nothing changes.

    Raises:
        NotFound: there is no such run.
        Conflict: `lease-lost`: the attempt was taken from this node; `no-canary`: this run has none.
    """
    held = hold(work, run_id, attempt=attempt, node=node)
    if held.attempt.ended in {FINISHED, CANCELLED}:
        return False
    if held.attempt.ended_at is not None:
        raise lease_lost(run_id, attempt)
    canary = canary_of(work.session, work.session.get_one(PhaseRow, held.submission.phase_id))
    if canary is None:
        raise Conflict("no-canary", f"Run {run_id} needs no run on public samples; go on with its own inputs.")
    held.run.canary = json.dumps({"attempt": attempt, "hash": canary.hash, "report": report.model_dump(mode="json")})
    failure = failure_of(report.outcome(None), canary.challenge.limits)
    if failure is None:
        _remember(core, work, held, canary)
        return True
    _end(core, work, held, report, failure)
    return False


def canary_log(session: Session, run: RunRow) -> CanaryLog | None:
    """What the image printed when it ran on the public samples; None where it did not. For its team, whole."""
    if run.canary is None:
        return None
    kept = json.loads(run.canary)
    report = Report.model_validate(kept["report"])
    phase = session.get_one(PhaseRow, session.get_one(SubmissionRow, run.submission_id).phase_id)
    attempt, canary = session.get(AttemptRow, (run.id, kept["attempt"])), canary_of(session, phase)
    text = report.log_tail
    if canary is not None and canary.hash == kept["hash"] and attempt is not None and attempt.pseudonym_key is not None:
        text = case_names(canary.challenge, bytes.fromhex(attempt.pseudonym_key)).in_own_words(text)
    return CanaryLog(text, report.log_truncated)


def canary_report(run: RunRow) -> Report | None:
    """What the node reported of the run on the public samples; None where there was none."""
    return None if run.canary is None else Report.model_validate(json.loads(run.canary)["report"])


def ran_well_on_samples(run: RunRow) -> bool:
    """Whether the run's attempt, or the one that counts, began with the public samples and went on."""
    if run.canary is None:
        return False
    return run.outcome is not None or (run.node is not None and json.loads(run.canary)["attempt"] == run.attempt)


def failed_on_samples(run: RunRow) -> bool:
    """Whether the run ended on the public samples: then it has no outcome of its own."""
    return run.canary is not None and run.outcome is None


def _short(canary: Challenge, whole: Challenge) -> Challenge:
    """Once, for as long as so few cases may take, and with what they need alone: whoever reads it checks that it is whole.

    Raises:
        ValidationError: the challenge's public part does not stand by itself.
    """
    limit_s = canary_limit_s(whole.limits.time_s, cases=len(canary.cases), of=len(whole.cases))
    used = {case.task for case in (*canary.cases, *canary.warm_up)}
    short = canary.model_copy(
        update={
            "limits": canary.limits.model_copy(update={"time_s": limit_s}),
            "measuring": Measuring(),
            "ranking": Ranking(),
            "phases": (),
            "cases": tuple(case.model_copy(update={"phase": None}) for case in canary.cases),
            "tasks": tuple(task for task in canary.tasks if task.id in used),
        }
    )
    return Challenge.model_validate(short.model_dump(mode="json", by_alias=True))


def _remember(core: Core, work: Work, held: Held, canary: Canary) -> None:
    digest = held.submission.image_digest
    if digest is not None and work.session.get(CanaryRow, (digest, canary.hash)) is None:
        work.take_turns(f"canary of {digest}")
        row = CanaryRow(image_digest=digest, canary_hash=canary.hash, run_id=held.run.id, passed_at=core.clock.now())
        work.session.merge(row)
        work.session.flush()


def _end(core: Core, work: Work, held: Held, report: Report, failure: Failure) -> None:
    if failure.blame == Blame.PLATFORM or failure.category == Category.CANCELLED:
        reason = f"on public samples: {failure.category}: {failure.sentence} {report.engine_error}".strip()
        give_back(core, work, held, ended=LOST, reason=reason)
        return
    now = core.clock.now()
    end(held, ended=FINISHED, reason=f"canary: {failure.category}", at=now)
    work.session.flush()
    fail_on_samples(
        core,
        work,
        held.submission,
        category=failure.category,
        blame=failure.blame,
        sentence=_SENTENCE.format(failure.sentence),
        at=now,
    )


_SENTENCE = (
    "On the public sample images, before any hidden image was touched: {} Its whole log is shown to you, and nothing is taken "
    "from your quota."
)
