"""A form's body as it comes, cut anywhere: its fields, exactly its file, and nothing that is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from sonobench_platform.domain.errors import BadRequest, TimedOut
from sonobench_platform.web.portal_multipart import FilePart, read_file_part

MARK = "----WebKitFormBoundaryABC"


class Sent:
    """A request of which only the body and its kind matter."""

    def __init__(self, chunks: Sequence[bytes], kind: str = f"multipart/form-data; boundary={MARK}") -> None:
        self.headers = {"content-type": kind}
        self._chunks = chunks

    async def stream(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def body(file: bytes, fields: dict[str, str] | None = None, *, name: str = "image", end: str = "--\r\n") -> bytes:
    """What a browser sends of a form whose last part is a file."""
    parts = [
        f'--{MARK}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in (fields or {}).items()
    ]
    head = (
        f'--{MARK}\r\nContent-Disposition: form-data; name="{name}"; filename="i.tar"\r\nContent-Type: application/x-tar\r\n\r\n'
    )
    return "".join(parts).encode() + head.encode() + file + f"\r\n--{MARK}{end}".encode()


def cut(whole: bytes, size: int) -> list[bytes]:
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def read(chunks: Sequence[bytes], *, announced: int | None = None, **kind: str) -> tuple[FilePart, bytes]:
    async def everything() -> tuple[FilePart, bytes]:
        sent: Any = Sent(chunks, **kind)
        part = await read_file_part(sent, sum(map(len, chunks)) if announced is None else announced, idle_s=5)
        return part, b"".join([block async for block in part.stream()])

    return asyncio.run(everything())


class TestAForm:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 1 << 20])
    def test_wherever_it_is_cut_its_fields_and_its_file_come_out(self, size: int) -> None:
        file = b"x" * 50 + b"\r\n--" + MARK[:-1].encode() + b"\r\n\r\n\0"
        part, content = read(cut(body(file, {"csrf_token": "abc", "note": "né", "phase": ""}), size))
        assert dict(part.fields) == {"csrf_token": "abc", "note": "né", "phase": ""}
        assert (part.size_bytes, content) == (len(file), file)

    def test_a_file_that_holds_the_forms_own_mark_is_taken_whole(self) -> None:
        file = f"a\r\n--{MARK}--\r\nb".encode()
        assert read([body(file)])[1] == file

    def test_a_field_without_a_file_chosen_is_an_empty_file(self) -> None:
        assert read([body(b"")])[0].size_bytes == 0


class TestWhatIsNoForm:
    @pytest.mark.parametrize(
        "sent",
        [
            b"",
            b"GET / HTTP/1.1\r\n\r\n",
            f"--{MARK}--\r\n".encode(),
            body(b"x", name="other"),
            f'--{MARK}\r\nContent-Disposition: form-data; name="image"\r\n\r\nno file\r\n--{MARK}--\r\n'.encode(),
            f"--{MARK}\r\nContent-Type: text/plain\r\n\r\nx\r\n--{MARK}--\r\n".encode(),
        ],
    )
    def test_it_is_refused(self, sent: bytes) -> None:
        with pytest.raises(BadRequest, match="cannot be read"):
            read([sent])

    @pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", f"multipart/form-data; boundary={'x' * 71}", ""])
    def test_another_kind_of_body_is_refused(self, kind: str) -> None:
        with pytest.raises(BadRequest):
            read([body(b"x")], kind=kind)

    def test_fields_beyond_all_measure_are_refused_before_they_are_kept(self) -> None:
        with pytest.raises(BadRequest):
            read(cut(body(b"x", {"note": "n" * 200_000}), 1000))

    def test_many_small_fields_beyond_all_measure_too(self) -> None:
        with pytest.raises(BadRequest):
            read(cut(body(b"x", {f"field{number}": "n" * 100 for number in range(2000)}), 1000))


class TestTheFormsEnd:
    def test_something_behind_the_file_makes_it_no_form(self) -> None:
        whole = body(b"file").replace(f"--{MARK}--\r\n".encode(), f"--{MARK}--xx".encode())
        with pytest.raises(BadRequest):
            read([whole])

    def test_a_body_that_is_shorter_than_it_said_gives_what_came(self) -> None:
        whole = body(b"f" * 100)
        part, content = read([whole[:-60]], announced=len(whole))
        assert part.size_bytes == 100
        assert len(content) < 100


class TestASilentClient:
    def test_it_is_not_waited_for_longer_than_said(self) -> None:
        class Silent(Sent):
            async def stream(self) -> AsyncIterator[bytes]:
                yield body(b"x")[:10]
                await asyncio.sleep(60)

        async def everything() -> None:
            sent: Any = Silent([])
            await read_file_part(sent, 1000, idle_s=0.05)

        with pytest.raises(TimedOut, match="nothing was kept"):
            asyncio.run(everything())
