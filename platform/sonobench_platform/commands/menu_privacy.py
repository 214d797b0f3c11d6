"""What `sonobench admin people` can do with people's data: names, options and help; see `admin_privacy.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from sonobench_platform.commands.menu_teams import Home, Who


def add_verbs(people: typer.Typer) -> None:
    """Add `export` and `erase` to `people`."""

    @people.command("export")
    def people_export(who: Who, home: Home = None) -> None:
        """Print all that is kept of a person as JSON, without the digests of their secrets. The audit log notes it."""
        from sonobench_platform.commands.admin_privacy import export_person
        from sonobench_platform.commands.settings import settings_with

        export_person(settings_with(home=home), who)

    @people.command("erase")
    def people_erase(
        who: Who,
        reason: Annotated[str, typer.Option(help="For the audit log.")] = "at their own wish",
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        home: Home = None,
    ) -> None:
        """Erase a person for good: name, address, sign-ins, tokens, memberships. Their teams' results stay."""
        from sonobench_platform.commands.admin_privacy import erase_person
        from sonobench_platform.commands.settings import settings_with

        if not yes:
            typer.confirm(f"Erase {who}? It cannot be undone.", abort=True, err=True)
        erase_person(settings_with(home=home), who, reason=reason)
