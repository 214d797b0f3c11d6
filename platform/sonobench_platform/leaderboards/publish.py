"""Publishing: the counted evaluations become a board, kept as a snapshot. Never touches truth or predictions."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, select
from sqlalchemy.orm import Session

from sonobench_eval.evaluation import Evaluation
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.public import public_board
from sonobench_platform.audit.log import head
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.core import Contender, Core
from sonobench_platform.db.models import (
    DisqualificationRow,
    EvaluationRow,
    PhaseRow,
    RescoringItemRow,
    RescoringRow,
    RunRow,
    SnapshotRow,
    SubmissionRow,
    TeamRow,
)
from sonobench_platform.db.session import Work
from sonobench_platform.domain.counting import Countable, best_scored, chosen, eligible, last_scored
from sonobench_platform.domain.states import COUNTING
from sonobench_platform.leaderboards.aliases import shown_team, uses_aliases, without_traces
from sonobench_platform.notices.events import board_published
from sonobench_platform.runs.report import Report


def publish(core: Core, work: Work, *, phase_id: str) -> SnapshotRow | None:
    """Make the board from what is scored in this transaction's eyes, and keep it unless it says the same as the last.

    While the phase is open, times and memory are rounded and ranks use them so; once it is closed they are exact. While scores of
    an earlier definition wait to be made again, the last board stays. Returns what is on show; None where nothing is.
    """
    # Two scorings that end together must each see the other's result, or the later board would lack one.
    work.take_turns(f"leaderboard of {phase_id}")
    work.session.flush()
    # Read anew: it may have been closed while this transaction waited for its turn.
    phase = work.session.get_one(PhaseRow, phase_id, populate_existing=True)
    if waiting_for_scores(work.session, phase):
        return latest(work.session, phase.id)
    return _keep(core, work, phase, board_of(core, work.session, phase))


def board_of(core: Core, session: Session, phase: PhaseRow) -> Leaderboard:
    """The board as it would be published now: without figures of roles of too few cases, for whoever reads it has all of it."""
    challenge = public_challenge(phase)
    board = core.evaluator.build_leaderboard(
        challenge,
        [_contender(core, session, each) for each in counted(core, session, phase)],
        definition_hash=phase.hash,
        dataset_hash=phase.dataset_hash,
        generated_at=core.clock.now(),
        exact=not phase.is_open,
    )
    public = public_board(board, fewest_cases=challenge.subgroups.fewest_cases)
    return without_traces(public) if uses_aliases(phase) else public


def contenders(core: Core, session: Session, phase_id: str) -> list[Contender]:
    """Of each team the submission that counts by the phase's rule, of those that were scored by its definition.

    `team` is what the board calls it: an alias where the phase shows no names.
    """
    phase = session.get_one(PhaseRow, phase_id)
    return [_contender(core, session, each) for each in counted(core, session, phase)]


def counted(core: Core, session: Session, phase: PhaseRow) -> list[Countable]:
    """Of each team the submission that counts; a disqualified one only where the team has no other."""
    scored = eligible(_scored(session, phase))
    match rules_of(phase).counts:
        case "last":
            return last_scored(scored)
        case "chosen":
            return chosen(scored)
        case "best":
            return best_scored(scored, partial(_places, core, session, phase))


def waiting_for_scores(session: Session, phase: PhaseRow) -> int:
    """How many scored submissions have a score of an earlier definition or of other data, and wait to be scored again.

    One that a published rescoring by the present definition could not score waits no more: it is left out.
    """
    tried = exists().where(
        RescoringItemRow.run_id == RunRow.id,
        RescoringRow.id == RescoringItemRow.rescoring_id,
        RescoringRow.state == "published",
        RescoringRow.definition_hash == phase.hash,
        RescoringRow.asked_at >= phase.defined_at,
    )
    scored = _with_score(select(func.count()).select_from(SubmissionRow), phase)
    return session.scalar(scored.where(not_(_by_its_definition(phase)), not_(tried))) or 0


def content_hash(board: Leaderboard) -> str:
    """`sha256:...` of everything but the time it was made at: the same numbers have the same hash."""
    content = board.model_dump(mode="json", by_alias=True, exclude={"generated_at"})
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _scored(session: Session, phase: PhaseRow) -> list[Countable]:
    columns = select(
        SubmissionRow.id,
        RunRow.id,
        SubmissionRow.team_id,
        SubmissionRow.created_at,
        SubmissionRow.is_chosen,
        exists().where(DisqualificationRow.submission_id == SubmissionRow.id),
    )
    found = session.execute(_with_score(columns, phase).where(_by_its_definition(phase)))
    return [Countable(*row) for row in found]


_Columns = TypeVarTuple("_Columns")


def _with_score(query: Select[*_Columns], phase: PhaseRow) -> Select[*_Columns]:
    return (
        query.join(RunRow, and_(RunRow.submission_id == SubmissionRow.id, RunRow.is_current))
        .join(EvaluationRow, and_(EvaluationRow.run_id == RunRow.id, EvaluationRow.is_current))
        .where(SubmissionRow.phase_id == phase.id, SubmissionRow.state.in_(COUNTING))
    )


def _by_its_definition(phase: PhaseRow) -> ColumnElement[bool]:
    return and_(EvaluationRow.challenge_hash == phase.hash, EvaluationRow.dataset_hash == phase.dataset_hash)


def _places(core: Core, session: Session, phase: PhaseRow, own: Sequence[Countable]) -> list[float]:
    """The places of one team's submissions where they are ranked among themselves, each as if it were a team."""
    board = core.evaluator.build_leaderboard(
        public_challenge(phase),
        [replace(_contender(core, session, each), team=each.submission_id, replicates=None, disqualified=False) for each in own],
        definition_hash=phase.hash,
        dataset_hash=phase.dataset_hash,
        generated_at=core.clock.now(),
        exact=not phase.is_open,
    )
    place = {row.submission: row.rank for row in board.rows}
    return [math.inf if (rank := place.get(each.submission_id)) is None else rank for each in own]


def _contender(core: Core, session: Session, counted: Countable) -> Contender:
    submission = session.get_one(SubmissionRow, counted.submission_id)
    run = session.get_one(RunRow, counted.run_id)
    measured = Report.model_validate_json(run.outcome or "").measurement
    scored = _evaluation(session, counted.run_id)
    replicates = core.store.replicates(counted.run_id, scored.number)
    return Contender(
        team=shown_team(core, session.get_one(PhaseRow, submission.phase_id), session.get_one(TeamRow, counted.team_id)),
        evaluation=Evaluation.from_json(scored.document),
        time_s=measured.wall_time_s,
        reference_s=measured.reference_s,
        gpu_memory_bytes=measured.peak_gpu_memory_bytes,
        host_memory_bytes=measured.peak_host_memory_bytes,
        replicates=replicates if replicates.is_file() else None,
        submission=submission.id,
        image_digest=submission.image_digest,
        times_s=measured.repeats_s,
        disqualified=counted.is_disqualified,
    )


def _evaluation(session: Session, run_id: str) -> EvaluationRow:
    return session.scalars(select(EvaluationRow).where(EvaluationRow.run_id == run_id, EvaluationRow.is_current)).one()


def _keep(core: Core, work: Work, phase: PhaseRow, board: Leaderboard) -> SnapshotRow:
    last = latest(work.session, phase.id)
    found = content_hash(board)
    if last is not None and last.content_hash == found:
        return last
    number = (work.session.scalar(select(func.max(SnapshotRow.number)).where(SnapshotRow.phase_id == phase.id)) or 0) + 1
    row = SnapshotRow(
        challenge_id=phase.challenge_id,
        phase_id=phase.id,
        number=number,
        content_hash=found,
        document=board.to_json(),
        created_at=core.clock.now(),
        audit_head=head(work.session),
    )
    work.session.add(row)
    work.session.flush()
    board_published(work, phase, number, at=row.created_at)
    return row


def latest(session: Session, phase_id: str) -> SnapshotRow | None:
    """The snapshot that is on show."""
    query = select(SnapshotRow).where(SnapshotRow.phase_id == phase_id).order_by(SnapshotRow.number.desc()).limit(1)
    return session.scalar(query)
