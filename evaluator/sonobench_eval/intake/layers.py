"""One layer: its uncompressed bytes are hashed, counted, walked as a tar and written, in one pass and 1 MiB blocks.

Docker skips a layer's content when it holds a layer of the stated digest already. So a tar that only states
another team's digest would be given that team's files: the digest is recomputed here, always.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import BinaryIO

from sonobench_eval.intake.budget import Budget, Progress
from sonobench_eval.intake.compression import Peeked, uncompressed
from sonobench_eval.intake.contents import ContentsCheck
from sonobench_eval.intake.found import StoredLayer
from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.streams import (
    BLOCK_BYTES,
    READ_COMPRESSIONS,
    BlockCursor,
    CursorEndedError,
    Source,
    StreamDamagedError,
    StreamTruncatedError,
    StreamUnsupportedError,
    compression_of,
)
from sonobench_eval.intake.tar import EndMarkerMissingError, TarMalformedError, members


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
    """Tells the progress of stored bytes."""

    def __init__(self, source: Source, progress: Progress) -> None:
        self._source, self._progress = source, progress

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self._progress.advance(len(data))
        return data


@dataclass(frozen=True, slots=True)
class LayerReader:
    """Checks and copies the layers of one image; what they unpack to is counted together.

    `again` is the cure of damage, such as 'Push the image again', which depends on where the image came from.
    """

    budget: Budget
    progress: Progress
    again: str
    contents: ContentsCheck = field(default_factory=ContentsCheck)

    def finish(self) -> None:
        """Judges what only all layers together show.

        Raises:
            ImageRefused: they don't go together.
        """
        problem = self.contents.problem_of_all()
        if problem is not None:
            raise ImageRefused(Refusal.BAD_LAYER, f"The image {problem}.")

    def copy(self, layer: StoredLayer, sink: BinaryIO | None, *, number: int, diff_id: str) -> None:
        """Writes a layer's uncompressed bytes to `sink` (None: only checks them).

        Args:
            number: its place in the image, from 1, for sentences.
            diff_id: what the config says its digest is, `sha256:...`.

        Raises:
            ImageRefused: it is another layer, not a tar Docker unpacks, in a compression we don't read, or over a limit.
        """
        with layer.opened() as source:
            stored = Peeked(_Counted(source, self.progress))
            compression = compression_of(stored.head)
            if compression is not None and compression not in READ_COMPRESSIONS:
                raise _unsupported(number, f"{compression}, which is not read here", "Build it again with gzip layers")
            try:
                self._copy(uncompressed(stored, compression), sink, number=number, diff_id=diff_id)
            except StreamTruncatedError as error:
                raise _refused(Refusal.TRUNCATED, number, f"ends in its middle. {self.again}") from error
            except StreamUnsupportedError as error:
                raise _unsupported(number, error.what, error.cure) from error
            except StreamDamagedError as error:
                _read_to_the_end(stored)  # where the store can tell that it gave out other bytes, that is the fault to name
                what = f"is damaged: it cannot be unpacked with {compression} to its end. {self.again}"
                raise _refused(Refusal.DAMAGED, number, what) from error

    def _copy(self, plain: Source, sink: BinaryIO | None, *, number: int, diff_id: str) -> None:
        opening = Peeked(plain)
        tee = _Tee(opening, sink, self.budget)
        problem = self._walk(tee)
        if f"sha256:{tee.sha256.hexdigest()}" != diff_id:
            what = f"is not the layer its config names (its SHA-256 is another). {self.again}"
            raise _refused(Refusal.LAYER_DIGEST, number, what)
        problem = problem or _problem_of_opening(opening.head)
        if problem is not None:
            raise _refused(Refusal.BAD_LAYER, number, problem)

    def _walk(self, tee: _Tee) -> str | None:
        """Counts the layer's files and reads it to its end; what is wrong with it as a tar, or None.

        The digest is judged before the tar's shape: a wrong digest is the graver fault, and a layer may be both.
        """
        cursor = BlockCursor(tee)
        problem = None
        try:
            for member in members(cursor):
                self.budget.spend_file()
                problem = problem or self.contents.problem_of(member)
        except TarMalformedError as error:
            problem = f"{error}. {self.again}"
        except EndMarkerMissingError:
            pass  # Docker takes it
        except CursorEndedError:
            problem = f"ends in the middle of a file. {self.again}"
        cursor.drain()
        return problem


def _problem_of_opening(head: bytes) -> str | None:
    """A tar whose first file has such a name that Docker would try to unpack the tar once more."""
    compression = compression_of(head)
    if compression is None:
        return None
    return f"begins with a file whose name Docker takes for the mark of {compression}. Rename that file"


def _read_to_the_end(source: Source) -> None:
    while source.read(BLOCK_BYTES):
        pass


def _unsupported(number: int, what: str, cure: str) -> ImageRefused:
    return ImageRefused(
        Refusal.UNSUPPORTED_COMPRESSION,
        f"Layer {number} of the image is compressed with {what}. {cure}: "
        "docker buildx build --output type=docker,compression=gzip,force-compression=true.",
    )


def _refused(code: Refusal, number: int, what: str) -> ImageRefused:
    return ImageRefused(code, f"Layer {number} of the image {what}.")
