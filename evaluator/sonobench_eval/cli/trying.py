"""`sonobench test`: run an image exactly as the platform would, and print what it would score."""

from __future__ import annotations

import json as json_module
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sonobench_eval.cli.console import counting, moving, phases, refuse_no_place_for, say, show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.saving import image_tar, work_folder
from sonobench_eval.cli.scoring import PANEL

if TYPE_CHECKING:
    from sonobench_eval.challenge.load import LoadedChallenge
    from sonobench_eval.cli.checks import Check
    from sonobench_eval.cli.trial import Trial
    from sonobench_eval.evaluation import Evaluation, FindingRecord
    from sonobench_eval.intake.records import VerifiedImage
    from sonobench_eval.sandbox.port import RunOutcome, Sandbox

_PHASES = {
    "stage": "copying the images",
    "create": "preparing the container",
    "run": "running",
    "collect": "collecting the results",
    "remove": "cleaning up",
}

ImageArgument = Annotated[str, typer.Argument(metavar="IMAGE", help="A local tag or id, or a tar made with `docker save`.")]
ChallengeArgument = Annotated[
    Path, typer.Argument(metavar="CHALLENGE", help="The challenge file, or what `sonobench challenge get` wrote.")
]
SampleOption = Annotated[
    Path | None,
    typer.Option("--sample", metavar="DIR", help="Run it on these images, in the UUSIC25 layout, in place of the challenge's."),
]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the whole report as JSON; - is stdout.")]
RuntimeOption = Annotated[str | None, typer.Option(help="Container runtime, for example runsc. Default: the engine's own.")]
GpuOption = Annotated[str | None, typer.Option("--gpu", metavar="UUID", help="Hand this graphics card to the container.")]
KeepOption = Annotated[Path | None, typer.Option("--keep-results", metavar="FILE", help="Keep the results as a tar.")]
LogOption = Annotated[bool, typer.Option("--log/--no-log", help="Show the end of the container's log where it fails.")]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What an image is tried on."""

    loaded: LoadedChallenge
    has_references: bool
    cases_declared: int
    tasks_without_cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Machine:
    """Where it is run."""

    results: Path
    runtime: str | None
    gpu: str | None


def register(app: typer.Typer) -> None:
    app.command("test", rich_help_panel=PANEL)(try_command)


def try_command(
    image: ImageArgument,
    challenge: ChallengeArgument,
    *,
    sample: SampleOption = None,
    json: JsonOption = None,
    runtime: RuntimeOption = None,
    gpu: GpuOption = None,
    keep_results: KeepOption = None,
    log: LogOption = True,
) -> None:
    """Run an image exactly as the platform would, and print what it would score.

    The same checks, the same sandbox, the same limits. Ends with code 3 where the image would fail,
    or where any of its results could not be used.

    A sample is a folder with images/, a list of cases (ground_truth.json, participants.json or cases.json) and, where the
    references are public, truth/. Without references the results are checked and not scored.

    Examples:

        sonobench test my-algorithm:latest challenge.yaml

        sonobench test my-algorithm:latest uusic25.json --sample sample/

        sonobench test my-algorithm.tar challenge.yaml --json report.json --keep-results results.tar
    """
    from sonobench_eval.cli.checks import checks_of
    from sonobench_eval.cli.trial import as_document

    for target in (json, keep_results):
        if target is not None and str(target) != "-":
            refuse_no_place_for(target)
    ground = _ground(challenge, sample)
    with work_folder() as folder:
        machine = _Machine(keep_results or folder / "results.tar", runtime, gpu)
        trial = _try(image, ground, machine, folder=folder)
    checks = checks_of(trial)
    if json is not None:
        write_data(json_module.dumps(as_document(trial, checks), indent=1), json)
    if str(json) != "-":
        _show(trial, checks, with_log=log)
    if keep_results is not None and keep_results.exists():
        _say_how_to_score(trial, challenge if sample is None else None, keep_results)
    if not trial.passed:
        raise typer.Exit(int(ExitCode.TEST_FAILED))


def _ground(challenge: Path, sample: Path | None) -> _Ground:
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.challenge.public import load_public, public_part
    from sonobench_eval.challenge.sample import challenge_on_sample

    public = load_public(challenge)
    if public is None:
        loaded = load_challenge(challenge)
        if sample is None:
            referenced = all(case.has_reference for case in loaded.challenge.cases)
            return _Ground(loaded, has_references=referenced, cases_declared=len(loaded.challenge.cases))
        public = public_part(loaded.challenge, loaded.hash)
    if sample is None:
        raise CommandError(f"{challenge} has no cases. Name a folder of sample images: --sample DIR", ExitCode.USAGE)
    tried = challenge_on_sample(public, sample)
    return _Ground(tried.loaded, tried.has_references, public.case_count, tried.tasks_without_cases)


def _try(image: str, ground: _Ground, machine: _Machine, *, folder: Path) -> Trial:
    from sonobench_eval.contract.pseudonyms import new_key
    from sonobench_eval.intake.verify import verify_image
    from sonobench_eval.sandbox.docker_engine import DockerEngine

    engine = DockerEngine.connect()
    run_id = f"test-{secrets.token_hex(6)}"
    upload = image_tar(image, folder)
    with moving("Checking the image") as told:
        verified = verify_image(upload, folder / "verified.tar", tag=f"sonobench/test:{run_id}", progress=told)
    key = new_key(ground.loaded.challenge)
    try:
        outcome = _run(engine, verified, ground.loaded, machine, run_id=run_id, key=key)
    finally:
        _untag(verified.tag)
    return _judged(ground, verified, outcome, key)


def _run(
    engine: Sandbox, verified: VerifiedImage, loaded: LoadedChallenge, machine: _Machine, *, run_id: str, key: bytes | None
) -> RunOutcome:
    from sonobench_eval.pipeline_repeats import measure_image
    from sonobench_eval.pipeline_run import RunPlan
    from sonobench_eval.sandbox.port import ImageIdentity, ImageRefusedByEngine, never_started

    with phases("Running the image") as told:
        told("loading it")
        began_s = time.monotonic()
        try:
            known = ImageIdentity(verified.config_digest, verified.diff_ids, manifest_digest=verified.manifest_digest)
            identity = engine.load(verified.tar, known)
        except ImageRefusedByEngine as refusal:
            return never_started(str(refusal))
        load_s = time.monotonic() - began_s
        verified.tar.unlink()  # the engine has it now, and disks are small
        plan = RunPlan(
            identity,
            loaded.inputs_dir,
            run_id=run_id,
            attempt=1,
            node="local-test",
            runtime=machine.runtime,
            gpu_uuid=machine.gpu,
            pseudonym_key=key,
        )
        return measure_image(
            loaded,
            plan,
            sandbox=engine,
            results=machine.results,
            load_s=load_s,
            progress=lambda phase: told(_phase_words(phase)),
        )


def _phase_words(phase: str) -> str:
    """`run 2 of 3` -> `running, 2 of 3`."""
    first, _, which = phase.partition(" ")
    return ", ".join(part for part in (_PHASES.get(first, first), which) if part)


def _judged(ground: _Ground, verified: VerifiedImage, outcome: RunOutcome, key: bytes | None) -> Trial:
    from sonobench_eval.cli.trial import Trial
    from sonobench_eval.contract.pseudonyms import case_names
    from sonobench_eval.sandbox.failure import bad_output, classify, read_results
    from sonobench_eval.sandbox.shown_log import shown_log

    challenge = ground.loaded.challenge
    limits = challenge.limits
    failure = classify(
        outcome, time_limit_s=limits.time_s, memory_limit_bytes=limits.memory_bytes, output_limit_bytes=limits.output_bytes
    )
    findings = evaluation = None
    if failure is None and outcome.results is not None:
        findings, evaluation = _read(ground, outcome.results, key)
        failure = None if evaluation is None else bad_output(read_results(evaluation))
    return Trial(
        image=verified,
        challenge=challenge,
        cases_declared=ground.cases_declared,
        outcome=outcome,
        failure=failure,
        findings=findings,
        evaluation=evaluation,
        log=shown_log(case_names(challenge, key).in_own_words(outcome.log_tail)),
        pseudonym_key=key,
        tasks_without_cases=ground.tasks_without_cases,
    )


def _read(ground: _Ground, results: Path, key: bytes | None) -> tuple[tuple[FindingRecord, ...], Evaluation | None]:
    from sonobench_eval.io.sources import TarResults
    from sonobench_eval.pipeline import check_results, score_results

    with TarResults(results) as source, counting("Scoring") as progress:
        if not ground.has_references:
            return check_results(ground.loaded, source, pseudonym_key=key, progress=progress), None
        evaluation = score_results(ground.loaded, source, pseudonym_key=key, progress=progress).evaluation
    return evaluation.findings, evaluation


def _untag(tag: str) -> None:
    """Take our tag off the image; one that came by tar alone goes with it. Not being able to is no reason to fail."""
    from sonobench_eval.sandbox.docker_engine.calls import engine_call, open_client
    from sonobench_eval.sandbox.port import SandboxTrouble

    with suppress(SandboxTrouble):
        api = open_client(timeout_s=60)
        try:
            with engine_call("remove a tag"):
                api.remove_image(tag)
        finally:
            api.close()


def _show(trial: Trial, checks: tuple[Check, ...], *, with_log: bool) -> None:
    from sonobench_eval.cli.render import evaluation_table
    from sonobench_eval.cli.render_test import checks_table, usage_table, verdict

    show(usage_table(trial.outcome, trial.challenge.limits))
    if trial.evaluation is not None:
        show(evaluation_table(trial.evaluation))  # what was found wrong with results, the table of checks says
    if trial.failure is not None and with_log and trial.log.text:
        say(f"The end of the container's log: {trial.log.missing}".rstrip())
        say("\n".join(f"  | {line}" for line in trial.log.text.split("\n")))
    show(checks_table(checks))
    show(verdict(trial, checks))


def _say_how_to_score(trial: Trial, challenge: Path | None, results: Path) -> None:
    """The container knew the cases under other names, so its results cannot be scored without the key to them.

    `challenge` is None for a sample: there is no file that `sonobench score` would know those cases from.
    """
    if challenge is None:
        say(f"Wrote {results}.")
        return
    key = "" if trial.pseudonym_key is None else f" --pseudonym-key {trial.pseudonym_key.hex()}"
    say(f"Wrote {results}. To score it again: sonobench score {challenge} {results}{key}")
