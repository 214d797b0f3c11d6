"""`sonobench admin people`: names, options and help; what they do is in `admin_people.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sonobench_platform.commands import menu_privacy

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Address = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's mail address.")]


def add_to(admin: typer.Typer) -> None:
    """Add `people` and its verbs."""
    people = typer.Typer(no_args_is_help=True, help="People with accounts, and who of them is an administrator.")
    admin.add_typer(people, name="people")
    _add_makers(people)
    _add_changes(people)
    menu_privacy.add_verbs(people)


def _add_makers(people: typer.Typer) -> None:
    @people.command("add")
    def people_add(
        email: Address,
        name: Annotated[str | None, typer.Option(help="The person's name.", show_default="what stands before the @")] = None,
        administrator: Annotated[bool, typer.Option("--administrator", help="With all rights.")] = False,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """Add a person and print the link where they set their password: good for three days and once. Hand it on safely."""
        from sonobench_platform.commands.admin_people import add_person
        from sonobench_platform.commands.settings import settings_with

        add_person(settings_with(home=home), email, name=name, is_administrator=administrator, as_json=json)

    @people.command("reset-link")
    def people_reset_link(email: Address, home: Home = None, json: AsJson = False) -> None:
        """Print a link where a person sets a new password: good for three days and once."""
        from sonobench_platform.commands.admin_people import print_reset_link
        from sonobench_platform.commands.settings import settings_with

        print_reset_link(settings_with(home=home), email, as_json=json)

    @people.command("list")
    def people_list(home: Home = None, json: AsJson = False) -> None:
        """List everybody by address."""
        from sonobench_platform.commands.admin_people import list_people
        from sonobench_platform.commands.settings import settings_with

        list_people(settings_with(home=home), as_json=json)


def _add_changes(people: typer.Typer) -> None:
    @people.command("disable")
    def people_disable(email: Address, home: Home = None) -> None:
        """Lock a person out at once: no sign-in, no session, no token of theirs works."""
        from sonobench_platform.commands.admin_people import disable_person
        from sonobench_platform.commands.settings import settings_with

        disable_person(settings_with(home=home), email)

    @people.command("enable")
    def people_enable(email: Address, home: Home = None) -> None:
        """Let a disabled person in again, with the tokens they had."""
        from sonobench_platform.commands.admin_people import enable_person
        from sonobench_platform.commands.settings import settings_with

        enable_person(settings_with(home=home), email)

    @people.command("make-administrator")
    def people_make_administrator(email: Address, home: Home = None) -> None:
        """Give a person all rights."""
        from sonobench_platform.commands.admin_people import make_administrator
        from sonobench_platform.commands.settings import settings_with

        make_administrator(settings_with(home=home), email)

    @people.command("unmake-administrator")
    def people_unmake_administrator(email: Address, home: Home = None) -> None:
        """Take an administrator's rights away."""
        from sonobench_platform.commands.admin_people import unmake_administrator
        from sonobench_platform.commands.settings import settings_with

        unmake_administrator(settings_with(home=home), email)
