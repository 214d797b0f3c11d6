"""The sandbox's test bench: tiny images on a real engine, and a look that nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_bench import docker_api, engine, file_of, image_of, loaded, make_spec, nothing_is_left_behind, run

from sonobench_eval.meter.host_memory import HostMemoryMeter

__all__ = ["docker_api", "engine", "file_of", "image_of", "loaded", "make_spec", "nothing_is_left_behind", "run"]

MIB = 2**20


@pytest.fixture
def tells_what_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A container learns what the meter saw of it: `/input/seen-N` is there once a look has found N MiB or more."""
    take = HostMemoryMeter._take

    def take_and_tell(meter: HostMemoryMeter) -> None:
        take(meter)
        for mib in (0, 6, 20):
            if meter._peak_bytes >= mib * MIB:
                (tmp_path / "inputs" / f"seen-{mib}").touch()

    monkeypatch.setattr(HostMemoryMeter, "_take", take_and_tell)
