"""People: sign up, confirm, sign in, passwords, disabling; and that nobody learns who has an account."""

from __future__ import annotations

from typing import Any

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from platform_browser import PASSWORD, Browser, link_in, signed_up
from platform_people import audited, mails
from sqlalchemy import select, update

from sonobench_platform.accounts import links, passwords
from sonobench_platform.accounts.links import Purpose
from sonobench_platform.accounts.tidy import tidy_accounts
from sonobench_platform.db.models import AuditRow, PersonRow, SessionRow

ADA, EVE = "ada@example.org", "eve@example.org"
OTHER = "nine slow trains at dusk"


def _person(world: Any, email: str) -> PersonRow | None:
    with world.platform.core.database.read() as session:
        return session.scalar(select(PersonRow).where(PersonRow.email_key == email.casefold()))


class TestSigningUp:
    def test_an_account_works_once_its_address_is_confirmed(self, world: Any) -> None:
        browser = Browser(world)
        answer = browser.sign_up(ADA)
        assert answer.status_code == 202
        assert browser.me() == 401
        assert browser.confirm(link_in(world, ADA)).status_code == 200
        assert browser.get("/api/v1/me").json() == {
            "kind": "person",
            "name": "Ada",
            "roles": ["participant", "person", "signed-in"],
            "team": None,
            "teams": [],
        }
        assert audited(world)[-2:] == ["person.sign-up", "person.confirm"]

    def test_an_unconfirmed_account_cannot_sign_in_and_reads_like_a_wrong_password(self, world: Any) -> None:
        browser = Browser(world)
        browser.sign_up(ADA)
        unconfirmed, unknown = browser.sign_in(ADA), browser.sign_in(EVE)
        assert unconfirmed.status_code == unknown.status_code == 401
        assert unconfirmed.json() == unknown.json()

    def test_a_known_address_is_answered_as_an_unknown_one_and_its_owner_is_told(self, world: Any) -> None:
        signed_up(world, ADA)
        known, unknown = Browser(world).sign_up("ADA@Example.org", name="Eve", password=OTHER), Browser(world).sign_up(EVE)
        assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
        assert "have an account" in mails(world, ADA)[-1].subject
        assert "token=" not in mails(world, ADA)[-1].body
        assert Browser(world).sign_in(ADA, OTHER).status_code == 401
        assert _person(world, ADA).name == "Ada"  # type: ignore[union-attr]

    def test_who_signs_up_with_anothers_address_gets_nothing_when_its_owner_opens_the_link(self, world: Any) -> None:
        Browser(world).sign_up(ADA, name="Eve", password="password of a thief")
        owner = Browser(world)
        assert owner.confirm(link_in(world, ADA), "whatever she would guess").status_code == 422
        assert owner.sign_up(ADA).status_code == 202
        assert owner.confirm(link_in(world, ADA)).status_code == 200
        assert Browser(world).sign_in(ADA, "password of a thief").status_code == 401

    def test_a_second_sign_up_takes_the_place_of_the_first_with_its_link(self, world: Any) -> None:
        browser = Browser(world)
        browser.sign_up(ADA)
        first = link_in(world, ADA)
        browser.sign_up(ADA, password=OTHER)
        assert browser.confirm(first).status_code == 422
        assert browser.confirm(link_in(world, ADA), OTHER).status_code == 200

    def test_a_link_to_confirm_is_over_after_two_days(self, world: Any) -> None:
        browser = Browser(world)
        browser.sign_up(ADA)
        world.clock.advance(days=2)
        assert browser.confirm(link_in(world, ADA)).json()["code"] == "link-spent"

    def test_what_nobody_confirmed_is_dropped_after_a_week(self, world: Any) -> None:
        Browser(world).sign_up(ADA)
        signed_up(world, EVE)
        world.clock.advance(days=7)
        tidy_accounts(world.platform.core)
        assert _person(world, ADA) is None
        assert _person(world, EVE) is not None

    def test_where_sign_up_is_closed_only_administrators_add_people(self, make_world: Any) -> None:
        world = make_world(open_sign_up=False)
        assert Browser(world).sign_up(ADA).json()["code"] == "sign-up-closed"

    @pytest.mark.parametrize(
        "email", ["", "ada", "ada@", "@example.org", "a b@example.org", "a@b\n", "ada@example.org,eve@x.org"]
    )
    def test_what_is_no_address_is_refused(self, world: Any, email: str) -> None:
        assert Browser(world).sign_up(email).status_code == 422

    @pytest.mark.parametrize("email", ["åda@example.org", "ада@example.org", "a\u0301da@example.org"])
    def test_letters_that_mail_servers_refuse_are_refused_in_a_sentence(self, world: Any, email: str) -> None:
        answer = Browser(world).sign_up(email)
        assert answer.status_code == 422
        assert "letters before the @ that most mail servers refuse" in answer.text

    def test_letters_of_any_script_may_stand_behind_the_at(self, world: Any) -> None:
        assert Browser(world).sign_up("ada@exämple.org").status_code == 202

    @pytest.mark.parametrize("name", ["", "   ", "a" * 101, "Ada\u202e"])
    def test_a_name_that_cannot_be_shown_is_refused(self, world: Any, name: str) -> None:
        assert Browser(world).sign_up(ADA, name=name).status_code == 422


class TestWeakPasswords:
    @pytest.mark.parametrize(
        ("password", "said"),
        [
            ("brief!", "too short"),
            ("aaaaaaaaaaaaaaaaaaaa", "pattern"),
            ("abcabcabcabcabc", "pattern"),
            ("123456789012", "pattern"),
            ("qwertyuiopasdf", "pattern"),
            ("P@ssw0rd!!!!2026", "well-known"),
            ("Lovelace-Ada-12", "made of your name"),
            ("x" * 257, None),
        ],
    )
    def test_they_are_refused_with_a_sentence(self, world: Any, password: str, said: str | None) -> None:
        answer = Browser(world).sign_up("ada.lovelace@example.org", name="Ada Lovelace", password=password)
        assert answer.status_code == 422
        assert said is None or said in answer.json()["detail"]
        assert password not in answer.text

    @pytest.mark.parametrize("password", [PASSWORD, "Übergroße Häuser 7", "パスワードは長いほうがいいです", "kT9#vm2Lq!x7"])
    def test_good_ones_are_taken_whatever_their_characters(self, world: Any, password: str) -> None:
        assert passwords.weakness(password, email=ADA, name="Ada") is None


class TestSigningIn:
    def test_wrong_passwords_and_unknown_addresses_are_answered_alike(self, world: Any) -> None:
        signed_up(world, ADA)
        wrong, unknown = Browser(world).sign_in(ADA, OTHER), Browser(world).sign_in(EVE, OTHER)
        assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
        assert wrong.json()["code"] == "wrong-credentials"

    def test_an_unknown_address_takes_as_long_as_a_known_one(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """What takes long is counted, not timed: for each of them one hash is checked, with the same parameters."""
        checked: list[Parameters] = []
        verify = PasswordHasher.verify

        def noted(hasher: PasswordHasher, kept: str, password: str) -> bool:
            checked.append(extract_parameters(kept))
            return verify(hasher, kept, password)

        signed_up(world, ADA)
        monkeypatch.setattr(PasswordHasher, "verify", noted)
        for email in (ADA, EVE):
            assert Browser(world).sign_in(email, OTHER).status_code == 401
        assert len(checked) == 2
        assert checked[0] == checked[1]

    def test_the_address_is_the_same_in_any_case_and_the_password_in_any_form_of_unicode(self, world: Any) -> None:
        signed_up(world, ADA, password="vier große Häuser")
        assert Browser(world).sign_in("ADA@EXAMPLE.ORG", "vier große Ha\u0308user").status_code == 200

    def test_a_hash_with_old_parameters_is_made_anew(self, world: Any) -> None:
        signed_up(world, ADA)
        old = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
        with world.platform.core.database.write() as work:
            work.session.execute(update(PersonRow).values(password_hash=old))
        assert Browser(world).sign_in(ADA, OTHER).status_code == 401
        assert _person(world, ADA).password_hash == old  # type: ignore[union-attr]
        assert Browser(world).sign_in(ADA).status_code == 200
        kept = _person(world, ADA).password_hash  # type: ignore[union-attr]
        assert kept is not None
        assert kept != old
        assert not passwords.HASHER.check_needs_rehash(kept)

    def test_passwords_are_kept_as_argon2id(self, world: Any) -> None:
        signed_up(world, ADA)
        assert _person(world, ADA).password_hash.startswith("$argon2id$v=19$")  # type: ignore[union-attr]


class TestNewPasswords:
    def test_changing_it_signs_every_other_browser_out_and_tells_by_mail(self, world: Any) -> None:
        here, there = signed_up(world, ADA), Browser(world)
        there.sign_in(ADA)
        assert here.change_password(PASSWORD, OTHER).status_code == 200
        assert (here.me(), there.me()) == (200, 401)
        assert Browser(world).sign_in(ADA, PASSWORD).status_code == 401
        assert Browser(world).sign_in(ADA, OTHER).status_code == 200
        assert mails(world, ADA)[-1].event == "account.password"

    def test_changing_it_takes_the_current_one(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        assert browser.change_password(OTHER, OTHER).json()["code"] == "wrong-password"
        assert browser.change_password(PASSWORD, "short").json()["code"] == "weak-password"
        assert browser.me() == 200

    def test_a_reset_signs_in_here_and_out_everywhere_else(self, world: Any) -> None:
        thief = signed_up(world, ADA)
        assert Browser(world).post("/api/v1/account/reset-request", json={"email": ADA}).status_code == 202
        owner = Browser(world)
        assert owner.reset(link_in(world, ADA), OTHER).status_code == 200
        assert (owner.me(), thief.me()) == (200, 401)
        assert "person.password-reset" in audited(world)

    def test_a_reset_link_works_once(self, world: Any) -> None:
        signed_up(world, ADA)
        Browser(world).post("/api/v1/account/reset-request", json={"email": ADA})
        link = link_in(world, ADA)
        assert Browser(world).reset(link, "short").json()["code"] == "weak-password"
        assert Browser(world).reset(link, OTHER).status_code == 200
        assert Browser(world).reset(link, "yet another long one").json()["code"] == "link-spent"

    def test_a_reset_link_is_over_after_an_hour(self, world: Any) -> None:
        signed_up(world, ADA)
        Browser(world).post("/api/v1/account/reset-request", json={"email": ADA})
        world.clock.advance(hours=1)
        assert Browser(world).reset(link_in(world, ADA), OTHER).json()["code"] == "link-spent"

    def test_a_reset_link_is_void_once_the_password_was_changed_otherwise(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        Browser(world).post("/api/v1/account/reset-request", json={"email": ADA})
        link = link_in(world, ADA)
        browser.change_password(PASSWORD, OTHER)
        assert Browser(world).reset(link, "yet another long one").status_code == 422

    def test_links_cannot_be_made_up_changed_or_used_for_something_else(self, world: Any) -> None:
        Browser(world).sign_up(ADA)
        confirm = link_in(world, ADA)
        said, signature = confirm.rsplit(".", 1)
        for forged in (confirm, f"{said}.{signature[::-1]}", said, "", "x.y", confirm + "a"):
            assert Browser(world).reset(forged, OTHER).json()["code"] == "link-spent"

    def test_an_unknown_address_is_answered_as_a_known_one_and_gets_no_mail(self, world: Any) -> None:
        signed_up(world, ADA)
        known, unknown = (Browser(world).post("/api/v1/account/reset-request", json={"email": each}) for each in (ADA, EVE))
        assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
        assert mails(world, EVE) == []

    def test_a_reset_confirms_the_address_and_drops_a_strangers_password(self, world: Any) -> None:
        Browser(world).sign_up(ADA, password="password of a thief")
        owner = Browser(world)
        owner.post("/api/v1/account/reset-request", json={"email": ADA})
        assert owner.reset(link_in(world, ADA), OTHER).status_code == 200
        assert Browser(world).sign_in(ADA, "password of a thief").status_code == 401

    def test_the_secret_of_links_is_for_its_owner_alone_and_kept(self, world: Any) -> None:
        path = world.platform.settings.home / "link-secret"
        assert path.stat().st_mode & 0o777 == 0o600
        before = path.read_text()
        world.platform.prepare()
        assert path.read_text() == before
        path.write_text("short\n")
        with pytest.raises(links.LinkSecretError, match="remove it"):
            world.platform.prepare()


class TestAdministrators:
    def test_they_list_everybody_in_pages(self, world: Any) -> None:
        for name in ("c", "a", "b"):
            Browser(world).sign_up(f"{name}@example.org")
        first = world.organiser.get("/api/v1/people?limit=2").json()
        assert [each["email"] for each in first["items"]] == ["a@example.org", "b@example.org"]
        rest = world.organiser.get(first["next"]).json()
        assert ([each["email"] for each in rest["items"]], rest["next"]) == (["c@example.org"], None)
        assert "password" not in str(first)

    def test_whom_they_disable_is_out_at_once_and_told_so_with_the_right_password_only(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        person = _person(world, ADA)
        assert person is not None
        assert world.organiser.post(f"/api/v1/people/{person.id}/disable").json()["disabled_at"] is not None
        assert browser.me() == 401
        assert Browser(world).sign_in(ADA, OTHER).json()["code"] == "wrong-credentials"
        assert Browser(world).sign_in(ADA).json()["code"] == "account-disabled"
        assert "person.disable" in audited(world)
        world.organiser.post(f"/api/v1/people/{person.id}/enable")
        assert browser.me() == 401
        assert Browser(world).sign_in(ADA).status_code == 200

    def test_a_disabled_person_gets_no_link_and_an_old_one_does_not_work(self, world: Any) -> None:
        signed_up(world, ADA)
        Browser(world).post("/api/v1/account/reset-request", json={"email": ADA})
        link, person, count = link_in(world, ADA), _person(world, ADA), len(mails(world, ADA))
        assert person is not None
        world.organiser.post(f"/api/v1/people/{person.id}/disable")
        assert Browser(world).reset(link, OTHER).status_code == 422
        Browser(world).post("/api/v1/account/reset-request", json={"email": ADA})
        assert len(mails(world, ADA)) == count

    def test_they_cannot_disable_themselves(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        person = _person(world, ADA)
        assert person is not None
        with world.platform.core.database.write() as work:
            work.session.execute(update(PersonRow).values(is_administrator=True))
        assert browser.post(f"/api/v1/people/{person.id}/disable").json()["code"] == "own-account"

    def test_the_first_start_makes_nobody(self, world: Any) -> None:
        assert world.organiser.get("/api/v1/people").json() == {"items": [], "next": None}

    def test_one_added_on_the_server_sets_a_password_by_the_link_and_has_all_rights(self, world: Any) -> None:
        from sonobench_platform.accounts import people
        from sonobench_platform.accounts.addresses import read_email
        from sonobench_platform.accounts.identity import SERVER

        core = world.platform.core
        with core.database.write() as work:
            added = people.add(core, work, read_email(ADA), name="Ada", caller=SERVER, is_administrator=True)
        browser = Browser(world)
        assert browser.reset(added.link.split("token=")[1], OTHER).status_code == 200
        assert "administrator" in browser.get("/api/v1/me").json()["roles"]
        assert browser.get("/api/v1/people").status_code == 200


class TestWhatIsWrittenDown:
    def test_neither_passwords_nor_links_nor_cookies_are_in_the_database(self, world: Any) -> None:
        browser = signed_up(world, ADA)
        cookie = browser.cookies["sonobench_session"]
        with world.platform.core.database.read() as session:
            rows = [str(vars(row)) for table in (PersonRow, SessionRow, AuditRow) for row in session.scalars(select(table))]
        assert not any(secret in row for secret in (PASSWORD, cookie) for row in rows)

    def test_a_link_says_no_more_than_whom_it_is_for(self, world: Any) -> None:
        core = world.platform.core
        Browser(world).sign_up(ADA)
        person = _person(world, ADA)
        assert person is not None
        link = links.read(core, Purpose.CONFIRM, link_in(world, ADA))
        assert link.person_id == person.id
        assert person.password_hash not in link.bound_to  # type: ignore[operator]
