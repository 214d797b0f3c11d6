"""`sonobench admin rotate-token`: names, options and help."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sonobench_platform.commands.menu_backup import Home


class OfFile(StrEnum):
    """The tokens that lie in files."""

    NODE = "node"
    ORGANISER = "organiser"


def add_to(admin: typer.Typer) -> None:
    @admin.command("rotate-token")
    def rotate_token(
        kind: Annotated[OfFile, typer.Argument(help="Which one.")],
        keep_old_for_h: Annotated[
            float, typer.Option("--keep-old-for", metavar="HOURS", min=0, max=24 * 30, help="How long the old one still works.")
        ] = 0.0,
        home: Home = None,
    ) -> None:
        """Put a new token into the server's file, and end the old one: now, or once every node has the new file."""
        from sonobench_platform.commands.admin_rotation import rotate_token as run
        from sonobench_platform.commands.settings import settings_with

        run(settings_with(home=home), kind.value, keep_old_for_h=keep_old_for_h)
