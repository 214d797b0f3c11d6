"""`sonobench leaderboard`: a challenge's board in the terminal, as JSON or as CSV."""

from __future__ import annotations

from typing import Annotated

import typer

from sonobench_eval.cli.console import show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.watching import PANEL, ServerOption, TokenOption, signed_in

NameArgument = Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the whole board as JSON.")]
PhaseOption = Annotated[
    str | None, typer.Option("--phase", metavar="NAME", help="The board of this phase. Default: the challenge's main phase.")
]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print the board as CSV.")]


def register(app: typer.Typer) -> None:
    app.command("leaderboard", rich_help_panel=PANEL)(leaderboard_command)


def leaderboard_command(
    name: NameArgument,
    *,
    phase: PhaseOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Show a challenge's leaderboard. No token is needed where boards are public.

    Examples:

        sonobench leaderboard uusic25

        sonobench leaderboard uusic25 --phase validation

        sonobench leaderboard uusic25 --csv > board.csv
    """
    if json and csv:
        raise CommandError("Choose one of --json and --csv.", ExitCode.USAGE)
    from urllib.parse import quote, urlencode

    from pydantic import ValidationError

    from sonobench_eval.ranking.leaderboard import Leaderboard

    query = f"?{urlencode({'phase': phase})}" if phase else ""
    with signed_in(server, token) as client:
        text = client.get_text(f"/api/v1/challenges/{quote(name, safe='')}/leaderboard{query}")
        try:
            board = Leaderboard.from_json(text)
        except ValidationError as error:
            raise CommandError(f"{client.server} sent a board that this version cannot read; update the command line.") from error
    if json:
        write_data(text, None)
    elif csv:
        from sonobench_eval.report.tables import leaderboard_csv

        write_data(leaderboard_csv(board), None)
    else:
        from sonobench_eval.cli.render import leaderboard_table

        show(leaderboard_table(board))
