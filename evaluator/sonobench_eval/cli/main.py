"""`sonobench`: one command line for teams, organisers and machines.

Nothing heavy is imported here: each command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from sonobench_eval.cli import (
    boards,
    challenges,
    comparing,
    datasets,
    deciding,
    doctoring,
    importing,
    logs,
    metrics,
    presets,
    pushing,
    quotas,
    ranking,
    reporting,
    scoring,
    starting,
    trying,
    uploading,
    watching,
)
from sonobench_eval.cli.exits import ExitCode, ending_of
from sonobench_eval.cli.plugins import join_plugins

HELP = """
Run medical-imaging challenges: an image in, a ranked leaderboard out, offline.

Data goes to stdout, messages go to stderr. Commands that read have `--json`. Set NO_COLOR to have no colours.
"""
EPILOG = (
    "Exit codes: 0 done, 1 error, 2 wrong usage, 3 the tested image or node failed, 4 not signed in, 5 not found, "
    "6 refused (quota, closed), 7 the submission failed, 8 worth trying again, 130 interrupted."
)


def make_app() -> typer.Typer:
    """The command line with the commands of every installed plug-in."""
    app = typer.Typer(
        name="sonobench",
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_common)
    for room in (
        starting,
        importing,
        datasets,
        trying,
        scoring,
        metrics,
        presets,
        ranking,
        comparing,
        reporting,
        challenges,
        uploading,
        pushing,
        watching,
        logs,
        quotas,
        deciding,
        boards,
        doctoring,
    ):
        room.register(app)
    join_plugins(app)
    return app


def main() -> None:
    """Run one command; every fault becomes one sentence on stderr and an exit code."""
    debug = bool(os.environ.get("SONOBENCH_DEBUG"))
    try:
        typer.main.get_command(make_app())(prog_name="sonobench")
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            raise
        ending = ending_of(error)
        print(f"sonobench: {ending.sentence}", file=sys.stderr)
        sys.exit(int(ending.code))


def _version(wanted: bool) -> None:
    if wanted:
        from sonobench_eval import __version__

        print(f"sonobench {__version__}")
        raise typer.Exit(int(ExitCode.OK))


VersionOption = Annotated[bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)]


def _common(version: VersionOption = False) -> Any:
    """Options of `sonobench` itself."""


if __name__ == "__main__":
    main()
