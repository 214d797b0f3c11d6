"""What the internal API hands a run worker, and what the worker hands back. Frozen, checked at the border."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.sandbox.port import ImageIdentity, RunOutcome

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
"""An id that becomes part of a file's and a container's name."""


class NodeRecord(BaseModel):
    # A newer API may say more than this worker knows; what it needs must be there. An assignment holds a key, and what is
    # wrong with one is logged: without what it holds.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class AssignedImage(NodeRecord):
    """The image to run; `size_bytes` is that of the tar behind `image_url`."""

    config_digest: Digest
    diff_ids: Annotated[tuple[Digest, ...], Field(min_length=1)]
    size_bytes: Annotated[int, Field(gt=0)]
    manifest_digest: Digest | None = None

    @property
    def identity(self) -> ImageIdentity:
        return ImageIdentity(self.config_digest, self.diff_ids, manifest_digest=self.manifest_digest)


class AssignedInputs(NodeRecord):
    """The data set's inputs: a hash to keep them by, and where their tar is."""

    hash: Digest
    url: str


class AssignedCanary(NodeRecord):
    """Public samples on which the image runs first. `challenge` is their part of it, with limits of its own."""

    challenge: Challenge
    inputs: AssignedInputs


class Assignment(NodeRecord):
    """One attempt at one run, claimed for `lease_s` from the last heartbeat. `challenge` carries no references."""

    run_id: Name
    attempt: Annotated[int, Field(ge=1)]
    submission_id: Name
    lease_s: Annotated[float, Field(gt=0)]
    heartbeat_s: Annotated[float, Field(gt=0)]
    challenge_hash: Digest
    challenge: Challenge
    image: AssignedImage
    image_url: str
    inputs: AssignedInputs
    pseudonym_key: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$", repr=False)] = None
    canary: AssignedCanary | None = None
    tells_log: bool = False
    """Whether the platform wants the end of the log with the heartbeats: of runs on public data alone."""

    @model_validator(mode="after")
    def _has_the_key_it_needs(self) -> Self:
        if self.challenge.pseudonyms and self.pseudonym_key is None:
            raise ValueError("the challenge wants pseudonyms, and no key came with the assignment")
        return self

    @property
    def key(self) -> bytes | None:
        """What makes the names that the container is given; None: the cases' own."""
        return None if self.pseudonym_key is None else bytes.fromhex(self.pseudonym_key)

    @property
    def label(self) -> str:
        return f"{self.run_id} (attempt {self.attempt})"


def report_of(outcome: RunOutcome) -> dict[str, Any]:
    """A run's outcome as JSON: everything but the results themselves, times in ISO 8601."""
    report = asdict(outcome)
    del report["results"]
    for moment in ("started_at", "finished_at"):
        if report[moment] is not None:
            report[moment] = report[moment].isoformat()
    return report
