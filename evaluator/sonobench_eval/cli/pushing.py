"""`sonobench registry`, and handing in what was pushed: layers that the platform has already are not sent again."""

from __future__ import annotations

import json as json_module
import re
import shlex
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from sonobench_eval.cli.console import say, write_data
from sonobench_eval.cli.exits import CommandError
from sonobench_eval.cli.watching import PANEL, JsonOption, ServerOption, TokenOption, signed_in

if TYPE_CHECKING:
    from sonobench_eval.cli.client import Client
    from sonobench_eval.cli.watching import Json

ImageArgument = Annotated[str, typer.Argument(metavar="IMAGE", help="The local image that you want to push.")]

_REPOSITORY = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def register(app: typer.Typer) -> None:
    app.command("registry", rich_help_panel=PANEL)(registry_command)


def registry_command(
    image: ImageArgument = "my-algorithm:latest",
    *,
    server: ServerOption = None,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Print the commands that push an image to the platform's registry and hand it in.

    Docker asks for a password: that is your token. A second image with the same layers is pushed in seconds.

    Examples:

        sonobench registry my-algorithm:v2
    """
    with signed_in(server, token) as client:
        place = client.get("/api/v1/registry")
    if json:
        write_data(json_module.dumps(place, indent=1, ensure_ascii=False), None)
        return
    prefixes = [str(each) for each in place.get("repositories", [])]
    if not prefixes:
        raise CommandError("You are in no team, and images are pushed by teams. Make one, or ask for an invitation.")
    host = str(place.get("host", ""))
    say("The user name means nothing; the password is your token.")
    write_data("\n".join(push_commands(host, prefix, image) for prefix in prefixes), None)
    if len(prefixes) > 1:
        say(f"You are in {len(prefixes)} teams: push into the one that takes part in the challenge.")


def push_commands(host: str, prefix: str, image: str) -> str:
    """The four commands, one a line, safe to be pasted into a shell whatever the server said.

    Args:
        host: the registry, as Docker is to be told.
        prefix: where one team pushes to: `team-.../`.
        image: a local tag or id.
    """
    pushed = f"{prefix}{_name_for(image)}"
    whole = f"{host}/{pushed}"
    lines = (
        ("docker", "login", host, "--username", "team"),
        ("docker", "tag", image, whole),
        ("docker", "push", whole),
        ("sonobench", "submit", "--pushed", pushed, "--challenge", "NAME"),
    )
    return "\n".join(shlex.join(_seen(word) for word in line) for line in lines)


def hand_in(client: Client, pushed: str, *, challenge: str, phase: str | None, note: str | None) -> Json:
    """Hand in an image that was pushed; the submission."""
    said = {"image": pushed, "phase": phase, "note": note}
    body = {name: value for name, value in said.items() if value}
    return client.post(f"/api/v1/challenges/{quote(challenge, safe='')}/submissions/pushed", body)


def _name_for(image: str) -> str:
    """The image's own name and tag where a registry takes them, without its host; else `image:latest`."""
    name, _, tag = image.rsplit("/", 1)[-1].partition(":")
    name = name if re.fullmatch(_REPOSITORY, name) else "image"
    return f"{name}:{tag if _TAG.fullmatch(tag) else 'latest'}"


def _seen(word: str) -> str:
    """What another machine said, without characters that would draw something else in a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in word)
