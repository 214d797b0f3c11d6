"""The platform's records as the pages read them, for whoever reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi import Request
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, defer

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.accounts.access import Visitor
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.changes import Changed, changes_of, told
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.phases import get_phase, of_challenge, rules_of, takes_images
from sonobench_platform.challenges.showing import is_visible, refuse_hidden_board, shows_board, why_hidden
from sonobench_platform.core import Core, core_of
from sonobench_platform.db.models import ChallengeRow, PhaseRow, SnapshotRow, SubmissionRow
from sonobench_platform.domain.states import State
from sonobench_platform.leaderboards.publish import waiting_for_scores
from sonobench_platform.leaderboards.study_view import study_of
from sonobench_platform.web.keeping import Kept
from sonobench_platform.web.source import BesideBoard, PublicChallenge, PublicChange, PublicPhase, PublicRecords, PublishedBoard

_ENDED_WITHOUT = (State.FAILED, State.REJECTED)


class CoreRecords:
    """`PublicRecords` over the platform's core; each call is one reading transaction."""

    def __init__(self, core: Core, reader: Identity | None) -> None:
        self._core = core
        self._reader = reader

    def challenges(self) -> Sequence[PublicChallenge]:
        with self._core.database.read() as session:
            return [self._public(session, row) for row in repository.everything(session) if is_visible(row, self._reader)]

    def challenge(self, name: str) -> PublicChallenge | None:
        with self._core.database.read() as session:
            row = self._find(session, name)
            return None if row is None else self._public(session, row)

    def latest_board(self, name: str, phase: str | None = None) -> PublishedBoard | None:
        with self._core.database.read() as session:
            of = self._shown_phase(session, name, phase)
            return None if of is None else _latest_board(session, of.id)

    def beside_board(self, name: str, phase: str | None = None) -> BesideBoard:
        with self._core.database.read() as session:
            of = self._shown_phase(session, name, phase)
            snapshot = None if of is None else _newest_line(session, of.id)
            if of is None or snapshot is None:
                return BesideBoard()
            study = study_of(self._core, session, snapshot)
            return BesideBoard(() if study is None else study.centers, _pages(_latest_board(session, of.id)))

    def _shown_phase(self, session: Session, name: str, phase: str | None) -> PhaseRow | None:
        row = self._find(session, name)
        if row is None:
            return None
        of = get_phase(session, row, phase)
        refuse_hidden_board(of, self._reader, self._core.clock.now())
        return of

    def _find(self, session: Session, name: str) -> ChallengeRow | None:
        row = repository.find(session, name)
        return row if row is not None and is_visible(row, self._reader) else None

    def _public(self, session: Session, row: ChallengeRow) -> PublicChallenge:
        now, phases = self._core.clock.now(), of_challenge(session, row.id)
        return PublicChallenge(
            public_challenge(row),
            row.hash,
            any(takes_images(phase, now) for phase in phases),
            tuple(self._phase(session, phase, now) for phase in phases),
            tuple(_change(change) for change in changes_of(session, row)),
        )

    def _phase(self, session: Session, row: PhaseRow, now: datetime) -> PublicPhase:
        hidden = "" if shows_board(row, self._reader, now) else why_hidden(row)
        return PublicPhase(rules_of(row), takes_images(row, now), hidden, waiting_for_scores(session, row))

    def teams_without_score(self, name: str, phase: str | None = None) -> int:
        with self._core.database.read() as session:
            row = self._find(session, name)
            phase_id = None if row is None else get_phase(session, row, phase).id
        best = case((SubmissionRow.state == State.SCORED, 2), (SubmissionRow.state.in_(_ENDED_WITHOUT), 0), else_=1)
        by_team = (
            select(func.max(best).label("best"))
            .where(SubmissionRow.phase_id == phase_id)
            .group_by(SubmissionRow.team_id)
            .subquery()
        )
        with self._core.database.read() as session:
            return session.scalar(select(func.count()).select_from(by_team).where(by_team.c.best == 0)) or 0

    def public_url(self) -> str:
        return self._core.settings.public_url.rstrip("/")


def records_of(request: Request, reader: Visitor) -> PublicRecords:
    """A route's way to the records."""
    return CoreRecords(core_of(request), reader)


def _change(change: Changed) -> PublicChange:
    return PublicChange(change.at, change.reason, tuple(told(each) for each in change.changes))


def _pages(published: PublishedBoard | None) -> dict[str, str]:
    """The submissions' pages, for whoever sees the board; one of aliases names none of its submissions, and leads to none."""
    named = [] if published is None else [row.submission for row in published.board.rows if row.submission is not None]
    return {each: f"/submissions/{each}" for each in named}


_BOARDS = Kept[PublishedBoard](16)


def _newest_line(session: Session, phase_id: str) -> SnapshotRow | None:
    """The snapshot on show, its document left where it is: with hundreds of teams it is megabytes."""
    query = select(SnapshotRow).options(defer(SnapshotRow.document)).where(SnapshotRow.phase_id == phase_id)
    return session.scalar(query.order_by(SnapshotRow.number.desc()).limit(1))


def _latest_board(session: Session, phase_id: str) -> PublishedBoard | None:
    """Read and parsed once: a published document never changes, and every reader of the page asks for the same one."""
    newest = select(SnapshotRow.number, SnapshotRow.content_hash).where(SnapshotRow.phase_id == phase_id)
    found = session.execute(newest.order_by(SnapshotRow.number.desc()).limit(1)).one_or_none()
    if found is None:
        return None
    key = (phase_id, found.number, found.content_hash)
    return _BOARDS.get(key, lambda: _read_board(session, phase_id, found.number))


def _read_board(session: Session, phase_id: str, number: int) -> PublishedBoard:
    row = session.scalars(select(SnapshotRow).where(SnapshotRow.phase_id == phase_id, SnapshotRow.number == number)).one()
    return PublishedBoard(Leaderboard.from_json(row.document), row.document, row.content_hash)
