"""A definition made ready to be known: read, its data hashed and looked at, copies of both kept in the store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from sonobench_eval.challenge.check import check_data
from sonobench_eval.challenge.digest import challenge_hash, dataset_hash
from sonobench_eval.challenge.load import ChallengeError, LoadedChallenge, load_challenge, parse_challenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.challenge.phase import Phase
from sonobench_platform.challenges.definition import keep_definition, keep_inputs
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.domain.errors import DefinitionRefused
from sonobench_platform.storage.store import Store

_PROBLEMS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One phase of a definition: the challenge that it is by itself, and what its data is."""

    phase: Phase
    loaded: LoadedChallenge
    dataset_hash: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A whole definition with its parts. `canary_hash` is that of the public images alone; None where there are none."""

    loaded: LoadedChallenge
    parts: tuple[Part, ...]
    canary_hash: str | None

    @property
    def dataset_hash(self) -> str:
        """What the data of all phases is; of a challenge with one phase, that phase's."""
        if len(self.parts) == 1:
            return self.parts[0].dataset_hash
        return f"sha256:{hashlib.sha256(' '.join(part.dataset_hash for part in self.parts).encode()).hexdigest()}"


def read_file(path: Path) -> LoadedChallenge:
    """Load a challenge from a file on this machine.

    Raises:
        ChallengeError: it is not a valid challenge.
    """
    # The folder is kept for later processes, which may start elsewhere.
    return load_challenge(path.expanduser().resolve())


def read_sent(text: str, known: ChallengeRow, registered: Challenge) -> LoadedChallenge:
    """A definition that came over HTTP: its data is where that of the registered challenge is, and nowhere else on this server.

    Raises:
        ChallengeError: it is not a valid challenge.
        DefinitionRefused: it is another challenge's, or names other folders.
    """
    challenge = parse_challenge(text, name="body")
    if challenge.name != known.name:
        raise DefinitionRefused("other-name", f"The definition is of {challenge.name!r}, and this is {known.name!r}.")
    if (challenge.inputs, challenge.truth) != (registered.inputs, registered.truth):
        raise DefinitionRefused(
            "other-folders",
            "Over HTTP a definition keeps the folders that are registered for its data. Change `inputs` or `truth` with "
            "`sonobench admin apply` on the server.",
        )
    return LoadedChallenge(challenge, Path(known.folder) / "body", Path(known.folder), challenge_hash(challenge))


def prepare(loaded: LoadedChallenge) -> Prepared:
    """Hash the definition and the data of each phase. Reads every image and mask once.

    Raises:
        DefinitionRefused: files are missing or broken; each is named.
        ChallengeError: a file could not be read just now.
    """
    try:
        return _hashed(loaded)
    except ChallengeError:
        refuse_bad_data(loaded)
        raise


def _hashed(loaded: LoadedChallenge) -> Prepared:
    canary = loaded.challenge.canary
    found = None if canary is None else dataset_hash(canary, loaded.inputs_dir, None)
    return Prepared(loaded, tuple(_part(loaded, phase) for phase in loaded.challenge.all_phases), found)


def _part(loaded: LoadedChallenge, phase: Phase) -> Part:
    own = loaded.challenge.of_phase(phase.id)
    part = replace(loaded, challenge=own, hash=challenge_hash(own))
    return Part(phase, part, dataset_hash(own, part.inputs_dir, part.truth_dir))


def keep(store: Store, prepared: Prepared) -> None:
    """Copy definitions and images into the store; the truth stays where it is. What is there already stays."""
    keep_definition(store, prepared.loaded)
    for part in prepared.parts:
        keep_definition(store, part.loaded)
        keep_inputs(store, part.dataset_hash, part.loaded)
    canary = prepared.loaded.challenge.canary
    if canary is not None and prepared.canary_hash is not None:
        # By themselves: a run on public images must not need the hidden ones.
        keep_inputs(store, prepared.canary_hash, replace(prepared.loaded, challenge=canary))


def is_kept(store: Store, prepared: Prepared) -> bool:
    """Whether the store has every copy that `keep` makes."""
    kept = [store.definition(prepared.loaded.hash)]
    for part in prepared.parts:
        kept += [store.definition(part.loaded.hash), store.inputs(part.dataset_hash)]
    if prepared.canary_hash is not None:
        kept.append(store.inputs(prepared.canary_hash))
    return all(path.is_file() for path in kept)


def refuse_bad_data(loaded: LoadedChallenge) -> None:
    """Open every image and every reference.

    Raises:
        DefinitionRefused: some are missing or broken, or there is nothing to score against.
    """
    without = [case.id for case in loaded.challenge.cases if not case.has_reference]
    if without:
        raise DefinitionRefused(
            "no-references",
            f"{len(without):,} cases of {loaded.path} have no reference (first: {without[0]}); add them.",
        )
    image = loaded.challenge.scoring_image
    if image is not None and image.archive is not None and not (loaded.folder / image.archive).is_file():
        detail = f"There is no file {loaded.folder / image.archive}, named as the scoring image; put it there."
        raise DefinitionRefused("no-scoring-image", detail)
    problems = check_data(loaded.challenge, loaded.inputs_dir, loaded.truth_dir)
    if problems:
        shown = "; ".join(f"{problem.case}: {problem.sentence}" for problem in problems[:_PROBLEMS_SHOWN])
        more = f"; and {len(problems) - _PROBLEMS_SHOWN:,} more" if len(problems) > _PROBLEMS_SHOWN else ""
        raise DefinitionRefused("bad-data", f"The data of {loaded.path} cannot be used: {shown}{more}.")
