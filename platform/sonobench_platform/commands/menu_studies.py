"""`sonobench admin studies`: names, options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from sonobench_platform.commands.menu_backup import Home


def add_to(admin: typer.Typer) -> None:
    @admin.command("studies")
    def studies(
        again: Annotated[bool, typer.Option("--again", help="Also those that are there, for example after an update.")] = False,
        home: Home = None,
    ) -> None:
        """Draw the charts of the boards on show that have none yet. The score worker does this by itself.

        With --again all of them are drawn anew. It reads hidden references, which the audit log tells.
        """
        from sonobench_platform.commands.admin_studies import make_all_studies, make_missing_studies
        from sonobench_platform.commands.settings import settings_with

        if again:
            make_all_studies(settings_with(home=home))
        else:
            make_missing_studies(settings_with(home=home))
