"""`sonobench compare`: whether one set of results is better than another, beyond chance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sonobench_eval.cli.console import say, show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.scoring import PANEL

InputsArgument = Annotated[
    list[Path], typer.Argument(metavar="INPUT", help="JSON files of `sonobench score` or `sonobench test`, two or more.")
]
ChallengeOption = Annotated[Path, typer.Option("--challenge", metavar="FILE", help="The challenge file, with references.")]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the comparison as JSON; - is stdout.")]


def register(app: typer.Typer) -> None:
    app.command("compare", rich_help_panel=PANEL)(compare_command)


def compare_command(inputs: InputsArgument, *, challenge: ChallengeOption, json: JsonOption = None) -> None:
    """Compare two or more sets of results, case by case.

    For every pair, task and metric: the difference with its bootstrap interval, a paired test that fits the metric (McNemar,
    DeLong, Wilcoxon, permutation), and Holm's correction over all of them.

    Examples:

        sonobench compare alpha.json beta.json --challenge challenge.yaml

        sonobench compare alpha.json beta.json gamma.json --challenge challenge.yaml --json comparison.json
    """
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.cli.ranking import entry_of
    from sonobench_eval.ranking.comparison import compare
    from sonobench_eval.ranking.entries import check_same_ground, in_order

    if len(inputs) < 2:
        raise CommandError("To compare, give two or more JSON files of `sonobench score`.", ExitCode.USAGE)
    loaded = load_challenge(challenge)
    entries = [entry_of(path) for path in inputs]
    check_same_ground(in_order(entries), loaded.hash, entries[0].evaluation.made_from.dataset_hash)
    comparison = compare(loaded.challenge, entries)
    if json is not None:
        write_data(comparison.to_json(), json)
    if str(json) != "-":
        from sonobench_eval.cli.render_comparison import comparison_table

        show(comparison_table(comparison))
        confidence = f"{comparison.confidence:.0%}".replace("%", " %")
        say(f"CI: {confidence}, paired percentile bootstrap of first minus second. p: two-sided, {comparison.correction}.")
