"""`sonobench admin team`: names, options and help; what they do is in `admin_teams.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Team = Annotated[str, typer.Argument(metavar="TEAM", help="The team's name or id.")]
Who = Annotated[str, typer.Argument(metavar="WHO", help="The person's mail address or id.")]


def add_to(admin: typer.Typer) -> None:
    """Add `team` and its verbs."""
    team = typer.Typer(no_args_is_help=True, help="Teams, who is in them, and their tokens.")
    admin.add_typer(team, name="team")
    _add_teams(team)
    _add_people(team)
    _add_tokens(team)


def _add_teams(team: typer.Typer) -> None:
    @team.command("add")
    def team_add(name: Annotated[str, typer.Argument(help="The team's name.")], home: Home = None, json: AsJson = False) -> None:
        """Add a team and print its token, the only time it is seen."""
        from sonobench_platform.commands.admin_teams import add_team
        from sonobench_platform.commands.settings import settings_with

        add_team(settings_with(home=home), name, as_json=json)

    @team.command("list")
    def team_list(home: Home = None, json: AsJson = False) -> None:
        """List teams by name."""
        from sonobench_platform.commands.admin_teams import list_teams
        from sonobench_platform.commands.settings import settings_with

        list_teams(settings_with(home=home), as_json=json)

    @team.command("show")
    def team_show(team: Team, home: Home = None, json: AsJson = False) -> None:
        """Show who is in a team, and which challenges it entered."""
        from sonobench_platform.commands.admin_teams import show_team
        from sonobench_platform.commands.settings import settings_with

        show_team(settings_with(home=home), team, as_json=json)


def _add_people(team: typer.Typer) -> None:
    @team.command("invite")
    def team_invite(
        team: Team, email: Annotated[str, typer.Argument(help="Whom to invite.")], home: Home = None, json: AsJson = False
    ) -> None:
        """Invite an address, and print the link that the mail holds: for where no mail goes out. Good for seven days, once."""
        from sonobench_platform.commands.admin_teams import invite
        from sonobench_platform.commands.settings import settings_with

        invite(settings_with(home=home), team, email, as_json=json)

    @team.command("captain")
    def team_captain(team: Team, who: Who, home: Home = None) -> None:
        """Make a member the captain, for where the captain is gone."""
        from sonobench_platform.commands.admin_teams import make_captain
        from sonobench_platform.commands.settings import settings_with

        make_captain(settings_with(home=home), team, who)

    @team.command("remove")
    def team_remove(team: Team, who: Who, home: Home = None) -> None:
        """Take a member out of a team. The team's tokens that they made stop working."""
        from sonobench_platform.commands.admin_teams import remove_member
        from sonobench_platform.commands.settings import settings_with

        remove_member(settings_with(home=home), team, who)

    @team.command("dissolve")
    def team_dissolve(team: Team, home: Home = None) -> None:
        """Remove a team of at most one person that never handed anything in."""
        from sonobench_platform.commands.admin_teams import dissolve
        from sonobench_platform.commands.settings import settings_with

        dissolve(settings_with(home=home), team)


def _add_tokens(team: typer.Typer) -> None:
    @team.command("token")
    def team_token(
        team: Team,
        name: Annotated[str, typer.Option(help="What it is for.")] = "made on the server",
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """Make a further token of a team and print it, the only time it is seen."""
        from sonobench_platform.commands.admin_teams import make_token
        from sonobench_platform.commands.settings import settings_with

        make_token(settings_with(home=home), team, purpose=name, as_json=json)

    @team.command("tokens")
    def team_tokens(team: Team, home: Home = None, json: AsJson = False) -> None:
        """List a team's tokens that work."""
        from sonobench_platform.commands.admin_teams import list_tokens
        from sonobench_platform.commands.settings import settings_with

        list_tokens(settings_with(home=home), team, as_json=json)

    @team.command("revoke-token")
    def team_revoke_token(
        team: Team,
        token: Annotated[str, typer.Argument(metavar="ID", help="The token's id.")],
        home: Home = None,
    ) -> None:
        """Have a team's token work no more."""
        from sonobench_platform.commands.admin_teams import revoke_token
        from sonobench_platform.commands.settings import settings_with

        revoke_token(settings_with(home=home), team, token)
