"""Runs a challenge's scoring image on one submission's answers, in the sandbox that submissions run in.

No network, a read-only root, no capabilities, limits; and never beside a stranger's container on the same engine, which could
try to learn from the truth that is handed over here. Whatever fails is the organiser's (`ScoringImageTrouble`) or this
machine's (`SandboxTrouble`), never a team's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Limits
from sonobench_eval.challenge.scoring_image import ScoringImage
from sonobench_eval.contract.port import Answers
from sonobench_eval.intake.records import ImageRefused
from sonobench_eval.intake.verify import verify_image
from sonobench_eval.io.results import ResultTooLarge
from sonobench_eval.io.sources import TarResults
from sonobench_eval.sandbox.port import (
    ImageIdentity,
    ImageRefusedByEngine,
    Mounts,
    RunOutcome,
    RunSpec,
    Sandbox,
    SandboxTrouble,
    container_name,
)
from sonobench_eval.sandbox.shown_log import shown_log
from sonobench_eval.scoring_image.place import is_in_use, scoring_folder
from sonobench_eval.scoring_image.scores import MAX_BYTES, ImageScores, read_scores
from sonobench_eval.scoring_image.stage import Folders, Truth, stage
from sonobench_eval.scoring_image.trouble import DOCUMENT, ScoringImageTrouble

SCORES = "scores.json"
NODE_PREFIX = "scoring-of-"
LOG_LINES, LOG_BYTES = 20, 4096
OUTPUT_BYTES = MAX_BYTES + 2**20
LOOK_EVERY_S = 2.0


class ScoringEngine(Sandbox, Protocol):
    """The sandbox, and what else is asked of it here."""

    def resolve(self, reference: str) -> ImageIdentity:
        """The identity of an image that the engine holds already."""

    def strangers(self, own_prefix: str) -> list[str]:
        """Names of running containers of submissions: those of runs on any node but ours, whose names begin like that."""


Connect = Callable[[], ScoringEngine]


@dataclass(frozen=True, slots=True)
class ImageScorer:
    """Scores with the challenge's own image. `connect` is called when it is needed, and not before.

    Args:
        node: this machine's name among those that share an engine; labels what is made there.
        staging: a folder for private copies of answers and truth, as the engine sees it too; None: the temporary folder.
        patience_s: how long to wait for strangers' containers to end before giving up for now.
    """

    connect: Connect
    node: str
    staging: Path | None = None
    patience_s: float = 60.0

    def score(self, loaded: LoadedChallenge, answers: Answers, truth: Truth, *, without_value: Set[str]) -> ImageScores:
        """What the challenge's scoring image says of these answers.

        Raises:
            ScoringImageTrouble: the image, or what it wrote, cannot be used; or there is no engine.
            SandboxTrouble: this machine or its engine failed; try again.
        """
        image = loaded.challenge.scoring_image
        if image is None:
            raise ScoringImageTrouble(f"{loaded.challenge.name} declares no scoring image; add `scoring_image` to it")
        engine = self._engine()
        with scoring_folder(self.staging) as (run_id, folder):
            engine.sweep(NODE_PREFIX + self.node, lambda other, _attempt: is_in_use(self.staging, other))
            identity = _loaded_image(engine, image, loaded.folder, folder)
            folders = stage(loaded, answers, truth, folder)
            self._wait_for_strangers(engine)
            spec = _spec(loaded, image, identity, folders, name=run_id, node=self.node)
            outcome = _run(engine, spec, folder / "results.tar")
            return read_scores(_scores_of(outcome, image), loaded.challenge, without_value=without_value)

    def _engine(self) -> ScoringEngine:
        try:
            return self.connect()
        except SandboxTrouble as error:
            raise ScoringImageTrouble(
                "This challenge has a scoring image, and there is no Docker Engine here to run it on: "
                f"{str(error).rstrip('.')}. See {DOCUMENT}."
            ) from error

    def _wait_for_strangers(self, engine: ScoringEngine) -> None:
        deadline = time.monotonic() + self.patience_s
        while running := engine.strangers(NODE_PREFIX):
            if time.monotonic() >= deadline:
                raise SandboxTrouble(
                    f"A submission is running on the engine that scoring images run on ({running[0]}), and truth is never "
                    f"handed over beside it. Give the score worker an engine of its own ({DOCUMENT})."
                )
            time.sleep(min(LOOK_EVERY_S, self.patience_s))


def _loaded_image(engine: ScoringEngine, image: ScoringImage, challenge_folder: Path, folder: Path) -> ImageIdentity:
    """The declared image and no other, in the engine: from its archive through intake, or as the engine holds it."""
    if image.archive is None:
        return _held(engine, image)
    archive = challenge_folder / image.archive
    try:
        verified = verify_image(archive, folder / "image.tar", tag=f"sonobench/scoring:{image.image[7:27]}")
    except (ImageRefused, FileNotFoundError) as error:
        raise ScoringImageTrouble(f"The scoring image in {archive} cannot be used: {error}") from error
    if image.image not in {verified.config_digest, verified.manifest_digest}:
        raise ScoringImageTrouble(
            f"{archive} holds the image {verified.config_digest}, and the challenge declares {image.image}; correct one of them"
        )
    identity = ImageIdentity(verified.config_digest, verified.diff_ids, manifest_digest=verified.manifest_digest)
    try:
        found = engine.load(verified.tar, identity)
    except ImageRefusedByEngine as error:
        raise ScoringImageTrouble(f"The engine cannot load the scoring image: {error}") from error
    verified.tar.unlink(missing_ok=True)
    return found


def _held(engine: ScoringEngine, image: ScoringImage) -> ImageIdentity:
    try:
        found = engine.resolve(image.image)
    except SandboxTrouble as error:
        raise ScoringImageTrouble(
            f"The engine here does not hold the scoring image {image.image}; load it there, or name its tar with `archive`"
        ) from error
    if found.engine_id != image.image:
        raise ScoringImageTrouble(f"The engine holds another image under {image.image}; load the right one again")
    return found


def _spec(
    loaded: LoadedChallenge, image: ScoringImage, identity: ImageIdentity, folders: Folders, *, name: str, node: str
) -> RunSpec:
    return RunSpec(
        name=container_name(name, 1),
        image=identity,
        mounts=Mounts(
            inputs_dir=folders.predictions,
            inputs_at="/predictions",
            case_list=None,
            case_list_at=None,
            output_at="/output",
            beside=((folders.truth, "/truth"),),
            output_file=SCORES,
        ),
        limits=limits_of(image),
        writable=loaded.challenge.writable,
        run_id=name,
        attempt=1,
        node=NODE_PREFIX + node,
    )


def limits_of(image: ScoringImage) -> Limits:
    """The image's own limits, as the sandbox takes them; its results are one file of bounded size."""
    own = image.model_dump(include=set(Limits.model_fields))
    return Limits.model_validate({**own, "output_bytes": OUTPUT_BYTES, "output_files": 16})


def _run(engine: ScoringEngine, spec: RunSpec, results: Path) -> RunOutcome:
    try:
        return engine.run(spec, results)
    except ImageRefusedByEngine as error:
        raise ScoringImageTrouble(f"The engine cannot start the scoring image: {error}") from error


def _scores_of(outcome: RunOutcome, image: ScoringImage) -> bytes:
    log = shown_log(outcome.log_tail, most_lines=LOG_LINES, most_bytes=LOG_BYTES).text
    if why := _why_failed(outcome, image):
        raise ScoringImageTrouble(f"The scoring image {why}.", log=log)
    data = None
    if outcome.results is not None:
        with TarResults(outcome.results) as source:
            try:
                data = source.read(SCORES, MAX_BYTES)
            except ResultTooLarge as error:
                raise ScoringImageTrouble(f"The scoring image wrote more than {MAX_BYTES // 2**20} MiB.", log=log) from error
    if not data:
        raise ScoringImageTrouble("The scoring image ended without writing /scores.json.", log=log)
    return data


def _why_failed(outcome: RunOutcome, image: ScoringImage) -> str | None:
    if outcome.engine_error:
        return f"could not be started: {outcome.engine_error}"
    if outcome.timed_out:
        return f"ran longer than its {image.time_s:g} s; make it faster, or raise scoring_image.time_s"
    if outcome.oom_killed:
        return f"needed more than its {image.memory_bytes // 2**20:,} MiB of memory; raise scoring_image.memory_bytes"
    if outcome.output_full or outcome.output_too_many_files:
        return f"wrote more than {MAX_BYTES // 2**20} MiB, or too many files"
    if outcome.exit_code != 0:
        return f"ended with exit code {outcome.exit_code}"
    return None
