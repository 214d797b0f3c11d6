"""How fast this node is: its reference container is run at the start and every few hours, between runs.

What it took goes with every run's figures, so that times of different nodes can be compared, and to the platform, where
organisers see a node become slower. Not being able to measure it harms no run: its figures then lack it.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from sonobench_eval.sandbox.docker_engine.reference import run_reference
from sonobench_eval.sandbox.port import Sandbox, SandboxTrouble
from sonobench_platform.node.client import NodeApiError, NodeClient

log = logging.getLogger(__name__)

TRIES_AGAIN_AFTER_S = 600.0


class Speed:
    """The reference time of one run worker. `every_s` 0: it is never measured."""

    def __init__(
        self,
        api: NodeClient,
        *,
        work: Path,
        runtime: str | None = None,
        cpuset: str | None = None,
        every_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._work = work
        self._runtime = runtime
        self._cpuset = cpuset
        self._every_s = every_s
        self._clock = clock
        self._due_at_s = float("-inf")
        self._is_told = True
        self.reference_s: float | None = None

    def look(self, sandbox: Sandbox, *, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Run the reference container where it is due, and tell the platform what it took. Call it between runs only."""
        if self._every_s and self._clock() >= self._due_at_s:
            self._measure(sandbox, should_stop)
        if not self._is_told:
            self._tell()

    def _measure(self, sandbox: Sandbox, should_stop: Callable[[], bool]) -> None:
        try:
            self._work.mkdir(parents=True, exist_ok=True)
            self.reference_s = run_reference(
                sandbox,
                node=self._api.node,
                work=self._work,
                token=secrets.token_hex(6),
                runtime=self._runtime,
                cpuset=self._cpuset,
                should_stop=should_stop,
            )
        except (SandboxTrouble, OSError) as trouble:
            # An old figure may no longer be this node's.
            self.reference_s, self._due_at_s = None, self._clock() + TRIES_AGAIN_AFTER_S
            log.warning("this node's speed is not known: %s", trouble)
            return
        self._due_at_s, self._is_told = self._clock() + self._every_s, False
        log.info("the reference container took %.3f s", self.reference_s)

    def _tell(self) -> None:
        if self.reference_s is None:
            return
        try:
            self._api.report_reference(self.reference_s)
        except NodeApiError as error:
            log.warning("the platform is told this node's speed later: %s", error)
        else:
            self._is_told = True
