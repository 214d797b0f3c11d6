"""`sonobench admin backup` and `restore`: names, options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def add_to(admin: typer.Typer) -> None:
    @admin.command("backup")
    def backup(
        folder: Annotated[Path, typer.Argument(help="A new or empty folder, best on another disk.")],
        without_data: Annotated[
            bool, typer.Option("--without-data", help="Leave the challenges' own folders out; they are saved in another way.")
        ] = False,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """Save database, results, images and data sets, with a hash for each file. The platform may run meanwhile.

        The folder then holds every hidden reference and the server's own tokens: it is made for its owner alone.
        """
        from sonobench_platform.commands.admin_backup import take_backup
        from sonobench_platform.commands.settings import settings_with

        take_backup(settings_with(home=home), folder, with_data=not without_data, as_json=json)

    @admin.command("restore")
    def restore(
        folder: Annotated[Path, typer.Argument(help="A folder that `backup` made.")],
        check: Annotated[bool, typer.Option("--check", help="Only see whether every file is there and unchanged.")] = False,
        home: Home = None,
    ) -> None:
        """Make a platform from a backup, in an empty home and an empty database. Nothing may run there yet."""
        from sonobench_platform.commands.admin_backup import check_backup, restore_backup
        from sonobench_platform.commands.settings import settings_with

        if check:
            check_backup(folder)
        else:
            restore_backup(settings_with(home=home), folder)
