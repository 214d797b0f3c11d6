"""What is known of a run beyond its result: its log, and all that was measured.

Both are for organisers, because a program that sees hidden images chooses what it prints and how it uses a machine. A team
reads its log where the challenge says so, which it does for public data alone.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from sonobench_eval.contract.pseudonyms import case_names
from sonobench_eval.sandbox.shown_log import ORGANISER_BYTES, ORGANISER_LINES, shown_log
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.db.models import RunRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.runs.attempts import pseudonym_key
from sonobench_platform.runs.canary import canary_log, failed_on_samples
from sonobench_platform.runs.report import Report
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.repository import Whole
from sonobench_platform.submissions.schemas import RunDetails, RunLog


def log_of(session: Session, caller: Identity, submission_id: str) -> RunLog:
    """The end of the log of the run that counts.

    Raises:
        NotFound: there is no such submission, it is another team's, its run has not ended, or its log is not for teams.
    """
    whole = repository.whole(session, submission_id, caller=caller)
    is_organiser = caller.may_organise(whole.challenge.id)
    if whole.run is not None and failed_on_samples(whole.run):
        return _canary_log(session, whole.run, submission_id)
    if not is_organiser and public_challenge(whole.phase).logs != "team":
        raise NotFound("log-not-shown", _NOT_SHOWN)
    report = _report(whole)
    if is_organiser:
        shown = shown_log(_in_own_words(session, whole, report.log_tail), most_lines=ORGANISER_LINES, most_bytes=ORGANISER_BYTES)
    else:
        shown = shown_log(report.log_tail)
    lost = _LOST if report.log_truncated else ""
    return RunLog(submission=submission_id, text=shown.text, lines=shown.lines, missing=f"{lost} {shown.missing}".strip())


def _canary_log(session: Session, run: RunRow, submission_id: str) -> RunLog:
    """What it printed on the public samples, to its team as to organisers: no hidden image was near it."""
    found = canary_log(session, run)
    shown = shown_log("" if found is None else found.text, most_lines=ORGANISER_LINES, most_bytes=ORGANISER_BYTES)
    lost = _LOST if found is not None and found.truncated else ""
    return RunLog(submission=submission_id, text=shown.text, lines=shown.lines, missing=f"{lost} {shown.missing}".strip())


def _in_own_words(session: Session, whole: Whole, log: str) -> str:
    """With the cases' own names for those that the container was given: who looks for a case must know which it is."""
    key = None if whole.run is None else pseudonym_key(session, whole.run)
    return case_names(public_challenge(whole.phase), key).in_own_words(log)


_NOT_SHOWN = (
    "Logs of this challenge's runs go to the organisers, because they can hold what the hidden images show. "
    "Run the image with `sonobench test` to see its messages."
)
_LOST = "The log grew beyond its limit, and what was printed first is lost."


def details_of(session: Session, caller: Identity, submission_id: str) -> RunDetails:
    """Everything that was measured and noted, exactly. For organisers.

    Raises:
        NotFound: there is no such submission in a challenge that the caller organises, or its run has not ended.
    """
    whole = repository.whole(session, submission_id, caller=caller)
    if not caller.may_organise(whole.challenge.id):
        raise repository.no_such_submission()
    report = _report(whole)
    known = {name: getattr(report, name) for name in RunDetails.model_fields if name in Report.model_fields}
    return RunDetails(submission=submission_id, **known)


def _report(whole: Whole) -> Report:
    if whole.run is None or whole.run.outcome is None:
        raise NotFound("no-run", f"Submission {whole.submission.id} is {whole.submission.state}; no run of it has ended yet.")
    return Report.model_validate_json(whole.run.outcome)
