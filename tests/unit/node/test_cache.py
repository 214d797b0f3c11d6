from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from sonobench_eval.challenge.model import Challenge
from sonobench_platform.node.cache import InputsBroken, InputsCache


def _fetching(tar: bytes, calls: list[Path]) -> Callable[[Path], None]:
    def fetch(target: Path) -> None:
        calls.append(target)
        target.write_bytes(tar)

    return fetch


def _with_member(tar: bytes, member: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO(tar)
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        archive.addfile(member)
    return buffer.getvalue()


class TestInputsCache:
    def test_a_data_set_travels_once(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, tmp_path: Path
    ) -> None:
        cache, calls = InputsCache(tmp_path), []
        first = cache.ensure(given.INPUTS, challenge, _fetching(inputs_tar, calls))
        again = cache.ensure(given.INPUTS, challenge, _fetching(inputs_tar, calls))
        assert first == again
        assert len(calls) == 1
        assert (first / "heads/img1.png").read_bytes() == b"pixels of heads/img1.png"

    def test_any_user_may_read_the_files_and_nobody_writes_them(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, tmp_path: Path
    ) -> None:
        folder = InputsCache(tmp_path).ensure(given.INPUTS, challenge, _fetching(inputs_tar, []))
        assert stat.S_IMODE((folder / "heads/img1.png").stat().st_mode) == 0o444
        assert stat.S_IMODE(folder.stat().st_mode) & 0o005 == 0o005

    def test_a_link_is_refused_and_nothing_is_kept(self, challenge: Challenge, given: SimpleNamespace, tmp_path: Path) -> None:
        link = tarfile.TarInfo("heads/img2.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar = _with_member(given.a_tar({"heads/img1.png": b"x"}), link)
        with pytest.raises(InputsBroken, match=r"heads/img2\.png"):
            InputsCache(tmp_path).ensure(given.INPUTS, challenge, _fetching(tar, []))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", ["../escaped.png", "/absolute.png", "heads/unknown.png", "heads/img1.png"])
    def test_a_file_of_no_case_or_given_twice_is_refused(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, tmp_path: Path, name: str
    ) -> None:
        tar = _with_member(inputs_tar, tarfile.TarInfo(name))
        with pytest.raises(InputsBroken, match="not a file of a case"):
            InputsCache(tmp_path / "inputs").ensure(given.INPUTS, challenge, _fetching(tar, []))
        assert not (tmp_path / "escaped.png").exists()

    def test_a_missing_file_is_named(self, challenge: Challenge, given: SimpleNamespace, tmp_path: Path) -> None:
        tar = given.a_tar({"heads/img1.png": b"x"})
        with pytest.raises(InputsBroken, match=r"lack 1 of the challenge's files, for example 'heads/img2\.png'"):
            InputsCache(tmp_path).ensure(given.INPUTS, challenge, _fetching(tar, []))

    @pytest.mark.parametrize("tar", [b"", b"not a tar" * 200], ids=["empty", "noise"])
    def test_something_else_than_a_tar_is_refused(
        self, challenge: Challenge, given: SimpleNamespace, tmp_path: Path, tar: bytes
    ) -> None:
        with pytest.raises(InputsBroken):
            InputsCache(tmp_path).ensure(given.INPUTS, challenge, _fetching(tar, []))
        assert list(tmp_path.iterdir()) == []

    def test_two_workers_that_fetch_at_once_end_with_one_whole_set(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, tmp_path: Path
    ) -> None:
        cache = InputsCache(tmp_path)

        def fetch_while_another_is_faster(target: Path) -> None:
            cache.ensure(given.INPUTS, challenge, _fetching(inputs_tar, []))
            target.write_bytes(inputs_tar)

        kept = cache.ensure(given.INPUTS, challenge, fetch_while_another_is_faster)
        assert list(tmp_path.iterdir()) == [kept]

    def test_what_a_killed_worker_left_is_removed(self, tmp_path: Path) -> None:
        left = tmp_path / ".unfinished-x" / "inputs"
        left.mkdir(parents=True)
        InputsCache(tmp_path).remove_unfinished()
        assert list(tmp_path.iterdir()) == []
