"""`sonobench challenge get`: what a team may hold of a challenge, as a file for `sonobench test --sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sonobench_eval.cli.console import say, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.watching import PANEL, ServerOption, TokenOption, signed_in

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The challenge's name.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write; - is stdout. Default: NAME.json.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Fetch what is public of a challenge.", no_args_is_help=True)
    group.command("get")(get_command)
    app.add_typer(group, name="challenge", rich_help_panel=PANEL)


def get_command(
    name: NameArgument,
    *,
    output: OutputOption = None,
    force: ForceOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Fetch a challenge's tasks, metrics and limits, without its cases.

    With it, `sonobench test` runs an image on sample images of your own as the platform would on the hidden ones.

    Examples:

        sonobench challenge get uusic25

        sonobench test my-algorithm:latest uusic25.json --sample sample/
    """
    from urllib.parse import quote

    from pydantic import ValidationError

    from sonobench_eval.challenge.public import PublicChallenge

    with signed_in(server, token) as client:
        text = client.get_text(f"/api/v1/challenges/{quote(name, safe='')}/public")
        try:
            public = PublicChallenge.model_validate_json(text)
        except ValidationError as error:
            raise CommandError(f"{client.server} sent what this version cannot read; update the command line.") from error
    # The name on the disk is the server's own only after it was checked to be the one that was asked for.
    target = output or Path(f"{name}.json")
    if output is None and public.name != name:
        raise CommandError(f"{client.server} sent another challenge ({public.name!r}); name the file with -o.")
    if str(target) != "-" and target.exists() and not force:
        raise CommandError(f"{target} is there already. Give --force to replace it, or another name with -o.", ExitCode.USAGE)
    write_data(public.to_json(), target)
    if str(target) != "-":
        say(f"Wrote {target}. Try an image on it: sonobench test IMAGE {target} --sample FOLDER")
