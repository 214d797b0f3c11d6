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


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    return work


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The cache's folder."""
    return tmp_path / "inputs"


class TestInputsCache:
    def test_a_data_set_travels_once(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, kept: Path, work: Path
    ) -> None:
        cache, calls = InputsCache(kept), []
        first = cache.ensure(given.INPUTS, challenge, _fetching(inputs_tar, calls), work=work)
        again = cache.ensure(given.INPUTS, challenge, _fetching(inputs_tar, calls), work=work)
        assert first == again
        assert len(calls) == 1
        assert (first / "heads/img1.png").read_bytes() == given.an_image(0)

    def test_images_of_the_warm_up_are_needed_like_the_others(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, kept: Path, work: Path
    ) -> None:
        warm = challenge.cases[0].model_copy(update={"id": "warm/1.png"})
        with_warm_up = challenge.model_copy(update={"warm_up": (warm,)})
        with pytest.raises(InputsBroken, match=r"lack 1 of the challenge's files, for example 'warm/1\.png'"):
            InputsCache(kept).ensure(given.INPUTS, with_warm_up, _fetching(inputs_tar, []), work=work)
        (work / "inputs").rename(work / "broken")
        whole = _with_member(inputs_tar, tarfile.TarInfo("warm/1.png"))
        folder = InputsCache(kept).ensure(given.INPUTS, with_warm_up, _fetching(whole, []), work=work)
        assert (folder / "warm/1.png").is_file()

    def test_any_user_may_read_the_files_and_nobody_writes_them(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, kept: Path, work: Path
    ) -> None:
        folder = InputsCache(kept).ensure(given.INPUTS, challenge, _fetching(inputs_tar, []), work=work)
        assert stat.S_IMODE((folder / "heads/img1.png").stat().st_mode) == 0o444
        assert stat.S_IMODE(folder.stat().st_mode) & 0o005 == 0o005

    def test_a_link_is_refused_and_nothing_is_kept(
        self, challenge: Challenge, given: SimpleNamespace, kept: Path, work: Path
    ) -> None:
        link = tarfile.TarInfo("heads/img2.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar = _with_member(given.a_tar({"heads/img1.png": b"x"}), link)
        with pytest.raises(InputsBroken, match=r"heads/img2\.png"):
            InputsCache(kept).ensure(given.INPUTS, challenge, _fetching(tar, []), work=work)
        assert list(kept.iterdir()) == []

    @pytest.mark.parametrize("name", ["../escaped.png", "/absolute.png", "heads/unknown.png", "heads/img1.png"])
    def test_a_file_of_no_case_or_given_twice_is_refused(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, kept: Path, work: Path, name: str
    ) -> None:
        tar = _with_member(inputs_tar, tarfile.TarInfo(name))
        with pytest.raises(InputsBroken, match="not a file of a case"):
            InputsCache(kept).ensure(given.INPUTS, challenge, _fetching(tar, []), work=work)
        assert not (kept / "escaped.png").exists()

    def test_a_missing_file_is_named(self, challenge: Challenge, given: SimpleNamespace, kept: Path, work: Path) -> None:
        tar = given.a_tar({"heads/img1.png": b"x"})
        with pytest.raises(InputsBroken, match=r"lack 1 of the challenge's files, for example 'heads/img2\.png'"):
            InputsCache(kept).ensure(given.INPUTS, challenge, _fetching(tar, []), work=work)

    @pytest.mark.parametrize("tar", [b"", b"not a tar" * 200], ids=["empty", "noise"])
    def test_something_else_than_a_tar_is_refused(
        self, challenge: Challenge, given: SimpleNamespace, kept: Path, work: Path, tar: bytes
    ) -> None:
        with pytest.raises(InputsBroken):
            InputsCache(kept).ensure(given.INPUTS, challenge, _fetching(tar, []), work=work)
        assert list(kept.iterdir()) == []

    def test_two_workers_that_fetch_at_once_end_with_one_whole_set(
        self, challenge: Challenge, inputs_tar: bytes, given: SimpleNamespace, kept: Path, work: Path
    ) -> None:
        cache = InputsCache(kept)

        def fetch_while_another_is_faster(target: Path) -> None:
            theirs = work / "theirs"
            theirs.mkdir()
            cache.ensure(given.INPUTS, challenge, _fetching(inputs_tar, []), work=theirs)
            target.write_bytes(inputs_tar)

        one = cache.ensure(given.INPUTS, challenge, fetch_while_another_is_faster, work=work)
        assert list(kept.iterdir()) == [one]
