"""A world in which everything exists that a route can name, with everybody who might ask. It can be put back as it was.

Team A has a captain, Ann, who organises nothing, and a member, Amy; team B has Ben. Olga organises the challenge, Otto
another one; Root is an administrator. Everything that an address names is team A's, or of the challenge that A is in.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from platform_browser import Browser
from platform_people import Person, make_organiser, make_person
from platform_world import Http, make_world, write_challenge
from sqlalchemy import select

from sonobench_platform.accounts import sessions, tokens
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.db.models import InvitationRow, MembershipRow, NoticeRow, PersonRow, TeamRow, TokenRow
from sonobench_platform.domain.ids import new_id

ANYONE, TEAM, ORGANISER, ADMIN, NODE, PERSON = "anyone", "participant", "organiser", "administrator", "node", "person"
SIGNED_IN = "signed-in"

HEADERS = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Offset": "0"}
"""Sent with every request: uploads want them, others do not mind."""

_OF_SCORED = ("evaluation", "log", "run", "withdraw", "choose", "rerun", "baseline", "erase")


@dataclass(frozen=True)
class Caller:
    """Somebody who asks. `roles`: what the table may say of them."""

    name: str
    roles: frozenset[str]
    http: Http | Browser

    def ask(self, method: str, url: str, body: Any) -> httpx.Response:
        return self.http.request(method, url, json=body, headers={**HEADERS, **_kind_of(method, url)})


def _kind_of(method: str, url: str) -> dict[str, str]:
    return {"Content-Type": "application/offset+octet-stream"} if method == "PATCH" and "/uploads/" in url else {}


class AccessScene:
    """Everybody and everything; `restore` before each test that may have changed something."""

    def __init__(self, home: Path, fakes: Any) -> None:
        no_limits = {"requests_per_minute": 0, "writes_per_minute": 0, "node_requests_per_minute": 0}
        self.world = world = make_world(home, database_url="", fakes=fakes, **no_limits)
        world.platform.register_challenge(write_challenge(home / "other", name="other"))
        self.ann, self.ben = make_person(world, "ann"), make_person(world, "ben")
        self.olga, self.otto = make_organiser(world, "olga"), make_organiser(world, "otto", "other")
        self.root = make_person(world, "root", is_administrator=True)
        self.amy = make_person(world, "amy")
        self._join(self.ann, "A", is_captain=True)
        self._join(self.amy, "A", is_captain=False)
        self._join(self.ben, "B", is_captain=True)
        self._scored = self.world.scored("A")
        self.addresses = self._make_things()
        self._for_path = self._special()
        self.callers = {each.name: each for each in self._everybody()}
        self._database = Path(str(world.platform.core.database.engine.url.database))
        self._kept = home / "kept.sqlite"
        self._copy(self._database, self._kept)

    def restore(self) -> None:
        """Have the database be as it was at first."""
        self.world.platform.core.database.close()
        for end in ("-wal", "-shm"):
            self._database.with_name(self._database.name + end).unlink(missing_ok=True)
        shutil.copyfile(self._kept, self._database)

    def url(self, path: str, **instead: str) -> str:
        """A route's address, with things that are there and in a state that it asks for; `instead` replaces some."""
        return path.format(**{**self.addresses, **self._for_path.get(path, {}), **instead})

    def close(self) -> None:
        self.world.platform.close()

    def _everybody(self) -> list[Caller]:
        world, person = self.world, {TEAM, PERSON}
        made = [
            ("nobody", set(), world.anyone),
            ("team A's token", {TEAM}, world.team("A")),
            ("team B's token", {TEAM}, world.team("B")),
            ("ann", person, self._token(self.ann, "read submit")),
            ("ann's browser", {*person, SIGNED_IN}, self._browser(self.ann)),
            ("ann, only to read", person, self._token(self.ann, "read")),
            ("ben", person, self._token(self.ben, "read submit organise")),
            ("ben's browser", {*person, SIGNED_IN}, self._browser(self.ben)),
            ("olga", {*person, ORGANISER}, self._token(self.olga, "read submit organise")),
            ("otto", {*person, ORGANISER}, self._token(self.otto, "read submit organise administer")),
            ("root", {*person, ORGANISER, ADMIN}, self._token(self.root, "read submit organise administer")),
            ("root, only to read", person, self._token(self.root, "read")),
            ("the organiser token", {ORGANISER, ADMIN}, world.organiser),
            ("the node token", {NODE}, world.node),
        ]
        return [Caller(name, frozenset(roles), http) for name, roles, http in made]

    def _make_things(self) -> dict[str, str]:
        """What stands for each name in a path: all there, and none of it anybody else's."""
        world = self.world
        submission_id = world.queued("A")
        claimed = world.claim()
        return {
            "name": "tiny",
            "submission_id": submission_id,
            "run_id": claimed["run_id"],
            "config_digest": claimed["image"]["config_digest"],
            "dataset_hash": claimed["inputs"]["hash"],
            "node": "n1",
            "subject": "results",
            "form": "csv",
            "team_id": self._team("A"),
            "person_id": self.ann.id,
            "upload_id": self._upload(),
            "token_id": self._team_token(),
            "invitation_id": self._invitation(),
            "webhook_id": self._made("challenges/tiny/webhooks", {"url": "https://93.184.216.34/hook"}),
            "rescoring_id": self._made("challenges/tiny/rescorings", {"reason": "a metric was wrong"}),
            "notice_id": self._notice(),
        }

    def _upload(self) -> str:
        made = self.world.create("A", size_bytes=10)
        answer = self.world.team("A").post(f"/api/v1/submissions/{made['id']}/upload", headers=HEADERS)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"].rstrip("/").rsplit("/", 1)[1]

    def _special(self) -> dict[str, dict[str, str]]:
        """Where a route wants another one of team A's things: one that is scored, one that waits for its bytes..."""
        submission, scored = "/api/v1/submissions/{submission_id}", {"submission_id": self._scored}
        waiting = {"submission_id": self.world.create("A", size_bytes=2)["id"]}
        answer = self.world.organiser.put(f"/api/v1/submissions/{self._scored}/baseline", json={"every_s": 86400})
        assert answer.is_success, answer.text
        return {
            **{
                f"{submission}/{each}": scored for each in ("evaluation", "log", "run", "withdraw", "choose", "rerun", "baseline")
            },
            f"{submission}/upload": waiting,
            f"{submission}/image": waiting,
            "/api/v1/account/tokens/{token_id}": {"token_id": self._token_of(self.ann)},
            "/api/v1/challenges/{name}/organisers/{person_id}": {"person_id": self.olga.id},
            "/api/v1/teams/{team_id}/members/{person_id}": {"person_id": self.amy.id},
        }

    def _token_of(self, person: Person) -> str:
        with self.world.platform.core.database.read() as session:
            return session.scalars(select(TokenRow.id).where(TokenRow.person_id == person.id)).first() or ""

    def _made(self, path: str, body: dict[str, Any]) -> str:
        answer = self.world.organiser.post(f"/api/v1/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()["id"]

    def _join(self, person: Person, team: str, *, is_captain: bool) -> None:
        self.world.team(team)
        row = MembershipRow(team_id=self._team(team), person_id=person.id, is_captain=is_captain)
        row.joined_at = self.world.clock.now()
        with self.world.platform.core.database.write() as work:
            work.session.add(row)

    def _team(self, name: str) -> str:
        with self.world.platform.core.database.read() as session:
            return session.scalars(select(TeamRow.id).where(TeamRow.name == name)).one()

    def _team_token(self) -> str:
        with self.world.platform.core.database.read() as session:
            return session.scalars(select(TokenRow.id).where(TokenRow.team_id == self._team("A"))).first() or ""

    def _invitation(self) -> str:
        now = self.world.clock.now()
        row = InvitationRow(id=new_id("inv"), team_id=self._team("A"), email="x@example.org", email_key="x@example.org")
        row.sha256, row.created_at, row.expires_at = "0" * 64, now, now.replace(year=now.year + 1)
        with self.world.platform.core.database.write() as work:
            work.session.add(row)
        return row.id

    def _notice(self) -> str:
        row = NoticeRow(id=new_id("note"), channel="mail", address="ann@example.org", event="team.invited", subject="s", body="b")
        row.tries, row.created_at = 0, self.world.clock.now()
        with self.world.platform.core.database.write() as work:
            work.session.add(row)
        return row.id

    def _token(self, person: Person, scopes: str) -> Http:
        token = tokens.mint(TokenKind.PERSON)
        row = TokenRow(id=new_id("tok"), kind="person", person_id=person.id, name=scopes, scopes=scopes)
        row.sha256, row.hint, row.created_at = tokens.digest(token), tokens.hint(token), self.world.clock.now()
        with self.world.platform.core.database.write() as work:
            work.session.add(row)
        return Http(self.world.app, token)

    def _browser(self, person: Person) -> Browser:
        core, browser = self.world.platform.core, Browser(self.world)
        with core.database.write() as work:
            made = sessions.start(core, work, work.session.get_one(PersonRow, person.id), agent="test")
        browser.cookies.set("sonobench_session", made.cookie)
        browser.csrf = made.csrf
        return browser

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
            old.backup(new)
        old.close()
        new.close()
