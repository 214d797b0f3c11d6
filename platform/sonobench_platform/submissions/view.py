"""A submission as its team and the organisers see it.

To a team nothing is shown that its container wrote while it saw hidden data: names of files and logs could carry that
data out. Figures that it chose are rounded until the challenge closes: times to 1 %, memory to 64 MiB, and the moments of
a run's steps to whole minutes. Organisers see all of it exactly, and more on other routes.

What remains: whoever asks every second sees a run's steps to the second. That is a few bits more of a long run than the
rounded time says, for each submission that is let in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from sonobench_eval.evaluation import Evaluation
from sonobench_eval.ranking.shown import shown_memory_bytes, shown_moment, shown_time_s
from sonobench_eval.sandbox.failure import Blame
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.showing import shows_scores, why_hidden
from sonobench_platform.db.models import DisqualificationRow, HistoryRow, ImageRow
from sonobench_platform.desk.paging import Place
from sonobench_platform.domain.states import COUNTING, State
from sonobench_platform.runs.expected_start import Expectation, expectations
from sonobench_platform.runs.report import Report, ReportedMeasurement
from sonobench_platform.submissions import disqualify, repository
from sonobench_platform.submissions.quota import all_given_back
from sonobench_platform.submissions.repository import Whole
from sonobench_platform.submissions.schemas import (
    Disqualified,
    ExpectedStart,
    FailureView,
    FindingView,
    Image,
    Progress,
    Result,
    Step,
    Submission,
    TeamName,
)

_TROUBLE = "The platform had trouble with this step and is trying again; it costs you nothing, and the organisers can see why."


def view_one(session: Session, caller: Identity, submission_id: str, *, now: datetime) -> Submission:
    """One submission as `caller` may see it at `now`.

    Raises:
        NotFound: there is none, or it is another team's.
    """
    return _views(session, caller, [repository.whole(session, submission_id, caller=caller)], now)[0]


def view_newest(
    session: Session,
    caller: Identity,
    *,
    challenge: str | None,
    limit: int,
    now: datetime,
    after: Place | None = None,
) -> list[Submission]:
    """The newest submissions that `caller` may see: a team its own, organisers all."""
    return _views(session, caller, repository.newest(session, caller=caller, challenge=challenge, limit=limit, after=after), now)


class _Beside(NamedTuple):
    """What stands beside a submission: its steps, what it may expect of the queue, whether its attempt was given back."""

    history: Sequence[HistoryRow]
    expected: Expectation | None
    is_given_back: bool
    disqualified: DisqualificationRow | None


def _views(session: Session, caller: Identity, wholes: Sequence[Whole], now: datetime) -> list[Submission]:
    ids = [whole.submission.id for whole in wholes]
    histories, given_back = repository.histories(session, ids), all_given_back(session, ids)
    any_queued = any(whole.submission.state == State.QUEUED for whole in wholes)
    expected = expectations(session, now) if any_queued else {}
    out = disqualify.among(session, ids)
    beside = [_Beside(histories[each], expected.get(each), each in given_back, out.get(each)) for each in ids]
    return [_view(caller, whole, each, now) for whole, each in zip(wholes, beside, strict=True)]


def _view(caller: Identity, whole: Whole, beside: _Beside, now: datetime) -> Submission:
    row, run, history, expected = whole.submission, whole.in_hand, beside.history, beside.expected
    organises = caller.may_organise(row.challenge_id)
    exact = organises or not whole.phase.is_open
    shown = shows_scores(whole.phase, caller, row.team_id, now)
    moments = [step.at for step in history] if exact else _shown_moments(history)
    return Submission(
        id=row.id,
        team=TeamName(id=whole.team.id, name=whole.team.name),
        challenge=whole.challenge.name,
        phase=whole.phase.name,
        state=State(row.state),
        state_since=row.state_since if exact else moments[-1],
        created_at=row.created_at,
        note=row.note,
        history=[_step(step, at) for step, at in zip(history, moments, strict=True)],
        queue_position=None if expected is None else expected.place,
        expected_start=_start(expected),
        attempt=run.attempt if run is not None and run.attempt else None,
        node=run.node if run is not None and organises else None,
        image=None if whole.image is None else _image(whole.image),
        failure=_failure(whole),
        trouble=row.trouble if organises or row.trouble is None else _TROUBLE,
        progress=_progress(whole, exact=exact),
        result=_result(whole, exact=exact) if shown else None,
        result_hidden=why_hidden(whole.phase) if _has_result(whole) and not shown else None,
        chosen=row.is_chosen,
        costs_attempt=not beside.is_given_back,
        disqualified=_disqualified(beside.disqualified),
    )


def _disqualified(row: DisqualificationRow | None) -> Disqualified | None:
    return None if row is None else Disqualified(at=row.at, reason=row.reason)


def _start(expected: Expectation | None) -> ExpectedStart | None:
    if expected is None or expected.start is None:
        return None
    return ExpectedStart(from_minutes=expected.start.from_min, to_minutes=expected.start.to_min)


def _shown_moments(history: Sequence[HistoryRow]) -> list[datetime]:
    """When each step was, as a team may know it: from the start of a run on, by its time to 1 % and in whole minutes."""
    shown: list[datetime] = []
    start = None
    for step in history:
        start = step.at if step.to_state == State.RUNNING else start
        at = step.at if start is None else shown_moment(step.at, since=start)
        shown.append(max(at, shown[-1]) if shown else at)
    return shown


def _step(row: HistoryRow, at: datetime) -> Step:
    origin = None if row.from_state is None else State(row.from_state)
    return Step(at=at, from_=origin, to=State(row.to_state), cause=row.cause)


def _image(row: ImageRow) -> Image:
    found: dict[str, Any] = json.loads(row.description)
    shown = {name: found[name] for name in ("user", "entrypoint", "command", "working_dir", "warnings")}
    return Image(digest=row.config_digest, size_bytes=row.size_bytes, **shown)


def _failure(whole: Whole) -> FailureView | None:
    row = whole.submission
    if row.failure_category is None or State(row.state).is_open:  # what is run again has not failed yet
        return None
    blame = Blame(row.failure_blame or Blame.UNDETERMINED)
    return FailureView(category=row.failure_category, blame=blame, sentence=row.failure_sentence or "")


def _progress(whole: Whole, *, exact: bool) -> Progress | None:
    run = whole.in_hand
    if whole.submission.state != State.RUNNING or run is None or run.phase is None or run.phase_since is None:
        return None
    since = run.phase_since
    return Progress(phase=run.phase, since=since if exact else shown_moment(since, since=whole.submission.state_since))


def _has_result(whole: Whole) -> bool:
    """Whether it has a score: so has one that is run again."""
    return whole.summary is not None and whole.submission.state in COUNTING


def _result(whole: Whole, *, exact: bool) -> Result | None:
    if whole.summary is None or not _has_result(whole) or whole.run is None or whole.run.outcome is None:
        return None
    evaluation = Evaluation.from_json(whole.summary)
    measured = Report.model_validate_json(whole.run.outcome).measurement
    measured = measured if exact else _rounded(measured)
    return Result(
        means=evaluation.means,
        tasks=evaluation.tasks,
        findings=[FindingView(code=f.code, count=f.count, sentence=f.sentence) for f in evaluation.findings],
        time_s=measured.wall_time_s,
        host_memory_bytes=measured.peak_host_memory_bytes,
        host_memory_method=measured.host_memory_method,
        gpu_memory_bytes=measured.peak_gpu_memory_bytes,
        gpu_memory_method=measured.gpu_memory_method,
        exact=exact,
    )


def _rounded(measured: ReportedMeasurement) -> ReportedMeasurement:
    time_s, host, gpu = measured.wall_time_s, measured.peak_host_memory_bytes, measured.peak_gpu_memory_bytes
    return ReportedMeasurement(
        wall_time_s=None if time_s is None else shown_time_s(time_s),
        peak_host_memory_bytes=None if host is None else shown_memory_bytes(host),
        host_memory_method=_without_counts(measured.host_memory_method),
        peak_gpu_memory_bytes=None if gpu is None else shown_memory_bytes(gpu),
        gpu_memory_method=_without_counts(measured.gpu_memory_method),
    )


def _without_counts(method: str) -> str:
    """How it was measured, without the numbers of samples and processes: a program has a say in them too."""
    return re.sub(r"(?<![A-Za-z])[0-9][0-9.,]*", "…", method)
