"""One claimed attempt, from its assignment to its report: fetch, load, run on public samples, run, hand back.

What the container did is reported as data. What went wrong on our side gives the run back to the queue with a reason,
and never a measurement: a figure from a harness that failed is not adopted. Nothing of the attempt stays on this node.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sonobench_eval.pipeline_repeats import measure_image
from sonobench_eval.pipeline_run import RunPlan, run_image
from sonobench_eval.sandbox.port import (
    ImageIdentity,
    ImageRefusedByEngine,
    RunOutcome,
    Sandbox,
    SandboxTrouble,
    never_started,
)
from sonobench_platform.node.cache import InputsBroken, InputsCache
from sonobench_platform.node.client import ApiAway, ApiRefused, LeaseLost, NodeApiError, NodeClient, Retrying
from sonobench_platform.node.lease import Lease
from sonobench_platform.node.records import AssignedCanary, Assignment, report_of

log = logging.getLogger(__name__)

DRAIN_REASON = "drain"
_HANDOVER_PATIENCE_S = 3600.0
_FETCH_PATIENCE_S = 120.0
_RELEASE_PATIENCE_S = 10.0
_LONGEST_REASON = 2000


class Ending(Enum):
    """How an attempt ended for this node."""

    RECORDED = "recorded"
    STOPPED = "stopped"
    LOST = "lost"
    DRAINED = "drained"
    TROUBLE = "trouble"


class _Unwanted(Exception):
    """The attempt was stopped before its container had anything to report."""


class _Settled(Exception):
    """The attempt ended on the public samples, and the platform has recorded it."""


@dataclass(frozen=True, slots=True)
class Place:
    """What this node gives to containers: its runtime, its GPU, its CPUs, and the folder that attempts work in."""

    node: str
    work: Path
    runtime: str | None = None
    gpu_uuid: str | None = None
    cpuset: str | None = None


class Runner:
    """Runs assignments one at a time. `drained` turns true once a leaving worker's grace is over.

    `reference_s` is what this node's reference container took when it last ran; it goes with the run's figures.
    """

    def __init__(
        self,
        api: NodeClient,
        sandbox: Sandbox,
        inputs: InputsCache,
        place: Place,
        *,
        drained: Callable[[], bool],
        reference_s: float | None = None,
    ) -> None:
        self._api = api
        self._sandbox = sandbox
        self._inputs = inputs
        self._place = place
        self._drained = drained
        self._reference_s = reference_s

    def run(self, assignment: Assignment) -> Ending:
        """Run one attempt to its end. Never raises for what containers, the engine or the API do."""
        self._place.work.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{assignment.run_id}-{assignment.attempt}-", dir=self._place.work))
        try:
            with Lease(self._api, assignment) as lease:
                ending = self._attempt(assignment, lease, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        log.info("%s: %s", assignment.label, ending.value)
        return ending

    def _attempt(self, assignment: Assignment, lease: Lease, work: Path) -> Ending:
        try:
            outcome = self._execute(assignment, lease, work)
            return self._settle(assignment, lease, outcome)
        except _Unwanted:
            return self._abandon(assignment, lease)
        except _Settled:
            return Ending.RECORDED
        except LeaseLost:
            return Ending.LOST
        except (SandboxTrouble, InputsBroken, NodeApiError) as error:
            return self._release(assignment, str(error))
        except OSError as error:
            return self._release(assignment, f"the node could not write or read: {error.strerror or error}")
        except Exception as error:
            log.exception("%s: the run worker failed", assignment.label)
            return self._release(assignment, f"the run worker failed ({type(error).__name__}); its log says where")

    def _execute(self, assignment: Assignment, lease: Lease, work: Path) -> RunOutcome:
        def should_stop() -> bool:
            return not lease.is_wanted or self._drained()

        samples = None if assignment.canary is None else self._fetch(assignment.canary, assignment, lease, work)
        self._give_up_if(should_stop)
        try:
            identity, load_s = self._load_image(assignment, lease, work)
        except ImageRefusedByEngine as refusal:
            return self._refused(assignment, lease, never_started(str(refusal)))
        try:
            self._give_up_if(should_stop)
            if assignment.canary is not None and samples is not None:
                plan = self._plan(assignment, identity, samples, lease=lease)
                self._sing(assignment, assignment.canary, plan, lease, work=work, should_stop=should_stop)
            inputs = self._fetch(assignment, assignment, lease, work)
            self._give_up_if(should_stop)
            return measure_image(
                assignment.challenge,
                self._plan(assignment, identity, inputs, lease=lease),
                sandbox=self._sandbox,
                results=work / "results.tar",
                load_s=load_s,
                reference_s=self._reference_s,
                should_stop=should_stop,
                progress=lease.enter,
            )
        finally:
            self._forget(identity)

    def _sing(
        self,
        assignment: Assignment,
        canary: AssignedCanary,
        plan: RunPlan,
        lease: Lease,
        *,
        work: Path,
        should_stop: Callable[[], bool],
    ) -> None:
        """Run the image on the public samples and tell how it went. No hidden input is on its way to this node before that.

        Raises:
            _Settled: the platform has ended the attempt. _Unwanted: someone stopped it.
        """
        results = work / "canary.tar"
        outcome = run_image(
            canary.challenge,
            plan,
            sandbox=self._sandbox,
            results=results,
            should_stop=should_stop,
            progress=lambda phase: lease.enter(f"{phase} on public samples"),
        )
        results.unlink(missing_ok=True)
        if outcome.cancelled:
            raise _Unwanted
        self._tell_canary(assignment, lease, outcome)

    def _refused(self, assignment: Assignment, lease: Lease, outcome: RunOutcome) -> RunOutcome:
        """The engine cannot load the image: with samples to run first, that is told as theirs, and ends the attempt."""
        if assignment.canary is not None:
            self._tell_canary(assignment, lease, outcome)
        return outcome

    def _tell_canary(self, assignment: Assignment, lease: Lease, outcome: RunOutcome) -> None:
        retrying = self._patience(lease, _HANDOVER_PATIENCE_S)
        if not self._api.report_canary(assignment.run_id, assignment.attempt, report_of(outcome), retrying=retrying):
            raise _Settled

    def _plan(self, assignment: Assignment, identity: ImageIdentity, inputs: Path, *, lease: Lease) -> RunPlan:
        return RunPlan(
            identity,
            inputs,
            run_id=assignment.run_id,
            attempt=assignment.attempt,
            node=self._place.node,
            runtime=self._place.runtime,
            gpu_uuid=self._place.gpu_uuid if assignment.challenge.limits.gpus else None,
            gpu_exclusive=True,
            cpuset=self._place.cpuset,
            pseudonym_key=assignment.key,
            # On this node's own disk: where the engine is reached from a container, both see this folder at one path.
            staging=self._place.work,
            tell_log=lease.note_log if assignment.tells_log else None,
        )

    def _forget(self, identity: ImageIdentity) -> None:
        """Images are kept by the platform; on a node they would fill the engine's disk."""
        try:
            self._sandbox.forget(identity)
        except SandboxTrouble as trouble:
            log.warning("an image stays in this node's engine: %s", trouble)

    def _fetch(self, wanted: Assignment | AssignedCanary, assignment: Assignment, lease: Lease, work: Path) -> Path:
        """The inputs of the run itself, or of its canary."""
        lease.enter("fetch inputs" if wanted is assignment else "fetch public samples")
        retrying = self._patience(lease, _FETCH_PATIENCE_S)
        return self._inputs.ensure(
            wanted.inputs.hash,
            wanted.challenge,
            lambda target: self._api.download(wanted.inputs.url, target, retrying=retrying),
            work=work,
        )

    def _load_image(self, assignment: Assignment, lease: Lease, work: Path) -> tuple[ImageIdentity, float]:
        """The image in the engine, and the seconds that loading it took."""
        lease.enter("fetch image")
        tar = work / "image.tar"
        self._api.download(assignment.image_url, tar, retrying=self._patience(lease, _FETCH_PATIENCE_S))
        if tar.stat().st_size != assignment.image.size_bytes:
            raise InputsBroken(f"the image arrived with {tar.stat().st_size:,} bytes, not {assignment.image.size_bytes:,}")
        lease.enter("load image")
        began_s = time.monotonic()
        try:
            return self._sandbox.load(tar, assignment.image.identity), time.monotonic() - began_s
        finally:
            tar.unlink()

    def _settle(self, assignment: Assignment, lease: Lease, outcome: RunOutcome) -> Ending:
        if outcome.cancelled:
            return self._abandon(assignment, lease)
        lease.enter("hand back")
        retrying = self._patience(lease, _HANDOVER_PATIENCE_S)
        if outcome.results is not None:
            self._api.upload_results(assignment.run_id, assignment.attempt, outcome.results, retrying=retrying)
        self._api.finish(assignment.run_id, assignment.attempt, report_of(outcome), retrying=retrying)
        return Ending.RECORDED

    def _abandon(self, assignment: Assignment, lease: Lease) -> Ending:
        """End an attempt that someone stopped: the platform by losing or stopping it, this worker by leaving."""
        if lease.lost:
            return Ending.LOST
        if lease.stop_wanted:
            return Ending.STOPPED  # the platform ended the attempt before it asked; there is nothing to give back
        return Ending.DRAINED if self._release(assignment, DRAIN_REASON) is not Ending.LOST else Ending.LOST

    def _release(self, assignment: Assignment, reason: str) -> Ending:
        if reason != DRAIN_REASON:
            log.error("%s: given back: %s", assignment.label, reason)
        try:
            said = reason[:_LONGEST_REASON] or "trouble without a name"
            self._api.release(assignment.run_id, assignment.attempt, said, retrying=_for(_RELEASE_PATIENCE_S))
        except LeaseLost:
            return Ending.LOST
        except (ApiAway, ApiRefused) as error:
            log.warning("%s: could not be given back, its lease will run out: %s", assignment.label, error)
        return Ending.TROUBLE

    def _patience(self, lease: Lease, patience_s: float) -> Retrying:
        within = _for(patience_s)
        return lambda: lease.is_wanted and not self._drained() and within()

    @staticmethod
    def _give_up_if(should_stop: Callable[[], bool]) -> None:
        if should_stop():
            raise _Unwanted


def _for(seconds: float) -> Retrying:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until
