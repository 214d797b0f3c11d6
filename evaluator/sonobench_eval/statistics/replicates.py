"""Bootstrap replicates of one algorithm, kept beside its evaluation so that rankings can be resampled later.

A file is a NumPy archive with one float64 vector per task and metric, named `task.metric`; no pickles are written or read.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Key = tuple[str, str]
"""Task id and metric name."""


class ReplicatesError(Exception):
    """A stored file of replicates is missing, broken or not one of ours. Score the results again."""


class Replicates(Mapping[Key, FloatArray]):
    """(task id, metric name) -> one value per resample, float64, NaN where the metric has no value.

    The n-th value of every algorithm comes from the same resample, as long as seed, resamples and cases are the same.
    """

    def __init__(self, values: Mapping[Key, FloatArray]) -> None:
        """Raises ValueError where the vectors differ in length."""
        lengths = {vector.shape for vector in values.values()}
        if len(lengths) > 1 or any(len(shape) != 1 for shape in lengths):
            raise ValueError("replicates must be vectors of one length")
        self._values = dict(values)
        self.resamples: int = next(iter(lengths))[0] if lengths else 0

    def __getitem__(self, key: Key) -> FloatArray:
        return self._values[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def save(self, path: Path) -> None:
        """Write whole or not at all."""
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, **{".".join(key): vector for key, vector in self._values.items()})
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> Replicates:
        """Read what `save` wrote.

        Raises:
            ReplicatesError: there is no such file, or it is broken.
        """
        try:
            # Opened here: NumPy leaves a broken archive's file open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return cls({_key(name): _vector(archive[name]) for name in archive.files})
        except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile) as error:
            raise ReplicatesError(f"{path} is not a file of bootstrap replicates ({error}); score the results again") from error


def _key(name: str) -> Key:
    task, dot, metric = name.rpartition(".")
    if not dot:
        raise ValueError(f"{name!r} names no task and metric")
    return task, metric


def _vector(array: NDArray[np.generic]) -> FloatArray:
    if array.dtype != np.float64:
        raise ValueError(f"values are {array.dtype}, not float64")
    return np.asarray(array, dtype=np.float64)
