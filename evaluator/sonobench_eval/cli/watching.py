"""`sonobench status`: one submission, or all of a team's; watched to its end where asked."""

from __future__ import annotations

import json as json_module
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sonobench_eval.cli.console import phases, show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from sonobench_eval.cli.client import Client

PANEL = "Taking part"
Json = dict[str, Any]

ServerOption = Annotated[
    str | None, typer.Option(help="The platform's address. Default: SONOBENCH_SERVER, or where you signed in.")
]
TokenOption = Annotated[
    str | None,
    typer.Option(help="Your token. Better: SONOBENCH_TOKEN or `sonobench login`; a command line can be seen by others."),
]
IdArgument = Annotated[str | None, typer.Argument(metavar="ID", help="A submission. Default: all of yours.")]
ChallengeOption = Annotated[str | None, typer.Option("--challenge", metavar="NAME", help="Only submissions to this challenge.")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Stay until the submission has ended.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print what the server says, as JSON.")]

FINAL = frozenset({"scored", "rejected", "failed", "cancelled", "withdrawn"})
_WORDS = {
    "uploading": "waiting for its image",
    "checking": "its image is being checked",
    "queued": "waiting for a machine",
    "running": "running",
    "scoring": "being scored",
    "scored": "scored",
    "rejected": "its image was refused",
    "failed": "failed",
    "cancelled": "cancelled",
    "withdrawn": "withdrawn",
}


def register(app: typer.Typer) -> None:
    app.command("status", rich_help_panel=PANEL)(status_command)


def status_command(
    submission_id: IdArgument = None,
    *,
    challenge: ChallengeOption = None,
    watch: WatchOption = False,
    server: ServerOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Show where a submission stands, or list all of yours.

    With `--watch`, ends when the submission does: code 0 where it was scored, 7 where not.

    Examples:

        sonobench status

        sonobench status sub-k3jw5xq2m7ud4n6a --watch
    """
    with signed_in(server, token) as client:
        if submission_id is None:
            _list(client, challenge, as_json=json, watch=watch)
            return
        submission = client.get(submission_path(submission_id))
        if watch:
            submission = watch_to_its_end(client, submission)
        show_submission(submission, as_json=json)
    if watch:
        end_as(submission)


def signed_in(server: str | None, token: str | None) -> Client:
    """A client for the server that is meant, with the token for it if there is one."""
    from sonobench_eval.cli.client import Client
    from sonobench_eval.cli.console import say
    from sonobench_eval.cli.credentials import server_address, token_for, travels_in_the_clear

    address = server_address(server)
    found = token_for(address, token)
    if found and travels_in_the_clear(address):
        say(f"Note: {address} is not encrypted; your token can be read on the way. Use https where you can.")
    return Client(address, found)


def submission_path(submission_id: str) -> str:
    from urllib.parse import quote

    return f"/api/v1/submissions/{quote(submission_id, safe='')}"


def watch_to_its_end(client: Client, submission: Json) -> Json:
    """Ask until the submission has ended; short troubles of the server are waited out."""
    from sonobench_eval.cli.client import poll_interval_s

    started, last = time.monotonic(), ""
    with phases(f"Submission {submission['id']}") as told:
        while True:
            if (words := state_words(submission)) != last:
                told(words)
                last = words
            if submission["state"] in FINAL:
                return submission
            time.sleep(poll_interval_s(started))
            submission = _asked_again(client, submission)


def _asked_again(client: Client, submission: Json) -> Json:
    try:
        return client.get(submission_path(submission["id"]))
    except CommandError as error:
        if error.code is ExitCode.RETRY:
            return submission
        raise


def state_words(submission: Json) -> str:
    """Where a submission stands, in words: `waiting for a machine, 3 before it`."""
    state = str(submission["state"])
    words = _WORDS.get(state, state)
    position, progress = submission.get("queue_position"), submission.get("progress")
    if position is not None and position > 1:
        return f"{words}, {position - 1} before it"
    if state == "running" and progress:
        return f"{words} ({progress['phase']})" if progress.get("phase") not in {None, "run"} else words
    return words


def show_submission(submission: Json, *, as_json: bool) -> None:
    if as_json:
        write_data(json_module.dumps(submission, indent=1, ensure_ascii=False), None)
        return
    from sonobench_eval.cli.render_status import submission_view

    show(submission_view(submission))


def end_as(submission: Json) -> None:
    """Exit code 7 where a submission ended without a score."""
    if submission["state"] in FINAL and submission["state"] != "scored":
        raise typer.Exit(int(ExitCode.SUBMISSION_FAILED))


def _list(client: Client, challenge: str | None, *, as_json: bool, watch: bool) -> None:
    if watch:
        raise CommandError("Name the submission to watch: sonobench status ID --watch", ExitCode.USAGE)
    from urllib.parse import urlencode

    query = f"?{urlencode({'challenge': challenge})}" if challenge else ""
    document = client.get(f"/api/v1/submissions{query}")
    if as_json:
        write_data(json_module.dumps(document, indent=1, ensure_ascii=False), None)
        return
    from sonobench_eval.cli.render_status import submissions_table

    show(submissions_table(document.get("items", [])))


def local_time(stamp: str | None) -> str:
    """`2025-10-02 16:30 CEST`, in the reader's zone; the text as it came where it is no time."""
    with suppress(ValueError, TypeError):
        return f"{datetime.fromisoformat(str(stamp)).astimezone():%Y-%m-%d %H:%M %Z}"
    return stamp or ""
