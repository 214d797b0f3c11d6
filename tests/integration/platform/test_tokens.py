"""What a caller is shown with a token, what without a good one, and how tokens lie at rest."""

from __future__ import annotations

from typing import Any

import pytest


class TestWhoSeesWhat:
    def test_a_team_lists_its_own_and_an_organiser_all(self, world: Any) -> None:
        a, b = world.create("A")["id"], world.create("B")["id"]
        listed = {
            name: {each["id"] for each in http.get("/api/v1/submissions?challenge=tiny").json()["items"]}
            for name, http in (("A", world.team("A")), ("B", world.team("B")), ("organiser", world.organiser))
        }
        assert listed == {"A": {a}, "B": {b}, "organiser": {a, b}}
        assert world.organiser.get("/api/v1/submissions?challenge=other").json()["items"] == []

    @pytest.mark.parametrize("token", ["", "sbt_x", "Bearer", "é", "sbt_" + "a" * 60])
    def test_a_token_that_is_none_is_401_with_a_challenge(self, world: Any, token: str) -> None:
        answer = world.anyone.get("/api/v1/me", headers={"Authorization": f"Bearer {token}".encode()})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_well_formed_token_that_was_never_issued_is_401(self, world: Any) -> None:
        from sonobench_platform.accounts.tokens import TokenKind, mint

        answer = world.anyone.get("/api/v1/me", headers={"Authorization": f"Bearer {mint(TokenKind.ORGANISER)}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unknown-token")

    def test_who_am_i(self, world: Any) -> None:
        mine = world.team("A").get("/api/v1/me").json()
        assert (mine["kind"], mine["team"]["name"]) == ("team", "A")
        organiser, node = world.organiser.get("/api/v1/me").json(), world.node.get("/api/v1/me").json()
        assert (organiser["kind"], organiser["team"], organiser["roles"]) == ("organiser", None, ["administrator", "organiser"])
        assert (node["kind"], node["team"], node["roles"]) == ("node", None, ["node"])


class TestTokensAtRest:
    def test_no_token_is_in_the_database(self, world: Any) -> None:
        from sqlalchemy import select

        from sonobench_platform.db.models import TokenRow

        tokens = {world.team("A").token, world.organiser.token, world.node.token}
        with world.platform.core.database.read() as session:
            stored = [str(vars(row)) for row in session.scalars(select(TokenRow))]
        assert len(stored) == 3
        assert not any(token in text for token in tokens for text in stored)

    def test_token_files_are_for_their_owner_alone(self, world: Any) -> None:
        for path in (world.platform.node_token_file, world.platform.organiser_token_file):
            assert path.stat().st_mode & 0o777 == 0o600

    def test_a_sqlite_file_is_for_its_owner_alone(self, world: Any) -> None:
        for path in world.platform.settings.home.glob("sonobench.sqlite*"):
            assert path.stat().st_mode & 0o777 == 0o600

    def test_a_second_start_keeps_the_tokens(self, world: Any) -> None:
        before = world.platform.organiser_token_file.read_text()
        world.platform.prepare()
        assert world.platform.organiser_token_file.read_text() == before
        assert world.organiser.get("/api/v1/me").status_code == 200

    def test_a_token_file_with_something_else_is_refused_in_one_sentence(self, world: Any) -> None:
        from sonobench_platform.accounts.service import TokenFileError

        world.platform.node_token_file.write_text(world.platform.organiser_token_file.read_text())
        with pytest.raises(TokenFileError, match="does not hold a node token; remove it"):
            world.platform.prepare()
