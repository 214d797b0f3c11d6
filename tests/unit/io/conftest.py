from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.io.confined_running import Answer, RunningChild

PngOf = Callable[..., bytes]
PATIENCE_S = 60.0


@pytest.fixture
def png_of() -> PngOf:
    """Bytes of an array saved as PNG by Pillow."""

    def save(array: np.ndarray, mode: str | None = None, **options: object) -> bytes:
        image = Image.fromarray(array)
        out = io.BytesIO()
        (image if mode is None else image.convert(mode)).save(out, "PNG", **options)
        return out.getvalue()

    return save


@pytest.fixture
def stop_child(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Stops a child. It alone is waited for as briefly as its decoder says; those that work may be slow on a busy machine."""
    stopped: set[int] = set()
    answer = RunningChild.answer

    def patient(child: RunningChild, *, timeout_s: float) -> Answer:
        return answer(child, timeout_s=timeout_s if child.pid in stopped else PATIENCE_S)

    def stop(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        stopped.add(pid)

    monkeypatch.setattr(RunningChild, "answer", patient)
    return stop


@pytest.fixture
def disc() -> np.ndarray:
    """A 40 x 60 mask, uint8, foreground 255."""
    y, x = np.mgrid[:40, :60]
    return np.where((y - 18) ** 2 + (x - 33) ** 2 < 150, 255, 0).astype(np.uint8)
