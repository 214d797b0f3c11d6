"""`sonobench login` and `sonobench submit`: a token kept safe, an image sent whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sonobench_eval.cli.console import moving, say, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.pushing import hand_in
from sonobench_eval.cli.saving import image_tar, work_folder
from sonobench_eval.cli.watching import (
    PANEL,
    Json,
    JsonOption,
    ServerOption,
    TokenOption,
    end_as,
    show_submission,
    signed_in,
    submission_path,
    watch_to_its_end,
)

if TYPE_CHECKING:
    from sonobench_eval.cli.client import Client
    from sonobench_eval.cli.resumable import Outgoing

ImageArgument = Annotated[
    str | None, typer.Argument(metavar="IMAGE", help="A local tag or id, or a tar made with `docker save`.")
]
PushedOption = Annotated[
    str | None,
    typer.Option(
        "--pushed", metavar="TEAM/NAME:TAG", help="Instead of IMAGE: one that was pushed to the platform (`sonobench registry`)."
    ),
]
ChallengeOption = Annotated[str, typer.Option("--challenge", metavar="NAME", help="The challenge to submit to.")]
PhaseOption = Annotated[str | None, typer.Option("--phase", metavar="NAME", help="Needed where several phases take images.")]
NoteOption = Annotated[str | None, typer.Option(help="A note to yourself, up to 200 characters.")]
ResumeOption = Annotated[
    str | None, typer.Option("--resume", metavar="ID", help="Send the image of a submission that waits for it.")
]
WatchOption = Annotated[bool, typer.Option("--watch", help="Stay until the submission has ended.")]


def register(app: typer.Typer) -> None:
    app.command("login", rich_help_panel=PANEL)(login_command)
    app.command("submit", rich_help_panel=PANEL)(submit_command)


def login_command(server: ServerOption = None, token: TokenOption = None) -> None:
    """Keep a token for a server, in a file that only you can read.

    The token is asked for on a terminal, and else read from stdin.

    Examples:

        sonobench login --server https://bench.example.org

        sonobench login --server https://bench.example.org < token.txt
    """
    from sonobench_eval.cli.client import Client
    from sonobench_eval.cli.credentials import remember, server_address

    address = server_address(server)
    given = (token or _asked_for()).strip()
    if not given or any(character.isspace() for character in given):
        raise CommandError("That is no token. It is one word that starts with sbt_, from the organisers.", ExitCode.USAGE)
    with Client(address, given) as client:
        me = client.get("/api/v1/me")
    path = remember(address, given)
    team = (me.get("team") or {}).get("name")
    say(f"Signed in to {address} as {f'team {team}' if team else me.get('kind', 'unknown')}. The token is in {path}.")


def _asked_for() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    from getpass import getpass

    return getpass("Token (not shown): ", stream=sys.stderr)


def submit_command(
    image: ImageArgument = None,
    *,
    challenge: ChallengeOption,
    pushed: PushedOption = None,
    phase: PhaseOption = None,
    note: NoteOption = None,
    watch: WatchOption = False,
    resume: ResumeOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Send an image to a challenge.

    A local tag is saved first, as `docker save` does. A connection that breaks is waited out; after Ctrl-C or a reboot the
    same command goes on with the same submission where it stopped. The server verifies the whole by its SHA-256.

    Examples:

        sonobench submit my-algorithm:latest --challenge uusic25 --watch

        sonobench submit image.tar --challenge uusic25 --server https://bench.example.org

        sonobench submit --pushed team-k3jw5xq2m7ud4n6a/my-algorithm:v2 --challenge uusic25
    """
    with signed_in(server, token) as client:
        match image, pushed:
            case str(), None:
                submission = _sent(client, image, resume, challenge=challenge, phase=phase, note=note)
            case None, str() if resume is None:
                submission = hand_in(client, pushed, challenge=challenge, phase=phase, note=note)
            case None, str():
                raise CommandError("What was pushed is there whole; leave --resume out.", ExitCode.USAGE)
            case _:
                raise CommandError("Name an image to send, or one that was pushed with --pushed; not both.", ExitCode.USAGE)
        if watch:
            submission = watch_to_its_end(client, submission)
            show_submission(submission, as_json=json)
        elif json:
            show_submission(submission, as_json=True)
        else:
            write_data(str(submission["id"]), None)
            say(f"Sent. Follow it with: sonobench status {submission['id']} --watch")
    if watch:
        end_as(submission)


def _sent(client: Client, image: str, resume: str | None, *, challenge: str, phase: str | None, note: str | None) -> Json:
    """The submission of an image of this machine, once it is there."""
    from sonobench_eval.cli.client import file_sha256
    from sonobench_eval.cli.resumable import Outgoing

    with work_folder() as folder:
        tar = image_tar(image, folder)
        with moving("Reading the image") as progress:
            outgoing = Outgoing(tar, file_sha256(tar, progress), challenge=challenge, phase=phase, note=note)
        return _send(client, outgoing, resume)


def _send(client: Client, outgoing: Outgoing, resume: str | None) -> Json:
    """The submission, once its image is there. A server that takes no resumable uploads gets the image in one go."""
    from sonobench_eval.cli import resumable

    if not resumable.is_spoken_by(client):
        return _send_in_one_go(client, outgoing, resume)
    try:
        upload = resumable.begin(client, outgoing) if resume is None else resumable.begin_for(client, outgoing, resume)
        with moving("Sending the image") as progress:
            resumable.complete(client, outgoing, upload, progress)
    except KeyboardInterrupt:
        say("The upload is not complete. Run the same command again: it goes on where it stopped.")
        raise
    return resumable.submission_of(client, upload)


def _send_in_one_go(client: Client, outgoing: Outgoing, resume: str | None) -> Json:
    submission_id = _opened(client, outgoing) if resume is None else resume
    try:
        with moving("Sending the image") as progress:
            path = f"{submission_path(submission_id)}/image"
            return client.put_file(path, outgoing.file, sha256=outgoing.sha256, progress=progress)
    except CommandError as error:
        if error.code is ExitCode.RETRY:
            raise CommandError(f"{error} To send the image again: add --resume {submission_id}", ExitCode.RETRY) from error
        raise
    except KeyboardInterrupt:
        say(f"The upload is not complete. To send it again: add --resume {submission_id}")
        raise


def _opened(client: Client, outgoing: Outgoing) -> str:
    from urllib.parse import quote

    said = {"note": outgoing.note, "phase": outgoing.phase}
    body: Json = {"size_bytes": outgoing.size_bytes} | {name: value for name, value in said.items() if value}
    created = client.post(f"/api/v1/challenges/{quote(outgoing.challenge, safe='')}/submissions", body)
    return str(created["submission"]["id"])
