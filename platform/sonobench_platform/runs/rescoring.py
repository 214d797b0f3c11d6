"""Scoring stored predictions again after a metric or a definition was mended, seen whole before anyone else sees it.

A rescoring is asked for, scored item by item by the score workers, and then waits with a table of what would change. An
organiser publishes it, which makes its evaluations count and the board anew in one transaction, or drops it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import EvaluationRow, PhaseRow, RescoringItemRow, RescoringRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Forbidden, NotFound
from sonobench_platform.domain.ids import is_id, new_id
from sonobench_platform.domain.states import COUNTING
from sonobench_platform.leaderboards.publish import publish


class RescoringState(StrEnum):
    RUNNING = "running"
    READY = "ready"
    PUBLISHED = "published"
    DROPPED = "dropped"


LIVING = frozenset({RescoringState.RUNNING, RescoringState.READY})


def ask(
    core: Core, work: Work, caller: Identity, phase: PhaseRow, *, reason: str, submissions: Sequence[str] = ()
) -> RescoringRow:
    """Have everything that is scored in a phase scored again, or the named submissions; returns at once.

    Raises:
        Forbidden: the caller does not organise the challenge.
        Conflict: `rescoring-under-way`: another of this phase is not published or dropped yet; `nothing-to-rescore`.
        NotFound: a named submission has no score in this phase.
    """
    if not caller.may_organise(phase.challenge_id):
        raise Forbidden("not-your-challenge", "This is for the organisers of the challenge.")
    work.take_turns(f"rescorings of {phase.id}")
    _refuse_a_second(work.session, phase)
    runs = _runs(work.session, phase, submissions)
    now = core.clock.now()
    row = RescoringRow(
        id=new_id("resc"),
        phase_id=phase.id,
        state=RescoringState.RUNNING,
        reason=reason,
        asked_by=caller.name[:100],
        asked_at=now,
        definition_hash=phase.hash,
    )
    work.session.add(row)
    work.session.flush()
    work.session.add_all(RescoringItemRow(rescoring_id=row.id, run_id=run_id, tries=0) for run_id in runs)
    work.session.flush()
    detail = {"phase": phase.name, "runs": len(runs), "definition": phase.hash}
    record(core, work, caller, "rescoring.ask", row.id, challenge_id=phase.challenge_id, detail=detail, reason=reason)
    return row


def publish_rescoring(core: Core, work: Work, caller: Identity, rescoring_id: str) -> RescoringRow:
    """Let its evaluations count, and publish the board, in one transaction. Twice is harmless.

    Raises:
        NotFound: there is no such rescoring in a challenge that the caller organises.
        Conflict: `not-ready`: it is still being scored; `rescoring-dropped`; `rescoring-outdated`: the definition has changed.
    """
    row, phase = locked(work, caller, rescoring_id)
    if row.state == RescoringState.PUBLISHED:
        return row
    if row.state != RescoringState.READY:
        code = "rescoring-dropped" if row.state == RescoringState.DROPPED else "not-ready"
        raise Conflict(code, f"Rescoring {row.id} is {row.state}; only one that is ready can be published.")
    if row.definition_hash != phase.hash:
        said = f"The definition of {phase.name} has changed since {row.id} was asked for; drop it and ask for another."
        raise Conflict("rescoring-outdated", said)
    work.take_turns(f"leaderboard of {phase.id}")
    let_count(work.session, row.id)
    row.state, row.ended_at = RescoringState.PUBLISHED, core.clock.now()
    work.session.flush()
    # The audit's row comes first: the board's snapshot then holds it in its chain.
    record(core, work, caller, "rescoring.publish", row.id, challenge_id=phase.challenge_id, reason=row.reason)
    publish(core, work, phase_id=phase.id)
    return row


def drop_rescoring(core: Core, work: Work, caller: Identity, rescoring_id: str) -> RescoringRow:
    """Forget its evaluations; nothing that counts changes. Twice is harmless.

    Raises:
        NotFound: there is no such rescoring in a challenge that the caller organises.
        Conflict: `rescoring-published`: its evaluations count already.
    """
    row, phase = locked(work, caller, rescoring_id)
    if row.state == RescoringState.DROPPED:
        return row
    if row.state == RescoringState.PUBLISHED:
        raise Conflict("rescoring-published", f"Rescoring {row.id} is published; ask for another to score again.")
    forgotten = work.session.execute(
        select(EvaluationRow.run_id, EvaluationRow.number).where(EvaluationRow.rescoring_id == row.id)
    )
    files = [core.store.replicates(run_id, number) for run_id, number in forgotten]
    work.session.execute(delete(EvaluationRow).where(EvaluationRow.rescoring_id == row.id))
    row.state, row.ended_at = RescoringState.DROPPED, core.clock.now()
    work.session.flush()
    for file in files:
        work.after_commit(partial(file.unlink, missing_ok=True))
    record(core, work, caller, "rescoring.drop", row.id, challenge_id=phase.challenge_id, reason=row.reason)
    return row


def let_count(session: Session, rescoring_id: str) -> None:
    """Make the evaluations of a rescoring those that count for their runs."""
    fresh = select(EvaluationRow.run_id).where(EvaluationRow.rescoring_id == rescoring_id)
    session.flush()
    session.execute(
        update(EvaluationRow)
        .where(EvaluationRow.run_id.in_(fresh))
        .values(is_current=func.coalesce(EvaluationRow.rescoring_id, "") == rescoring_id)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def locked(work: Work, caller: Identity, rescoring_id: str) -> tuple[RescoringRow, PhaseRow]:
    """A rescoring, locked, for someone who organises its challenge.

    Raises:
        NotFound: there is none, or the caller does not.
    """
    row = (
        work.session.get(RescoringRow, rescoring_id, with_for_update=True, populate_existing=True)
        if is_id(rescoring_id)
        else None
    )
    return _known(work.session, caller, row)


def get_rescoring(session: Session, caller: Identity, rescoring_id: str) -> tuple[RescoringRow, PhaseRow]:
    """Raises `NotFound` where there is none, or the caller does not organise its challenge."""
    return _known(session, caller, session.get(RescoringRow, rescoring_id) if is_id(rescoring_id) else None)


def of_phases(session: Session, phase_ids: Sequence[str]) -> list[RescoringRow]:
    """The newest first."""
    query = select(RescoringRow).where(RescoringRow.phase_id.in_(phase_ids))
    return list(session.scalars(query.order_by(RescoringRow.asked_at.desc(), RescoringRow.id)))


def items_of(session: Session, rescoring_id: str) -> list[RescoringItemRow]:
    query = select(RescoringItemRow).where(RescoringItemRow.rescoring_id == rescoring_id).order_by(RescoringItemRow.run_id)
    return list(session.scalars(query))


def _known(session: Session, caller: Identity, row: RescoringRow | None) -> tuple[RescoringRow, PhaseRow]:
    phase = None if row is None else session.get_one(PhaseRow, row.phase_id)
    if row is None or phase is None or not caller.may_organise(phase.challenge_id):
        raise NotFound("no-such-rescoring", "There is no rescoring of that name, or it is not of a challenge of yours.")
    return row, phase


def _refuse_a_second(session: Session, phase: PhaseRow) -> None:
    other = session.scalar(select(RescoringRow).where(RescoringRow.phase_id == phase.id, RescoringRow.state.in_(LIVING)))
    if other is not None:
        said = f"Rescoring {other.id} of {phase.name} is {other.state}; publish or drop it first."
        raise Conflict("rescoring-under-way", said)


def _runs(session: Session, phase: PhaseRow, wanted: Sequence[str]) -> list[str]:
    query = (
        select(SubmissionRow.id, RunRow.id)
        .join(RunRow, and_(RunRow.submission_id == SubmissionRow.id, RunRow.is_current))
        .join(EvaluationRow, and_(EvaluationRow.run_id == RunRow.id, EvaluationRow.is_current))
        .where(SubmissionRow.phase_id == phase.id, SubmissionRow.state.in_(COUNTING))
        .order_by(SubmissionRow.created_at, SubmissionRow.id)
    )
    scored = dict(session.execute(query).all())
    for each in wanted:
        if each not in scored:
            raise NotFound("no-such-submission", f"No submission {each[:40]!r} has a score in {phase.name}.")
    found = [scored[each] for each in dict.fromkeys(wanted)] if wanted else list(scored.values())
    if not found:
        raise Conflict("nothing-to-rescore", f"Nothing is scored in {phase.name} yet.")
    return found
