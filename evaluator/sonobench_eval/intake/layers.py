"""One layer: its uncompressed bytes are hashed, counted, walked as a tar and written, in one pass and 1 MiB blocks.

Docker skips a layer's content when it holds a layer of the stated digest already. So a tar that only states
another team's digest would be given that team's files: the digest is recomputed here, always.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import BinaryIO

from sonobench_eval.intake.archive import Archive
from sonobench_eval.intake.budget import Budget, Progress
from sonobench_eval.intake.contents import ContentsCheck
from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.streams import (
    BlockCursor,
    CursorEndedError,
    Gunzip,
    Section,
    Source,
    StreamDamagedError,
    StreamTruncatedError,
    compression_of,
)
from sonobench_eval.intake.tar import EndMarkerMissingError, Member, TarMalformedError, members
from sonobench_eval.intake.wording import SAVE_COMMAND

_HEAD_BYTES = 16
_AGAIN = f"Save the image again with `{SAVE_COMMAND}`"


class _Tee:
    """Reads a layer's uncompressed bytes, hashing, counting and writing all of them."""

    def __init__(self, source: Source, sink: BinaryIO | None, budget: Budget) -> None:
        self._source, self._sink, self._budget = source, sink, budget
        self.sha256 = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self._budget.spend_bytes(len(data))
        self.sha256.update(data)
        if self._sink is not None:
            self._sink.write(data)
        return data


class _Counted:
    """Tells the progress of a section."""

    def __init__(self, section: Section, progress: Progress) -> None:
        self._section, self._progress = section, progress

    def read(self, size: int) -> bytes:
        data = self._section.read(size)
        self._progress.advance(len(data))
        return data


@dataclass(frozen=True, slots=True)
class LayerReader:
    """Checks and copies the layers of one upload; what they unpack to is counted together."""

    archive: Archive
    budget: Budget
    progress: Progress
    contents: ContentsCheck = field(default_factory=ContentsCheck)

    def finish(self) -> None:
        """Judges what only all layers together show.

        Raises:
            ImageRefused: they don't go together.
        """
        problem = self.contents.problem_of_all()
        if problem is not None:
            raise ImageRefused(Refusal.BAD_LAYER, f"The image {problem}.")

    def copy(self, member: Member, sink: BinaryIO | None, *, number: int, diff_id: str) -> None:
        """Writes a layer's uncompressed bytes to `sink` (None: only checks them).

        Args:
            number: its place in the image, from 1, for sentences.
            diff_id: what the config says its digest is, `sha256:...`.

        Raises:
            ImageRefused: it is another layer, not a tar Docker unpacks, in a compression we don't read, or over a limit.
        """
        compression = compression_of(self.archive.section(member).read(_HEAD_BYTES))
        stored = _Counted(self.archive.section(member), self.progress)
        tee = _Tee(_uncompressed(stored, compression, number), sink, self.budget)
        try:
            problem = _walk(tee, self.budget, self.contents)
        except StreamTruncatedError as error:
            raise _refused(Refusal.TRUNCATED, number, f"ends in its middle. {_AGAIN}") from error
        except StreamDamagedError as error:
            raise _refused(Refusal.DAMAGED, number, f"is damaged: its gzip checksum does not fit. {_AGAIN}") from error
        if f"sha256:{tee.sha256.hexdigest()}" != diff_id:
            raise _refused(Refusal.LAYER_DIGEST, number, f"is not the layer its config names (its SHA-256 is another). {_AGAIN}")
        if problem is not None:
            raise _refused(Refusal.BAD_LAYER, number, problem)


def _uncompressed(stored: Source, compression: str | None, number: int) -> Source:
    if compression is None:
        return stored
    if compression == "gzip":
        return Gunzip(stored)
    raise ImageRefused(
        Refusal.UNSUPPORTED_COMPRESSION,
        f"Layer {number} of the image is compressed with {compression}, which is not read here. Build it again "
        "with gzip layers (docker buildx build --output type=docker,compression=gzip,force-compression=true).",
    )


def _walk(tee: _Tee, budget: Budget, contents: ContentsCheck) -> str | None:
    """Counts the layer's files and reads it to its end; what is wrong with it as a tar, or None.

    The digest is judged before the tar's shape: a wrong digest is the graver fault, and a layer may be both.
    """
    cursor = BlockCursor(tee)
    problem = None
    try:
        for member in members(cursor):
            budget.spend_file()
            problem = problem or contents.problem_of(member)
    except TarMalformedError as error:
        problem = f"{error}. {_AGAIN}"
    except EndMarkerMissingError:
        pass  # Docker takes it
    except CursorEndedError:
        problem = f"ends in the middle of a file. {_AGAIN}"
    cursor.drain()
    return problem


def _refused(code: Refusal, number: int, what: str) -> ImageRefused:
    return ImageRefused(code, f"Layer {number} of the image {what}.")
