"""`sonobench rank`: a ranking from a table of figures, or from evaluations."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sonobench_eval.cli.console import say, show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.scoring import PANEL

if TYPE_CHECKING:
    from sonobench_eval.ranking.build import Entry
    from sonobench_eval.ranking.leaderboard import Leaderboard
    from sonobench_eval.ranking.uusic25 import RankingResult, Weights

SCHEMA = "sonobench.ranking/1"

InputsArgument = Annotated[
    list[Path], typer.Argument(metavar="INPUT", help="One CSV table, or JSON files of `sonobench score` and `sonobench test`.")
]
ChallengeOption = Annotated[
    Path | None, typer.Option("--challenge", metavar="FILE", help="The challenge file; needed to rank JSON files.")
]
SchemeOption = Annotated[Literal["uusic25"], typer.Option(help="The ranking scheme.")]
PerformanceOption = Annotated[float, typer.Option("--performance", min=0, max=1, help="What performance weighs, for a table.")]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the ranking as JSON; - is stdout.")]


def register(app: typer.Typer) -> None:
    app.command("rank", rich_help_panel=PANEL)(rank_command)


def rank_command(
    inputs: InputsArgument,
    *,
    challenge: ChallengeOption = None,
    scheme: SchemeOption = "uusic25",
    performance: PerformanceOption = 0.7,
    json: JsonOption = None,
) -> None:
    """Rank teams from a table of their figures, or from their evaluations.

    A CSV table has the columns team, seg_rank, cls_rank, time_s and gpu_memory_gb. JSON files are named after their
    team; files of `sonobench test` bring time and memory with them. Where `TEAM.npz` (from `sonobench score
    --replicates`) stands beside `TEAM.json`, rank ranges are shown.

    Examples:

        sonobench rank table1.csv

        sonobench rank alpha.json beta.json --challenge challenge.yaml --json board.json
    """
    from sonobench_eval.ranking.uusic25 import Weights

    if len(inputs) == 1 and inputs[0].suffix.lower() != ".json":
        _rank_a_table(inputs[0], Weights(performance, round(1 - performance, 12)), scheme=scheme, json=json)
        return
    if challenge is None:
        raise CommandError(
            "To rank evaluations, name the challenge they were made on: --challenge challenge.yaml", ExitCode.USAGE
        )
    board = _board(inputs, challenge, scheme)
    if json is not None:
        write_data(board.to_json(), json)
    if str(json) != "-":
        from sonobench_eval.cli.render import leaderboard_table

        show(leaderboard_table(board))


def _rank_a_table(path: Path, weights: Weights, *, scheme: str, json: Path | None) -> None:
    from sonobench_eval.ranking.table import read_rank_table
    from sonobench_eval.ranking.uusic25 import rank_table

    result = rank_table(read_rank_table(path), weights)
    if json is not None:
        write_data(json_module.dumps(_document(result, scheme), indent=1), json)
    if str(json) != "-":
        from sonobench_eval.cli.render import ranking_table

        show(ranking_table(result))
        for note in result.notes:
            say(note)


def _document(result: RankingResult, scheme: str) -> dict[str, Any]:
    rows = [{"rank": row.rank, "team": row.team, **_numbers(asdict(row))} for row in result.rows]
    dropped = [drop.model_dump() for drop in result.dropped]
    weights = result.weights._asdict()
    head = {"schema": SCHEMA, "scheme": scheme, "weights": weights}
    return {**head, "rows": rows, "dropped": dropped, "notes": list(result.notes)}


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    figures = {key: value for key, value in row["figures"].items() if key != "team"}
    return {"score": row["score"], "performance": row["performance"], "efficiency": row["efficiency"], **figures}


def _board(inputs: Sequence[Path], challenge_path: Path, scheme: str) -> Leaderboard:
    from datetime import UTC, datetime

    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.ranking.build import build_leaderboard

    challenge = load_challenge(challenge_path).challenge
    if challenge.ranking.scheme != scheme:
        raise CommandError(f"{challenge_path} declares the scheme {challenge.ranking.scheme}, not {scheme}.", ExitCode.USAGE)
    entries = [_entry(path) for path in inputs]
    dataset_hash = entries[0].evaluation.made_from.dataset_hash
    return build_leaderboard(challenge, entries, dataset_hash=dataset_hash, generated_at=datetime.now(UTC))


def _entry(path: Path) -> Entry:
    from sonobench_eval.evaluation import Evaluation
    from sonobench_eval.ranking.build import Entry
    from sonobench_eval.statistics.replicates import Replicates

    document = _read(path)
    measured: dict[str, Any] = {}
    if str(document.get("schema", "")).startswith("sonobench.test/"):
        measured = document.get("measurement") or {}
        document = document.get("evaluation") or {}
        if not document:
            raise CommandError(f"{path} is the report of a test that could not be scored; it cannot be ranked.")
    try:
        evaluation = Evaluation.model_validate(document)
    except ValueError as error:
        raise CommandError(f"{path} is not an evaluation; make one with `sonobench score ... --json {path}`.") from error
    beside = path.with_suffix(".npz")
    return Entry(
        team=path.stem,
        evaluation=evaluation,
        time_s=measured.get("wall_time_s"),
        reference_s=measured.get("reference_s"),
        gpu_memory_bytes=measured.get("peak_gpu_memory_bytes"),
        host_memory_bytes=measured.get("peak_host_memory_bytes"),
        replicates=Replicates.load(beside) if beside.is_file() else None,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json_module.loads(path.read_bytes())
    except ValueError as error:
        raise CommandError(f"{path} is not JSON. Give one CSV table, or JSON files only.") from error
    if not isinstance(document, dict):
        raise CommandError(f"{path} is not an evaluation; make one with `sonobench score ... --json {path}`.")
    return document
