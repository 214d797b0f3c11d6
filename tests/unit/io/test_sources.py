from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from open_files import open_below

from sonobench_eval.io.results import Entry, ResultTooLarge
from sonobench_eval.io.sources import FolderResults, ResultsUnreadable, TarResults, printable_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seg" / "mask").mkdir(parents=True)
    (tmp_path / "seg" / "mask" / "1.png").write_bytes(b"one")
    (tmp_path / "classification.json").write_bytes(b"{}")
    return tmp_path


class TestFolderResults:
    def test_files_are_listed_sorted_with_their_sizes(self, folder: Path) -> None:
        with FolderResults(folder) as source:
            assert list(source.entries()) == [Entry("classification.json", "file", 2), Entry("seg/mask/1.png", "file", 3)]

    def test_a_plain_file_is_read(self, folder: Path) -> None:
        with FolderResults(folder) as source:
            assert source.read("seg/mask/1.png", 3) == b"one"

    @pytest.mark.parametrize(
        "path",
        ["no.png", "seg", "seg/mask", "", ".", "..", "seg/../classification.json", "/etc/passwd", "seg//mask/1.png", "a\0b"],
    )
    def test_what_is_no_plain_file_below_the_folder_is_none(self, folder: Path, path: str) -> None:
        with FolderResults(folder) as source:
            assert source.read(path, 100) is None

    def test_a_file_larger_than_allowed_is_refused(self, folder: Path) -> None:
        with FolderResults(folder) as source, pytest.raises(ResultTooLarge):
            source.read("seg/mask/1.png", 2)

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ResultsUnreadable, match="no such folder"), FolderResults(tmp_path / "no"):
            pass

    def test_a_file_in_place_of_the_folder_is_told(self, folder: Path) -> None:
        with pytest.raises(ResultsUnreadable, match="is not a folder"), FolderResults(folder / "classification.json"):
            pass

    def test_no_descriptor_is_left_open(self, folder: Path) -> None:
        with FolderResults(folder) as source:
            list(source.entries())
            source.read("seg/mask/1.png", 3)
            source.read("seg/no/1.png", 3)
            assert open_below(folder)
        assert open_below(folder) == []


def tar_of(path: Path, *members: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, body in members:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return path


class TestTarResults:
    def test_members_are_listed_and_read(self, tmp_path: Path) -> None:
        path = tar_of(tmp_path / "r.tar", ("./seg/mask/1.png", b"one"), ("classification.json", b"{}"))
        with TarResults(path) as source:
            assert list(source.entries()) == [Entry("classification.json", "file", 2), Entry("seg/mask/1.png", "file", 3)]
            assert source.read("seg/mask/1.png", 3) == b"one"
            assert source.read("seg/mask/2.png", 3) is None
            with pytest.raises(ResultTooLarge):
                source.read("seg/mask/1.png", 2)

    def test_an_empty_tar_has_no_entries(self, tmp_path: Path) -> None:
        with TarResults(tar_of(tmp_path / "r.tar")) as source:
            assert list(source.entries()) == []

    def test_long_names_are_read(self, tmp_path: Path) -> None:
        name = "a" * 150 + "/" + "b" * 150 + ".png"
        with TarResults(tar_of(tmp_path / "r.tar", (name, b"x"))) as source:
            assert source.read(name, 1) == b"x"

    def test_a_missing_tar_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ResultsUnreadable, match="no such tar"), TarResults(tmp_path / "no.tar"):
            pass

    @pytest.mark.parametrize("keep", [0, 100, 700, 1300])
    def test_a_tar_cut_short_is_never_taken_for_a_smaller_one(self, tmp_path: Path, keep: int) -> None:
        path = tar_of(tmp_path / "r.tar", ("a.png", b"x" * 600), ("b.png", b"y" * 600))
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(ResultsUnreadable, match="not a whole tar"), TarResults(path):
            pass

    def test_a_broken_header_in_the_middle_is_not_the_end(self, tmp_path: Path) -> None:
        path = tar_of(tmp_path / "r.tar", ("a.png", b"x"), ("b.png", b"y"))
        data = bytearray(path.read_bytes())
        data[1024 + 5] ^= 0xFF
        path.write_bytes(data)
        with pytest.raises(ResultsUnreadable, match="not a whole tar"), TarResults(path):
            pass


class TestPrintableName:
    def test_ordinary_names_stay(self) -> None:
        assert printable_name("seg/mask é/1.png") == "seg/mask é/1.png"

    def test_control_characters_and_stray_bytes_are_escaped(self) -> None:
        assert printable_name("a\x1b[2J\n") == "a\\x1b[2J\\n"
        assert "\udcff" not in printable_name("a\udcff")
        printable_name("a\udcff").encode()

    def test_an_escaped_name_is_never_an_ordinary_one(self) -> None:
        assert printable_name("a\\nb") != printable_name("a\nb")
