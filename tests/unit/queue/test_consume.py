"""A Celery worker that breaks is started again; one that was told to leave is not. No broker."""

from __future__ import annotations

from typing import Any

import pytest
from celery.signals import worker_shutting_down

from sonobench_platform.queue import consume as room
from sonobench_platform.queue.consume import consume


class BreakingApp:
    """An app whose workers end as this list says: `breaks`, `raises`, or `leaves` (a signal told it to)."""

    def __init__(self, *ends: str) -> None:
        self.ends = list(ends)
        self.made = 0

    def Worker(self, **_: Any) -> BreakingApp:  # noqa: N802 - Celery's name
        self.made += 1
        return self

    def start(self) -> None:
        end = self.ends.pop(0)
        if end == "raises":
            raise AttributeError("'NoneType' object has no attribute 'hostname'")
        if end == "leaves":
            worker_shutting_down.send(sender="w@test", sig="SIGTERM", how="Warm", exitcode=0)


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_REST_S", 0.0)


class TestConsume:
    @pytest.mark.parametrize("end", ["breaks", "raises"])
    def test_a_worker_that_breaks_is_started_again(self, end: str) -> None:
        app, left = BreakingApp(end, end, "leaves"), []
        consume(app, ["run"], name="w@test", concurrency=1, on_shutdown=lambda: left.append(True))  # type: ignore[arg-type]
        assert (app.made, left) == (3, [True])

    def test_one_that_was_told_to_leave_is_not(self) -> None:
        app = BreakingApp("leaves", "breaks")
        consume(app, ["run"], name="w@test", concurrency=1, on_shutdown=lambda: None)  # type: ignore[arg-type]
        assert app.made == 1
