"""Registering challenges. The same definition twice is harmless; a changed one is refused once teams have handed in."""

from __future__ import annotations

from pathlib import Path

from sonobench_eval.challenge.check import check_data
from sonobench_eval.challenge.digest import dataset_hash
from sonobench_eval.challenge.load import ChallengeError, LoadedChallenge, load_challenge
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.definition import keep_definition, keep_inputs
from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, DefinitionRefused
from sonobench_platform.domain.ids import new_id

_PROBLEMS_SHOWN = 10


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
    data = dataset_hash(loaded.challenge, loaded.inputs_dir, loaded.truth_dir)
    keep_definition(core.store, loaded)
    keep_inputs(core.store, data, loaded)
    with core.database.write() as work:
        return _record(core, work, loaded, data)


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
    if not (core.store.definition(known.hash).is_file() and core.store.inputs(known.dataset_hash).is_file()):
        return None
    try:
        found = dataset_hash(loaded.challenge, loaded.inputs_dir, loaded.truth_dir)
    except ChallengeError:
        return None  # a file is missing; the check names every one
    return known if found == known.dataset_hash else None


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


def _record(core: Core, work: Work, loaded: LoadedChallenge, data: str) -> ChallengeRow:
    work.take_turns(f"challenge {loaded.challenge.name}")
    row = repository.find(work.session, loaded.challenge.name)
    now = core.clock.now()
    if row is None:
        row = ChallengeRow(id=new_id("chal"), name=loaded.challenge.name, is_open=True, created_at=now)
        work.session.add(row)
    elif (row.hash, row.dataset_hash) != (loaded.hash, data) and repository.has_submissions(work.session, row.id):
        raise _changed(loaded)
    row.title = loaded.challenge.title
    row.hash, row.dataset_hash = loaded.hash, data
    row.public_definition = loaded.challenge.without_references().model_dump_json()
    row.folder = str(loaded.folder)
    row.gpus = loaded.challenge.limits.gpus
    row.updated_at = now
    work.session.flush()
    return row


def _changed(loaded: LoadedChallenge) -> Conflict:
    return Conflict(
        "challenge-changed",
        f"The challenge {loaded.challenge.name!r} has submissions, and its definition or its data is not what they were made "
        "for. Put the old ones back, or register the new ones under another name.",
    )


__all__ = ["ChallengeError", "register"]
