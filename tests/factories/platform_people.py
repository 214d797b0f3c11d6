"""People for tests: with an account that works, and a token in hand. And challenges that ask something of teams."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from platform_world import Http

from sonobench_platform.accounts import sessions, tokens
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.db.models import ChallengeRow, NoticeRow, OrganiserRow, PersonRow, TokenRow
from sonobench_platform.domain.ids import new_id


@dataclass(frozen=True)
class Person:
    """Somebody with an account. `http` asks with a token that may read, submit and organise."""

    id: str
    name: str
    email: str
    http: Http

    @property
    def identity(self) -> Identity:
        """As the services know them where teams play no part."""
        return Identity(TokenKind.PERSON, f"person {self.id}", person_id=self.id)


def make_person(world: Any, name: str, *, email: str | None = None, password_hash: str | None = None, **row: Any) -> Person:
    """A person with a confirmed account."""
    now = world.clock.now()
    address = email or f"{name}@example.org"
    fields = {"is_administrator": False, "created_at": now, "confirmed_at": now, **row}
    person = PersonRow(id=new_id("pers"), email=address, email_key=address.casefold(), name=name, **fields)
    person.password_hash = password_hash
    with world.platform.core.database.write() as work:
        work.session.add(person)
    return Person(person.id, name, address, with_scopes(world, person.id, "organise read submit"))


def with_scopes(world: Any, person_id: str, scopes: str) -> Http:
    """A person's requests with a token that is limited to these scopes (words with spaces between)."""
    token = tokens.mint(TokenKind.PERSON)
    kept = TokenRow(id=new_id("tok"), kind=TokenKind.PERSON, person_id=person_id, scopes=scopes)
    kept.sha256, kept.hint, kept.created_at = tokens.digest(token), tokens.hint(token), world.clock.now()
    with world.platform.core.database.write() as work:
        work.session.add(kept)
    return Http(world.app, token)


def browser_of(world: Any, person: Person) -> Http:
    """The person's signed-in browser, which sends its cookie and its session's secret with each request."""
    core = world.platform.core
    with core.database.write() as work:
        made = sessions.start(core, work, work.session.get_one(PersonRow, person.id), agent="Lynx")
    cookie = f"{sessions.cookie_name(core.settings)}={made.cookie}"
    return Browser(world.app, headers={"Cookie": cookie, "X-CSRF-Token": made.csrf})


@dataclass
class Browser(Http):
    """Requests with headers of its own."""

    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return super().request(method, url, **{**options, "headers": {**self.headers, **options.get("headers", {})}})


def make_organiser(world: Any, name: str, challenge: str = "tiny") -> Person:
    """A person who organises a challenge."""
    person = make_person(world, name)
    with world.platform.core.database.write() as work:
        row = work.session.query(ChallengeRow).filter_by(name=challenge).one()
        work.session.add(OrganiserRow(challenge_id=row.id, person_id=person.id, added_at=world.clock.now()))
    return person


def make_team(captain: Person, name: str) -> str:
    """A team of one; its id."""
    answer = captain.http.post("/api/v1/me/teams", json={"name": name})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def invite(world: Any, captain: Person, team_id: str, email: str) -> str:
    """Invite an address; the secret of the link in the mail."""
    answer = captain.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": email})
    assert answer.status_code == 201, answer.text
    body = mails(world, email)[-1].body
    return next(line for line in body.splitlines() if "/invitations/" in line).rsplit("/", 1)[1]


def add_member(world: Any, captain: Person, team_id: str, person: Person) -> None:
    """Have a person join by invitation."""
    secret = invite(world, captain, team_id, person.email)
    answer = person.http.post("/api/v1/invitations/accept", json={"secret": secret})
    assert answer.status_code == 200, answer.text


def mails(world: Any, address: str) -> list[NoticeRow]:
    """What was mailed to an address, in order."""
    with world.platform.core.database.read() as session:
        found = session.query(NoticeRow).filter_by(address=address).all()
    return sorted(found, key=lambda row: row.created_at)


def add_challenge(world: Any, name: str) -> None:
    """A further challenge, with the tiny one's definition and no phases of its own."""
    with world.platform.core.database.write() as work:
        tiny = work.session.query(ChallengeRow).filter_by(name="tiny").one()
        cells = {column.name: getattr(tiny, column.name) for column in ChallengeRow.__table__.columns}
        work.session.add(ChallengeRow(**{**cells, "id": new_id("chal"), "name": name, "title": name}))


def ask_of_teams(world: Any, challenge: str = "tiny", **entry: Any) -> None:
    """Have a challenge ask for approval or terms from now on."""
    with world.platform.core.database.write() as work:
        row = work.session.query(ChallengeRow).filter_by(name=challenge).one()
        row.public_definition = json.dumps({**json.loads(row.public_definition), "entry": entry})


def hide(world: Any, challenge: str = "tiny") -> None:
    """Have a challenge be known to its organisers alone."""
    with world.platform.core.database.write() as work:
        work.session.query(ChallengeRow).filter_by(name=challenge).one().is_hidden = True


def all_at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call gave, made in threads that start together."""
    start, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(at: int, call: Callable[[], Any]) -> None:
        start.wait()
        answers[at] = call()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def audited(world: Any) -> list[str]:
    """The audit log's actions, in order."""
    from sonobench_platform.db.models import AuditRow

    with world.platform.core.database.read() as session:
        return [row.action for row in session.query(AuditRow).order_by(AuditRow.number)]
