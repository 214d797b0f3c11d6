"""The upload as an archive: where each member lies in it.

An upload compressed with gzip or zstd is first unpacked, bounded, to a nameless file beside the result, since the manifest that
says what the members are usually comes last. Member names are only ever looked up, never used as paths.
"""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sonobench_eval.intake import mistakes
from sonobench_eval.intake.budget import Budget, Progress
from sonobench_eval.intake.compression import uncompressed
from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal
from sonobench_eval.intake.streams import (
    BLOCK_BYTES,
    CursorEndedError,
    FileCursor,
    Section,
    StreamDamagedError,
    StreamTruncatedError,
    StreamUnsupportedError,
    compression_of,
)
from sonobench_eval.intake.tar import FOLDER, REGULAR, SYMBOLIC_LINK, Member, TarMalformedError, members
from sonobench_eval.intake.wording import SAVE_COMMAND, quoted, size_text

HEAD_BYTES = 4096
UNPACK_SHARE = 0.5
"""How much of the progress bar the unpacking of a compressed upload is."""


class Archive:
    """An indexed upload: its members by name, each name once."""

    def __init__(self, file: BinaryIO, index: dict[str, Member]) -> None:
        self._file = file
        self._index = index

    def __contains__(self, name: str) -> bool:
        return name in self._index

    def regular(self, name: str, *, role: str) -> Member:
        """The regular file of that name; `role` names it in sentences ('the config', 'layer 3')."""
        member = self._index.get(name)
        if member is None:
            raise ImageRefused(
                Refusal.MISSING_MEMBER,
                f"The upload's manifest names {quoted(name)} as {role}, but the upload does not hold it. "
                f"Save the image again with `{SAVE_COMMAND}`.",
            )
        if member.kind != REGULAR:
            raise _linked(name, role, "a link, folder or device where a plain file must be")
        return member

    def layer(self, name: str, *, role: str) -> Member:
        """A layer's file. Older engines save a layer that occurs twice as a link to its first copy: followed once."""
        member = self._index.get(name)
        if member is not None and member.kind == SYMBOLIC_LINK:
            link = member.link.decode("utf-8", "replace")
            name, first = posixpath.normpath(posixpath.join(posixpath.dirname(name), link)), name
            if name not in self._index or self._index[name].kind != REGULAR:
                raise _linked(first, role, f"a link to {quoted(link)}, which is no layer in the upload")
        return self.regular(name, role=role)

    def small(self, name: str, *, role: str, max_bytes: int, too_large: Refusal) -> bytes:
        """The whole content of a small member."""
        member = self.regular(name, role=role)
        if member.size > max_bytes:
            raise ImageRefused(
                too_large, f"In the upload, {role} has {size_text(member.size)}; at most {size_text(max_bytes)} are read."
            )
        self._file.seek(member.offset)
        return self._file.read(member.size)

    def stored(self, name: str, *, number: int) -> ArchivedLayer:
        """Layer `number`, from 1, of the image."""
        return ArchivedLayer(self, self.layer(name, role=f"layer {number}"))

    def section(self, member: Member) -> Section:
        """The member's content as a stream. Read one section to its end before opening the next."""
        return Section(self._file, member.offset, member.size)


@dataclass(frozen=True, slots=True)
class ArchivedLayer:
    """A layer as it lies in the upload; two that lie in one place are equal."""

    archive: Archive
    member: Member

    @property
    def size_bytes(self) -> int:
        return self.member.size

    @contextmanager
    def opened(self) -> Iterator[Section]:
        yield self.archive.section(self.member)


def _linked(name: str, role: str, what: str) -> ImageRefused:
    return ImageRefused(
        Refusal.LINKED_MEMBER, f"In the upload, {role} ({quoted(name)}) is {what}. Save the image again with `{SAVE_COMMAND}`."
    )


@contextmanager
def open_archive(upload: Path, *, spool_dir: Path, limits: IntakeLimits, progress: Progress) -> Iterator[Archive]:
    """Opens and indexes an upload.

    Raises:
        ImageRefused: it is not a whole tar, or has names we don't take.
        OSError: this machine's trouble.
    """
    with upload.open("rb") as file:
        head = file.read(HEAD_BYTES)
        mistakes.refuse_other_kinds(head)
        compression = compression_of(head)
        if compression is None:
            yield Archive(file, _index(file, limits))
            return
        with tempfile.TemporaryFile(dir=spool_dir) as spool:
            _unpack(file, spool, compression=compression, limits=limits, progress=progress)
            yield Archive(spool, _index(spool, limits))


def _unpack(file: BinaryIO, spool: BinaryIO, *, compression: str, limits: IntakeLimits, progress: Progress) -> None:
    """Unpacks the whole upload, counting before writing."""
    upload_bytes = file.seek(0, 2)
    progress.first(UNPACK_SHARE, upload_bytes)
    budget = Budget(limits, upload_bytes)
    stream = uncompressed(Section(file, 0, upload_bytes), compression)
    read = 0
    try:
        while data := stream.read(BLOCK_BYTES):
            budget.spend_bytes(len(data))
            spool.write(data)
            progress.advance(file.tell() - read)
            read = file.tell()
    except StreamTruncatedError as error:
        raise mistakes.truncated() from error
    except StreamDamagedError as error:
        raise mistakes.damaged(compression) from error
    except StreamUnsupportedError as error:
        raise mistakes.unsupported(error) from error


def _index(file: BinaryIO, limits: IntakeLimits) -> dict[str, Member]:
    """Members by cleaned name; a manifest is among them."""
    index: dict[str, Member] = {}
    try:
        for count, member in enumerate(members(FileCursor(file)), start=1):
            _refuse_too_many(count, limits, index)
            _add(index, member)
    except CursorEndedError as error:
        raise (mistakes.truncated() if _looks_like_tar(file) else mistakes.not_a_tar()) from error
    except TarMalformedError as error:
        raise (_malformed(error) if _looks_like_tar(file) else mistakes.not_a_tar()) from error
    _refuse_second_archive(file)
    if "manifest.json" not in index and "index.json" not in index:
        raise mistakes.without_manifest(index)
    return index


def _add(index: dict[str, Member], member: Member) -> None:
    name = _clean_name(member.name)
    known = index.get(name)
    if known is not None and not known.kind == member.kind == FOLDER:
        raise ImageRefused(
            Refusal.DUPLICATE_MEMBER,
            f"The upload holds {quoted(name)} twice, so that programs may disagree on which one counts. "
            f"Save the image again with `{SAVE_COMMAND}`.",
        )
    index[name] = member


def _clean_name(raw: bytes) -> str:
    """A name without './' before and '/' behind; anything that could point elsewhere is refused."""
    name = raw.decode("utf-8", "surrogateescape")
    while name.startswith("./"):
        name = name[2:]
    parts = (name.removesuffix("/") or ".").split("/") if name != "/" else [""]
    if parts != ["."] and not {"", ".", ".."}.isdisjoint(parts):
        raise ImageRefused(
            Refusal.UNSAFE_NAME,
            f"The upload holds a file named {quoted(raw)}, which could point outside the archive. "
            f"Save the image again with `{SAVE_COMMAND}`.",
        )
    return "/".join(parts)


def _refuse_too_many(count: int, limits: IntakeLimits, index: dict[str, Member]) -> None:
    if count > limits.members:
        raise mistakes.exported_file_system(index) or ImageRefused(
            Refusal.TOO_MANY_MEMBERS,
            f"The upload holds more than {limits.members:,} files; a saved image has a few for each layer. "
            f"Save one image with `{SAVE_COMMAND}`.",
        )


def _malformed(error: TarMalformedError) -> ImageRefused:
    return ImageRefused(
        Refusal.DAMAGED, f"The upload is not a tar as Docker writes it: it {error}. Save the image again with `{SAVE_COMMAND}`."
    )


def _looks_like_tar(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(262)[257:] == b"ustar"


def _refuse_second_archive(file: BinaryIO) -> None:
    """Only zeros may follow the end marker: what follows in joined archives would silently not count."""
    while data := file.read(BLOCK_BYTES):
        if data.strip(b"\0"):
            raise ImageRefused(
                Refusal.DAMAGED,
                f"More data follows the end of the upload's tar, as if files were joined. Save it with `{SAVE_COMMAND}`.",
            )
