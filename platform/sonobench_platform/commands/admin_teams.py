"""`sonobench admin team`: teams, who is in them and their tokens, straight on the database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from sonobench_eval.cli.console import say, show
from sonobench_eval.cli.render import plain
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.challenges.organisers import find_person
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.core import Core
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.teams import invitations, membership, repository, service, team_tokens, view
from sonobench_platform.teams.schemas import TeamDetail

_MOST = 100_000
"""More teams than any challenge will have: a list in a terminal has no pages."""


def add_team(settings: Settings, name: str, *, as_json: bool) -> None:
    """Add a team. Its token goes to stdout, alone, so that it can be piped; it cannot be shown again."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            made = service.create(core, work, SERVER, name)
            team = {"id": made.team.id, "name": made.team.name, "token": made.token}
        if as_json:
            print(json.dumps(team, indent=1, ensure_ascii=False))
        else:
            print(f"Team {team['name']} ({team['id']}). Its token, which is shown only now:", file=sys.stderr)
            print(team["token"])


def list_teams(settings: Settings, *, as_json: bool) -> None:
    """Every team, by name."""
    with opened_core(settings) as core, core.database.read() as session:
        found = [view.team_detail(session, team) for team in service.all_teams(session, limit=_MOST, after=None)]
    if as_json:
        print_json(found)
    elif not found:
        say("There is no team yet. `sonobench admin team add NAME` makes one; people make their own on the pages.")
    else:
        show(table_of(("Team", "Id", "People", "Captain"), [_line(each) for each in found]))


def show_team(settings: Settings, name: str, *, as_json: bool) -> None:
    """One team with its people and the challenges it entered."""
    with opened_core(settings) as core, core.database.read() as session:
        team = view.team_detail(session, repository.find_named(session, name))
    if as_json:
        print_json(team)
        return
    print(f"{plain(team.name)} ({team.id}), made on {team.created_at:%Y-%m-%d}")
    for member in team.members:
        print(f"  {plain(member.name)} ({member.id}){', captain' if member.is_captain else ''}")
    for entry in team.entries:
        print(f"  in {entry.challenge}: {entry.standing}")


def invite(settings: Settings, name: str, email: str, *, as_json: bool) -> None:
    """Invite an address. The link goes to stdout, alone: it is what the mail holds."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            team = repository.find_named(work.session, name)
            made = invitations.invite(core, work, SERVER, team_id=team.id, email=email)
            shown, link = view.invitation_of(made.row), made.link
        if as_json:
            print(json.dumps({**shown.model_dump(mode="json"), "link": link}, indent=1, ensure_ascii=False))
        else:
            until = f"{shown.expires_at:%Y-%m-%d %H:%M} UTC"
            print(f"{plain(shown.email)} is invited. The link, which is shown only now and works until {until}:", file=sys.stderr)
            print(link)


def make_captain(settings: Settings, name: str, who: str) -> None:
    """Make a member the captain. Twice is harmless."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            team, person = repository.find_named(work.session, name), find_person(work.session, who)
            membership.hand_over(core, work, SERVER, team_id=team.id, person_id=person.id)
        print(f"{plain(person.name)} is the captain of {plain(team.name)}.")


def remove_member(settings: Settings, name: str, who: str) -> None:
    """Take a member out of a team."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            team, person = repository.find_named(work.session, name), find_person(work.session, who)
            membership.remove(core, work, SERVER, team_id=team.id, person_id=person.id)
        print(f"{plain(person.name)} is no longer in {plain(team.name)}.")


def dissolve(settings: Settings, name: str) -> None:
    """Remove a team that never handed anything in."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            team = repository.find_named(work.session, name)
            membership.dissolve(core, work, SERVER, team.id)
        print(f"Team {plain(team.name)} is gone.")


def make_token(settings: Settings, name: str, *, purpose: str, as_json: bool) -> None:
    """Make a further token. It goes to stdout, alone; it cannot be shown again."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            team = repository.find_named(work.session, name)
            row, token = team_tokens.make(core, work, SERVER, team_id=team.id, name=purpose)
            shown = view.token_of(row)
        if as_json:
            print(json.dumps({**shown.model_dump(mode="json"), "token": token}, indent=1, ensure_ascii=False))
        else:
            print(f"A token of {plain(team.name)} ({shown.id}), which is shown only now:", file=sys.stderr)
            print(token)


def list_tokens(settings: Settings, name: str, *, as_json: bool) -> None:
    """A team's tokens that work, newest first."""
    with opened_core(settings) as core, core.database.read() as session:
        team = repository.find_named(session, name)
        found = [view.token_of(row) for row in team_tokens.live(session, team.id)]
    if as_json:
        print_json(found)
    elif not found:
        say(f"{team.name} has no token.")
    else:
        lines = [(each.id, each.hint, plain(each.name or ""), f"{each.created_at:%Y-%m-%d}") for each in found]
        show(table_of(("Token", "Begins", "For", "Since"), lines))


def revoke_token(settings: Settings, name: str, token_id: str) -> None:
    """Have a token work no more. Twice is harmless."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            team = repository.find_named(work.session, name)
            team_tokens.revoke(core, work, SERVER, team_id=team.id, token_id=token_id)
        print(f"Token {token_id} of {plain(team.name)} works no more.")


def _line(team: TeamDetail) -> tuple[str | Text, ...]:
    captain = next((plain(member.name) for member in team.members if member.is_captain), "none: it has a token")
    return plain(team.name), team.id, str(len(team.members)), captain


def table_of(headings: Sequence[str], lines: Sequence[Sequence[str | Text]]) -> Table:
    """A plain table. Strings in it are rich's markup: what people typed goes through `plain`."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for line in lines:
        table.add_row(*line)
    return table


def print_json(what: BaseModel | Sequence[BaseModel]) -> None:
    """Print what the API would answer."""
    shown = what.model_dump(mode="json") if isinstance(what, BaseModel) else [each.model_dump(mode="json") for each in what]
    print(json.dumps(shown, indent=1, ensure_ascii=False))


@contextmanager
def opened_core(settings: Settings) -> Iterator[Core]:
    """The platform's core, on its database; refusals end the command with their sentence."""
    with told_in_a_sentence(Refusal, TokenFileError), opened(settings) as platform:
        yield platform.core
