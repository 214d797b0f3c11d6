"""`sonobench admin people`: the first administrator, and everybody's accounts, on the server itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from platform_browser import Browser
from platform_people import audited

from sonobench_platform.commands import admin_people

ADA = "Ada@example.org"
PASSWORD = "nine slow trains at dusk"


@pytest.fixture
def settings(world: Any) -> Any:
    return world.platform.settings


def _add(settings: Any, email: str = ADA, *, is_administrator: bool = False) -> None:
    admin_people.add_person(settings, email, name=None, is_administrator=is_administrator, as_json=False)


def _listed(settings: Any, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    admin_people.list_people(settings, as_json=True)
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


class TestPeople:
    @pytest.fixture(autouse=True)
    def _real_time(self, world: Any) -> None:
        from sonobench_platform.clock import SystemClock

        world.clock.time = SystemClock().now()  # commands run in a process of their own, with the machine's clock

    def test_an_administrator_is_added_with_a_link_alone_on_stdout(
        self, world: Any, settings: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _add(settings, is_administrator=True)
        printed = capsys.readouterr()
        assert printed.out.count("\n") == 1
        browser = Browser(world)
        assert browser.reset(printed.out.strip().split("token=")[1], PASSWORD).status_code == 200
        assert browser.get("/api/v1/people").status_code == 200
        assert browser.reset(printed.out.strip().split("token=")[1], PASSWORD).status_code == 422
        assert "person.add" in audited(world)

    def test_nobody_is_added_twice(self, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
        _add(settings)
        with pytest.raises(typer.Exit):
            _add(settings, "ada@EXAMPLE.org")
        assert "There is an account with the address ada@EXAMPLE.org already." in capsys.readouterr().err

    def test_they_are_disabled_enabled_and_made_administrators(self, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
        _add(settings)
        admin_people.disable_person(settings, ADA)
        admin_people.make_administrator(settings, ADA)
        found = _listed(settings, capsys)[0]
        assert found["disabled_at"] is not None
        assert found["is_administrator"] is True
        admin_people.enable_person(settings, ADA)
        admin_people.unmake_administrator(settings, ADA)
        found = _listed(settings, capsys)[0]
        assert (found["disabled_at"], found["is_administrator"]) == (None, False)

    def test_a_reset_link_works_once_and_is_in_the_audit_log(
        self, world: Any, settings: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _add(settings)
        capsys.readouterr()
        admin_people.print_reset_link(settings, ADA, as_json=True)
        link = json.loads(capsys.readouterr().out)["link"]
        assert Browser(world).reset(link.split("token=")[1], PASSWORD).status_code == 200
        assert Browser(world).sign_in(ADA, PASSWORD).status_code == 200
        assert "person.reset-link" in audited(world)

    @pytest.mark.parametrize("email", ["nobody@example.org", "nonsense", ""])
    def test_whoever_is_not_there_is_said_so_in_a_sentence(
        self, settings: Any, email: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(typer.Exit):
            admin_people.disable_person(settings, email)
        assert capsys.readouterr().err.startswith("sonobench: ")

    def test_more_than_a_page_is_listed(
        self, settings: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(admin_people, "_PAGE", 2)
        for number in range(5):
            _add(settings, f"p{number}@example.org")
        assert [each["email"] for each in _listed(settings, capsys)] == [f"p{number}@example.org" for number in range(5)]

    def test_a_table_says_who_may_do_what(self, settings: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        admin_people.list_people(settings, as_json=False)
        assert "Nobody has an account yet" in capsys.readouterr().err
        _add(settings, is_administrator=True)
        capsys.readouterr()
        admin_people.list_people(settings, as_json=False)
        assert "administrator, not confirmed" in capsys.readouterr().out
