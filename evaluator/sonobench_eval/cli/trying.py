"""`sonobench test`: run an image exactly as the platform would, and print what it would score."""

from __future__ import annotations

import json as json_module
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sonobench_eval.cli.console import counting, moving, phases, say, show, write_data
from sonobench_eval.cli.exits import ExitCode
from sonobench_eval.cli.saving import image_tar, work_folder
from sonobench_eval.cli.scoring import PANEL, show_evaluation

if TYPE_CHECKING:
    from sonobench_eval.challenge.load import LoadedChallenge
    from sonobench_eval.evaluation import Evaluation
    from sonobench_eval.intake.records import VerifiedImage
    from sonobench_eval.sandbox.failure import Failure
    from sonobench_eval.sandbox.port import RunOutcome, Sandbox

SCHEMA = "sonobench.test/1"
_PHASES = {
    "stage": "copying the images",
    "create": "preparing the container",
    "run": "running",
    "collect": "collecting the results",
    "remove": "cleaning up",
}

ImageArgument = Annotated[str, typer.Argument(metavar="IMAGE", help="A local tag or id, or a tar made with `docker save`.")]
ChallengeArgument = Annotated[Path, typer.Argument(metavar="CHALLENGE", help="The challenge file, with references.")]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the whole report as JSON; - is stdout.")]
RuntimeOption = Annotated[str | None, typer.Option(help="Container runtime, for example runsc. Default: the engine's own.")]
GpuOption = Annotated[str | None, typer.Option("--gpu", metavar="UUID", help="Hand this graphics card to the container.")]
KeepOption = Annotated[
    Path | None, typer.Option("--keep-results", metavar="FILE", help="Keep the results as a tar, under the cases' own names.")
]
LogOption = Annotated[bool, typer.Option("--log/--no-log", help="Show the end of the container's log where it fails.")]


@dataclass(frozen=True, slots=True)
class TestReport:
    """All that a local test found out. `evaluation` is None where the run failed: the platform scores no such run."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    image: VerifiedImage
    outcome: RunOutcome
    failure: Failure | None
    evaluation: Evaluation | None

    @property
    def passed(self) -> bool:
        """The image ran to its end, and every one of its results can be used."""
        from sonobench_eval.io.findings import NOTES

        if self.failure is not None or self.evaluation is None:
            return False
        return all(record.code in NOTES for record in self.evaluation.findings)


def register(app: typer.Typer) -> None:
    app.command("test", rich_help_panel=PANEL)(try_command)


def try_command(
    image: ImageArgument,
    challenge: ChallengeArgument,
    *,
    json: JsonOption = None,
    runtime: RuntimeOption = None,
    gpu: GpuOption = None,
    keep_results: KeepOption = None,
    log: LogOption = True,
) -> None:
    """Run an image exactly as the platform would, and print what it would score.

    The same checks, the same sandbox, the same limits. Ends with code 3 where the image would fail,
    or where any of its results could not be used.

    Examples:

        sonobench test my-algorithm:latest challenge.yaml

        sonobench test my-algorithm.tar challenge.yaml --json report.json --keep-results results.tar
    """
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.contract.pseudonyms import new_key

    loaded = load_challenge(challenge)
    with work_folder() as folder:
        key = new_key(loaded.challenge)
        report = _try(image, loaded, key, folder=folder, runtime=runtime, gpu=gpu)
        if keep_results is not None and report.outcome.results is not None:
            _keep(report.outcome.results, loaded, key, target=keep_results)
    if json is not None:
        write_data(json_module.dumps(as_document(report), indent=1), json)
    if str(json) != "-":
        _show(report, loaded, with_log=log)
    if not report.passed:
        raise typer.Exit(int(ExitCode.TEST_FAILED))


def _try(
    image: str, loaded: LoadedChallenge, key: bytes | None, *, folder: Path, runtime: str | None, gpu: str | None
) -> TestReport:
    from sonobench_eval.contract.pseudonyms import case_names
    from sonobench_eval.intake.verify import verify_image
    from sonobench_eval.sandbox.docker_engine import DockerEngine
    from sonobench_eval.sandbox.failure import classify

    engine = DockerEngine.connect()
    run_id = f"test-{secrets.token_hex(6)}"
    upload = image_tar(image, folder)
    with moving("Checking the image") as told:
        verified = verify_image(upload, folder / "verified.tar", tag=f"sonobench/test:{run_id}", progress=told)
    try:
        outcome = _run(engine, verified, loaded, key, results=folder / "results.tar", run_id=run_id, runtime=runtime, gpu=gpu)
    finally:
        _untag(verified.tag)
    limits = loaded.challenge.limits
    failure = classify(
        outcome, time_limit_s=limits.time_s, memory_limit_bytes=limits.memory_bytes, output_limit_bytes=limits.output_bytes
    )
    evaluation = None if failure is not None or outcome.results is None else _score(loaded, outcome.results, key)
    # Whoever reads this log has the images, and looks for the one that made trouble.
    outcome = replace(outcome, log_tail=case_names(loaded.challenge, key).in_own_words(outcome.log_tail))
    return TestReport(verified, outcome, failure, evaluation)


def _run(
    engine: Sandbox,
    verified: VerifiedImage,
    loaded: LoadedChallenge,
    key: bytes | None,
    *,
    results: Path,
    run_id: str,
    runtime: str | None,
    gpu: str | None,
) -> RunOutcome:
    from sonobench_eval.pipeline_run import run_image
    from sonobench_eval.sandbox.port import ImageIdentity, ImageRefusedByEngine, never_started

    with phases("Running the image") as told:
        told("loading it")
        try:
            identity = engine.load(verified.tar, ImageIdentity(verified.config_digest, verified.diff_ids))
        except ImageRefusedByEngine as refusal:
            return never_started(str(refusal))
        verified.tar.unlink()  # the engine has it now, and disks are small
        return run_image(
            loaded,
            sandbox=engine,
            identity=identity,
            inputs_dir=loaded.inputs_dir,
            results=results,
            run_id=run_id,
            attempt=1,
            node="local-test",
            runtime=runtime,
            gpu_uuid=gpu,
            pseudonym_key=key,
            progress=lambda phase: told(_PHASES.get(phase, phase)),
        )


def _score(loaded: LoadedChallenge, results: Path, key: bytes | None) -> Evaluation:
    from sonobench_eval.io.sources import TarResults
    from sonobench_eval.pipeline import score_results

    with TarResults(results) as source, counting("Scoring") as progress:
        return score_results(loaded, source, pseudonym_key=key, progress=progress).evaluation


def _keep(results: Path, loaded: LoadedChallenge, key: bytes | None, *, target: Path) -> None:
    """Under the cases' own names, so that `sonobench score` reads them."""
    from sonobench_eval.contract.pseudonyms import case_names
    from sonobench_eval.contract.under_names import write_in_own_words
    from sonobench_eval.io.sources import TarResults

    with TarResults(results) as source:
        write_in_own_words(source, case_names(loaded.challenge, key), target)


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


def as_document(report: TestReport) -> dict[str, Any]:
    """The report as JSON data, schema `sonobench.test/1`."""
    measurement = asdict(report.outcome.measurement)
    failure = report.failure
    return {
        "schema": SCHEMA,
        "passed": report.passed,
        "image": {"config_digest": report.image.config_digest, "warnings": list(report.image.warnings)},
        "failure": None
        if failure is None
        else {"category": failure.category.value, "blame": failure.blame.value, "sentence": failure.sentence},
        "measurement": measurement,
        "result_files": report.outcome.result_files,
        "result_bytes": report.outcome.result_bytes,
        "notes": list(report.outcome.notes),
        "evaluation": None if report.evaluation is None else json_module.loads(report.evaluation.to_json()),
    }


def _show(report: TestReport, loaded: LoadedChallenge, *, with_log: bool) -> None:
    from sonobench_eval.cli.render import plain
    from sonobench_eval.cli.render_test import check_line, usage_table

    show(check_line("The image is one the platform takes", passed=True, detail=report.image.config_digest[:19]))
    for warning in report.image.warnings:
        say(f"  {plain(warning).plain}")
    failure = report.failure
    show(check_line("It ran to its end" if failure is None else failure.sentence, passed=failure is None))
    for note in report.outcome.notes:
        say(f"  {note}")
    if report.evaluation is not None:
        said = "Every result can be used" if report.passed else "Some results cannot be used; see below"
        show(check_line(said, passed=report.passed))
    if not loaded.challenge.pseudonyms:
        say("  It was given the cases' own names and order: this challenge has switched pseudonyms off.")
    show(usage_table(report.outcome, loaded.challenge.limits))
    if report.evaluation is not None:
        show_evaluation(report.evaluation)
    if failure is not None and with_log and report.outcome.log_tail:
        say("The end of the container's log:")
        say("\n".join(f"  | {plain(line).plain}" for line in report.outcome.log_tail.splitlines()[-30:]))
