"""`sonobench score`: a folder or tar of results against a challenge, without Docker."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sonobench_eval.cli.console import counting, say, show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from sonobench_eval.evaluation import Evaluation
    from sonobench_eval.io.results import ResultSource

PANEL = "On this machine"

ChallengeArgument = Annotated[Path, typer.Argument(metavar="CHALLENGE", help="The challenge file, with references.")]
ResultsArgument = Annotated[
    Path, typer.Argument(metavar="RESULTS", help="What a container wrote to /output: a folder, or a tar.")
]
JsonOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the whole evaluation as JSON; - is stdout.")
]
CsvOption = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the scores as CSV; - is stdout.")]
ReplicatesOption = Annotated[
    Path | None, typer.Option("--replicates", metavar="FILE", help="Keep the bootstrap replicates (.npz), for rank ranges.")
]
EngineOption = Annotated[
    Literal["fast", "reference"], typer.Option(help="Whose metrics: ours, or MedPy's and scikit-learn's to check them.")
]

KeyOption = Annotated[
    str | None,
    typer.Option(
        "--pseudonym-key", metavar="HEX", help="What the names in the results were made with, as `sonobench test` says."
    ),
]


def register(app: typer.Typer) -> None:
    app.command("score", rich_help_panel=PANEL)(score_command)


def score_command(
    challenge: ChallengeArgument,
    results: ResultsArgument,
    *,
    json: JsonOption = None,
    csv: CsvOption = None,
    replicates: ReplicatesOption = None,
    engine: EngineOption = "fast",
    pseudonym_key: KeyOption = None,
) -> None:
    """Score a folder or tar of results. Docker is not needed.

    Every case counts: what is missing or cannot be used scores as the challenge declares, and is listed.

    Examples:

        sonobench score challenge.yaml results/

        sonobench score challenge.yaml results.tar --json evaluation.json --csv scores.csv
    """
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.pipeline import score_results

    key = _key(pseudonym_key)
    loaded = load_challenge(challenge)
    with opened_results(results) as source, counting("Scoring") as progress:
        scored = score_results(loaded, source, pseudonym_key=key, engine=engine, progress=progress)
    if replicates is not None:
        scored.replicates.save(replicates)
    if json is not None:
        write_data(scored.evaluation.to_json(), json)
    if csv is not None:
        from sonobench_eval.report.tables import evaluation_csv

        write_data(evaluation_csv(scored.evaluation), csv)
    if "-" not in {str(json), str(csv)}:
        show_evaluation(scored.evaluation)
    for target in (json, csv, replicates):
        if target is not None and str(target) != "-":
            say(f"Wrote {target}.")


def _key(text: str | None) -> bytes | None:
    from sonobench_eval.contract.pseudonyms import KEY_BYTES

    if text is None:
        return None
    if len(text) != 2 * KEY_BYTES or not all(character in "0123456789abcdef" for character in text.lower()):
        raise CommandError(f"A pseudonym key is {2 * KEY_BYTES} hexadecimal digits.", ExitCode.USAGE)
    return bytes.fromhex(text)


def opened_results(place: Path) -> AbstractContextManager[ResultSource]:
    """Results in a folder or, where `place` is a file, in a tar."""
    from sonobench_eval.io.sources import FolderResults, TarResults

    return TarResults(place) if place.is_file() else FolderResults(place)


def show_evaluation(evaluation: Evaluation) -> None:
    """The scores and what was found wrong, for people."""
    from sonobench_eval.cli.render import evaluation_table, findings

    show(evaluation_table(evaluation))
    show(findings(evaluation.findings))
