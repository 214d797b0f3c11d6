"""The packed images of a test set, beside the files they were made from."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import IO

from sonobench_eval.challenge.digest import file_sha256
from sonobench_eval.challenge.load import LoadedChallenge

_BLOCK_BYTES = 2**20


def changed_images(packed: Path, loaded: LoadedChallenge) -> int:
    """How many images of a definition are not in a packed test set as they are now; all of them where it is lost.

    Raises:
        ChallengeError: an image is missing or cannot be read.
    """
    before = _hashes(packed) if packed.is_file() else {}
    return sum(before.get(case_id) != file_sha256(loaded.inputs_dir / case_id) for case_id in loaded.challenge.input_ids)


def _hashes(packed: Path) -> dict[str, str]:
    found = {}
    with tarfile.open(packed) as tar:
        for member in tar:
            image = tar.extractfile(member)
            if image is not None:
                found[member.name] = f"sha256:{_sha256(image)}"
    return found


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()
