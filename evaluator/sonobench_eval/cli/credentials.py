"""Which server, and which token: from the command line, the environment, or the file that `sonobench login` writes.

The file belongs to its owner alone (0600). A token is kept with the address it was given for, and sent nowhere else.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sonobench_eval.cli.exits import CommandError, ExitCode

DEFAULT_SERVER = "http://127.0.0.1:8100"
SERVER_VARIABLE = "SONOBENCH_SERVER"
TOKEN_VARIABLE = "SONOBENCH_TOKEN"  # noqa: S105 - the name of a variable
_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Profile:
    """Tokens by address, and the address used when none is named."""

    default: str | None = None
    tokens: dict[str, str] = field(default_factory=dict, repr=False)


def profile_path() -> Path:
    from platformdirs import user_config_path

    return user_config_path("sonobench") / "credentials.json"


def read_profile() -> Profile:
    path = profile_path()
    try:
        document = json.loads(path.read_text("utf-8"))
        return Profile(document["default"], {str(server): str(token) for server, token in document["tokens"].items()})
    except FileNotFoundError:
        return Profile()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{path} is broken. Remove it and sign in again with `sonobench login`.") from error


def remember(server: str, token: str) -> Path:
    """Keep a token for a server, and make that server the default."""
    from sonobench_eval.cli.console import write_whole

    path = profile_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    profile = read_profile()
    document = {"default": server, "tokens": {**profile.tokens, server: token}}
    write_whole(path, (json.dumps(document, indent=1) + "\n").encode(), mode=0o600)
    return path


def server_address(given: str | None) -> str:
    """The server's address without a slash at its end.

    Raises:
        CommandError: it is not an http or https address.
    """
    address = given or os.environ.get(SERVER_VARIABLE) or read_profile().default or DEFAULT_SERVER
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise CommandError(f"{address!r} is not a server's address; write for example https://bench.example.org", ExitCode.USAGE)
    return address.rstrip("/")


def token_for(server: str, given: str | None) -> str | None:
    """The token to send to this server; None where there is none."""
    return given or os.environ.get(TOKEN_VARIABLE) or read_profile().tokens.get(server)


def travels_in_the_clear(server: str) -> bool:
    """Whether a token sent there could be read on the way."""
    parts = urlsplit(server)
    return parts.scheme == "http" and parts.hostname not in _LOCAL
