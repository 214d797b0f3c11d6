"""The NVML stub, compiled once and played to the real meter in a child process. Import its fixtures where they are used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

STUB = Path(__file__).resolve().parent.parent / "nvml_stub"
MIB = 2**20
UUID = "GPU-stub"
STEP_MS = 20


class NvmlPlayer:
    """One child with one build of the stub. Times in milliseconds, memory in bytes; see nvml_stub.c for the script."""

    def __init__(self, folder: Path, *, without: tuple[str, ...] = ()) -> None:
        folder.mkdir(parents=True)
        build(STUB / "nvml_stub.c", folder / "libnvidia-ml.so.1", without=without)
        self._script = folder / "script"
        environment = {**os.environ, "LD_LIBRARY_PATH": str(folder), "NVML_STUB_SCRIPT": str(self._script)}
        command = [sys.executable, str(STUB / "player.py")]
        self._child = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def measure(
        self,
        script: str,
        *,
        until_ms: int = 400,
        uuid: str = UUID,
        exclusive: bool = True,
        strangers: tuple[int, ...] = (),
        untold: bool = False,
        container: str | None = None,
        began_ms: int | None = None,
        played: bool = True,
    ) -> SimpleNamespace:
        """What the meter says of a script; `strangers` are not of the container, `untold` nobody can place, and with the id
        of a real `container` the kernel is asked. Time is played in steps of 20 ms, one per look, unless `played` is False."""
        return SimpleNamespace(
            **self._ask(
                f"step {STEP_MS} {until_ms}\n{script}" if played else script,
                what="measure",
                until_ms=until_ms,
                uuid=uuid,
                exclusive=exclusive,
                strangers=strangers,
                untold=untold,
                container=container,
                began_ms=began_ms,
                played=played,
            )
        )

    def facts(self, script: str, *, cpus: int, pci_devices: Path, uuid: str = UUID) -> SimpleNamespace | None:
        found = self._ask(script, what="facts", uuid=uuid, cpus=cpus, pci_devices=str(pci_devices))
        return None if found is None else SimpleNamespace(**found)

    def close(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(30)
        self._child.stdout.close()

    def _ask(self, script: str, **request: object) -> dict:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._script.write_text(script)
        self._child.stdin.write(json.dumps(request) + "\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        assert answer, f"the player ended with {self._child.wait(30)}"
        return json.loads(answer)


def build(source: Path, library: Path, *, without: tuple[str, ...] = ()) -> None:
    """Compile a stub. Functions in `without` are not in it under their name."""
    renamed = [f"-D{name}=left_out_{name}" for name in without]
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", *renamed, "-o", str(library), str(source)], check=True)


@pytest.fixture(scope="session")
def nvml_without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., NvmlPlayer]]:
    """Players of builds that lack functions, each made when first asked for."""
    players: dict[tuple[str, ...], NvmlPlayer] = {}
    folder = tmp_path_factory.mktemp("nvml")

    def player(*names: str) -> NvmlPlayer:
        if names not in players:
            players[names] = NvmlPlayer(folder / str(len(players)), without=names)
        return players[names]

    yield player
    for each in players.values():
        each.close()


@pytest.fixture
def nvml(nvml_without: Callable[..., NvmlPlayer]) -> NvmlPlayer:
    """A driver that has every function."""
    return nvml_without()
