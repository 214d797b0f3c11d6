"""The run worker: takes what is queued, one run at a time, until told to leave.

A wake-up and the regular poll both end in `work_until_idle`; which of them comes first does not matter, and neither
does a wake-up that comes twice or never. Trouble of this node's own makes it stand back for a while, so that a broken
node does not eat the attempts of every submission in the queue.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sonobench_eval.sandbox.port import Sandbox, SandboxTrouble
from sonobench_platform.node.cache import InputsCache
from sonobench_platform.node.client import ApiAway, ApiRefused, LeaseLost, NodeApiError, NodeClient
from sonobench_platform.node.runner import Ending, Place, Runner
from sonobench_platform.node.safety import Safety
from sonobench_platform.node.speed import Speed

log = logging.getLogger(__name__)

_FIRST_REST_S, _LONGEST_REST_S = 5.0, 300.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to ask without being woken, and how long a leaving worker lets its run go on."""

    poll_s: float = 10.0
    drain_grace_s: float = 30.0


class RunWorker:
    """One slot of one node. Create it only while holding the slot (`slot.py`): it clears what its predecessor left."""

    def __init__(
        self,
        api: NodeClient,
        connect: Callable[[], Sandbox],
        inputs: InputsCache,
        place: Place,
        *,
        safety: Safety,
        speed: Speed,
        pace: Pace | None = None,
    ) -> None:
        self._api = api
        self._safety = safety
        self._speed = speed
        self._connect = connect
        self._inputs = inputs
        self._place = place
        self._pace = pace or Pace()
        self._working = threading.Lock()
        self._asked_again = threading.Event()
        self._leaving = threading.Event()
        self._grace_ends = float("inf")
        self._rest_s = 0.0
        self._rested_at = 0.0
        self._owes_nothing = False

    def recover(self) -> None:
        """Clear what a predecessor in this slot left: its containers, its files, and its runs, which go back to the queue.

        The slot's lock says that the predecessor is dead, so nothing it claimed is still running here. Where the API
        does not answer yet, the runs go back before the first claim.

        Raises:
            SandboxTrouble: no engine answers.
        """
        self._sweep(self._connect())
        shutil.rmtree(self._place.work, ignore_errors=True)
        try:
            self._give_back_old_runs()
        except NodeApiError as error:
            log.warning("whether runs were left here is asked again later: %s", error)

    def wake(self) -> None:
        """Something may be due: work, or have the thread that works look again."""
        self._asked_again.set()
        while self._asked_again.is_set() and self._working.acquire(blocking=False):
            try:
                self._asked_again.clear()
                self.work_until_idle()
            finally:
                self._working.release()

    def poll_until_leaving(self) -> None:
        """Wake up every `poll_s` until `leave` is called, and after it until the run in hand has ended."""
        while not self._leaving.is_set():
            self.wake()
            self._leaving.wait(self._pace.poll_s)
        with self._working:
            log.info("left; nothing is claimed")

    def leave(self) -> None:
        """Claim no more; a run in hand may end within the grace, and is given back after it. Callable from a signal handler."""
        if not self._leaving.is_set():
            self._grace_ends = time.monotonic() + self._pace.drain_grace_s
            self._leaving.set()

    def work_until_idle(self) -> None:
        """Claim and run until nothing is queued, this worker leaves, or it has trouble of its own."""
        while not self._leaving.is_set() and self._is_rested():
            try:
                sandbox = self._connect()
                self._give_back_old_runs()
                if not self._safety.allows_claims():
                    return
                self._speed.look(sandbox, should_stop=self._leaving.is_set)
                if self._leaving.is_set():  # it may have been told so while the doctor or the reference container ran
                    return
                assignment = self._api.claim(gpus=1 if self._place.gpu_uuid else 0)
            except (SandboxTrouble, ApiAway, ApiRefused) as error:
                # An answer that got lost may have been an assignment; what this node owns is asked before the next claim.
                self._owes_nothing = False
                if isinstance(error, ApiRefused):
                    self._safety.tell_again()
                log.warning("nothing is claimed: %s", error)
                return
            if assignment is None:
                return
            log.info("%s: claimed", assignment.label)
            runner = Runner(
                self._api,
                sandbox,
                self._inputs,
                self._place,
                reference_s=self._speed.reference_s,
                drained=self._grace_is_over,
            )
            ending = runner.run(assignment)
            self._owes_nothing = ending is Ending.RECORDED
            if ending is Ending.TROUBLE:
                self._rest(sandbox)
            else:
                self._rest_s = 0.0

    def _give_back_old_runs(self) -> None:
        if self._owes_nothing:
            return
        for run_id, attempt in self._api.live():
            try:
                self._api.release(run_id, attempt, "its run worker no longer has it", retrying=lambda: False)
                log.warning("%s (attempt %d) went back to the queue: no worker here has it", run_id, attempt)
            except LeaseLost:
                pass  # the sweeper was faster
        self._owes_nothing = True

    def _grace_is_over(self) -> bool:
        return self._leaving.is_set() and time.monotonic() >= self._grace_ends

    def _is_rested(self) -> bool:
        return time.monotonic() - self._rested_at >= self._rest_s

    def _rest(self, sandbox: Sandbox) -> None:
        self._rest_s = min(max(2 * self._rest_s, _FIRST_REST_S), _LONGEST_REST_S)
        self._rested_at = time.monotonic()
        log.warning("no claims for %.0f s, because the last run had to be given back", self._rest_s)
        try:
            self._sweep(sandbox)
        except SandboxTrouble as error:
            log.warning("could not look for containers that were left: %s", error)

    def _sweep(self, sandbox: Sandbox) -> None:
        """Remove every container of this node; call it only when no run is in hand."""
        removed = sandbox.sweep(self._place.node, _nothing_is_alive)
        if removed:
            log.warning("removed what was left of runs that broke off: %s", ", ".join(removed))


def _nothing_is_alive(_run_id: str, _attempt: int) -> bool:
    return False
