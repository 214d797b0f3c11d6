"""The tar reader: what it takes from headers, as Go's reader would, and what it refuses."""

from __future__ import annotations

import io
import tarfile
from types import ModuleType

import pytest

from sonobench_eval.intake.streams import BlockCursor, CursorEndedError, FileCursor
from sonobench_eval.intake.tar import EndMarkerMissingError, Member, TarMalformedError, members


def read(data: bytes) -> list[Member]:
    """Members as both cursors see them, which must be the same."""
    from_file = list(members(FileCursor(io.BytesIO(data))))
    assert list(members(BlockCursor(io.BytesIO(data)))) == from_file
    return from_file


class TestNamesAndSizes:
    def test_a_plain_entry_is_told_with_the_place_of_its_content(self, tars: ModuleType) -> None:
        data = tars.entry("a/b.txt", b"hello") + tars.entry("c", b"") + tars.END
        assert read(data) == [Member(b"a/b.txt", b"0", 5, b"", 512), Member(b"c", b"0", 0, b"", 1536)]
        assert data[512:517] == b"hello"

    @pytest.mark.parametrize("fmt", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_long_names_are_read_in_every_format_python_writes(self, fmt: int) -> None:
        name = "d" * 120 + "/" + "f" * 90
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=fmt) as tar:
            info = tarfile.TarInfo(name)
            info.size = 3
            tar.addfile(info, io.BytesIO(b"abc"))
        (member,) = read(buffer.getvalue())
        assert (member.name, member.size) == (name.encode(), 3)
        assert buffer.getvalue()[member.offset :][:3] == b"abc"

    def test_a_size_in_base_256_is_read(self, tars: ModuleType) -> None:
        data = tars.entry("big", b"xyz", size_field=b"\x80" + (3).to_bytes(11, "big")) + tars.END
        assert read(data)[0].size == 3

    def test_a_size_in_a_pax_header_counts_over_the_header_field(self, tars: ModuleType) -> None:
        # As Go writes files of more than 8 GiB: 0 in the field, the true size in the record.
        data = tars.pax(size="600") + tars.entry("big", b"x" * 600, size=0) + tars.entry("next") + tars.END
        assert [(m.name, m.size) for m in read(data)] == [(b"big", 600), (b"next", 0)]

    def test_links_and_folders_have_no_content_whatever_their_size_says(self, tars: ModuleType) -> None:
        data = (
            tars.entry("l", kind=b"2", link="target", size=512) + tars.entry("d/", kind=b"5", size=9) + tars.entry("f") + tars.END
        )
        assert [(m.name, m.kind, m.size) for m in read(data)] == [(b"l", b"2", 0), (b"d/", b"5", 0), (b"f", b"0", 0)]

    @pytest.mark.parametrize(
        ("times", "name"),
        [
            (b"etc\0", b"etc/passwd"),  # no time, so that Go 1.7's mistake is seen and the prefix counts
            (b"etc".ljust(12, b"\0") + b"00000000000\0", b"etc/passwd"),
            (b"00000000000\0x", b"00000000000/passwd"),  # the second time is none
            (b"00000000000\0" * 2, b"passwd"),
            (b"\x80" + bytes(10) + b"\1", b"passwd"),  # times in base 256
            (b"etc\xe9\0", b"passwd"),  # no prefix that Go would take
            (b"", b"passwd"),
            (b"x" * 140 + bytes(508 - 345 - 140) + b"tar\0", b"x" * 140 + b"/passwd"),  # star's mark counts in its own headers
        ],
    )
    def test_gnus_times_and_a_prefix_in_their_place_are_told_apart_as_go_does(
        self, tars: ModuleType, times: bytes, name: bytes
    ) -> None:
        header = tars.entry("passwd", magic=b"ustar  \0".ljust(345 - 257, b"\0") + times)
        assert read(header + tars.END)[0].name == name

    def test_a_global_pax_header_changes_no_later_entry(self, tars: ModuleType) -> None:
        body = tars.pax(size="4096", path="elsewhere")
        data = body[:156] + b"g" + body[157:]
        data = fixed_checksum(data) + tars.entry("f", b"abc") + tars.END
        assert [(m.name, m.size) for m in read(data)][1:] == [(b"f", 3)]

    def test_an_old_folder_is_known_by_its_trailing_slash(self, tars: ModuleType) -> None:
        assert read(tars.entry("d/", kind=b"\0") + tars.END)[0].kind == b"5"


def fixed_checksum(data: bytes) -> bytes:
    """The data with the checksum of its first header made right."""
    block = data[:148] + b" " * 8 + data[156:512]
    return data[:148] + b"%06o\0 " % sum(block) + data[156:]


class TestRefusals:
    def test_a_sparse_file_of_the_old_gnu_kind(self, tars: ModuleType) -> None:
        with pytest.raises(TarMalformedError, match="sparse"):
            read(tars.entry("s", kind=b"S") + tars.END)

    @pytest.mark.parametrize("key", ["GNU__sparse__realsize", "GNU__sparse__major", "GNU__sparse__map"])
    def test_a_sparse_file_of_the_pax_kind_that_would_unpack_to_terabytes(self, tars: ModuleType, key: str) -> None:
        with pytest.raises(TarMalformedError, match="sparse"):
            read(tars.pax(**{key: "9999999999999"}) + tars.entry("s") + tars.END)

    def test_attributes_of_the_overlay_file_system(self, tars: ModuleType) -> None:
        with pytest.raises(TarMalformedError, match="attributes"):
            read(tars.pax(SCHILY__xattr__trusted__overlay__redirect="/etc") + tars.entry("f") + tars.END)

    def test_more_pax_records_than_any_file_needs(self, tars: ModuleType) -> None:
        honest = {f"SCHILY__xattr__user__n{number}": "x" for number in range(200)}
        assert read(tars.pax(**honest) + tars.entry("f") + tars.END)[0].name == b"f"
        with pytest.raises(TarMalformedError, match="more records"):
            read(tars.entry("PaxHeaders/x", b"6 a=b\n" * 300, kind=b"x") + tars.entry("f") + tars.END)

    def test_two_pax_headers_for_one_file(self, tars: ModuleType) -> None:
        with pytest.raises(TarMalformedError, match="two extension headers"):
            read(tars.pax(path="a") + tars.pax(path="b") + tars.entry("f") + tars.END)

    def test_an_extension_header_without_a_file(self, tars: ModuleType) -> None:
        with pytest.raises(TarMalformedError, match="after an extension header"):
            read(tars.pax(path="a") + tars.END)

    @pytest.mark.parametrize("size", ["-1", "+5", "0x10", "1e3", "9" * 19, " 5", "5 "])
    def test_a_pax_size_that_is_no_plain_decimal(self, tars: ModuleType, size: str) -> None:
        with pytest.raises(TarMalformedError, match="impossible size"):
            read(tars.pax(size=size) + tars.entry("f", b"abc") + tars.END)

    @pytest.mark.parametrize("field", [b"\xff" * 12, b"\xc0" + bytes(11), b"\x80" + b"\xff" * 11])
    def test_a_base_256_size_that_is_negative_or_too_large(self, tars: ModuleType, field: bytes) -> None:
        with pytest.raises(TarMalformedError, match="impossible size"):
            read(tars.entry("f", size_field=field) + tars.END)

    def test_a_wrong_checksum(self, tars: ModuleType) -> None:
        data = bytearray(tars.entry("f", b"abc") + tars.END)
        data[0] ^= 1
        with pytest.raises(TarMalformedError, match="checksum"):
            read(bytes(data))

    @pytest.mark.parametrize("kind", [b"7", b"A", b"D", b"M", b"V", b"N", b"X", b"\xff"])
    def test_a_kind_docker_does_not_unpack(self, tars: ModuleType, kind: bytes) -> None:
        with pytest.raises(TarMalformedError, match="kind"):
            read(tars.entry("f", kind=kind) + tars.END)

    def test_one_empty_header_in_the_middle(self, tars: ModuleType) -> None:
        with pytest.raises(TarMalformedError, match="middle"):
            read(tars.entry("f") + bytes(512) + tars.entry("g") + tars.END)

    def test_an_extension_header_of_two_mebibytes(self, tars: ModuleType) -> None:
        with pytest.raises(TarMalformedError, match="1 MiB"):
            read(tars.entry("x", kind=b"x", size=2**21) + tars.END)

    @pytest.mark.parametrize("body", [b"no length", b"0 a=b\n", b"7 a=b\n", b"6 a=bc", b"6 ab\n\n", b"5 =b\n", b"99 a=b\n"])
    def test_a_damaged_pax_record(self, tars: ModuleType, body: bytes) -> None:
        with pytest.raises(TarMalformedError, match="damaged pax"):
            read(tars.entry("x", body, kind=b"x") + tars.entry("f") + tars.END)

    def test_an_end_inside_a_file(self, tars: ModuleType) -> None:
        with pytest.raises(CursorEndedError):
            read(tars.entry("f", b"x" * 2000)[:1024])

    def test_an_end_without_end_marker_is_told_apart(self, tars: ModuleType) -> None:
        with pytest.raises(EndMarkerMissingError):
            read(tars.entry("f", b"x"))
