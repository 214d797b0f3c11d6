"""A challenge's definition at rest: whole, with references, in the store; without them in the database.

`open_definition` is the only way to hidden truth, and only scoring calls it.
"""

from __future__ import annotations

import tarfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sonobench_eval.challenge.load import ChallengeError, LoadedChallenge, dump_challenge, load_challenge
from sonobench_eval.challenge.model import Challenge
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.storage.store import Store, replacing


def keep_definition(store: Store, loaded: LoadedChallenge) -> None:
    """Copy the definition into the store, for its owner alone. The original may be edited or lost afterwards."""
    target = store.definition(loaded.hash)
    with replacing(target) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(dump_challenge(loaded.challenge), encoding="utf-8")


def keep_inputs(store: Store, dataset_hash: str, loaded: LoadedChallenge) -> None:
    """Pack the cases' images and those of the warm-up, and nothing else, into the tar that run workers fetch.

    The same data packs to the same bytes.
    """
    target = store.inputs(dataset_hash)
    if target.exists():
        return
    with replacing(target) as temporary, tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar:
        for case_id in loaded.challenge.input_ids:
            _add(tar, loaded.inputs_dir / case_id, case_id)


def open_definition(store: Store, phase: PhaseRow) -> LoadedChallenge:
    """The whole challenge of a phase, with references, and the folders its data lies in.

    Raises:
        ChallengeError: the stored definition is missing or is not the registered one.
    """
    loaded = load_challenge(store.definition(phase.hash))
    if loaded.hash != phase.hash:
        raise ChallengeError(f"the stored definition of the phase {phase.name} has changed; register the challenge again")
    return replace(loaded, folder=Path(phase.folder))


def public_challenge(row: ChallengeRow | PhaseRow) -> Challenge:
    """The challenge, or one phase of it, without references: all that anyone but a score worker sees."""
    return _parsed(row.public_definition)


@lru_cache(maxsize=16)
def _parsed(public_definition: str) -> Challenge:
    # Thousands of cases take a while to check, and the text is the same for every request.
    return Challenge.model_validate_json(public_definition)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    with path.open("rb") as image:
        member = tarfile.TarInfo(name)
        member.size = path.stat().st_size
        member.mode = 0o444
        tar.addfile(member, image)
