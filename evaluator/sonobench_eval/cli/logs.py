"""`sonobench logs`: the end of a run's log, where it may be read."""

from __future__ import annotations

import json as json_module
from typing import Annotated

import typer

from sonobench_eval.cli.console import say, write_data
from sonobench_eval.cli.watching import PANEL, ServerOption, TokenOption, signed_in, submission_path

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="A submission.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print what the server says, as JSON.")]


def register(app: typer.Typer) -> None:
    app.command("logs", rich_help_panel=PANEL)(logs_command)


def logs_command(
    submission_id: IdArgument, *, server: ServerOption = None, token: TokenOption = None, json: JsonOption = False
) -> None:
    """Print the last lines that a submission's container printed.

    Teams can read them where a challenge runs on public data. Elsewhere logs go to the organisers, because they can hold
    what the hidden images show; `sonobench test` shows them on your own machine.

    Examples:

        sonobench logs sub-k3jw5xq2m7ud4n6a
    """
    # The server cleaned it already; a terminal is not to depend on that.
    from sonobench_eval.sandbox.shown_log import ORGANISER_BYTES, ORGANISER_LINES, shown_log

    with signed_in(server, token) as client:
        log = client.get(f"{submission_path(submission_id)}/log")
    if json:
        write_data(json_module.dumps(log, indent=1, ensure_ascii=False), None)
        return
    text = shown_log(str(log.get("text", "")), most_lines=ORGANISER_LINES, most_bytes=ORGANISER_BYTES).text
    if missing := str(log.get("missing", "")):
        say(shown_log(missing).text)
    if text:
        write_data(text, None)
    else:
        say("The container printed nothing.")
