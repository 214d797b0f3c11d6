from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sonobench_eval.statistics.replicates import Replicates, ReplicatesError


class TestReplicates:
    def test_come_back_as_they_were_saved(self, tmp_path: Path) -> None:
        saved = Replicates({("Head", "dsc"): np.array([0.1, np.nan]), ("file", "auc"): np.array([1.0, 0.5])})
        saved.save(tmp_path / "r.npz")
        loaded = Replicates.load(tmp_path / "r.npz")
        assert list(loaded) == [("Head", "dsc"), ("file", "auc")]
        np.testing.assert_array_equal(loaded["Head", "dsc"], saved["Head", "dsc"])
        assert loaded.resamples == 2

    def test_none_at_all_can_be_saved_too(self, tmp_path: Path) -> None:
        Replicates({}).save(tmp_path / "r.npz")
        assert len(Replicates.load(tmp_path / "r.npz")) == 0

    def test_refuse_vectors_of_different_lengths(self) -> None:
        with pytest.raises(ValueError, match="one length"):
            Replicates({("a", "dsc"): np.zeros(2), ("b", "dsc"): np.zeros(3)})

    def test_leave_nothing_behind_where_writing_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            Replicates({("a", "dsc"): np.zeros(2)}).save(tmp_path / "r.npz")
        assert list(tmp_path.iterdir()) == []

    def test_a_pickle_is_refused(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "r.npz", **{"a.dsc": np.array([object()], dtype=object)})
        with pytest.raises(ReplicatesError, match="score the results again"):
            Replicates.load(tmp_path / "r.npz")

    @pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
    def test_a_broken_file_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "r.npz").write_bytes(content)
        with pytest.raises(ReplicatesError, match=r"r\.npz is not a file of bootstrap replicates"):
            Replicates.load(tmp_path / "r.npz")

    def test_a_single_array_is_refused(self, tmp_path: Path) -> None:
        with (tmp_path / "r.npz").open("wb") as file:
            np.save(file, np.zeros(3))
        with pytest.raises(ReplicatesError):
            Replicates.load(tmp_path / "r.npz")

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReplicatesError):
            Replicates.load(tmp_path / "none.npz")

    @pytest.mark.parametrize("arrays", [{"nodot": np.zeros(2)}, {"a.dsc": np.zeros(2, dtype=int)}, {"a.dsc": np.zeros((2, 2))}])
    def test_an_archive_of_something_else_is_refused(self, tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
        np.savez(tmp_path / "r.npz", **arrays)
        with pytest.raises(ReplicatesError):
            Replicates.load(tmp_path / "r.npz")
