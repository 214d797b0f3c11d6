"""The commands that a team types, each to be pasted as it is. A test holds them to the command line."""

from __future__ import annotations

import shlex
from typing import NamedTuple

IMAGE = "my-algorithm:latest"
_FOLDER = "my-algorithm"
VARIABLE = "SONOBENCH_TOKEN"


class Place(NamedTuple):
    """Where a team hands in: the server, its registry (empty: none), the challenge, a phase (empty: none need be named)."""

    server: str
    registry: str
    challenge: str
    phase: str
    team_id: str


def log_in(place: Place, token: str) -> str:
    """Keep the token for the command line; an empty one is taken from the variable."""
    return f"printf '%s\\n' {_word(token)} | {shlex.join(('sonobench', 'login', '--server', place.server))}"


def begin() -> str:
    """Write the template and build an image of it."""
    return (
        f"{shlex.join(('sonobench', 'init', _FOLDER))}\n"
        f"{shlex.join(('docker', 'build', '--platform', 'linux/amd64', '-t', IMAGE, _FOLDER))}"
    )


def try_out(place: Place) -> str:
    """Run the image on samples as the platform would."""
    fetched = f"{place.challenge}.json"
    return (
        f"{shlex.join(('sonobench', 'challenge', 'get', place.challenge, '--server', place.server))}\n"
        f"{shlex.join(('sonobench', 'test', IMAGE, fetched, '--sample', 'sample/'))}"
    )


def submit(place: Place) -> str:
    """Send the image and watch it run."""
    return shlex.join(("sonobench", "submit", IMAGE, *_to(place), "--watch"))


def push(place: Place, token: str) -> str:
    """The same by the platform's registry, to which layers that are there already are not sent again."""
    pushed = f"{place.team_id}/{IMAGE}"
    whole = f"{place.registry}/{pushed}"
    entering = shlex.join(("docker", "login", place.registry, "--username", "team", "--password-stdin"))
    return "\n".join(
        (
            f"printf '%s' {_word(token)} | {entering}",
            shlex.join(("docker", "tag", IMAGE, whole)),
            shlex.join(("docker", "push", whole)),
            shlex.join(("sonobench", "submit", "--pushed", pushed, *_to(place), "--watch")),
        )
    )


def save() -> str:
    """Make the file that the page's form takes."""
    return shlex.join(("docker", "save", IMAGE, "-o", "my-algorithm.tar"))


def _to(place: Place) -> tuple[str, ...]:
    phase = ("--phase", place.phase) if place.phase else ()
    return ("--challenge", place.challenge, *phase)


def _word(token: str) -> str:
    return shlex.quote(token) if token else f'"${VARIABLE}"'
