"""`sonobench preset`: published benchmarks as challenges to begin with, test sets made up for them, and what they report."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from sonobench_eval.cli.console import say, show, stdout, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.scoring import PANEL, ChallengeArgument, ResultsArgument, opened_results

if TYPE_CHECKING:
    from sonobench_eval.presets.analysis import Analysis
    from sonobench_eval.presets.catalogue import Preset

SCHEMA_LIST = "sonobench.presets/1"
SCHEMA_ANALYSIS = "sonobench.analysis/1"

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The preset, as `sonobench preset list` has it.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to make.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Every seed gives other cases; one gives the same.")]
CasesOption = Annotated[int | None, typer.Option("--cases", metavar="N", help="Cases of each task. Default: the preset's own.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="As JSON on stdout.")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to a file.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")]
ReadingsOption = Annotated[
    Path | None,
    typer.Option(
        "--readings", metavar="FILE", help="A reader study, CSV: case, first, second, arbitrator. Default: readings.csv beside."
    ),
]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write all of it as JSON; - is stdout.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Begin with a published benchmark.", no_args_is_help=True)
    group.command("list")(list_command)
    group.command("show")(show_command)
    group.command("make")(make_command)
    group.command("analyze")(analyze_command)
    app.add_typer(group, name="preset", rich_help_panel=PANEL)


def list_command(*, json: JsonFlag = False) -> None:
    """List the presets.

    Examples:

        sonobench preset list
    """
    from sonobench_eval.presets.catalogue import PRESETS

    if json:
        listed = [{"name": each.name, "asks": each.asks, "cases": each.cases, "fewest": each.fewest} for each in PRESETS]
        write_data(json_module.dumps({"schema": SCHEMA_LIST, "presets": listed}, indent=1), None)
        return
    from sonobench_eval.cli.render_presets import preset_table

    show(preset_table(PRESETS))


def show_command(name: NameArgument, *, output: OutputOption = None, force: ForceOption = False) -> None:
    """Print the settings of a preset: a challenge file without its cases.

    Examples:

        sonobench preset show bus-cot

        sonobench preset show birads-v2025 -o challenge.yaml
    """
    text = _named(name).settings
    if output is not None and str(output) != "-" and output.exists() and not force:
        raise CommandError(f"{output} is there already. Give --force to replace it, or another name with -o.", ExitCode.USAGE)
    write_data(text, output)
    if output is not None and str(output) != "-":
        say(f"Wrote {output}. Add the cases to it; docs/challenge.md says how.")


def make_command(name: NameArgument, folder: FolderArgument, *, seed: SeedOption = 7, cases: CasesOption = None) -> None:
    """Make up a test set for a preset, with answers of three algorithms: perfect, good and poor.

    Nothing in it is real. The pictures are speckle that shows next to nothing of the answers.

    Examples:

        sonobench preset make abvlm-q try/

        sonobench score try/challenge.yaml try/predictions/good
    """
    from sonobench_eval.presets.making import make_preset
    from sonobench_eval.presets.synthetic import ALGORITHMS

    preset = _named(name)
    with _spoken():
        challenge = make_preset(preset, folder, seed=seed, cases=cases)
    results = [quote(str(folder / "predictions" / algorithm)) for algorithm in ALGORITHMS]
    say(f"Made {challenge}. Next:")
    say(f"  sonobench score {quote(str(challenge))} {results[1]}")
    say(f"  sonobench score {quote(str(challenge))} {' '.join(results)} --out {quote(str(folder / 'scored'))}")
    say(f"  sonobench preset analyze {quote(str(challenge))} {' '.join(results)}")


def analyze_command(
    challenge: ChallengeArgument, results: ResultsArgument, *, readings: ReadingsOption = None, json: JsonOption = None
) -> None:
    """Show what these benchmarks report besides scores.

    Classes by how rare they are; which grade was taken for which; accuracy where the least sure answers are left to a human;
    cases by how many of the algorithms solve them; how far the readers agree who made the reference.

    Examples:

        sonobench preset analyze try/challenge.yaml try/predictions/perfect try/predictions/good try/predictions/poor

        sonobench preset analyze challenge.yaml alpha/ beta.tar --readings readings.csv --json analysis.json
    """
    with _spoken():
        found = _analysis(challenge, results, readings)
    if json is not None:
        from dataclasses import asdict

        write_data(json_module.dumps({"schema": SCHEMA_ANALYSIS, **asdict(found)}, indent=1), json)
    if str(json) == "-":
        return
    from sonobench_eval.cli.render_presets import analysis_tables

    tables = analysis_tables(found)
    if not tables:
        say("There is nothing more to tell of these tasks than their scores.")
    for table in tables:
        show(table)
        stdout().print()


def _analysis(challenge: Path, results: Sequence[Path], readings: Path | None) -> Analysis:
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.presets.analysis import analyze
    from sonobench_eval.presets.readings import read_readings

    names = [place.resolve().name.removesuffix(".tar") for place in results]
    if len(set(names)) < len(names):
        raise CommandError("Two of the results have the same name; name their folders after the algorithms.", ExitCode.USAGE)
    loaded = load_challenge(challenge)
    beside = challenge.parent / "readings.csv"
    study = readings or (beside if beside.is_file() else None)
    told = None if study is None else read_readings(study, loaded.challenge)
    with ExitStack() as opened:
        sources = {name: opened.enter_context(opened_results(place)) for name, place in zip(names, results, strict=True)}
        return analyze(loaded, sources, readings=told)


def _named(name: str) -> Preset:
    from sonobench_eval.presets.catalogue import PresetError, preset_named

    try:
        return preset_named(name)
    except PresetError as error:
        raise CommandError(str(error), ExitCode.NOT_FOUND) from error


@contextmanager
def _spoken() -> Iterator[None]:
    """What is in the way of a preset is told as it is."""
    from sonobench_eval.presets.catalogue import PresetError

    try:
        yield
    except PresetError as error:
        raise CommandError(str(error)) from error
