"""Submissions in the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.db.models import (
    ChallengeRow,
    EvaluationRow,
    HistoryRow,
    ImageRow,
    PhaseRow,
    RunRow,
    SubmissionRow,
    TeamRow,
)
from sonobench_platform.desk.paging import Place, older
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.ids import is_id
from sonobench_platform.domain.states import OPEN, State


class Whole(NamedTuple):
    """A submission with what is shown beside it. `run` is the run that counts, `newest` the last one that was asked for."""

    submission: SubmissionRow
    team: TeamRow
    challenge: ChallengeRow
    phase: PhaseRow
    run: RunRow | None
    image: ImageRow | None
    summary: str | None
    newest: RunRow | None = None

    @property
    def in_hand(self) -> RunRow | None:
        """The run that is under way or waits; once none is, the one that counts."""
        return self.newest if State(self.submission.state).is_open else self.run


def no_such_submission() -> NotFound:
    return NotFound("no-such-submission", "There is no submission of that name, or it is not yours.")


def lock(session: Session, submission_id: str) -> SubmissionRow:
    """The submission, held until the end of the transaction so that nobody moves it meanwhile.

    Raises:
        NotFound: there is none.
    """
    row = None
    if is_id(submission_id):
        row = session.get(SubmissionRow, submission_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise no_such_submission()
    return row


def whole(session: Session, submission_id: str, *, caller: Identity) -> Whole:
    """One submission that `caller` may know of.

    Raises:
        NotFound: there is none, or it is another team's.
    """
    row = None
    if is_id(submission_id):
        row = session.execute(_wholes(caller).where(SubmissionRow.id == submission_id)).one_or_none()
    if row is None:
        raise no_such_submission()
    return Whole(*row)


def newest(session: Session, *, caller: Identity, challenge: str | None, limit: int, after: Place | None = None) -> list[Whole]:
    """The newest submissions first that `caller` may know of; of one challenge, and older than a place, where given."""
    query = _wholes(caller)
    if challenge is not None:
        query = query.where(ChallengeRow.name == challenge.replace("\0", ""))
    if after is not None:
        query = query.where(older(SubmissionRow.created_at, SubmissionRow.id, after))
    query = query.order_by(SubmissionRow.created_at.desc(), SubmissionRow.id.desc()).limit(limit)
    return [Whole(*row) for row in session.execute(query)]


def visible_to(caller: Identity) -> ColumnElement[bool]:
    """Which submissions a caller may know of: those of the own teams, and of the challenges it organises."""
    own = SubmissionRow.team_id.in_(caller.team_ids)
    if Role.ORGANISER not in caller.roles:
        return own
    return (
        SubmissionRow.id.is_not(None) if caller.is_administrator else or_(own, SubmissionRow.challenge_id.in_(caller.organises))
    )


def is_newest() -> ColumnElement[bool]:
    """Of a submission's runs the last: the one that is in hand while the submission waits, runs or is scored."""
    later = aliased(RunRow)
    return ~exists().where(later.submission_id == RunRow.submission_id, later.number > RunRow.number)


def newest_run(session: Session, submission_id: str) -> RunRow | None:
    """The submission's last run; None where there is none yet."""
    query = select(RunRow).where(RunRow.submission_id == submission_id).order_by(RunRow.number.desc()).limit(1)
    return session.scalar(query.execution_options(populate_existing=True))


def has_score(session: Session, submission_id: str) -> bool:
    """Whether the run that counts has an evaluation: so it is while a scored submission is run again, too."""
    query = select(
        exists().where(
            RunRow.submission_id == submission_id,
            RunRow.is_current,
            EvaluationRow.run_id == RunRow.id,
            EvaluationRow.is_current,
        )
    )
    return bool(session.scalar(query))


def make_current(session: Session, run: RunRow) -> None:
    """Let this run count, and none of the submission's others."""
    session.execute(
        update(RunRow)
        .where(RunRow.submission_id == run.submission_id)
        .values(is_current=RunRow.id == run.id)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    session.refresh(run)


_Newest = aliased(RunRow)


def _wholes(caller: Identity) -> Select[SubmissionRow, TeamRow, ChallengeRow, PhaseRow, RunRow, ImageRow, str, RunRow]:
    last = select(func.max(RunRow.number)).where(RunRow.submission_id == SubmissionRow.id).correlate(SubmissionRow)
    return (
        select(SubmissionRow, TeamRow, ChallengeRow, PhaseRow, RunRow, ImageRow, EvaluationRow.summary, _Newest)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .join(ChallengeRow, ChallengeRow.id == SubmissionRow.challenge_id)
        .join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
        .outerjoin(RunRow, and_(RunRow.submission_id == SubmissionRow.id, RunRow.is_current))
        .outerjoin(_Newest, and_(_Newest.submission_id == SubmissionRow.id, _Newest.number == last.scalar_subquery()))
        .outerjoin(ImageRow, ImageRow.config_digest == SubmissionRow.image_digest)
        .outerjoin(EvaluationRow, and_(EvaluationRow.run_id == RunRow.id, EvaluationRow.is_current))
        .where(visible_to(caller))
    )


def histories(session: Session, submission_ids: Iterable[str]) -> dict[str, list[HistoryRow]]:
    """Every step of these submissions, oldest first."""
    found: dict[str, list[HistoryRow]] = {each: [] for each in submission_ids}
    query = select(HistoryRow).where(HistoryRow.submission_id.in_(found)).order_by(HistoryRow.number)
    for row in session.scalars(query):
        found[row.submission_id].append(row)
    return found


def count_open(session: Session, *, team_id: str, phase_id: str) -> int:
    """How many of the team's submissions are under way; those that organisers have run again are not the team's doing."""
    again = exists().where(RunRow.submission_id == SubmissionRow.id, RunRow.number > 1)
    query = select(func.count()).where(
        SubmissionRow.team_id == team_id, SubmissionRow.phase_id == phase_id, SubmissionRow.state.in_(OPEN), ~again
    )
    return session.scalar(query) or 0


def same_image(session: Session, submission: SubmissionRow, digest: str) -> SubmissionRow | None:
    """The team's latest other submission of this image, if any."""
    query = (
        select(SubmissionRow)
        .where(
            SubmissionRow.team_id == submission.team_id,
            SubmissionRow.image_digest == digest,
            SubmissionRow.id != submission.id,
        )
        .order_by(SubmissionRow.created_at.desc())
        .limit(1)
    )
    return session.scalar(query)


def holds_image(session: Session, team_id: str, digest: str) -> bool:
    """True while the team has a submission of this image that it did not cancel."""
    query = select(SubmissionRow.id).where(
        SubmissionRow.team_id == team_id, SubmissionRow.image_digest == digest, SubmissionRow.state != State.CANCELLED
    )
    return session.scalar(query.limit(1)) is not None


def workable(session: Session, state: State, now: datetime, *, woken_before: datetime | None = None) -> Sequence[str]:
    """Submissions in `state` that nobody works on and that are not being held back, oldest first."""
    query = (
        select(SubmissionRow.id)
        .where(
            SubmissionRow.state == state,
            or_(SubmissionRow.worker_until.is_(None), SubmissionRow.worker_until <= now),
            or_(SubmissionRow.next_try_at.is_(None), SubmissionRow.next_try_at <= now),
        )
        .order_by(SubmissionRow.state_since, SubmissionRow.id)
    )
    if woken_before is not None:
        query = query.where(or_(SubmissionRow.woken_at.is_(None), SubmissionRow.woken_at <= woken_before))
    return session.scalars(query).all()


def in_state_since(session: Session, state: State, before: datetime) -> Sequence[SubmissionRow]:
    """Submissions that have been in `state` since before this moment."""
    return session.scalars(
        select(SubmissionRow).where(SubmissionRow.state == state, SubmissionRow.state_since <= before).order_by(SubmissionRow.id)
    ).all()
