"""`sonobench score`: folders or tars of results against a challenge, without Docker."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sonobench_eval.cli.console import counting, say, show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from sonobench_eval.challenge.load import LoadedChallenge
    from sonobench_eval.evaluation import Evaluation
    from sonobench_eval.io.results import ResultSource
    from sonobench_eval.metrics.named import EngineName
    from sonobench_eval.pipeline import Scored
    from sonobench_eval.scoring_image.run import ImageScorer

PANEL = "On this machine"

ChallengeArgument = Annotated[Path, typer.Argument(metavar="CHALLENGE", help="The challenge file, with references.")]
ResultsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="RESULTS", help="What a container wrote to /output: a folder, or a tar; one for each algorithm."),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Write NAME.json and NAME.npz for each RESULTS, for `sonobench rank`."),
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
    out: OutOption = None,
    engine: EngineOption = "fast",
    pseudonym_key: KeyOption = None,
) -> None:
    """Score folders or tars of results. Docker is needed only where the challenge has a scoring image of its own.

    Every case counts: what is missing or cannot be used scores as the challenge declares, and is listed. Several algorithms
    are scored in one go, and every reference is read once for all of them.

    Examples:

        sonobench score challenge.yaml results/

        sonobench score challenge.yaml results.tar --json evaluation.json --csv scores.csv

        sonobench score challenge.yaml alpha/ beta/ gamma/ --out scored/
    """
    if len(results) > 1:
        for_one = {"--json": json, "--csv": csv, "--replicates": replicates, "--pseudonym-key": pseudonym_key}
        _refuse_unclear(results, out, [name for name, value in for_one.items() if value is not None])
    if out is not None:
        _make_folder(out)
    scored = _scored(challenge, results, engine=engine, key=_key(pseudonym_key))
    if len(results) == 1:
        _write(scored[0], json=json, csv=csv, replicates=replicates)
    if out is not None:
        _write_all(results, scored, out)
    if "-" not in {str(json), str(csv)}:
        for place, each in zip(results, scored, strict=True):
            if len(results) > 1:
                say(f"{_name_of(place)}:")
            show_evaluation(each.evaluation)


def _scored(challenge: Path, results: Sequence[Path], *, engine: EngineName, key: bytes | None) -> list[Scored]:
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.pipeline import Results, score_many
    from sonobench_eval.scoring_image.trouble import ScoringImageTrouble

    loaded = load_challenge(challenge)
    with ExitStack() as opened, counting("Scoring") as progress:
        sources = [Results(opened.enter_context(opened_results(place)), key) for place in results]
        try:
            return score_many(loaded, sources, engine=engine, own_metrics=_image_scorer(loaded), progress=progress)
        except ScoringImageTrouble as trouble:
            if trouble.log:
                say(f"The last that the scoring image printed:\n{trouble.log}")
            raise


def _image_scorer(loaded: LoadedChallenge) -> ImageScorer | None:
    """What runs the challenge's scoring image on this machine; None where it has none."""
    if loaded.challenge.scoring_image is None:
        return None
    from sonobench_eval.sandbox.docker_engine import DockerEngine
    from sonobench_eval.scoring_image.run import ImageScorer

    return ImageScorer(DockerEngine.connect, node="this-machine")


def _write(scored: Scored, *, json: Path | None, csv: Path | None, replicates: Path | None) -> None:
    if replicates is not None:
        scored.replicates.save(replicates)
    if json is not None:
        write_data(scored.evaluation.to_json(), json)
    if csv is not None:
        from sonobench_eval.report.tables import evaluation_csv

        write_data(evaluation_csv(scored.evaluation), csv)
    for target in (json, csv, replicates):
        if target is not None and str(target) != "-":
            say(f"Wrote {target}.")


def _write_all(results: Sequence[Path], scored: Sequence[Scored], folder: Path) -> None:
    for place, each in zip(results, scored, strict=True):
        each.replicates.save(folder / f"{_name_of(place)}.npz")
        write_data(each.evaluation.to_json(), folder / f"{_name_of(place)}.json")
    say(f"Wrote {len(scored)} evaluations to {folder}.")


def _name_of(place: Path) -> str:
    """What the results are called: their folder's or file's name."""
    return place.resolve().name.removesuffix(".tar")


def _make_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise CommandError(f"{out} is a file; name a folder.", ExitCode.USAGE)
    out.mkdir(parents=True, exist_ok=True)


def _refuse_unclear(results: Sequence[Path], out: Path | None, for_one: Sequence[str]) -> None:
    """What makes no sense for several sets of results."""
    if for_one:
        raise CommandError(f"{for_one[0]} is for one set of results; with several, use --out FOLDER.", ExitCode.USAGE)
    if out is None:
        raise CommandError("With several sets of results, say where their evaluations shall go: --out FOLDER.", ExitCode.USAGE)
    names = [_name_of(place) for place in results]
    if twice := [name for name in names if names.count(name) > 1]:
        raise CommandError(f"Two sets of results are called {twice[0]}; rename one, or score them one by one.", ExitCode.USAGE)


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
