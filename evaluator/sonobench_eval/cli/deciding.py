"""`sonobench choose`, `withdraw` and `cancel`: what a team decides about a submission of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from sonobench_eval.cli.console import say
from sonobench_eval.cli.watching import PANEL, JsonOption, ServerOption, TokenOption, show_submission, signed_in, submission_path

if TYPE_CHECKING:
    from sonobench_eval.cli.watching import Json

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The submission.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the submission's history; up to 500 characters.")]


def register(app: typer.Typer) -> None:
    app.command("choose", rich_help_panel=PANEL)(choose_command)
    app.command("withdraw", rich_help_panel=PANEL)(withdraw_command)
    app.command("cancel", rich_help_panel=PANEL)(cancel_command)


def choose_command(
    submission_id: IdArgument, *, server: ServerOption = None, token: TokenOption = None, json: JsonOption = False
) -> None:
    """Let a submission be the one that counts, in a phase where teams choose.

    The last choice before the phase closes counts.

    Examples:

        sonobench choose sub-k3jw5xq2m7ud4n6a
    """
    submission = _asked(f"{submission_path(submission_id)}/choose", server, token)
    _tell(submission, f"{submission_id} is your choice in phase {submission.get('phase')}.", as_json=json)


def withdraw_command(
    submission_id: IdArgument,
    *,
    reason: ReasonOption = "",
    server: ServerOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Take a scored submission off the leaderboard, for good. Its attempt is not given back.

    Examples:

        sonobench withdraw sub-k3jw5xq2m7ud4n6a --reason "trained on the wrong split"
    """
    query = f"?{urlencode({'reason': reason})}" if reason else ""
    submission = _asked(f"{submission_path(submission_id)}/withdraw{query}", server, token)
    _tell(submission, f"{submission_id} is withdrawn.", as_json=json)


def cancel_command(
    submission_id: IdArgument, *, server: ServerOption = None, token: TokenOption = None, json: JsonOption = False
) -> None:
    """End a submission that is under way; a container that runs is stopped within seconds.

    Examples:

        sonobench cancel sub-k3jw5xq2m7ud4n6a
    """
    submission = _asked(f"{submission_path(submission_id)}/cancel", server, token)
    given_back = " Its attempt was given back." if submission.get("costs_attempt") is False else ""
    _tell(submission, f"{submission_id} is cancelled.{given_back}", as_json=json)


def _asked(path: str, server: str | None, token: str | None) -> Json:
    with signed_in(server, token) as client:
        return client.post(path, {})


def _tell(submission: Json, sentence: str, *, as_json: bool) -> None:
    if as_json:
        show_submission(submission, as_json=True)
    else:
        say(sentence)
