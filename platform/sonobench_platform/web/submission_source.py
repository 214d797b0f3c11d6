"""A submission's records as its pages read them, in one reading transaction, for whoever reads them.

What may be seen is settled by the services that the API asks too; nothing here decides it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.challenge.phase import Phase
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report.public import public_board
from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.phases import rules_of, takes_images
from sonobench_platform.challenges.showing import is_visible, shows_board
from sonobench_platform.core import Core
from sonobench_platform.db.models import AttemptRow, ChallengeRow, PhaseRow, SubmissionRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.expecting import Range
from sonobench_platform.domain.ids import is_id
from sonobench_platform.domain.states import State
from sonobench_platform.leaderboards.aliases import alias_of
from sonobench_platform.leaderboards.behind import submissions_behind
from sonobench_platform.leaderboards.service import published_or_none
from sonobench_platform.runs.canary import ran_well_on_samples
from sonobench_platform.runs.course import Course, course_of
from sonobench_platform.runs.expected_start import usual_length
from sonobench_platform.submissions import details, repository, view
from sonobench_platform.submissions.findings import Found, findings_of, is_public_data
from sonobench_platform.submissions.live import stamps_of
from sonobench_platform.submissions.public_face import PublicWords, words_of
from sonobench_platform.submissions.repository import Whole
from sonobench_platform.submissions.schemas import RunLog, Submission


class Place(NamedTuple):
    """What a board says of a team now: `row`, of the submission `counts`. `alias` is empty where the board has names."""

    row: Row
    rows: int
    counts: str
    alias: str
    is_this: bool


class LiveLog(NamedTuple):
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SubmissionFacts:
    """All that a submission's page tells one reader."""

    shown: Submission
    challenge: Challenge
    rules: Phase
    takes_images: bool
    is_own: bool
    may_change: bool
    organises: bool
    exact: bool
    public_data: bool
    passed_samples: bool
    findings: tuple[Found, ...]
    course: Course
    log: RunLog | None
    log_hidden: str
    live_log: LiveLog | None
    place: Place | None
    usual: Range | None
    words: PublicWords
    stamp: str
    now: datetime


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """All that a submission's public page tells anybody."""

    challenge: Challenge
    rules: Phase
    board: Leaderboard
    row: Row
    words: PublicWords
    is_own: bool


def facts_of(core: Core, session: Session, caller: Identity, submission_id: str) -> SubmissionFacts:
    """Raises NotFound where there is no such submission, or it is another team's."""
    now = core.clock.now()
    whole = repository.whole(session, submission_id, caller=caller)
    shown = view.view_one(session, caller, submission_id, now=now)
    organises, is_own = caller.may_organise(whole.challenge.id), whole.team.id in caller.team_ids
    log, log_hidden = _log(session, caller, submission_id)
    return SubmissionFacts(
        shown=shown,
        challenge=public_challenge(whole.phase),
        rules=rules_of(whole.phase),
        takes_images=takes_images(whole.phase, now),
        is_own=is_own,
        may_change=is_own and Role.PARTICIPANT in caller.changing_roles,
        organises=organises,
        exact=organises or not whole.phase.is_open,
        public_data=is_public_data(whole),
        passed_samples=_passed_samples(whole),
        findings=findings_of(session, caller, whole) if shown.result is not None else (),
        course=course_of(whole, caller, now),
        log=log,
        log_hidden=log_hidden,
        live_log=_live_log(session, whole),
        place=_place(core, session, caller, whole, now),
        usual=usual_length(session, whole.phase.id) if whole.submission.state == State.RUNNING else None,
        words=words_of(whole.submission),
        stamp=stamps_of(session, [submission_id], now)[submission_id].value,
        now=now,
    )


def public_facts(core: Core, session: Session, caller: Identity | None, submission_id: str) -> PublicFacts | None:
    """What the board that `caller` (None: anyone) sees says of the submission; None where it is on none."""
    row = session.get(SubmissionRow, submission_id) if is_id(submission_id) else None
    if row is None:
        return None
    phase, challenge = session.get_one(PhaseRow, row.phase_id), session.get_one(ChallengeRow, row.challenge_id)
    if not is_visible(challenge, caller) or not shows_board(phase, caller, core.clock.now()):
        return None
    published, definition = published_or_none(session, phase), public_challenge(phase)
    board = None if published is None else public_board(published.board, fewest_cases=definition.subgroups.fewest_cases)
    line = None if board is None else next((each for each in board.rows if each.submission == submission_id), None)
    if board is None or line is None:
        return None
    words = words_of(row) if row.is_public else PublicWords()
    is_own = caller is not None and row.team_id in caller.team_ids
    return PublicFacts(definition, rules_of(phase), board, line, words, is_own)


def _log(session: Session, caller: Identity, submission_id: str) -> tuple[RunLog | None, str]:
    try:
        return details.log_of(session, caller, submission_id), ""
    except NotFound as why:
        return None, why.detail if why.code == "log-not-shown" else ""


def _live_log(session: Session, whole: Whole) -> LiveLog | None:
    run = whole.in_hand
    if run is None or whole.submission.state != State.RUNNING:
        return None
    row = session.scalar(select(AttemptRow).where(AttemptRow.run_id == run.id, AttemptRow.attempt == run.attempt))
    if row is None or row.live_log is None or row.live_log_at is None:
        return None
    return LiveLog(row.live_log, row.live_log_at)


def _passed_samples(whole: Whole) -> bool:
    return whole.in_hand is not None and ran_well_on_samples(whole.in_hand)


def _place(core: Core, session: Session, caller: Identity, whole: Whole, now: datetime) -> Place | None:
    """Where the team stands now on a board that the caller sees, whether that shows names or aliases."""
    published = published_or_none(session, whole.phase) if shows_board(whole.phase, caller, now) else None
    if published is None:
        return None
    board, submission_id = published.board, whole.submission.id
    behind = submissions_behind(core, session, board)
    own = select(SubmissionRow.id).where(SubmissionRow.team_id == whole.team.id, SubmissionRow.id.in_(behind.values()))
    counts = session.scalar(own.limit(1))
    row = next((each for each in board.rows if counts is not None and behind.get(each.team) == counts), None)
    if row is None or counts is None:
        return None
    return Place(row, len(board.rows), counts, alias_of(core, whole.phase, whole.team.id) or "", counts == submission_id)
