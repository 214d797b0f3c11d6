"""Evaluations at rest, and what a team may see of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_eval.evaluation import Evaluation, FindingRecord
from sonobench_eval.io.findings import Finding, FindingCode, summarise
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.showing import shows_scores, why_hidden
from sonobench_platform.db.models import EvaluationRow, RunRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.submissions import repository as submissions


def record_evaluation(work: Work, run: RunRow, evaluation: Evaluation, *, at: datetime) -> EvaluationRow:
    """Store the evaluation of a run. The first one stays: scoring is deterministic, and a second gives the same."""
    known = current_evaluation(work.session, run.id)
    if known is not None:
        return known
    return add_evaluation(work, run, evaluation, number=1, rescoring_id=None, at=at)


def add_evaluation(
    work: Work, run: RunRow, evaluation: Evaluation, *, number: int, rescoring_id: str | None, at: datetime
) -> EvaluationRow:
    """Store a further evaluation of a run; one of a rescoring does not count until that is published."""
    row = EvaluationRow(
        run_id=run.id,
        number=number,
        is_current=rescoring_id is None,
        rescoring_id=rescoring_id,
        submission_id=run.submission_id,
        challenge_hash=evaluation.made_from.challenge_hash,
        dataset_hash=evaluation.made_from.dataset_hash,
        evaluator_version=evaluation.made_from.evaluator_version,
        document=evaluation.to_json(),
        summary=for_team(evaluation).to_json(),
        created_at=at,
    )
    work.session.add(row)
    work.session.flush()
    return row


def current_evaluation(session: Session, run_id: str) -> EvaluationRow | None:
    """The evaluation of a run that counts."""
    return session.scalar(select(EvaluationRow).where(EvaluationRow.run_id == run_id, EvaluationRow.is_current))


def for_team(evaluation: Evaluation) -> Evaluation:
    """Without single cases, and without any text that the container chose while it saw hidden data."""
    findings = tuple(_counted(finding) for finding in evaluation.findings)
    return evaluation.model_copy(update={"cases": (), "findings": findings})


_OF_NO_CASE = frozenset({FindingCode.UNEXPECTED_FILE, FindingCode.UNKNOWN_CASE})
_COUNTED_EXACTLY = 9


def _counted(finding: FindingRecord) -> FindingRecord:
    # The sentence is made anew from code and count: the stored one may quote the container.
    code = FindingCode(finding.code)
    count = _told_count(finding.count) if code in _OF_NO_CASE else finding.count
    told = summarise([Finding(code, "")] * count)
    sentence = told[0].sentence if told else ""
    return FindingRecord(
        code=finding.code, count=count, examples=(), sentence=sentence if count == finding.count else f"At least {sentence}"
    )


def _told_count(count: int) -> int:
    """How many files and answers that belong to no case, above nine as a power of ten: a program is free to choose that."""
    return count if count <= _COUNTED_EXACTLY else 10 ** (len(str(count)) - 1)


def evaluation_json(session: Session, caller: Identity, submission_id: str, *, now: datetime) -> str:
    """The stored document for an organiser; a team's own without what it may not see.

    Raises:
        NotFound: there is no such submission, it is another team's, it has no evaluation yet, or its phase does not show scores.
    """
    whole = submissions.whole(session, submission_id, caller=caller)
    if not shows_scores(whole.phase, caller, whole.submission.team_id, now):
        raise NotFound("scores-not-shown", why_hidden(whole.phase))
    row = None if whole.run is None else current_evaluation(session, whole.run.id)
    if row is None:
        raise NotFound("no-evaluation", f"Submission {submission_id} is {whole.submission.state} and has no evaluation.")
    return row.document if caller.may_organise(whole.challenge.id) else row.summary
