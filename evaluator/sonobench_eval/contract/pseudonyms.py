"""What a container is told each case is called: the case's own name, or a pseudonym that a key makes for one run.

The threat: a team that has met the test set before, or has guessed at it, ships answers keyed by file name or by
position; or a name, the order of the list, a time or a header says which hospital or which class an image is from.
With a key, a file's own name becomes 16 hexadecimal digits (its folders stay, so images built for a published kit run
unchanged; a contract can hide them too) and the list is shuffled; both change with every key, and neither can be undone
without it.

What remains: folders' names where they stay, an image's pixels, format and size. An image can be known again by a hash
of its pixels, which no renaming prevents; only a test set that nobody has seen does. Nor is anything hidden from whoever
has the key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count

from sonobench_eval.challenge.model import Case, Challenge
from sonobench_eval.contract.presets import rules_of

KEY_BYTES = 32
KEPT_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".nii.gz", ".nii")
"""Endings that programs choose their reader by. Any other is part of the name, and could tell something."""

DIGITS = 16
"""Digits and a to f: never `img` or `mask`, which the UUSIC25 kit replaces wherever they stand in a path."""
_LONGEST_FIRST = sorted(KEPT_SUFFIXES, key=len, reverse=True)
_PSEUDONYM = re.compile(rf"([0-9a-f]{{{DIGITS}}})((?:{'|'.join(map(re.escape, _LONGEST_FIRST))})?)")


@dataclass(frozen=True, slots=True)
class CaseNames:
    """The names of a challenge's cases in one run.

    `given` maps every case id to its name, in the order in which the container is told of them. `stands_for` maps the
    digits of a pseudonym, and digits with ending, to the own name of a file; empty where the names are the cases' own.
    """

    given: Mapping[str, str]
    stands_for: Mapping[str, str]
    are_pseudonyms: bool

    def renamed(self, case: Case) -> Case:
        """The case under its name in this run."""
        return case.model_copy(update={"id": self.given[case.id]})

    def as_told(self, challenge: Challenge) -> Challenge:
        """The challenge with its cases as the container is told of them: under these names, in this order."""
        cases = {case.id: case for case in challenge.cases}
        return challenge.model_copy(update={"cases": tuple(self.renamed(cases[case_id]) for case_id in self.given)})

    def as_declared(self, challenge: Challenge) -> Challenge:
        """The challenge with its cases under these names, in its own order."""
        return challenge.model_copy(update={"cases": tuple(self.renamed(case) for case in challenge.cases)})

    def in_own_words(self, text: str) -> str:
        """A path or a log with every pseudonym in it replaced by what it stands for. For the organisers' eyes alone."""
        return _PSEUDONYM.sub(self._own_words, text)

    def _own_words(self, found: re.Match[str]) -> str:
        digits, suffix = found[1], found[2]
        return self.stands_for.get(digits + suffix) or self.stands_for.get(digits, digits) + suffix


def case_names(challenge: Challenge, key: bytes | None) -> CaseNames:
    """The names that a key makes for the cases of a challenge; with None, their own names in their own order.

    The same key and cases make the same names and order, however the cases were listed. Two cases never share a name,
    nor is a name that of a folder.

    Raises:
        ValueError: the key has not `KEY_BYTES` bytes.
    """
    ids = [case.id for case in challenge.cases]
    if key is None:
        return CaseNames({case_id: case_id for case_id in ids}, {}, are_pseudonyms=False)
    if len(key) != KEY_BYTES:
        raise ValueError(f"a pseudonym key has {KEY_BYTES} bytes, not {len(key)}")
    hidden = rules_of(challenge).inputs.folders == "hidden"
    made = _pseudonyms(key, ids, folders_hidden=hidden)
    shuffled = sorted(ids, key=lambda case_id: _digest(key, "order", case_id))
    # What a name stands for has as much of the path as the name took the place of.
    stands_for = {_parts(name)[1]: (_parts(own)[0] if hidden else "") + _parts(own)[1] for own, name in made.items()}
    stands_for |= {_own(name): own if hidden else _own(own) for own, name in made.items()}
    return CaseNames({case_id: made[case_id] for case_id in shuffled}, stands_for, are_pseudonyms=True)


def new_key(challenge: Challenge) -> bytes | None:
    """A fresh key for one run; None where the challenge has switched pseudonyms off.

    A run's timed repeats share its key: no file that one leaves behind reaches the next.
    """
    return secrets.token_bytes(KEY_BYTES) if challenge.pseudonyms else None


def with_digits(case: Case, digits: str, *, folders_hidden: bool) -> Case:
    """The case under the name that these digits make: its format's ending stays, and its folders unless they are hidden."""
    folders, _, suffix = _parts(case.id)
    return case.model_copy(update={"id": f"{'' if folders_hidden else folders}{digits}{suffix}"})


def _pseudonyms(key: bytes, ids: Collection[str], *, folders_hidden: bool) -> dict[str, str]:
    taken = {folder for case_id in ids for folder in _folders_above(case_id)}
    made: dict[str, str] = {}
    used: set[str] = set()
    # Sorted, so that a rare second try does not depend on the order of the list.
    for case_id in sorted(ids):
        folders, _, suffix = _parts(case_id)
        folders = "" if folders_hidden else folders
        tokens = (_digest(key, f"name {tries}", case_id).hex()[:DIGITS] for tries in count())
        token = next(each for each in tokens if each not in used and f"{folders}{each}{suffix}" not in taken)
        used.add(token)
        made[case_id] = f"{folders}{token}{suffix}"
    return made


def _digest(key: bytes, purpose: str, text: str) -> bytes:
    return hmac.digest(key, f"sonobench {purpose}\0{text}".encode(), hashlib.sha256)


def _parts(case_id: str) -> tuple[str, str, str]:
    """`seg/Heart/img/0001.PNG` -> `seg/Heart/img/`, `0001`, `.png`. In small letters: a capital could tell the source."""
    folder, slash, own = case_id.rpartition("/")
    suffix = next((end for end in KEPT_SUFFIXES if own.lower().endswith(end) and len(own) > len(end)), "")
    return folder + slash, own[: len(own) - len(suffix)], suffix


def _own(path: str) -> str:
    return path.rpartition("/")[2]


def _folders_above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
