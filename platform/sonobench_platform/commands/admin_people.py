"""`sonobench admin people`: accounts, straight on the database."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.table import Table

from sonobench_eval.cli.console import say, show
from sonobench_eval.cli.render import plain
from sonobench_platform.accounts import people, repository
from sonobench_platform.accounts.addresses import Email, read_email
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.people_api import person_of
from sonobench_platform.accounts.schemas import Person
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.core import Core
from sonobench_platform.db.models import PersonRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound, Refusal
from sonobench_platform.domain.text import clean_line

_PAGE = 500


def add_person(settings: Settings, email: str, *, name: str | None, is_administrator: bool, as_json: bool) -> None:
    """Add a person. The link to set their password goes to stdout, alone, so that it can be piped."""
    with _core(settings) as core:
        address = _email(email)
        called = _name(name if name is not None else address.shown.split("@")[0])
        with core.database.write() as work:
            added = people.add(core, work, address, name=called, caller=SERVER, is_administrator=is_administrator)
            person, link = person_of(added.person), added.link
        role = "an administrator" if is_administrator else "a person"
        _print_link(person, link, f"{plain(person.email)} is {role} now", as_json=as_json)


def print_reset_link(settings: Settings, email: str, *, as_json: bool) -> None:
    """A link to set a new password, which no mail has to carry."""
    with _core(settings) as core:
        with core.database.write() as work:
            row = _person(work, email)
            person, link = person_of(row), people.reset_link(core, work, row, caller=SERVER)
        _print_link(person, link, f"A new password for {plain(person.email)}", as_json=as_json)


def list_people(settings: Settings, *, as_json: bool) -> None:
    """Everybody, by address."""
    with _core(settings) as core:
        found = list(_everybody(core))
    if as_json:
        print(json.dumps([each.model_dump(mode="json") for each in found], indent=1, ensure_ascii=False))
    elif not found:
        say("Nobody has an account yet. `sonobench admin people add EMAIL --administrator` makes the first one.")
    else:
        show(_table(found))


def disable_person(settings: Settings, email: str) -> None:
    """Lock a person out at once. Twice is harmless."""
    _change(settings, email, people.disable, "is disabled: no password, session or token of theirs works")


def enable_person(settings: Settings, email: str) -> None:
    """Let a disabled person in again. Twice is harmless."""
    _change(settings, email, people.enable, "may sign in again")


def make_administrator(settings: Settings, email: str) -> None:
    """Give a person all rights. Twice is harmless."""
    _change(settings, email, people.make_administrator, "is an administrator")


def unmake_administrator(settings: Settings, email: str) -> None:
    """Take an administrator's rights away. Twice is harmless."""
    _change(settings, email, people.unmake_administrator, "is no administrator")


def _change(settings: Settings, email: str, change: Callable[..., PersonRow], now: str) -> None:
    with _core(settings) as core:
        with core.database.write() as work:
            shown = change(core, work, _person(work, email).id, caller=SERVER).email
        print(f"{plain(shown)} {now}.")


def _everybody(core: Core) -> Iterator[Person]:
    after = None
    while True:
        with core.database.read() as session:
            page = [person_of(row) for row in repository.people_after(session, after, _PAGE)]
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _person(work: Work, email: str) -> PersonRow:
    found = repository.person_with(work.session, _email(email).key)
    if found is None or found.erased_at is not None:
        raise NotFound("no-such-person", f"there is nobody with the address {email!r}; `sonobench admin people list` lists them")
    return found


def _email(text: str) -> Email:
    try:
        return read_email(text)
    except ValueError as error:
        raise CommandError(f"{text!r} {error}") from None


def _name(text: str) -> str:
    try:
        name = clean_line(text)
    except ValueError as error:
        raise CommandError(f"the name {error}") from None
    if not 1 <= len(name) <= 100:
        raise CommandError("a name has 1 to 100 characters")
    return name


def _print_link(person: Person, link: str, said: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"id": person.id, "email": person.email, "link": link}, indent=1, ensure_ascii=False))
        return
    print(f"{said}. Where the password is set, within three days and once; whoever has it is that person:", file=sys.stderr)
    print(link)


def _table(found: Sequence[Person]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Address", "Name", "Since", "State"):
        table.add_column(heading, no_wrap=heading == "Since", overflow="fold")
    for each in found:
        table.add_row(plain(each.email), plain(each.name), f"{each.created_at:%Y-%m-%d}", _state(each))
    return table


def _state(person: Person) -> str:
    if person.disabled_at is not None:
        return "[red]disabled[/red]"
    words = ["administrator"] if person.is_administrator else []
    words += ["not confirmed"] if person.confirmed_at is None else []
    return ", ".join(words)


@contextmanager
def _core(settings: Settings) -> Iterator[Core]:
    with told_in_a_sentence(Refusal, TokenFileError), opened(settings) as platform:
        yield platform.core
