"""Tar headers, read as Docker's own reader (Go's archive/tar) reads them, and more strictly.

Two parsers that read one file differently are the classic attack on a checker, so we have our own small one and
refuse what is ambiguous: sparse files (a few bytes that unpack to terabytes), repeated extension headers, sizes
in pax headers that are not plain decimals, kinds Docker would not unpack. Nothing is ever extracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sonobench_eval.intake.streams import Cursor, CursorEndedError

BLOCK = 512
_ZERO_BLOCK = bytes(BLOCK)
_EXTENSION_LIMIT_BYTES = 2**20  # Go's own limit for one extension header
_PATH_LIMIT_BYTES = 4095
_PAX_RECORDS = 256
"""In one header. Programs write a dozen; a mebibyte of tiny ones for each of many files would be hours of reading."""

REGULAR = b"0"
HARD_LINK = b"1"
SYMBOLIC_LINK = b"2"
FOLDER = b"5"
_PAX, _PAX_GLOBAL, _GNU_LONG_NAME, _GNU_LONG_LINK, _GNU_SPARSE = b"x", b"g", b"L", b"K", b"S"
_EXTENSIONS = frozenset({_PAX, _GNU_LONG_NAME, _GNU_LONG_LINK})
_WITHOUT_CONTENT = frozenset({HARD_LINK, SYMBOLIC_LINK, b"3", b"4", FOLDER, b"6"})
_KNOWN = _WITHOUT_CONTENT | {REGULAR, b"\0", _PAX_GLOBAL} | _EXTENSIONS


class TarMalformedError(Exception):
    """Not a tar we take; the message completes 'The archive ...'."""


class EndMarkerMissingError(CursorEndedError):
    """The archive ends between two entries. Docker takes that; for an upload it means that the rest was lost."""


class Member(NamedTuple):
    """One entry. `kind` is the type flag (`\\0` told as `0`); `offset` is where its content begins."""

    name: bytes
    kind: bytes
    size: int
    link: bytes
    offset: int


def members(cursor: Cursor) -> Iterator[Member]:
    """Every entry up to the end marker; the content of each is passed over unless the caller has read it.

    A global pax header comes out as a member too (Go reads it so, and applies it to nothing).

    Raises:
        TarMalformedError: see the module's text.
        CursorEndedError: the archive ends within an entry.
        EndMarkerMissingError: it ends between two entries.
    """
    extensions: dict[bytes, bytes] = {}
    while (block := _next_block(cursor)) is not None:
        kind, size = _kind(block), _size(block)
        if kind in _EXTENSIONS:
            if kind in extensions:
                raise TarMalformedError("has two extension headers of one kind for one file")
            extensions[kind] = _extension(cursor, size)
            continue
        member = _member(block, kind, size, extensions, cursor.position())
        extensions = {}
        yield member
        end = member.offset + -(-member.size // BLOCK) * BLOCK
        cursor.skip(end - cursor.position())
    if extensions:
        raise TarMalformedError("ends after an extension header")


def _next_block(cursor: Cursor) -> bytes | None:
    block = cursor.exact(BLOCK)
    if block == _ZERO_BLOCK:
        if cursor.exact(BLOCK).strip(b"\0"):
            raise TarMalformedError("has an empty header in its middle")
        return None
    if not block:
        raise EndMarkerMissingError
    if len(block) < BLOCK:
        raise CursorEndedError
    _check_sum(block)
    return block


def _check_sum(block: bytes) -> None:
    stated = _octal(block[148:156])
    if stated == sum(block) - sum(block[148:156]) + 8 * 32:
        return
    blanked = block[:148] + b" " * 8 + block[156:]
    if stated != sum(byte - 256 if byte > 127 else byte for byte in blanked):  # as some old writers count
        raise TarMalformedError("has a header with a wrong checksum")


def _kind(block: bytes) -> bytes:
    kind = block[156:157]
    if kind == _GNU_SPARSE:
        raise TarMalformedError("holds a sparse file; pack it without --sparse")
    if kind not in _KNOWN:
        raise TarMalformedError("holds an entry of a kind that Docker does not unpack")
    return REGULAR if kind == b"\0" else kind


def _size(block: bytes) -> int:
    size = _number(block[124:136])
    if size < 0:
        raise TarMalformedError("has an entry with an impossible size")
    return size


def _number(field: bytes) -> int:
    """Octal digits, or, where the first bit is set, a signed number in base 256."""
    if not field[0] & 0x80:
        return _octal(field)
    size = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    size -= (field[0] & 0x40) << (8 * len(field) - 7)
    if not -(2**63) <= size < 2**63:
        raise TarMalformedError("has an entry with an impossible size")
    return size


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0").partition(b"\0")[0]
    if digits.strip(b"01234567"):
        raise TarMalformedError("has a header with a damaged number")
    return int(digits or b"0", 8)


def _extension(cursor: Cursor, size: int) -> bytes:
    if size > _EXTENSION_LIMIT_BYTES:
        raise TarMalformedError("has an extension header of more than 1 MiB")
    padded = -(-size // BLOCK) * BLOCK
    content = cursor.exact(padded)
    if len(content) < padded:
        raise CursorEndedError
    return content[:size]


def _member(block: bytes, kind: bytes, size: int, extensions: dict[bytes, bytes], offset: int) -> Member:
    name, link = _name(block), block[157:257].partition(b"\0")[0]
    if kind == _PAX_GLOBAL and (extensions or size > _EXTENSION_LIMIT_BYTES):
        raise TarMalformedError("has a global header where none may stand, or one of more than 1 MiB")
    if extensions:
        pax = _pax_records(extensions.get(_PAX, b""))
        name = _long(extensions, _GNU_LONG_NAME) or pax.get(b"path") or name
        link = _long(extensions, _GNU_LONG_LINK) or pax.get(b"linkpath") or link
        size = _pax_size(pax, size)
    if len(name) > _PATH_LIMIT_BYTES or len(link) > _PATH_LIMIT_BYTES:
        raise TarMalformedError("has a path longer than a path can be")
    if block[156:157] == b"\0" and name.endswith(b"/"):
        kind = FOLDER  # as archives older than the folder flag tell a folder
    return Member(name, kind, 0 if kind in _WITHOUT_CONTENT else size, link, offset)


def _name(block: bytes) -> bytes:
    name, prefix = block[:100].partition(b"\0")[0], _prefix(block)
    return prefix + b"/" + name if prefix else name


def _prefix(block: bytes) -> bytes:
    """The folders ahead of a name, where the header is of a kind that has room for them."""
    whole = block[345:500].partition(b"\0")[0]
    if block[257:263] == b"ustar\0":
        return block[345:476].partition(b"\0")[0] if block[508:512] == b"tar\0" else whole
    # GNU has two times there. Go 1.7 wrote prefixes into them by mistake, and Go reads as one what is no time.
    times = (block[345:357], block[357:369])
    is_mistaken = block[257:265] == b"ustar  \0" and not all(_is_number(time) for time in times if time[0])
    return whole if is_mistaken and whole.isascii() else b""


def _is_number(field: bytes) -> bool:
    try:
        _number(field)
    except TarMalformedError:
        return False
    return True


def _long(extensions: dict[bytes, bytes], kind: bytes) -> bytes:
    return extensions.get(kind, b"").partition(b"\0")[0]


def _pax_size(pax: dict[bytes, bytes], size: int) -> int:
    stated = pax.get(b"size")
    if not stated:
        return size
    if not stated.isdigit() or len(stated) > 18:
        raise TarMalformedError("has an entry with an impossible size")
    return int(stated)


def _pax_records(content: bytes) -> dict[bytes, bytes]:
    """Records `LENGTH KEY=VALUE\\n`, the last of a key counting."""
    records: dict[bytes, bytes] = {}
    at = count = 0
    while at < len(content):
        count += 1
        if count > _PAX_RECORDS:
            raise TarMalformedError("has a pax header of more records than any file needs")
        digits, _, _ = content[at : at + 20].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = content[at + len(digits) + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not equals or not key or not record.endswith(b"\n") or at + length > len(content):
            raise TarMalformedError("has a damaged pax header")
        records[key] = value[:-1]
        at += length
    _refuse_dangerous_records(records)
    return records


def _refuse_dangerous_records(records: dict[bytes, bytes]) -> None:
    if any(key.startswith(b"GNU.sparse.") for key in records):
        raise TarMalformedError("holds a sparse file; pack it without --sparse")
    if any(key.startswith(b"SCHILY.xattr.trusted.") for key in records):
        raise TarMalformedError("sets attributes that only the host's own file systems may set")
