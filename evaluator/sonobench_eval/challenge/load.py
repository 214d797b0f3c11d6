"""Reads a challenge from one YAML file. Every problem is one line: file, line, place, sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.dump import dump_challenge
from sonobench_eval.challenge.errors import ChallengeError, Problem
from sonobench_eval.challenge.explain import problems_of
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.challenge.yaml_text import LocatedData, read_yaml
from sonobench_eval.contract.registry import contract_of

__all__ = ["ChallengeError", "LoadedChallenge", "dump_challenge", "load_challenge", "parse_challenge"]

MAX_BYTES = 128 * 2**20


@dataclass(frozen=True, slots=True)
class LoadedChallenge:
    """A challenge and where it came from. `hash` is that of the challenge, not of the file's bytes."""

    challenge: Challenge
    path: Path
    folder: Path
    hash: str

    @property
    def inputs_dir(self) -> Path:
        """The folder of the images."""
        return self.folder / self.challenge.inputs

    @property
    def truth_dir(self) -> Path | None:
        """The folder of the hidden reference masks; None in a challenge without references."""
        return None if self.challenge.truth is None else self.folder / self.challenge.truth


def load_challenge(path: Path) -> LoadedChallenge:
    """Load and check a challenge file. The data it speaks of is not touched (see `check.check_data`).

    Raises:
        ChallengeError: the file cannot be read or is not a valid challenge; one line for each problem.
    """
    challenge = parse_challenge(_text_of(path), name=path.name)
    return LoadedChallenge(challenge, path, path.parent, challenge_hash(challenge))


def parse_challenge(text: str, *, name: str) -> Challenge:
    """Make a challenge from YAML text; `name` is what messages call the file.

    Raises:
        ChallengeError: it is not a valid challenge; one line for each problem.
    """
    found = read_yaml(text)
    if not found.problems and found.data is None:
        raise ChallengeError(f"{name}: the file is empty; a challenge starts with `sonobench: 1`")
    problems = list(found.problems)
    challenge = None
    if isinstance(found.data, dict):
        try:
            challenge = Challenge.model_validate(found.data)
        except ValidationError as error:
            problems += [_placed(problem, found) for problem in problems_of(error, found.data)]
    elif not problems:
        problems.append(Problem((), "a challenge is a mapping of keys to values", found.line_of(())))
    if challenge is not None:
        misfits = contract_of(challenge).misfits(challenge)
        problems += [_placed(Problem(loc, sentence), found) for loc, sentence in misfits]
    if problems or challenge is None:
        raise ChallengeError.of(name, problems)
    return challenge


def _placed(problem: Problem, found: LocatedData) -> Problem:
    return Problem(problem.loc, problem.sentence, found.line_of(problem.loc))


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ChallengeError(f"{path}: there is no such file; give the path of a challenge's YAML file") from error
    except IsADirectoryError as error:
        raise ChallengeError(f"{path}: is a folder; give the YAML file in it, for example {path / 'challenge.yaml'}") from error
    except OSError as error:
        raise ChallengeError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ChallengeError(f"{path}: is larger than {MAX_BYTES // 2**20} MiB, which no challenge is")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ChallengeError(f"{path.name}:{line}: the file is not UTF-8; save it as UTF-8") from error
