"""What a challenge and its data are, as hashes: a number on a leaderboard says which it was made from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from sonobench_eval.challenge.case import REFERENCES
from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.model import Case, Challenge

_BLOCK_BYTES = 2**20


def challenge_hash(challenge: Challenge) -> str:
    """`sha256:...` of the challenge as canonical JSON: keys sorted, no spaces, UTF-8, without what is at its default.

    How the YAML was laid out, and whether a default was written, makes no difference. A later version may add
    settings without making every stored challenge another one; within `sonobench: 1` no default ever changes.
    """
    return _sha256(_canonical(challenge.model_dump(mode="json", exclude_defaults=True)))


def dataset_hash(challenge: Challenge, inputs_dir: Path, truth_dir: Path | None) -> str:
    """`sha256:...` of the data: every case's id, the bytes of its image, and its reference; images of the warm-up, if any.

    The order of the cases makes no difference. With `truth_dir` None, masks are left out (and the hash is another).

    Raises:
        ChallengeError: an image or a mask is missing or cannot be read.
    """
    lines = [_case_line(case, inputs_dir, truth_dir) for case in sorted(challenge.cases, key=lambda case: case.id)]
    warm_up = sorted(case.id for case in challenge.warm_up)
    lines += [_canonical(["warm-up", case_id, file_sha256(inputs_dir / case_id)]) for case_id in warm_up]
    return _sha256(b"\n".join(lines))


def file_sha256(path: Path) -> str:
    """`sha256:...` of a file, read in blocks.

    Raises:
        ChallengeError: it is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise ChallengeError(f"{path}: the file of a case cannot be read: {error.strerror}") from error
    return f"sha256:{digest.hexdigest()}"


def _case_line(case: Case, inputs_dir: Path, truth_dir: Path | None) -> bytes:
    reference: object = case.label
    if case.label is None and case.mask is None:
        reference = case.model_dump(mode="json", include=set(REFERENCES), exclude_none=True, by_alias=True) or None
    if case.mask is not None and truth_dir is not None:
        reference = file_sha256(truth_dir / case.mask)
    return _canonical([case.id, file_sha256(inputs_dir / case.id), reference])


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
