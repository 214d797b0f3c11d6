"""Links, devices, pipes and odd names in results. Nothing is followed, nothing hangs, everything is found."""

from __future__ import annotations

import os
import socket
import tarfile
import time
from pathlib import Path

import pytest

from sonobench_eval.io.results import Entry
from sonobench_eval.io.sources import MAX_DEPTH, FolderResults, ResultsUnreadable, TarResults

SECRET = b"the hidden truth"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "1.png").write_bytes(SECRET)
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def seen(out: Path, path: str) -> tuple[dict[str, str], bytes | None]:
    """Kinds by path, and what reading `path` gives."""
    with FolderResults(out) as source:
        return {entry.path: entry.kind for entry in source.entries()}, source.read(path, 1000)


class TestHostileFolder:
    def test_a_link_to_a_file_is_listed_and_not_followed(self, out: Path) -> None:
        (out / "1.png").symlink_to("../truth/1.png")
        assert seen(out, "1.png") == ({"1.png": "link"}, None)

    def test_a_link_to_a_folder_on_the_way_is_not_followed(self, out: Path) -> None:
        (out / "mask").symlink_to("../truth")
        assert seen(out, "mask/1.png") == ({"mask": "link"}, None)

    def test_a_link_inside_the_folder_is_not_followed_either(self, out: Path) -> None:
        (out / "real").mkdir()
        (out / "real" / "1.png").write_bytes(b"x")
        (out / "mask").symlink_to("real")
        assert seen(out, "mask/1.png")[1] is None

    def test_a_link_to_itself_or_to_nowhere_is_a_link(self, out: Path) -> None:
        (out / "a").symlink_to("a")
        (out / "b").symlink_to("/nowhere")
        assert seen(out, "a") == ({"a": "link", "b": "link"}, None)

    def test_a_second_name_of_a_file_outside_is_not_read(self, out: Path) -> None:
        (out / "1.png").hardlink_to(out.parent / "truth" / "1.png")
        assert seen(out, "1.png") == ({"1.png": "link"}, None)

    def test_a_named_pipe_does_not_hang(self, out: Path) -> None:
        os.mkfifo(out / "1.png")
        start = time.monotonic()
        assert seen(out, "1.png") == ({"1.png": "other"}, None)
        assert time.monotonic() - start < 2

    def test_a_socket_is_not_opened(self, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(out)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("1.png")
            assert seen(out, "1.png") == ({"1.png": "other"}, None)

    def test_a_folder_in_a_files_place_is_none(self, out: Path) -> None:
        (out / "1.png").mkdir()
        assert seen(out, "1.png") == ({}, None)

    def test_folders_without_end_are_listed_to_a_depth(self, out: Path) -> None:
        deep = out
        for _ in range(MAX_DEPTH + 20):
            deep /= "d"
            deep.mkdir()
        (deep / "x").write_bytes(b"x")
        kinds, _ = seen(out, "x")
        assert list(kinds.values()) == ["other"]
        assert next(iter(kinds)).count("/") == MAX_DEPTH

    def test_names_that_are_not_text_are_listed_escaped(self, out: Path) -> None:
        for name in (b"a\xff", b"b\n\x1b[2J", b"c\xe2\x80\xae"):
            Path(os.fsdecode(bytes(out) + b"/" + name)).write_bytes(b"")
        kinds, _ = seen(out, "x")
        assert len(kinds) == 3
        assert all(path.isprintable() and path.isascii() for path in kinds)

    def test_a_sparse_giant_is_not_read(self, out: Path) -> None:
        (out / "1.png").touch()
        os.truncate(out / "1.png", 2**42)
        with FolderResults(out) as source:
            assert list(source.entries()) == [Entry("1.png", "file", 2**42)]


def member(name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


def raw_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Headers as given, contents padded, and an end: no library's second thoughts between."""
    blocks = [info.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % 512) for info, body in members]
    path.write_bytes(b"".join(blocks) + bytes(1024))
    return path


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    return tmp_path / "results.tar"


class TestHostileTar:
    def test_links_and_devices_show_as_entries_and_are_not_read(self, tar: Path) -> None:
        raw_tar(
            tar,
            (member("a.png", tarfile.SYMTYPE, link="/etc/passwd"), b""),
            (member("b.png", tarfile.LNKTYPE, link="c.png"), b""),
            (member("c.png", size=1), b"x"),
            (member("d.png", tarfile.CHRTYPE), b""),
            (member("e.png", tarfile.FIFOTYPE), b""),
        )
        with TarResults(tar) as source:
            assert {entry.path: entry.kind for entry in source.entries()} == {
                "a.png": "link",
                "b.png": "link",
                "c.png": "file",
                "d.png": "other",
                "e.png": "other",
            }
            assert [source.read(name, 9) for name in ("a.png", "b.png", "c.png", "d.png", "e.png")] == [
                None,
                None,
                b"x",
                None,
                None,
            ]

    @pytest.mark.parametrize("name", ["../1.png", "a/../1.png", "/1.png", "a//1.png", "a/./1.png", "a\n.png", "\\..\\1.png"])
    def test_names_that_are_not_plain_are_listed_and_not_read(self, tar: Path, name: str) -> None:
        raw_tar(tar, (member(name, size=1), b"x"))
        with TarResults(tar) as source:
            (entry,) = source.entries()
            assert entry.kind == "other"
            assert source.read(name, 9) is None
            assert source.read(entry.path, 9) is None
            assert source.read("1.png", 9) is None

    def test_a_name_that_stands_twice_is_neither(self, tar: Path) -> None:
        raw_tar(tar, (member("1.png", size=1), b"a"), (member("./1.png", size=1), b"b"))
        with TarResults(tar) as source:
            assert [entry.kind for entry in source.entries()] == ["other"]
            assert source.read("1.png", 9) is None

    def test_a_sparse_member_that_claims_terabytes_is_not_read(self, tar: Path) -> None:
        info = member("1.png", tarfile.GNUTYPE_SPARSE)
        header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
        header[483:495] = b"77777777777\0"
        header[148:156] = b"        "
        header[148:156] = b"%06o\0 " % sum(header)
        tar.write_bytes(bytes(header) + bytes(1024))
        with TarResults(tar) as source:
            assert [(entry.kind, entry.size_bytes) for entry in source.entries()] == [("other", 0)]
            assert source.read("1.png", 10**9) is None

    def test_a_member_larger_than_the_file_is_damage(self, tar: Path) -> None:
        raw_tar(tar, (member("1.png", size=2**33), b"x"))
        with pytest.raises(ResultsUnreadable), TarResults(tar):
            pass

    def test_a_negative_size_does_not_go_round_for_ever(self, tar: Path) -> None:
        header = member("1.png")
        header.size = -1024
        raw_tar(tar, (member("0.png", size=512), b"x" * 512), (header, b""))
        with pytest.raises(ResultsUnreadable), TarResults(tar):
            pass

    @pytest.mark.parametrize("size", [b"-512", b"-1024", b"99999999999999999999999"])
    def test_a_size_in_an_extended_header_that_makes_no_sense_is_damage(self, tar: Path, size: bytes) -> None:
        record = b" size=" + size + b"\n"
        record = str(len(record) + 2).encode() + record
        raw_tar(tar, (member("x", tarfile.XHDTYPE, size=len(record)), record), (member("1.png"), b""))
        with pytest.raises(ResultsUnreadable), TarResults(tar):
            pass

    def test_headers_of_headers_without_end_are_damage(self, tar: Path) -> None:
        raw_tar(tar, *[(member("x", tarfile.GNUTYPE_LONGNAME, size=1), b"x")] * 5000)
        with pytest.raises(ResultsUnreadable), TarResults(tar):
            pass

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x1f\x8b\x08" + bytes(500), bytes(range(256)) * 8])
    def test_what_is_no_tar_is_told(self, tar: Path, data: bytes) -> None:
        tar.write_bytes(data)
        with pytest.raises(ResultsUnreadable), TarResults(tar):
            pass
