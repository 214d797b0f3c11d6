"""Rotating the server's own tokens: the new one works at once, the old one ends when it was told to."""

from __future__ import annotations

import stat
from datetime import timedelta
from typing import Any

import pytest
import typer
from platform_world import Http
from sqlalchemy import select
from typer.testing import CliRunner

from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.commands.plugin import register
from sonobench_platform.db.models import AuditRow
from sonobench_platform.desk.rotation import rotate


def _files(world: Any) -> dict[TokenKind, Any]:
    return {TokenKind.NODE: world.platform.node_token_file, TokenKind.ORGANISER: world.platform.organiser_token_file}


def _status(world: Any, token: str) -> int:
    return Http(world.app, token).get("/api/v1/me").status_code


@pytest.mark.parametrize("kind", [TokenKind.NODE, TokenKind.ORGANISER])
class TestRotate:
    def test_the_new_one_works_and_the_old_one_does_not(self, world: Any, kind: TokenKind) -> None:
        path = _files(world)[kind]
        old = path.read_text().strip()
        rotate(world.platform.core, kind, path, old_ends_at=world.clock.now())
        new = path.read_text().strip()
        assert (_status(world, new), _status(world, old)) == (200, 401)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_given_time_the_old_one_works_until_then(self, world: Any, kind: TokenKind) -> None:
        path = _files(world)[kind]
        old = path.read_text().strip()
        rotate(world.platform.core, kind, path, old_ends_at=world.clock.now() + timedelta(hours=2))
        assert _status(world, old) == 200
        world.clock.advance(hours=2, seconds=1)
        assert (_status(world, old), _status(world, path.read_text().strip())) == (401, 200)

    def test_the_other_kind_and_teams_are_left_alone(self, world: Any, kind: TokenKind) -> None:
        team = world.team("A").token
        (other,) = set(_files(world)) - {kind}
        rotate(world.platform.core, kind, _files(world)[kind], old_ends_at=world.clock.now())
        assert _status(world, _files(world)[other].read_text().strip()) == 200
        assert _status(world, team) == 200

    def test_it_is_in_the_audit_log_without_the_token(self, world: Any, kind: TokenKind) -> None:
        rotate(world.platform.core, kind, _files(world)[kind], old_ends_at=world.clock.now())
        with world.platform.core.database.read() as session:
            row = session.scalars(select(AuditRow).where(AuditRow.action == "token.rotate")).one()
        assert row.subject == kind
        assert _files(world)[kind].read_text().strip()[5:] not in row.detail

    def test_a_restart_keeps_what_was_rotated(self, world: Any, kind: TokenKind) -> None:
        rotate(world.platform.core, kind, _files(world)[kind], old_ends_at=world.clock.now())
        world.platform.prepare()
        assert _status(world, _files(world)[kind].read_text().strip()) == 200


def test_from_the_command_line_the_token_is_never_shown(world: Any) -> None:
    app = typer.Typer()
    register(app)
    settings = world.platform.settings
    environment = {"SONOBENCH_HOME": str(settings.home), "SONOBENCH_DATABASE_URL": settings.database_url}
    done = CliRunner().invoke(app, ["admin", "rotate-token", "node", "--keep-old-for", "2"], env=environment)
    assert done.exit_code == 0, done.output
    assert world.platform.node_token_file.read_text().strip() not in done.output
    assert "The old one works until" in done.output
