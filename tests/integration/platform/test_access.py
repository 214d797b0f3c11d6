"""Who may call what: every route, tried as nobody, as a stranger, as each kind of token. The table is the specification."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute

from sonobench_platform.app import ROUTERS
from sonobench_platform.openapi import callers_of
from sonobench_platform.web import pages

ANYONE, TEAM, ORGANISER, ADMIN, NODE, PERSON = "anyone", "participant", "organiser", "administrator", "node", "person"
SIGNED_IN = "signed-in"

TABLE: dict[tuple[str, str], set[str]] = {
    ("GET", "/healthz"): {ANYONE},
    ("GET", "/readyz"): {ANYONE},
    ("GET", "/metrics"): {ANYONE},
    ("GET", "/api/v1/me"): {TEAM, ORGANISER, ADMIN, NODE, PERSON, SIGNED_IN},
    ("POST", "/api/v1/account/sign-up"): {ANYONE},
    ("POST", "/api/v1/account/confirm"): {ANYONE},
    ("POST", "/api/v1/account/sign-in"): {ANYONE},
    ("POST", "/api/v1/account/sign-out"): {SIGNED_IN},
    ("POST", "/api/v1/account/sign-out-everywhere"): {SIGNED_IN},
    ("POST", "/api/v1/account/password"): {SIGNED_IN},
    ("POST", "/api/v1/account/reset-request"): {ANYONE},
    ("POST", "/api/v1/account/reset"): {ANYONE},
    ("GET", "/api/v1/account/session"): {SIGNED_IN},
    ("GET", "/api/v1/account"): {PERSON},
    ("POST", "/api/v1/account/tokens"): {SIGNED_IN},
    ("GET", "/api/v1/account/tokens"): {SIGNED_IN},
    ("DELETE", "/api/v1/account/tokens/{token_id}"): {SIGNED_IN},
    ("GET", "/api/v1/account/oidc/start"): {ANYONE},
    ("GET", "/api/v1/account/oidc/callback"): {ANYONE},
    ("GET", "/api/v1/people"): {ADMIN},
    ("POST", "/api/v1/people/{person_id}/disable"): {ADMIN},
    ("POST", "/api/v1/people/{person_id}/enable"): {ADMIN},
    ("POST", "/api/v1/teams"): {ADMIN},
    ("GET", "/api/v1/teams"): {ADMIN},
    ("GET", "/api/v1/account/export"): {PERSON},
    ("POST", "/api/v1/account/erase"): {SIGNED_IN},
    ("GET", "/api/v1/people/{person_id}/export"): {ADMIN},
    ("POST", "/api/v1/people/{person_id}/erase"): {ADMIN},
    ("POST", "/api/v1/me/teams"): {PERSON},
    ("GET", "/api/v1/me/teams"): {PERSON},
    ("GET", "/api/v1/teams/{team_id}"): {TEAM, ORGANISER},
    ("DELETE", "/api/v1/teams/{team_id}"): {TEAM, ORGANISER},
    ("POST", "/api/v1/teams/{team_id}/leave"): {PERSON},
    ("POST", "/api/v1/teams/{team_id}/captain"): {TEAM, ORGANISER},
    ("DELETE", "/api/v1/teams/{team_id}/members/{person_id}"): {TEAM, ORGANISER},
    ("POST", "/api/v1/teams/{team_id}/tokens"): {TEAM, ORGANISER},
    ("GET", "/api/v1/teams/{team_id}/tokens"): {TEAM, ORGANISER},
    ("DELETE", "/api/v1/teams/{team_id}/tokens/{token_id}"): {TEAM, ORGANISER},
    ("POST", "/api/v1/teams/{team_id}/invitations"): {TEAM, ORGANISER},
    ("GET", "/api/v1/teams/{team_id}/invitations"): {TEAM, ORGANISER},
    ("DELETE", "/api/v1/teams/{team_id}/invitations/{invitation_id}"): {TEAM, ORGANISER},
    ("POST", "/api/v1/invitations/look"): {ANYONE},
    ("POST", "/api/v1/invitations/accept"): {PERSON},
    ("GET", "/api/v1/challenges/{name}/terms"): {ANYONE},
    ("POST", "/api/v1/challenges/{name}/entry"): {TEAM},
    ("GET", "/api/v1/challenges/{name}/entry"): {TEAM},
    ("DELETE", "/api/v1/challenges/{name}/entry"): {TEAM},
    ("GET", "/api/v1/challenges/{name}/entries"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/entries/{team_id}/approve"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/entries/{team_id}/refuse"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/entries/{team_id}/withdraw-approval"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/seats/free"): {ORGANISER},
    ("GET", "/api/v1/challenges/{name}/organisers"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/organisers"): {ORGANISER},
    ("DELETE", "/api/v1/challenges/{name}/organisers/{person_id}"): {ORGANISER},
    ("GET", "/api/v1/challenges"): {ANYONE},
    ("GET", "/api/v1/challenges/{name}"): {ANYONE},
    ("GET", "/api/v1/challenges/{name}/leaderboard"): {ANYONE},
    ("GET", "/api/v1/challenges/{name}/public"): {ANYONE},
    ("POST", "/api/v1/challenges/{name}/close"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/open"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/hide"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/show"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/plan"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/apply"): {ORGANISER},
    ("GET", "/api/v1/challenges/{name}/quota"): {TEAM},
    ("POST", "/api/v1/submissions/{submission_id}/choose"): {TEAM},
    ("POST", "/api/v1/submissions/{submission_id}/withdraw"): {TEAM, ORGANISER},
    ("POST", "/api/v1/submissions/{submission_id}/give-back"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/submissions"): {TEAM},
    ("PUT", "/api/v1/submissions/{submission_id}/image"): {TEAM},
    ("POST", "/api/v1/submissions/{submission_id}/upload"): {TEAM},
    ("OPTIONS", "/api/v1/uploads"): {ANYONE},
    ("POST", "/api/v1/uploads"): {TEAM},
    ("OPTIONS", "/api/v1/uploads/{upload_id}"): {ANYONE},
    ("HEAD", "/api/v1/uploads/{upload_id}"): {TEAM},
    ("PATCH", "/api/v1/uploads/{upload_id}"): {TEAM},
    ("DELETE", "/api/v1/uploads/{upload_id}"): {TEAM},
    ("GET", "/registry/token"): {TEAM},
    ("GET", "/api/v1/registry"): {TEAM},
    ("POST", "/api/v1/challenges/{name}/submissions/pushed"): {TEAM},
    ("GET", "/api/v1/submissions"): {TEAM, ORGANISER},
    ("GET", "/api/v1/submissions/{submission_id}"): {TEAM, ORGANISER},
    ("POST", "/api/v1/submissions/{submission_id}/cancel"): {TEAM, ORGANISER},
    ("GET", "/api/v1/submissions/{submission_id}/evaluation"): {TEAM, ORGANISER},
    ("GET", "/api/v1/submissions/{submission_id}/log"): {TEAM, ORGANISER},
    ("GET", "/api/v1/submissions/{submission_id}/run"): {ORGANISER},
    ("POST", "/api/v1/submissions/{submission_id}/rerun"): {ORGANISER},
    ("POST", "/api/v1/submissions/{submission_id}/decide"): {ORGANISER},
    ("PUT", "/api/v1/submissions/{submission_id}/baseline"): {ORGANISER},
    ("DELETE", "/api/v1/submissions/{submission_id}/baseline"): {ORGANISER},
    ("GET", "/api/v1/challenges/{name}/baselines"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/rerun"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/rescorings"): {ORGANISER},
    ("GET", "/api/v1/challenges/{name}/rescorings"): {ORGANISER},
    ("GET", "/api/v1/rescorings/{rescoring_id}"): {ORGANISER},
    ("POST", "/api/v1/rescorings/{rescoring_id}/publish"): {ORGANISER},
    ("POST", "/api/v1/rescorings/{rescoring_id}/drop"): {ORGANISER},
    ("POST", "/internal/v1/runs/{run_id}/canary"): {NODE},
    ("POST", "/internal/v1/claims"): {NODE},
    ("GET", "/internal/v1/runs/live"): {NODE},
    ("POST", "/internal/v1/runs/{run_id}/heartbeat"): {NODE},
    ("PUT", "/internal/v1/runs/{run_id}/results"): {NODE},
    ("POST", "/internal/v1/runs/{run_id}/finish"): {NODE},
    ("POST", "/internal/v1/runs/{run_id}/release"): {NODE},
    ("GET", "/internal/v1/images/{config_digest}"): {NODE},
    ("GET", "/internal/v1/inputs/{dataset_hash}"): {NODE},
    ("GET", "/api/v1/nodes"): {ADMIN},
    ("PUT", "/internal/v1/nodes/{node}/report"): {NODE},
    ("POST", "/internal/v1/nodes/{node}/reference"): {NODE},
    ("GET", "/api/v1/audit"): {ADMIN},
    ("POST", "/api/v1/challenges/{name}/webhooks"): {ORGANISER},
    ("GET", "/api/v1/challenges/{name}/webhooks"): {ORGANISER},
    ("POST", "/api/v1/webhooks"): {ADMIN},
    ("GET", "/api/v1/webhooks"): {ADMIN},
    ("DELETE", "/api/v1/webhooks/{webhook_id}"): {ORGANISER},
    ("POST", "/api/v1/webhooks/{webhook_id}/test"): {ORGANISER},
    ("GET", "/api/v1/webhooks/{webhook_id}/deliveries"): {ORGANISER},
    ("GET", "/api/v1/notices"): {ADMIN},
    ("POST", "/api/v1/notices/{notice_id}/retry"): {ADMIN},
    ("GET", "/api/v1/me/notices"): {PERSON},
    ("PUT", "/api/v1/me/notices"): {PERSON},
    ("GET", "/api/v1/challenges/{name}/audit"): {ORGANISER},
}


def _routes() -> list[tuple[str, APIRoute]]:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return [(method, route) for route in routes for method in route.methods or ()]


class TestTheTable:
    def test_it_names_every_route_and_no_other(self) -> None:
        assert {(method, route.path) for method, route in _routes()} == set(TABLE)

    def test_every_route_states_its_callers(self) -> None:
        stated = {(method, route.path): {kind.value for kind in callers_of(route)} or {ANYONE} for method, route in _routes()}
        assert stated == TABLE

    def test_the_described_api_is_the_table(self, world: Any) -> None:
        document = world.anyone.get("/api/v1/openapi.json").json()
        described = {
            (method.upper(), path): {name for scheme in operation["security"] for name in scheme} or {ANYONE}
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }
        assert described == TABLE

    def test_pages_only_read(self) -> None:
        assert {method for route in pages.router.routes for method in getattr(route, "methods", ())} <= {"GET", "HEAD"}


@pytest.fixture
def addresses(world: Any) -> dict[str, str]:
    """Things of team A that are really there, to be asked for by others."""
    submission_id = world.queued("A")
    claimed = world.claim()
    assert claimed is not None
    return {
        "rescoring_id": "resc-aaaaaaaaaaaaaaaa",
        "name": "tiny",
        "submission_id": submission_id,
        "upload_id": "upl-aaaaaaaaaaaaaaaa",
        "run_id": claimed["run_id"],
        "config_digest": claimed["image"]["config_digest"],
        "dataset_hash": claimed["inputs"]["hash"],
        "node": "n1",
        "team_id": "team-aaaaaaaaaaaaaaaa",
        "person_id": "pers-aaaaaaaaaaaaaaaa",
        "token_id": "tok-aaaaaaaaaaaaaaaa",
        "webhook_id": "hook-aaaaaaaaaaaaaaaa",
        "notice_id": "note-aaaaaaaaaaaaaaaa",
        "invitation_id": "inv-aaaaaaaaaaaaaaaa",
    }


class TestEveryRoute:
    @pytest.mark.parametrize("route", sorted(TABLE), ids=" ".join)
    def test_it_answers_only_those_in_the_table(self, world: Any, addresses: dict[str, str], route: tuple[str, str]) -> None:
        method, path = route
        url = path.format(**addresses)
        callers = {
            frozenset[str](): world.anyone,
            frozenset({TEAM}): world.team("A"),
            frozenset({ORGANISER, ADMIN}): world.organiser,
            frozenset({NODE}): world.node,
        }
        for roles, caller in callers.items():
            status = caller.request(method, url, json={}).status_code
            if TABLE[route] & {*roles, ANYONE}:
                assert status not in {401, 403}, (roles, status)
            else:
                assert status == (403 if roles else 401), (roles, status)

    @pytest.mark.parametrize(
        "route", [each for each in sorted(TABLE) if "{submission_id}" in each[1] and TEAM in TABLE[each]], ids=" ".join
    )
    def test_a_stranger_learns_nothing_of_another_teams_submission(
        self, world: Any, addresses: dict[str, str], route: tuple[str, str]
    ) -> None:
        method, path = route
        theirs = world.team("B").request(method, path.format(**addresses), content=b"0123456789")
        missing = world.team("B").request(method, path.format(submission_id="sub-aaaaaaaaaaaaaaaa"), content=b"0123456789")
        assert theirs.status_code == missing.status_code == 404
        assert theirs.json()["detail"].replace(addresses["submission_id"], "") == missing.json()["detail"]

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
