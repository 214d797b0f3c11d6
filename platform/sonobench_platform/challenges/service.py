"""Registering challenges. The same definition twice is harmless; a changed one is refused once teams have handed in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sonobench_eval.challenge.check import check_data
from sonobench_eval.challenge.digest import challenge_hash, dataset_hash
from sonobench_eval.challenge.load import ChallengeError, LoadedChallenge, load_challenge
from sonobench_eval.challenge.phase import Phase
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.definition import keep_definition, keep_inputs
from sonobench_platform.challenges.opening import settle_phase
from sonobench_platform.challenges.phases import of_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, DefinitionRefused
from sonobench_platform.domain.ids import new_id

_PROBLEMS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One phase of a challenge that is being registered: its own definition and what its data is."""

    phase: Phase
    loaded: LoadedChallenge
    dataset_hash: str


def register(core: Core, path: Path) -> ChallengeRow:
    """Verify a challenge and its data, keep a copy of both (the truth stays where it is), and make it known.

    Raises:
        ChallengeError: the file is not a valid challenge.
        DefinitionRefused: its data is incomplete or broken, or it has no references to score against.
        Conflict: another definition of this name has submissions already.
    """
    loaded = _loaded(path)
    _refuse_a_change(core, loaded)
    if (known := _unchanged(core, loaded)) is not None:
        return known
    _check(loaded)
    parts = [_part(loaded, phase) for phase in loaded.challenge.all_phases]
    keep_definition(core.store, loaded)
    for part in parts:
        keep_definition(core.store, part.loaded)
        keep_inputs(core.store, part.dataset_hash, part.loaded)
    canary = _keep_canary(core, loaded)
    with core.database.write() as work:
        return _record(core, work, loaded, parts, canary)


def _part(loaded: LoadedChallenge, phase: Phase) -> Part:
    own = loaded.challenge.of_phase(phase.id)
    part = replace(loaded, challenge=own, hash=challenge_hash(own))
    return Part(phase, part, dataset_hash(own, part.inputs_dir, part.truth_dir))


def _keep_canary(core: Core, loaded: LoadedChallenge) -> str | None:
    """Keep the public images by themselves: a run on them must not need the hidden ones. Their hash, or None."""
    canary = loaded.challenge.canary
    if canary is None:
        return None
    found = dataset_hash(canary, loaded.inputs_dir, None)
    keep_inputs(core.store, found, replace(loaded, challenge=canary))
    return found


def _whole_hash(parts: Sequence[Part]) -> str:
    """What the data of all phases is; of a challenge with one phase, that phase's."""
    if len(parts) == 1:
        return parts[0].dataset_hash
    return f"sha256:{hashlib.sha256(' '.join(part.dataset_hash for part in parts).encode()).hexdigest()}"


def _loaded(path: Path) -> LoadedChallenge:
    # The folder is kept for later processes, which may start elsewhere.
    return load_challenge(path.expanduser().resolve())


def _refuse_a_change(core: Core, loaded: LoadedChallenge) -> None:
    """Before minutes are spent on hashing; `_record` asks again inside its transaction."""
    with core.database.read() as session:
        known = repository.find(session, loaded.challenge.name)
        if known is not None and known.hash != loaded.hash and repository.has_submissions(session, known.id):
            raise _changed(loaded)


def _unchanged(core: Core, loaded: LoadedChallenge) -> ChallengeRow | None:
    """The challenge as registered, where definition, data and both copies are the same: then nothing is to be done."""
    with core.database.read() as session:
        known = repository.find(session, loaded.challenge.name)
    if known is None or (known.hash, known.folder) != (loaded.hash, str(loaded.folder)):
        return None
    try:
        parts = [_part(loaded, phase) for phase in loaded.challenge.all_phases]
    except ChallengeError:
        return None  # a file is missing; the check names every one
    kept = [core.store.definition(known.hash)]
    for part in parts:
        kept += [core.store.definition(part.loaded.hash), core.store.inputs(part.dataset_hash)]
    if known.canary_hash is not None:
        kept.append(core.store.inputs(known.canary_hash))
    return known if _whole_hash(parts) == known.dataset_hash and all(path.is_file() for path in kept) else None


def _check(loaded: LoadedChallenge) -> None:
    without = [case.id for case in loaded.challenge.cases if not case.has_reference]
    if without:
        raise DefinitionRefused(
            "no-references",
            f"{len(without):,} cases of {loaded.path} have no reference (first: {without[0]}); add them.",
        )
    problems = check_data(loaded.challenge, loaded.inputs_dir, loaded.truth_dir)
    if problems:
        shown = "; ".join(f"{problem.case}: {problem.sentence}" for problem in problems[:_PROBLEMS_SHOWN])
        more = f"; and {len(problems) - _PROBLEMS_SHOWN:,} more" if len(problems) > _PROBLEMS_SHOWN else ""
        raise DefinitionRefused("bad-data", f"The data of {loaded.path} cannot be used: {shown}{more}.")


def _record(core: Core, work: Work, loaded: LoadedChallenge, parts: Sequence[Part], canary: str | None) -> ChallengeRow:
    work.take_turns(f"challenge {loaded.challenge.name}")
    row = repository.find(work.session, loaded.challenge.name)
    now, data = core.clock.now(), _whole_hash(parts)
    if row is None:
        row = ChallengeRow(id=new_id("chal"), name=loaded.challenge.name, is_open=True, is_hidden=False, created_at=now)
        work.session.add(row)
    elif (row.hash, row.dataset_hash) != (loaded.hash, data) and repository.has_submissions(work.session, row.id):
        raise _changed(loaded)
    row.title = loaded.challenge.title
    row.hash, row.dataset_hash, row.canary_hash = loaded.hash, data, canary
    row.public_definition = loaded.challenge.without_references().model_dump_json()
    row.folder = str(loaded.folder)
    row.gpus = loaded.challenge.limits.gpus
    row.updated_at = now
    work.session.flush()
    _record_phases(core, work, row, parts)
    return row


def _record_phases(core: Core, work: Work, challenge: ChallengeRow, parts: Sequence[Part]) -> None:
    known = {row.name: row for row in of_challenge(work.session, challenge.id)}
    for position, part in enumerate(parts):
        row = known.pop(part.phase.id, None)
        if row is None:
            row = PhaseRow(id=new_id("phas"), challenge_id=challenge.id, name=part.phase.id, is_held=False, is_open=False)
            work.session.add(row)
        row.position, row.priority = position, part.phase.priority
        row.rules = part.phase.model_dump_json(exclude_defaults=True)
        row.opens_at, row.closes_at = part.phase.opens, part.phase.closes
        row.hash, row.dataset_hash = part.loaded.hash, part.dataset_hash
        row.public_definition = part.loaded.challenge.without_references().model_dump_json()
        row.folder, row.gpus = challenge.folder, challenge.gpus
        work.session.flush()
        settle_phase(core, work, row)
    for gone in known.values():
        work.session.delete(gone)
    work.session.flush()


def _changed(loaded: LoadedChallenge) -> Conflict:
    return Conflict(
        "challenge-changed",
        f"The challenge {loaded.challenge.name!r} has submissions, and its definition or its data is not what they were made "
        "for. Put the old ones back, or register the new ones under another name.",
    )


__all__ = ["ChallengeError", "register"]
