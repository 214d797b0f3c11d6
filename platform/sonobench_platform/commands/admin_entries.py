"""`sonobench admin entries` and `organisers`: who takes part in a challenge and who runs it, straight on the database."""

from __future__ import annotations

from collections.abc import Sequence

from sonobench_eval.cli.console import say, show
from sonobench_eval.cli.render import plain
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.challenges import organisers
from sonobench_platform.challenges.organisers_api import shown
from sonobench_platform.commands.admin_teams import opened_core, print_json, table_of
from sonobench_platform.commands.trouble import CommandError
from sonobench_platform.config import Settings
from sonobench_platform.domain.text import clean_line
from sonobench_platform.teams import deciding, repository, view
from sonobench_platform.teams.schemas import Member
from sonobench_platform.teams.standing import Standing
from sonobench_platform.teams.visible import organised


def list_entries(settings: Settings, challenge: str, *, standing: str | None, as_json: bool) -> None:
    """The teams in a challenge, the longest waiting first."""
    with opened_core(settings) as core:
        wanted = None if standing is None else _standing(standing)
        with core.database.read() as session:
            row = organised(session, SERVER, challenge)
            found = [view.entry_detail(each, row) for each in deciding.entries_of(session, row, standing=wanted)]
    if as_json:
        print_json(found)
    elif not found:
        say(f"No team in {challenge} stands so." if wanted else f"No team entered {challenge} yet.")
    else:
        lines = [
            (plain(each.team), each.team_id, each.standing.value, f"{each.entered_at:%Y-%m-%d %H:%M}", _people(each.members))
            for each in found
        ]
        show(table_of(("Team", "Id", "Standing", "Entered", "People"), lines))


def approve(settings: Settings, challenge: str, team: str) -> None:
    """Let a team hand in. Twice is harmless."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            row, found = organised(work.session, SERVER, challenge), repository.find_named(work.session, team)
            deciding.approve(core, work, SERVER, challenge=row, team_id=found.id)
        print(f"{plain(found.name)} is approved for {challenge}.")


def refuse(settings: Settings, challenge: str, team: str, *, reason: str) -> None:
    """Let a team hand in no more."""
    with opened_core(settings) as core:
        said = _reason(reason)
        with core.database.write() as work:
            row, found = organised(work.session, SERVER, challenge), repository.find_named(work.session, team)
            deciding.refuse(core, work, SERVER, challenge=row, team_id=found.id, reason=said)
        print(f"{plain(found.name)} is refused in {challenge}.")


def withdraw_approval(settings: Settings, challenge: str, team: str, *, reason: str) -> None:
    """Have an approved team wait again."""
    with opened_core(settings) as core:
        said = _reason(reason)
        with core.database.write() as work:
            row, found = organised(work.session, SERVER, challenge), repository.find_named(work.session, team)
            deciding.withdraw_approval(core, work, SERVER, challenge=row, team_id=found.id, reason=said)
        print(f"{plain(found.name)} waits for approval in {challenge} again.")


def free_seat(settings: Settings, challenge: str, who: str, *, reason: str) -> None:
    """Let a person take part with another team."""
    with opened_core(settings) as core:
        said = _reason(reason)
        with core.database.write() as work:
            row, person = organised(work.session, SERVER, challenge), organisers.find_person(work.session, who)
            deciding.free_seat(core, work, SERVER, challenge=row, person_id=person.id, reason=said)
        print(f"{plain(person.name)} may take part in {challenge} with another team.")


def list_organisers(settings: Settings, challenge: str, *, as_json: bool) -> None:
    """Who organises a challenge, beside the administrators."""
    with opened_core(settings) as core, core.database.read() as session:
        row = organised(session, SERVER, challenge)
        found = [shown(each) for each in organisers.organisers_of(session, row)]
    if as_json:
        print_json(found)
    elif not found:
        say(f"Nobody but the administrators organises {challenge}.")
    else:
        lines = [(plain(each.email), plain(each.name), f"{each.added_at:%Y-%m-%d}") for each in found]
        show(table_of(("Address", "Name", "Since"), lines))


def add_organiser(settings: Settings, challenge: str, who: str) -> None:
    """Make a person an organiser. Twice is harmless."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            row = organised(work.session, SERVER, challenge)
            person = organisers.add(core, work, SERVER, challenge=row, who=who).person
        print(f"{plain(person.email)} organises {challenge}.")


def remove_organiser(settings: Settings, challenge: str, who: str) -> None:
    """Have a person organise a challenge no more."""
    with opened_core(settings) as core:
        with core.database.write() as work:
            row = organised(work.session, SERVER, challenge)
            organisers.remove(core, work, SERVER, challenge=row, who=who)
        print(f"{plain(who)} does not organise {challenge} any more.")


def _standing(text: str) -> Standing:
    try:
        return Standing(text)
    except ValueError:
        raise CommandError(f"{text!r} is no standing; take one of {', '.join(Standing)}") from None


def _reason(text: str) -> str:
    """A reason as the API takes it."""
    try:
        reason = clean_line(text)
    except ValueError as error:
        raise CommandError(f"the reason {error}") from None
    if not 1 <= len(reason) <= 1000:
        raise CommandError("a reason has 1 to 1,000 characters")
    return reason


def _people(members: Sequence[Member]) -> str:
    return ", ".join(str(plain(member.email or member.name)) for member in members)
