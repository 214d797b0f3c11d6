from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sonobench_eval.doctor import host
from sonobench_eval.doctor.host import read_host


class TestReadHost:
    @pytest.fixture(autouse=True)
    def _no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(host, "_answers", lambda *_: False)

    def test_this_machine_is_described_and_nothing_is_left(self, tmp_path: Path) -> None:
        facts = read_host(data_root=str(tmp_path), home=tmp_path)
        assert facts.kernel == os.uname().release
        assert facts.clock_synchronised in {True, False}
        assert [disk.role for disk in facts.disks] == ["the engine's data", "this node's home"]
        assert facts.disks[1].is_writable is True
        assert list(tmp_path.iterdir()) == []

    def test_a_home_that_is_not_there_yet_is_looked_at_where_it_would_be(self, tmp_path: Path) -> None:
        facts = read_host(data_root=None, home=tmp_path / "not" / "yet")
        assert facts.disks[0].folder == tmp_path

    def test_an_engines_folder_that_is_elsewhere_is_left_out(self, tmp_path: Path) -> None:
        assert len(read_host(data_root=str(tmp_path / "absent"), home=tmp_path).disks) == 1

    def test_a_disk_without_attributes_is_still_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.EOPNOTSUPP, "not supported")

        monkeypatch.setattr(os, "setxattr", refuse)
        disk = read_host(data_root=None, home=tmp_path).disks[0]
        assert (disk.is_writable, disk.takes_attributes) == (True, False)
