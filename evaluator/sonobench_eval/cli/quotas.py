"""`sonobench quota`: what a team has left of a challenge, phase by phase."""

from __future__ import annotations

import json as json_module
from typing import Annotated
from urllib.parse import quote

import typer

from sonobench_eval.cli.console import show, write_data
from sonobench_eval.cli.watching import PANEL, JsonOption, ServerOption, TokenOption, signed_in

NameArgument = Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's name.")]


def register(app: typer.Typer) -> None:
    app.command("quota", rich_help_panel=PANEL)(quota_command)


def quota_command(
    name: NameArgument, *, server: ServerOption = None, token: TokenOption = None, json: JsonOption = False
) -> None:
    """Show how many submissions your team has left.

    Attempts that were given back, because the platform broke them or the image was refused, are left again.

    Examples:

        sonobench quota uusic25
    """
    with signed_in(server, token) as client:
        left = client.get(f"/api/v1/challenges/{quote(name, safe='')}/quota")
    if json:
        write_data(json_module.dumps(left, indent=1, ensure_ascii=False), None)
        return
    from sonobench_eval.cli.render_status import quota_table

    show(quota_table(left.get("phases", [])))
