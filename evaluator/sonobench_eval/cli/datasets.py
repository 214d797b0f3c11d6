"""`sonobench dataset`: the manifest of a challenge's data, its verification, and its way to nnU-Net."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sonobench_eval.cli.console import counting, refuse_no_place_for, say, show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from sonobench_eval.challenge.verify_data import DatasetReport

PANEL = "On this machine"
ROWS_SHOWN = 200

ChallengeArgument = Annotated[Path, typer.Argument(metavar="CHALLENGE", help="The challenge file, with references.")]
OutputOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where the manifest goes; .json for JSON; - is stdout.")
]
ManifestOption = Annotated[
    Path | None, typer.Option("--manifest", metavar="FILE", help="What every file must be: CSV, or JSON by its ending.")
]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON; - is stdout.")]
CsvOption = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the report as CSV; - is stdout.")]
TaskOption = Annotated[str | None, typer.Option("--task", metavar="ID", help="Which segmentation task, where there are several.")]
FolderOption = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="A folder that is not there yet.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="A challenge's data: list it, verify it, hand it on.", no_args_is_help=True)
    group.command("manifest")(manifest_command)
    group.command("verify")(verify_command)
    group.command("export")(export_command)
    app.add_typer(group, name="dataset", rich_help_panel=PANEL)


def manifest_command(challenge: ChallengeArgument, *, output: OutputOption = Path("manifest.csv")) -> None:
    """List every file of a challenge with its SHA-256, its case, subject, center and phase.

    Make it when the data is final, and keep it apart from the data: `sonobench dataset verify` then finds every change.

    Examples:

        sonobench dataset manifest challenge.yaml -o manifest.csv
    """
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.challenge.manifest import make_manifest

    if str(output) != "-":
        refuse_no_place_for(output)
    loaded = load_challenge(challenge)
    with counting("Hashing") as progress:
        manifest = make_manifest(loaded, progress=progress)
    is_json = output.suffix.lower() == ".json"
    write_data(manifest.to_json(loaded.challenge.name) if is_json else manifest.to_csv(), output)
    if str(output) != "-":
        say(f"Wrote {output}: {len(manifest.rows):,} cases, SHA-256 of the whole {manifest.sha256}.")


def verify_command(
    challenge: ChallengeArgument, *, manifest: ManifestOption = None, json: JsonOption = None, csv: CsvOption = None
) -> None:
    """Read every file of a challenge and say everything that is wrong, row by row.

    Files that are missing, changed, damaged or named by nobody; masks of another size or place, with values that no structure
    has, or empty; the same image or the same subject in two phases. Ends with 1 where there are errors; warnings are for you
    to judge.

    Examples:

        sonobench dataset verify challenge.yaml --manifest manifest.csv

        sonobench dataset verify challenge.yaml --csv report.csv
    """
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.challenge.manifest import read_manifest
    from sonobench_eval.challenge.verify_data import verify

    if str(json) == "-" and str(csv) == "-":
        raise CommandError("Only one of --json and --csv can go to stdout.", ExitCode.USAGE)
    for target in (json, csv):
        if target is not None and str(target) != "-":
            refuse_no_place_for(target)
    loaded = load_challenge(challenge)
    known = None if manifest is None else read_manifest(manifest)
    with counting("Verifying") as progress:
        report = verify(loaded, known, progress=progress)
    if json is not None:
        write_data(report.to_json(), json)
    if csv is not None:
        write_data(report.to_csv(), csv)
    if "-" not in {str(json), str(csv)}:
        _show(report)
    _tell(report, challenge)


def _show(report: DatasetReport) -> None:
    from sonobench_eval.cli.render_dataset import findings_table

    if report.findings:
        show(findings_table(report.findings[:ROWS_SHOWN]))
    if len(report.findings) > ROWS_SHOWN:
        say(f"And {len(report.findings) - ROWS_SHOWN:,} more; --csv FILE writes all of them.")


def _tell(report: DatasetReport, challenge: Path) -> None:
    counts = f"{report.cases:,} cases, {report.errors:,} errors, {report.warnings:,} warnings"
    if not report.is_sound:
        raise CommandError(f"The data of {challenge} is not sound: {counts}.")
    say(f"The data of {challenge} is sound: {counts}.")


def export_command(challenge: ChallengeArgument, *, output: FolderOption, task: TaskOption = None) -> None:
    """Write a segmentation task's images and masks as a data set for nnU-Net, with its `dataset.json`.

    The masks are hidden truth: whoever has the folder has them.

    Examples:

        sonobench dataset export challenge.yaml --task heart -o Dataset501_Heart
    """
    from sonobench_eval.challenge.export_dataset_json import export_dataset_json
    from sonobench_eval.challenge.load import load_challenge

    loaded = load_challenge(challenge)
    with counting("Writing") as progress:
        cases = export_dataset_json(loaded, output, task=task, progress=progress)
    say(f"Wrote {cases:,} cases to {output}.")
