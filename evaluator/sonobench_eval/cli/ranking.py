"""`sonobench rank`: a ranking from a table of figures, or from evaluations."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sonobench_eval.cli.console import say, show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.scoring import PANEL

if TYPE_CHECKING:
    from sonobench_eval.challenge.ranking_rules import Ranking
    from sonobench_eval.ranking.entries import Entry
    from sonobench_eval.ranking.records import Figures, RankingResult, Scheme
    from sonobench_eval.ranking.stability_report import StabilityReport

SCHEMA = "sonobench.ranking/1"
_NAMED = ("uusic25", "sonobench-70-30")

InputsArgument = Annotated[
    list[Path], typer.Argument(metavar="INPUT", help="One CSV table, or JSON files of `sonobench score` and `sonobench test`.")
]
ChallengeOption = Annotated[
    Path | None, typer.Option("--challenge", metavar="FILE", help="The challenge file; needed to rank JSON files.")
]
SchemeOption = Annotated[
    str | None,
    typer.Option(
        metavar="SCHEME",
        help="uusic25, sonobench-70-30, or a YAML file with rules of ranking. The challenge's own where none is named.",
    ),
]
PerformanceOption = Annotated[
    float | None, typer.Option("--performance", min=0, max=1, help="What performance weighs; efficiency has the rest.")
]
WeightsOption = Annotated[
    str | None, typer.Option("--weights", metavar="P/E", help="What performance and efficiency weigh, for example 60/40.")
]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the ranking as JSON; - is stdout.")]
StabilityOption = Annotated[
    Path | None,
    typer.Option("--stability", metavar="FILE", help="Write how far the ranking can be trusted, as JSON; - is stdout."),
]


def register(app: typer.Typer) -> None:
    app.command("rank", rich_help_panel=PANEL)(rank_command)


def rank_command(
    inputs: InputsArgument,
    *,
    challenge: ChallengeOption = None,
    scheme: SchemeOption = None,
    performance: PerformanceOption = None,
    weights: WeightsOption = None,
    json: JsonOption = None,
    stability: StabilityOption = None,
) -> None:
    """Rank teams from a table of their figures, or from their evaluations.

    A CSV table has the columns team, seg_rank, cls_rank, time_s and gpu_memory_gb for uusic25; for sonobench-70-30 means of
    metrics in place of the ranks (mean_dsc, mean_auc). JSON files are named after their team; files of `sonobench test`
    bring time and memory with them. Where `TEAM.npz` (from `sonobench score --replicates`) stands beside `TEAM.json`,
    rank ranges are shown. Another scheme or other weights than the challenge's own are a what-if, and said to be.

    Examples:

        sonobench rank table1.csv

        sonobench rank table1.csv --scheme sonobench-70-30 --weights 60/40

        sonobench rank alpha.json beta.json --challenge challenge.yaml --json board.json --stability stability.json
    """
    if len(inputs) == 1 and inputs[0].suffix.lower() != ".json":
        rules = _rules(scheme, None, _performance(performance, weights))
        _rank_a_table(inputs[0], rules, json=json, stability=stability)
        return
    if challenge is None:
        raise CommandError(
            "To rank evaluations, name the challenge they were made on: --challenge challenge.yaml", ExitCode.USAGE
        )
    _rank_evaluations(inputs, challenge, scheme, _performance(performance, weights), json=json, stability=stability)


def _performance(performance: float | None, weights: str | None) -> float | None:
    """The weight of performance as given, in [0, 1], None where it was not."""
    if weights is None:
        return performance
    if performance is not None:
        raise CommandError("Give --weights or --performance, not both.", ExitCode.USAGE)
    try:
        of_performance, of_efficiency = (float(part) for part in weights.replace(",", "/").split("/"))
    except ValueError:
        raise CommandError(f"--weights {weights!r} is not like 70/30.", ExitCode.USAGE) from None
    total = of_performance + of_efficiency
    if not (of_performance >= 0 and of_efficiency >= 0 and 0 < total < float("inf")):
        raise CommandError(f"--weights {weights!r}: both are at least 0, and one is above.", ExitCode.USAGE)
    return of_performance / total


def _rules(scheme: str | None, declared: Ranking | None, performance: float | None) -> Ranking:
    """The rules to rank by: a file's, a named scheme's, or those that are declared; with the weights asked for."""
    from sonobench_eval.challenge.ranking_rules import Ranking
    from sonobench_eval.ranking.rules_file import read_rules

    rules = declared or Ranking()
    if scheme is not None and Path(scheme).suffix.lower() in {".yaml", ".yml"}:
        rules = read_rules(Path(scheme))
    elif scheme not in {None, rules.scheme}:
        if scheme not in _NAMED:
            known = ", ".join(_NAMED)
            raise CommandError(f"There is no scheme {scheme!r}: choose {known}, or name a YAML file.", ExitCode.USAGE)
        rules = rules.model_copy(update={"scheme": scheme, "tree": None})
    if performance is None:
        return rules
    if rules.tree is not None:
        raise CommandError("A custom tree has its own weights; change them in its file.", ExitCode.USAGE)
    return rules.model_copy(update={"performance": performance, "efficiency": round(1 - performance, 12)})


def _rank_a_table(path: Path, rules: Ranking, *, json: Path | None, stability: Path | None) -> None:
    from sonobench_eval.ranking.rank import rescore
    from sonobench_eval.ranking.table import read_figures
    from sonobench_eval.ranking.table_schemes import scheme_of_table

    figures = read_figures(path)
    scheme = scheme_of_table(figures, rules)
    result = rescore(figures, scheme)
    if json is not None:
        write_data(json_module.dumps(_document(result, scheme.name), indent=1), json)
    if "-" not in {str(json), str(stability)}:
        from sonobench_eval.cli.render import ranking_table

        show(ranking_table(result))
    for note in result.notes:
        say(note)
    if stability is not None:
        from sonobench_eval.ranking.stability_analysis import table_stability

        schemes = [scheme, *_other_schemes(figures, rules)]
        _write_stability(lambda: table_stability(figures, schemes, title=path.stem), stability, shown=str(json) != "-")


def _other_schemes(figures: Figures, rules: Ranking) -> Iterator[Scheme]:
    """The presets that this table has the columns for, to compare with."""
    from sonobench_eval.ranking.table import RankTableError
    from sonobench_eval.ranking.table_schemes import scheme_of_table

    for name in _NAMED:
        if name != rules.scheme:
            with suppress(RankTableError):
                yield scheme_of_table(figures, rules.model_copy(update={"scheme": name, "tree": None}))


def _rank_evaluations(
    inputs: Sequence[Path],
    challenge_path: Path,
    scheme: str | None,
    performance: float | None,
    *,
    json: Path | None,
    stability: Path | None,
) -> None:
    from datetime import UTC, datetime

    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.ranking.build import build_leaderboard

    loaded = load_challenge(challenge_path)
    declared = loaded.challenge.ranking
    rules = _rules(scheme, declared, performance)
    challenge = loaded.challenge.model_copy(update={"ranking": rules})
    entries = [entry_of(path) for path in inputs]
    board = build_leaderboard(
        challenge,
        entries,
        dataset_hash=entries[0].evaluation.made_from.dataset_hash,
        generated_at=datetime.now(UTC),
        definition_hash=loaded.hash,
    )
    if rules != declared:
        board = board.model_copy(update={"notes": (_what_if(declared), *board.notes)})
    if json is not None:
        write_data(board.to_json(), json)
    if "-" not in {str(json), str(stability)}:
        from sonobench_eval.cli.render import leaderboard_table

        show(leaderboard_table(board))
    if stability is not None:
        from sonobench_eval.ranking.stability_analysis import stability_report

        _write_stability(lambda: stability_report(challenge, entries), stability, shown=str(json) != "-")


def _what_if(declared: Ranking) -> str:
    weights = f", {declared.performance:.0%} performance".replace("%", " %") if declared.tree is None else ""
    return f"A what-if: the challenge itself declares {declared.scheme}{weights}."


def _write_stability(make: Callable[[], StabilityReport], target: Path, *, shown: bool) -> None:
    from sonobench_eval.ranking.stability_analysis import NoRankingError

    try:
        report = make()
    except NoRankingError as error:
        raise CommandError(str(error)) from error
    write_data(report.to_json(), target)
    if shown and str(target) != "-":
        from sonobench_eval.cli.render_stability import stability_view

        show(stability_view(report))


def _document(result: RankingResult, scheme: str) -> dict[str, Any]:
    rows = [{"rank": row.rank, "team": row.team, **_numbers(asdict(row))} for row in result.rows]
    dropped = [drop.model_dump() for drop in result.dropped]
    weights = result.weights._asdict()
    head = {"schema": SCHEMA, "scheme": scheme, "weights": weights}
    return {**head, "rows": rows, "dropped": dropped, "notes": list(result.notes)}


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    figures = {key: value for key, value in row["figures"].items() if key != "team"}
    scores = {key: row[key] for key in ("score", "performance", "efficiency")}
    return {**scores, **figures, "parts": row["parts"]}


def entry_of(path: Path) -> Entry:
    """One team's evaluation from a file of `sonobench score` or `sonobench test`, with the replicates that stand beside it.

    Raises:
        CommandError: it is another kind of file.
    """
    from sonobench_eval.evaluation import Evaluation
    from sonobench_eval.ranking.entries import Entry
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
        times_s=tuple(measured.get("repeats_s") or ()),
        energy_j=measured.get("energy_j"),
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
