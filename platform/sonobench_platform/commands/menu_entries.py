"""`sonobench admin entries` and `organisers`: names, options and help; what they do is in `admin_entries.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from sonobench_platform.commands.menu_teams import AsJson, Home, Team, Who

Challenge = Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's name.")]
Reason = Annotated[str, typer.Option(help="Is told to the team, and kept in the audit log.")]


def add_to(admin: typer.Typer) -> None:
    """Add `entries` and `organisers` with their verbs."""
    entries = typer.Typer(no_args_is_help=True, help="Which teams are in a challenge.")
    organisers = typer.Typer(no_args_is_help=True, help="Who organises a challenge.")
    admin.add_typer(entries, name="entries")
    admin.add_typer(organisers, name="organisers")
    _add_entries(entries)
    _add_decisions(entries)
    _add_organisers(organisers)


def _add_entries(entries: typer.Typer) -> None:
    @entries.command("list")
    def entries_list(
        challenge: Challenge,
        standing: Annotated[
            str | None,
            typer.Option(help="Only those who are: in, pending, unsigned, refused, withdrawn.", show_default=False),
        ] = None,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """List the teams in a challenge, the longest waiting first, with their people."""
        from sonobench_platform.commands.admin_entries import list_entries
        from sonobench_platform.commands.settings import settings_with

        list_entries(settings_with(home=home), challenge, standing=standing, as_json=json)

    @entries.command("free-seat")
    def entries_free_seat(challenge: Challenge, who: Who, reason: Reason, home: Home = None) -> None:
        """Let a person take part with another team, although the one they left handed something in."""
        from sonobench_platform.commands.admin_entries import free_seat
        from sonobench_platform.commands.settings import settings_with

        free_seat(settings_with(home=home), challenge, who, reason=reason)


def _add_decisions(entries: typer.Typer) -> None:
    @entries.command("approve")
    def entries_approve(challenge: Challenge, team: Team, home: Home = None) -> None:
        """Let a team hand in; one that was refused, too."""
        from sonobench_platform.commands.admin_entries import approve
        from sonobench_platform.commands.settings import settings_with

        approve(settings_with(home=home), challenge, team)

    @entries.command("refuse")
    def entries_refuse(challenge: Challenge, team: Team, reason: Reason, home: Home = None) -> None:
        """Let a team hand in no more. What it handed in stays."""
        from sonobench_platform.commands.admin_entries import refuse
        from sonobench_platform.commands.settings import settings_with

        refuse(settings_with(home=home), challenge, team, reason=reason)

    @entries.command("withdraw-approval")
    def entries_withdraw_approval(challenge: Challenge, team: Team, reason: Reason, home: Home = None) -> None:
        """Have an approved team wait for approval again."""
        from sonobench_platform.commands.admin_entries import withdraw_approval
        from sonobench_platform.commands.settings import settings_with

        withdraw_approval(settings_with(home=home), challenge, team, reason=reason)


def _add_organisers(organisers: typer.Typer) -> None:
    @organisers.command("list")
    def organisers_list(challenge: Challenge, home: Home = None, json: AsJson = False) -> None:
        """List who organises a challenge, beside the administrators."""
        from sonobench_platform.commands.admin_entries import list_organisers
        from sonobench_platform.commands.settings import settings_with

        list_organisers(settings_with(home=home), challenge, as_json=json)

    @organisers.command("add")
    def organisers_add(challenge: Challenge, who: Who, home: Home = None) -> None:
        """Make a person with an account an organiser of a challenge. They are told by mail."""
        from sonobench_platform.commands.admin_entries import add_organiser
        from sonobench_platform.commands.settings import settings_with

        add_organiser(settings_with(home=home), challenge, who)

    @organisers.command("remove")
    def organisers_remove(challenge: Challenge, who: Who, home: Home = None) -> None:
        """Have a person organise a challenge no more. The last one may go: administrators remain."""
        from sonobench_platform.commands.admin_entries import remove_organiser
        from sonobench_platform.commands.settings import settings_with

        remove_organiser(settings_with(home=home), challenge, who)
