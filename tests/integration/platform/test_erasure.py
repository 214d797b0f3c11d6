"""Erasing people and showing them what is kept: table by table, so that a new table with a person's data is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from platform_people import (
    Person,
    add_member,
    all_at_once,
    audited,
    browser_of,
    invite,
    make_organiser,
    make_person,
    make_team,
)
from sqlalchemy import select

from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.passwords import hash_password
from sonobench_platform.db.models import (
    Base,
    InvitationRow,
    MailChoiceRow,
    OidcLinkRow,
    PersonRow,
    SessionRow,
    SubmissionRow,
    TeamRow,
    TokenRow,
)
from sonobench_platform.desk.erasure import ERASED, GONE, UNLINKED, erase
from sonobench_platform.desk.person_export import SECRET
from sonobench_platform.notices.outbox import add_mail
from sonobench_platform.teams import team_tokens

NAME, EMAIL, PASSWORD = "Adelheid Zwölf", "adelheid.zwoelf@example.org", "five words nobody would guess"


@pytest.fixture
def ada(world: Any) -> Person:
    return make_person(world, NAME, email=EMAIL)


def _erase(world: Any, person: Person) -> None:
    core = world.platform.core
    with core.database.write() as work:
        erase(core, work, SERVER, person.id, reason="asked by letter")


def _references() -> set[tuple[str, str]]:
    """Every column that refers to people."""
    return {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "people"
    }


def _dump(world: Any) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with world.platform.core.database.read() as session:
        return {
            table.name: [dict(row._mapping) for row in session.execute(select(table))] for table in Base.metadata.sorted_tables
        }


def _live_a_full_life(world: Any, ada: Person, bo: Person) -> str:
    """Leave something of `ada` in every table that can hold it; the id of their team."""
    core, now = world.platform.core, world.clock.now()
    team_id = make_team(ada, "U-Vision")
    add_member(world, ada, team_id, bo)
    invite(world, ada, team_id, "cy@example.org")
    other = make_team(bo, "Other")
    invite(world, bo, other, ada.email.upper())
    assert ada.http.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10}).status_code == 201
    world.organiser.post("/api/v1/challenges/tiny/organisers", json={"who": ada.id})
    headers = {"Idempotency-Key": "once"}
    ada.http.post(f"/api/v1/teams/{team_id}/invitations", json={"email": "dee@example.org"}, headers=headers)
    with core.database.write() as work:
        team_tokens.make(core, work, ada.identity, team_id=team_id, name="build server")
        work.session.add(OidcLinkRow(issuer="https://id.example.org", subject="4711", person_id=ada.id, linked_at=now))
        work.session.add(
            SessionRow(
                sha256="0" * 64, person_id=ada.id, csrf="secret", created_at=now, seen_at=now, expires_at=now, agent="Lynx"
            )
        )
        work.session.add(MailChoiceRow(person_id=ada.id, wants_mail=False))
        add_mail(work, to="former@example.org", event="x", subject="x", text="x", at=now, once=f"phase.opened {ada.id}")
    return team_id


class TestEveryTable:
    def test_each_column_that_refers_to_people_is_known_to_erasure(self) -> None:
        """A new column that refers to people fails here: say in desk/erasure.py whether its rows go or are unlinked."""
        known = {(column.class_.__tablename__, column.key) for column in (*GONE, *UNLINKED)}
        assert known == _references()

    def test_the_full_life_fills_each_of_them(self, world: Any, ada: Person, bo: Person) -> None:
        """Otherwise the next tests would pass for a table that nobody erases."""
        _live_a_full_life(world, ada, bo)
        dump = _dump(world)
        empty = [where for where in _references() if ada.id not in {row[where[1]] for row in dump[where[0]]}]
        assert empty == []

    def test_it_fills_those_without_a_reference_too(self, world: Any, ada: Person, bo: Person) -> None:
        _live_a_full_life(world, ada, bo)
        holds = {table for table, rows in _dump(world).items() if any(ada.id in str(row) for row in rows)}
        assert holds >= {"notices", "idempotent_answers", "audit_log"}

    def test_nothing_refers_to_an_erased_person(self, world: Any, ada: Person, bo: Person) -> None:
        _live_a_full_life(world, ada, bo)
        _erase(world, ada)
        dump = _dump(world)
        left = [where for where in _references() if ada.id in {row[where[1]] for row in dump[where[0]]}]
        assert left == []

    def test_no_cell_of_any_table_holds_their_name_or_address(self, world: Any, ada: Person, bo: Person) -> None:
        _live_a_full_life(world, ada, bo)
        _erase(world, ada)
        words = (NAME.casefold(), EMAIL, "4711")
        found = [
            (table, name)
            for table, rows in _dump(world).items()
            for row in rows
            for name, cell in row.items()
            if isinstance(cell, str) and any(word in cell.casefold() for word in words)
        ]
        assert found == []

    def test_their_id_stays_in_the_audit_log_and_in_the_books_of_entries_alone(self, world: Any, ada: Person, bo: Person) -> None:
        _live_a_full_life(world, ada, bo)
        _erase(world, ada)
        holds = {
            table for table, rows in _dump(world).items() if any(ada.id in str(cell) for row in rows for cell in row.values())
        }
        assert holds <= {"people", "audit_log", "entries"}


class TestErasing:
    def test_an_empty_row_is_left(self, world: Any, ada: Person) -> None:
        _erase(world, ada)
        with world.platform.core.database.read() as session:
            row = session.get_one(PersonRow, ada.id)
        assert (row.name, row.email, row.email_key, row.password_hash) == (ERASED, "", ada.id, None)
        assert (row.is_administrator, row.confirmed_at) == (False, None)
        assert row.erased_at == world.clock.now()
        assert audited(world)[-1] == "person.erase"

    def test_their_token_works_no_more(self, world: Any, ada: Person) -> None:
        assert ada.http.get("/api/v1/me").status_code == 200
        _erase(world, ada)
        assert ada.http.get("/api/v1/me").status_code == 401

    def test_the_address_can_be_used_anew(self, world: Any, ada: Person) -> None:
        _erase(world, ada)
        assert make_person(world, "another", email=EMAIL).id != ada.id

    def test_two_people_can_be_erased(self, world: Any, ada: Person, bo: Person) -> None:
        _erase(world, ada)
        _erase(world, bo)

    def test_twice_is_404(self, world: Any, ada: Person) -> None:
        url = f"/api/v1/people/{ada.id}/erase"
        answers = [world.organiser.post(url, json={"reason": "asked"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 404]

    @pytest.mark.parametrize("person_id", ["pers-aaaaaaaaaaaaaaaa", "x"])
    def test_nobody_is_404(self, world: Any, person_id: str) -> None:
        assert world.organiser.post(f"/api/v1/people/{person_id}/erase", json={"reason": "x"}).status_code == 404

    def test_an_organiser_erases_nobody(self, world: Any, ada: Person) -> None:
        olga = make_organiser(world, "olga")
        assert olga.http.post(f"/api/v1/people/{ada.id}/erase", json={"reason": "x"}).status_code == 403

    def test_while_they_join_a_team_nothing_is_left_of_them(self, world: Any, ada: Person, bo: Person) -> None:
        team_id = make_team(bo, "Other")
        secret = invite(world, bo, team_id, ada.email)
        erasing = f"/api/v1/people/{ada.id}/erase"
        answers = all_at_once(
            lambda: ada.http.post("/api/v1/invitations/accept", json={"secret": secret}).status_code,
            lambda: world.organiser.post(erasing, json={"reason": "x"}).status_code,
        )
        assert answers[1] in {204, 409}, answers
        if answers[1] == 409:
            _erase(world, ada)
        assert not any(ada.id in str(row) for row in _dump(world)["memberships"])


class TestErasingOneself:
    def _browser(self, world: Any) -> tuple[Person, Any]:
        ada = make_person(world, NAME, email=EMAIL, password_hash=hash_password(PASSWORD))
        return ada, browser_of(world, ada)

    def test_with_the_password_once_more(self, world: Any) -> None:
        ada, browser = self._browser(world)
        assert browser.post("/api/v1/account/erase", json={"password": PASSWORD}).status_code == 204
        assert browser.get("/api/v1/account/session").status_code == 401
        assert ada.http.get("/api/v1/me").status_code == 401

    def test_a_wrong_password_erases_nothing(self, world: Any) -> None:
        ada, browser = self._browser(world)
        answer = browser.post("/api/v1/account/erase", json={"password": "wrong"})
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong-password")
        assert ada.http.get("/api/v1/me").status_code == 200

    def test_guessing_is_limited(self, world: Any) -> None:
        _, browser = self._browser(world)
        codes = [browser.post("/api/v1/account/erase", json={"password": "wrong"}).status_code for _ in range(12)]
        assert codes[-1] == 429

    def test_a_token_does_not_do(self, world: Any) -> None:
        ada, _ = self._browser(world)
        assert ada.http.post("/api/v1/account/erase", json={"password": PASSWORD}).status_code == 403

    def test_without_a_password_it_says_what_to_do(self, world: Any, ada: Person) -> None:
        answer = browser_of(world, ada).post("/api/v1/account/erase", json={"password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (409, "no-password")


class TestTheirTeams:
    def _team(self, world: Any, team_id: str) -> TeamRow | None:
        with world.platform.core.database.read() as session:
            return session.get(TeamRow, team_id)

    def test_who_joined_first_becomes_captain(self, world: Any, ada: Person, bo: Person) -> None:
        team_id, cy = make_team(ada, "U-Vision"), make_person(world, "cy")
        for person in (bo, cy):
            world.clock.advance(seconds=1)
            add_member(world, ada, team_id, person)
        _erase(world, ada)
        members = bo.http.get(f"/api/v1/teams/{team_id}").json()["members"]
        assert [(member["name"], member["is_captain"]) for member in members] == [("bo", True), ("cy", False)]

    def test_one_that_never_handed_in_is_gone(self, world: Any, ada: Person) -> None:
        team_id = make_team(ada, "U-Vision")
        ada.http.post("/api/v1/challenges/tiny/entry", json={})
        _erase(world, ada)
        assert self._team(world, team_id) is None

    def test_one_with_a_score_keeps_its_name(self, world: Any, ada: Person) -> None:
        team_id = make_team(ada, "U-Vision")
        world.teams["U-Vision"] = ada.http
        submission_id = world.scored("U-Vision")
        _erase(world, ada)
        assert self._team(world, team_id).name == "U-Vision"  # type: ignore[union-attr]
        assert world.state(submission_id) == "scored"

    def test_one_without_a_score_keeps_no_name_and_what_was_under_way_is_cancelled(self, world: Any, ada: Person) -> None:
        team_id = make_team(ada, "Adelheid Zwölf and friends")
        world.teams["own"] = ada.http
        submission_id = world.queued("own")
        _erase(world, ada)
        assert self._team(world, team_id).name == f"removed {team_id}"  # type: ignore[union-attr]
        assert world.state(submission_id) == "cancelled"

    def test_one_with_a_token_from_an_administrator_goes_on(self, world: Any, ada: Person) -> None:
        token = world.team("A")
        team_id = token.get("/api/v1/me").json()["team"]["id"]
        secret = invite(world, Person("", "", "", token), team_id, ada.email)
        ada.http.post("/api/v1/invitations/accept", json={"secret": secret})
        _erase(world, ada)
        assert token.get("/api/v1/me").json()["team"]["name"] == "A"

    def test_a_token_that_they_made_stops_working(self, world: Any, ada: Person, bo: Person) -> None:
        team_id = make_team(ada, "U-Vision")
        add_member(world, ada, team_id, bo)
        core = world.platform.core
        with core.database.write() as work:
            row = team_tokens.make(core, work, ada.identity, team_id=team_id, name="x").row
        _erase(world, ada)
        with core.database.read() as session:
            kept = session.get_one(TokenRow, row.id)
        assert (kept.revoked_at, kept.made_by) == (world.clock.now(), None)

    def test_their_submissions_stay_with_the_team(self, world: Any, ada: Person, bo: Person) -> None:
        team_id = _live_a_full_life(world, ada, bo)
        _erase(world, ada)
        with world.platform.core.database.read() as session:
            (submission,) = session.scalars(select(SubmissionRow))
        assert (submission.person_id, submission.team_id) == (None, team_id)
        assert bo.http.get(f"/api/v1/submissions/{submission.id}").status_code == 200

    def test_invitations_that_they_sent_still_work(self, world: Any, ada: Person, bo: Person) -> None:
        _live_a_full_life(world, ada, bo)
        _erase(world, ada)
        with world.platform.core.database.read() as session:
            open_ones = {row.email for row in session.scalars(select(InvitationRow)) if row.accepted_at is None}
        assert open_ones == {"cy@example.org", "dee@example.org"}


class TestExport:
    def _kept(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        answer = person.http.get("/api/v1/account/export")
        assert answer.status_code == 200, answer.text
        return {each["table"]: each["rows"] for each in answer.json()["items"]}

    def test_it_holds_every_table_that_refers_to_them(self, world: Any, ada: Person, bo: Person) -> None:
        _live_a_full_life(world, ada, bo)
        assert {table for table, _ in _references()} | {"people", "notices", "audit_log"} <= set(self._kept(ada))

    def test_it_holds_what_a_person_would_ask_for(self, world: Any, ada: Person, bo: Person) -> None:
        team_id = _live_a_full_life(world, ada, bo)
        kept = self._kept(ada)
        assert (kept["people"][0]["name"], kept["people"][0]["email"]) == (NAME, EMAIL)
        assert [row["team_id"] for row in kept["memberships"]] == [team_id]
        assert {row["event"] for row in kept["notices"]} == {"organiser.added"}

    def test_it_holds_nobody_elses(self, world: Any, ada: Person, bo: Person) -> None:
        _live_a_full_life(world, ada, bo)
        assert NAME not in json.dumps(self._kept(bo), ensure_ascii=False)
        assert {row["person_id"] for row in self._kept(bo)["memberships"]} == {bo.id}

    def test_it_holds_no_digest_of_a_secret(self, world: Any, ada: Person, bo: Person) -> None:
        _live_a_full_life(world, ada, bo)
        assert not {name for rows in self._kept(ada).values() for row in rows for name in row} & SECRET

    @pytest.mark.parametrize("name", sorted({table for table, _ in _references()} | {"people"}))
    def test_each_column_that_looks_like_a_secret_is_left_out(self, name: str) -> None:
        suspicious = ("sha256", "hash", "secret", "csrf", "password", "verifier", "nonce", "sealed")
        looks = {column.name for column in Base.metadata.tables[name].columns if any(word in column.name for word in suspicious)}
        assert looks <= SECRET

    def test_an_administrator_exports_for_others_and_it_is_noted(self, world: Any, ada: Person) -> None:
        answer = world.organiser.get(f"/api/v1/people/{ada.id}/export")
        assert {each["table"] for each in answer.json()["items"]} >= {"people", "tokens"}
        assert audited(world)[-1] == "person.export"

    def test_of_an_erased_person_there_is_nothing(self, world: Any, ada: Person) -> None:
        _erase(world, ada)
        assert world.organiser.get(f"/api/v1/people/{ada.id}/export").status_code == 404


class TestLater:
    def test_chores_leave_erased_people_alone(self, world: Any, ada: Person, make_world: Callable[..., Any]) -> None:
        """The audit log names them: their row stays for good."""
        _erase(world, ada)
        world.clock.advance(seconds=timedelta(days=400).total_seconds())
        world.platform.sweep()
        with world.platform.core.database.read() as session:
            assert session.get(PersonRow, ada.id) is not None
