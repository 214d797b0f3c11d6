"""`sonobench report`: tables and charts for a paper, a page to read, and exports, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from sonobench_eval.cli.console import phases, say
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.scoring import PANEL

if TYPE_CHECKING:
    from sonobench_eval.ranking.leaderboard import Leaderboard
    from sonobench_eval.ranking.stability_report import StabilityReport
    from sonobench_eval.report.folder import Format, Report

InputsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="INPUT", help="JSON files of `sonobench score` or `sonobench test`, or one board as JSON."),
]
ChallengeOption = Annotated[
    Path | None, typer.Option("--challenge", metavar="FILE", help="The challenge file, with references; not for a board.")
]
OutOption = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to write; new, or empty.")]
FormatsOption = Annotated[str, typer.Option("--formats", metavar="LIST", help="Of chart files: svg, pdf, png.")]
StabilityOption = Annotated[
    bool, typer.Option("--stability/--no-stability", help="With how far the ranking can be trusted, which takes a while.")
]
PublicOption = Annotated[
    bool, typer.Option("--public", help="Leave out what tells of single cases, or of very few: it is made from hidden data.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an older report in that folder.")]


def register(app: typer.Typer) -> None:
    app.command("report", rich_help_panel=PANEL)(report_command)


def report_command(
    inputs: InputsArgument,
    *,
    out: OutOption,
    challenge: ChallengeOption = None,
    formats: FormatsOption = "svg,pdf,png",
    stability: StabilityOption = True,
    public: PublicOption = False,
    force: ForceOption = False,
) -> None:
    """Write a report: a page, tables as CSV, LaTeX and HTML, charts, a paragraph on methods, exports of single cases.

    The folder is for organizers: scores of single cases tell of hidden data. With `--public` it holds none.
    JSON files are named after their team; `TEAM.npz` beside `TEAM.json` brings the bootstrap replicates. Of a board alone
    (`sonobench leaderboard --json`, `sonobench rank --json`) only its own tables and charts can be made.

    Examples:

        sonobench report alpha.json beta.json --challenge challenge.yaml --out report/

        sonobench report scored/*.json --challenge challenge.yaml --out public/ --public --formats svg

        sonobench report board.json --out report/
    """
    from sonobench_eval.report.folder import FolderError, check_place, report_files, write_folder

    wanted = _formats(formats)
    try:
        check_place(out, force=force)
        with phases("Report") as phase:
            phase("reading")
            report = _of_inputs(inputs, challenge, wanted, with_stability=stability, is_public=public)
            phase("writing")
            count = write_folder(out, report_files(report), force=force)
    except FolderError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    for remark in report.remarks:
        say(remark)
    if wanted and not any(path.suffix != ".csv" for path in (out / "charts").glob("*")):
        say("There are no charts; the page says why.")
    say(f"Wrote {count} files; open {out / 'index.html'}.")
    if report.entries and not public:
        say("Scores of single cases are among them: keep the folder to the organizers, or use --public.")


def _formats(text: str) -> tuple[Format, ...]:
    from sonobench_eval.report.folder import Format

    known: tuple[Format, ...] = get_args(Format)
    asked = [each.strip().lower() for each in text.split(",") if each.strip()]
    if unknown := [each for each in asked if each not in known]:
        raise CommandError(f"There is no format {unknown[0]!r}: choose from {', '.join(known)}.", ExitCode.USAGE)
    return tuple(each for each in known if each in asked)


def _of_inputs(
    inputs: Sequence[Path], challenge: Path | None, formats: tuple[Format, ...], *, with_stability: bool, is_public: bool
) -> Report:
    from sonobench_eval import __version__
    from sonobench_eval.report.folder import Report

    if challenge is not None:
        return _of_evaluations(inputs, challenge, formats, with_stability=with_stability, is_public=is_public)
    board = _board(inputs[0]) if len(inputs) == 1 else None
    if board is None:
        raise CommandError(
            "To report on evaluations, name the challenge they were made on: --challenge challenge.yaml", ExitCode.USAGE
        )
    remark = "Made from a board alone: centers, subgroups, stability, methods and single cases need the evaluations."
    return Report(board, __version__, formats=formats, is_public=is_public, remarks=(remark,))


def _of_evaluations(
    inputs: Sequence[Path], path: Path, formats: tuple[Format, ...], *, with_stability: bool, is_public: bool
) -> Report:
    from datetime import UTC, datetime

    from sonobench_eval import __version__
    from sonobench_eval.challenge.load import load_challenge
    from sonobench_eval.cli.ranking import entry_of
    from sonobench_eval.ranking.build import build_leaderboard
    from sonobench_eval.report.folder import Report

    loaded = load_challenge(path)
    read = {each.stem: entry_of(each) for each in inputs}
    for team in read:
        if not team.isprintable():
            raise CommandError(f"The name of {team!r} has characters that cannot be shown; rename the file.", ExitCode.USAGE)
    if len(read) < len(inputs):
        raise CommandError("Two inputs have the same name, and names are those of teams; rename one.", ExitCode.USAGE)
    board = build_leaderboard(
        loaded.challenge,
        list(read.values()),
        dataset_hash=next(iter(read.values())).evaluation.made_from.dataset_hash,
        generated_at=datetime.now(UTC),
        definition_hash=loaded.hash,
    )
    entries = tuple(read[row.team] for row in board.rows)
    report = Report(board, __version__, loaded.challenge, entries, formats=formats, is_public=is_public)
    return _with_stability(report) if with_stability else report


def _with_stability(report: Report) -> Report:
    from dataclasses import replace

    from sonobench_eval.ranking.stability_analysis import NoRankingError, stability_report

    found: StabilityReport | None = None
    remarks: tuple[str, ...] = ()
    if report.challenge is not None:
        try:
            found = stability_report(report.challenge, report.entries)
        except NoRankingError as error:
            remarks = (f"Nothing can be said of the ranking's stability. {error}",)
    return replace(report, stability=found, remarks=remarks)


def _board(path: Path) -> Leaderboard | None:
    """The board in a file; None where the file is something else."""
    from pydantic import ValidationError

    from sonobench_eval.ranking.leaderboard import Leaderboard

    try:
        return Leaderboard.from_json(path.read_bytes())
    except ValidationError:
        return None
