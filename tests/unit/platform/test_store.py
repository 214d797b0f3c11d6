"""The store: paths from identifiers alone, files whole or not at all."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sonobench_platform.storage.incoming import Incoming
from sonobench_platform.storage.store import TEMPORARY, Store, replacing

SUB, DIGEST = "sub-aaaaaaaaaaaaaaaa", f"sha256:{'0' * 64}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "home")
    made.prepare()
    return made


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            lambda store: store.upload("../../etc/passwd"),
            lambda store: store.results("run-aaaaaaaaaaaaaaaa/..", 1),
            lambda store: store.replicates(""),
            lambda store: store.image("sha256:../../x"),
            lambda store: store.inputs("0" * 64),
            lambda store: store.definition(f"sha256:{'0' * 63}/"),
        ],
    )
    def test_no_path_is_made_from_anything_but_an_identifier(self, store: Store, path: Callable[[Store], Path]) -> None:
        with pytest.raises(ValueError, match="is not a"):
            path(store)

    def test_folders_are_their_owners_alone(self, store: Store) -> None:
        for folder in (store.home, *store.home.iterdir()):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_two_attempts_never_share_a_file(self, store: Store) -> None:
        assert store.results("run-aaaaaaaaaaaaaaaa", 1) != store.results("run-aaaaaaaaaaaaaaaa", 2)


class TestReplacing:
    def test_the_target_appears_whole(self, store: Store) -> None:
        with replacing(store.image(DIGEST)) as temporary:
            temporary.write_bytes(b"new")
            assert not store.image(DIGEST).exists()
        assert store.image(DIGEST).read_bytes() == b"new"

    def test_an_error_leaves_the_old_one(self, store: Store) -> None:
        store.image(DIGEST).write_bytes(b"old")

        def fail_half_way() -> None:
            with replacing(store.image(DIGEST)) as temporary:
                temporary.write_bytes(b"new")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail_half_way()
        assert [path.read_bytes() for path in store.image(DIGEST).parent.iterdir()] == [b"old"]


class TestRemoveStale:
    def test_only_old_half_written_files_go(self, store: Store) -> None:
        names = (f"{TEMPORARY}old", "..incoming-sub.tar.x1.partial", f"{TEMPORARY}young", f"{SUB}.tar")
        old, intakes, young, whole = (store.home / "uploads" / name for name in names)
        for path in (old, intakes, young, whole):
            path.write_bytes(b"")
        for path in (old, intakes, whole):
            os.utime(path, (time.time() - 7200,) * 2)
        assert sorted(store.remove_stale(3600)) == sorted([old, intakes])
        assert young.exists()
        assert whole.exists()


class TestRemoveAbandoned:
    def test_takes_a_body_whose_writer_died_and_no_other(self, store: Store) -> None:
        writing = Incoming(store.upload("sub-aaaaaaaaaaaaaaaa"), expected_bytes=10)
        dead = Incoming(store.upload("sub-bbbbbbbbbbbbbbbb"), expected_bytes=10)
        dead._file.close()  # as its process's end would
        assert len(store.remove_abandoned(0.0)) == 1
        assert [path.name for path in (store.home / "uploads").iterdir()] == [writing._temporary.name]
        writing.close()

    def test_waits_a_while_before_it_takes_one(self, store: Store) -> None:
        Incoming(store.upload("sub-bbbbbbbbbbbbbbbb"), expected_bytes=10)._file.close()
        assert store.remove_abandoned(60.0) == []
