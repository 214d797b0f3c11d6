"""Applying a definition: what `planning.py` found becomes what is registered, in one transaction, with its reason kept.

Scores are never touched. A phase whose scores would come out otherwise gets a new hash, and its board stays as it was until its
submissions were scored again; one of which only what is shown has changed keeps the hash that its scores were made with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.comparing import Reach
from sonobench_platform.challenges.datasets import keep_registration
from sonobench_platform.challenges.opening import settle_phase
from sonobench_platform.challenges.phases import of_challenge
from sonobench_platform.challenges.planning import PhasePlan, Plan, make_plan
from sonobench_platform.challenges.preparing import Part, Prepared, is_kept, keep, prepare, refuse_bad_data
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, ChangeRow, DatasetRow, PhaseRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Unprocessable
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.text import clean_line
from sonobench_platform.leaderboards.publish import latest, publish


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, and the challenge as it is now."""

    plan: Plan
    challenge: ChallengeRow


def apply(core: Core, caller: Identity, loaded: LoadedChallenge, *, reason: str | None) -> Applied:
    """Make a definition the registered one. The same one twice is harmless.

    Args:
        reason: why a frozen challenge is changed; shown to everyone with the change.

    Raises:
        ChallengeError: a file of its data is missing, or the registered definition cannot be read.
        DefinitionRefused: its data is broken, or it has no references to score against.
        Conflict: `challenge-changed`: it is frozen and no reason was given; `phase-has-submissions`: a phase would go that has
            some; `changed-meanwhile`: someone else applied another one at the same time.
        Unprocessable: the reason holds characters that nobody sees.
    """
    reason = _clean(reason)
    _refuse_early(core, loaded, reason)
    prepared = prepare(loaded)
    plan = make_plan(core, prepared)
    kept = is_kept(core.store, prepared)
    if plan.changes_nothing and not plan.has_moved and kept:
        with core.database.read() as session:
            return Applied(plan, repository.get(session, plan.name))
    _refuse(plan, reason)
    if plan.is_new or plan.has_moved or not kept or any(each.reach > Reach.SHOWN or each.has_new_data for each in plan.phases):
        refuse_bad_data(loaded)
    keep(core.store, prepared)
    with core.database.write() as work:
        return Applied(plan, _record(core, work, caller, prepared, plan, reason=reason))


def _clean(reason: str | None) -> str | None:
    try:
        return clean_line(reason or "") or None
    except ValueError as error:
        raise Unprocessable("bad-reason", f"The reason {error}.") from error


def _refuse_early(core: Core, loaded: LoadedChallenge, reason: str | None) -> None:
    """Before minutes are spent on hashing; `_record` asks again inside its transaction."""
    with core.database.read() as session:
        known = repository.find(session, loaded.challenge.name)
    if known is not None and known.frozen_at is not None and known.hash != loaded.hash and reason is None:
        raise _reason_needed(loaded.challenge.name)


def _refuse(plan: Plan, reason: str | None) -> None:
    if plan.obstacles:
        raise Conflict("phase-has-submissions", " ".join(plan.obstacles))
    if plan.needs_reason and reason is None:
        raise _reason_needed(plan.name)


def _reason_needed(name: str) -> Conflict:
    return Conflict(
        "challenge-changed",
        f"The challenge {name!r} is frozen: it has opened or has submissions, and its definition or its data is not what it was. "
        "Put the old ones back, register the new ones under another name, or apply them with a reason, which everyone will see.",
    )


def _record(core: Core, work: Work, caller: Identity, prepared: Prepared, plan: Plan, *, reason: str | None) -> ChallengeRow:
    loaded, now = prepared.loaded, core.clock.now()
    work.take_turns(f"challenge {loaded.challenge.name}")
    row = repository.find(work.session, loaded.challenge.name)
    _refuse_overtaken(row, plan, reason)
    if row is None:
        row = ChallengeRow(id=new_id("chal"), name=loaded.challenge.name, is_open=True, is_hidden=False, created_at=now)
        work.session.add(row)
    row.title = loaded.challenge.title
    row.hash, row.dataset_hash, row.canary_hash = loaded.hash, prepared.dataset_hash, prepared.canary_hash
    row.public_definition = loaded.challenge.without_references().model_dump_json()
    row.folder = str(loaded.folder)
    row.gpus = loaded.challenge.limits.gpus
    row.updated_at = now
    work.session.flush()
    _record_change(core, work, caller, row, plan, reason=reason)
    _record_phases(core, work, caller, row, parts=prepared.parts, plan=plan)
    return row


def _refuse_overtaken(row: ChallengeRow | None, plan: Plan, reason: str | None) -> None:
    found = (None, None) if row is None else (row.hash, row.dataset_hash)
    if found != (plan.old_hash, plan.old_dataset_hash):
        detail = f"The challenge {plan.name!r} was changed by someone else meanwhile; look at the plan again."
        raise Conflict("changed-meanwhile", detail)
    if row is not None and row.frozen_at is not None and not plan.changes_nothing and reason is None:
        raise _reason_needed(plan.name)


def _record_change(core: Core, work: Work, caller: Identity, row: ChallengeRow, plan: Plan, *, reason: str | None) -> None:
    told = [{key: value for key, value in asdict(each).items() if key in _TOLD} for each in plan.changes]
    if row.frozen_at is not None and not plan.changes_nothing and reason is not None:
        change = ChangeRow(challenge_id=row.id, at=core.clock.now(), by=caller.name[:100], reason=reason)
        change.changes = json.dumps(told, ensure_ascii=False)
        change.old_hash, change.new_hash = plan.old_hash or "", plan.new_hash
        work.session.add(change)
        work.session.flush()
    detail = {"old_hash": plan.old_hash, "hash": plan.new_hash, "dataset_hash": plan.new_dataset_hash, "changes": told}
    record(core, work, caller, "challenge.apply", row.name, challenge_id=row.id, detail=detail, reason=reason)


_TOLD = {"what", "kind", "old", "new"}
"""What everyone may read of a change."""


def _record_phases(
    core: Core, work: Work, caller: Identity, challenge: ChallengeRow, *, parts: Sequence[Part], plan: Plan
) -> None:
    known = {row.name: row for row in of_challenge(work.session, challenge.id)}
    for position, part in enumerate(parts):
        row = known.pop(part.phase.id, None)
        if row is None:
            row = PhaseRow(id=new_id("phas"), challenge_id=challenge.id, name=part.phase.id, is_held=False, is_open=False)
            work.session.add(row)
        row.position, row.priority = position, part.phase.priority
        _define(core, row, part, plan.phase(part.phase.id))
        row.folder, row.gpus = challenge.folder, challenge.gpus
        work.session.flush()
        keep_registration(core, work, caller, row)
        if not settle_phase(core, work, row) and latest(work.session, row.id) is not None:
            publish(core, work, phase_id=row.id)
    for gone in known.values():
        _remove(work.session, gone)
    challenge.is_open = any(row.is_open for row in of_challenge(work.session, challenge.id))
    work.session.flush()


def _define(core: Core, row: PhaseRow, part: Part, planned: PhasePlan) -> None:
    """Give the phase its definition: what is shown is always the new one; what scores are made with, only if it is another."""
    row.rules = part.phase.model_dump_json(exclude_defaults=True)
    row.opens_at, row.closes_at = part.phase.opens, part.phase.closes
    row.public_definition = part.loaded.challenge.without_references().model_dump_json()
    found = (row.hash if planned.keeps_definition else part.loaded.hash, part.dataset_hash)
    if (row.hash, row.dataset_hash) != found:
        row.hash, row.dataset_hash = found
        row.defined_at = core.clock.now()


def _remove(session: Session, phase: PhaseRow) -> None:
    session.execute(delete(DatasetRow).where(DatasetRow.phase_id == phase.id))
    session.delete(phase)
    session.flush()
