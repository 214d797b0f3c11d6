"""Commands of other rooms join through the entry points of `sonobench.commands`: each is `register(app)`.

Where the server's packages are not installed, its commands are still listed, and say how to install them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

import typer

from sonobench_eval.cli.exits import CommandError

GROUP = "sonobench.commands"
PANEL = "Server"
SERVER_COMMANDS = {
    "serve": "Serve the API and the pages, and look after the queue.",
    "worker": "Run submitted images on this machine.",
    "admin": "Look after challenges, teams and tokens.",
    "demo": "Run a whole challenge on this machine, from upload to leaderboard.",
}
_IGNORED = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def join_plugins(app: typer.Typer) -> None:
    """Add the commands of every installed plug-in."""
    commands, groups = len(app.registered_commands), len(app.registered_groups)
    for point in entry_points(group=GROUP):
        try:
            point.load()(app)
        except ModuleNotFoundError as missing:
            _say_what_is_missing(app, missing.name or "a package")
    for command in app.registered_commands[commands:]:
        command.rich_help_panel = PANEL
    for group in app.registered_groups[groups:]:
        group.rich_help_panel = PANEL


def _say_what_is_missing(app: typer.Typer, package: str) -> None:
    for name, words in SERVER_COMMANDS.items():
        app.command(name, help=f"{words} (Not installed.)", context_settings=_IGNORED)(_refusing(name, package))


def _refusing(name: str, package: str) -> Callable[[], None]:
    def refuse() -> None:
        raise CommandError(
            f"`sonobench {name}` needs the server's packages, and {package} is not installed. "
            "Install them with: pip install 'sonobench[server]'"
        )

    return refuse
