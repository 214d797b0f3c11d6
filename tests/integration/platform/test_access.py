"""Who may call what: every route, tried as nobody, as a stranger, as each kind of token. The table is the specification."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from access_scene import ADMIN, ANYONE, NODE, ORGANISER, PERSON, SIGNED_IN, TEAM, AccessScene, Caller
from fastapi import APIRouter
from fastapi.routing import APIRoute
from platform_people import hide

from sonobench_platform.accounts.csrf import same_site_only
from sonobench_platform.app import PAGES, ROUTERS
from sonobench_platform.openapi import callers_of
from sonobench_platform.web import pages

TABLE: dict[tuple[str, str], set[str]] = {
    ("GET", "/api/v1/challenges/{name}/dataset"): {ORGANISER},
    ("GET", "/api/v1/challenges/{name}/dataset/report.csv"): {ORGANISER},
    ("POST", "/api/v1/challenges/{name}/dataset/verify"): {ORGANISER},
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
    ("POST", "/api/v1/submissions/{submission_id}/disqualify"): {ORGANISER},
    ("POST", "/api/v1/submissions/{submission_id}/reinstate"): {ORGANISER},
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
    ("PUT", "/api/v1/submissions/{submission_id}/public"): {TEAM, ORGANISER},
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
    ("POST", "/api/v1/nodes/{node}/drain"): {ADMIN},
    ("POST", "/api/v1/nodes/{node}/take-back"): {ADMIN},
    ("PUT", "/internal/v1/nodes/{node}/report"): {NODE},
    ("POST", "/internal/v1/nodes/{node}/reference"): {NODE},
    ("GET", "/api/v1/audit"): {ADMIN},
    ("POST", "/api/v1/challenges/{name}/webhooks"): {ORGANISER},
    ("GET", "/api/v1/challenges/{name}/webhooks"): {ORGANISER},
    ("GET", "/api/v1/challenges/{name}/export/{subject}.{form}"): {ORGANISER},
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
    ("POST", "/api/v1/submissions/{submission_id}/erase"): {ORGANISER},
    ("GET", "/api/v1/retention"): {ADMIN},
    ("POST", "/api/v1/retention/apply"): {ADMIN},
}


FORMS: dict[tuple[str, str], set[str]] = {
    ("POST", "/account/sign-up"): {ANYONE},
    ("POST", "/account/confirm"): {ANYONE},
    ("POST", "/account/sign-in"): {ANYONE},
    ("POST", "/account/sign-out"): {SIGNED_IN},
    ("POST", "/account/forgotten"): {ANYONE},
    ("POST", "/account/reset"): {ANYONE},
    ("POST", "/invitations/accept"): {SIGNED_IN},
    ("POST", "/submissions/{submission_id}/cancel"): {TEAM, ORGANISER},
    ("POST", "/submissions/{submission_id}/withdraw"): {TEAM, ORGANISER},
    ("POST", "/submissions/{submission_id}/choose"): {TEAM},
    ("POST", "/submissions/{submission_id}/public"): {TEAM},
    ("POST", "/submissions/{submission_id}/rerun"): {ORGANISER},
    ("POST", "/submissions/{submission_id}/rescore"): {ORGANISER},
    ("POST", "/submissions/{submission_id}/decide"): {ORGANISER},
    ("POST", "/submissions/{submission_id}/give-back"): {ORGANISER},
    ("POST", "/submissions/{submission_id}/disqualify"): {ORGANISER},
    ("POST", "/submissions/{submission_id}/reinstate"): {ORGANISER},
    ("POST", "/desk/nodes/{node}/drain"): {ADMIN},
    ("POST", "/desk/nodes/{node}/take-back"): {ADMIN},
    ("POST", "/desk/nodes/{node}/forget"): {ADMIN},
    ("POST", "/desk/challenges/{name}/data/verify"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/publish/rescore"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/publish/{rescoring_id}/publish"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/publish/{rescoring_id}/drop"): {ORGANISER},
    ("POST", "/account/password"): {SIGNED_IN},
    ("POST", "/account/sign-out-everywhere"): {SIGNED_IN},
    ("POST", "/account/tokens"): {SIGNED_IN},
    ("POST", "/account/tokens/{token_id}/revoke"): {SIGNED_IN},
    ("POST", "/account/erase"): {SIGNED_IN},
    ("POST", "/portal/teams"): {SIGNED_IN},
    ("POST", "/portal/challenges/{name}/entry"): {SIGNED_IN},
    ("POST", "/portal/challenges/{name}/token"): {SIGNED_IN},
    ("POST", "/portal/challenges/{name}/choose"): {SIGNED_IN},
    ("POST", "/portal/challenges/{name}/withdraw"): {SIGNED_IN},
    ("POST", "/portal/challenges/{name}/upload"): {SIGNED_IN},
    ("POST", "/teams/{team_id}/invitations"): {SIGNED_IN},
    ("POST", "/teams/{team_id}/invitations/{invitation_id}/revoke"): {SIGNED_IN},
    ("POST", "/teams/{team_id}/tokens"): {SIGNED_IN},
    ("POST", "/teams/{team_id}/tokens/{token_id}/revoke"): {SIGNED_IN},
    ("POST", "/teams/{team_id}/leave"): {SIGNED_IN},
    ("POST", "/teams/{team_id}/delete"): {SIGNED_IN},
    ("POST", "/teams/{team_id}/members/{person_id}/captain"): {SIGNED_IN},
    ("POST", "/teams/{team_id}/members/{person_id}/remove"): {SIGNED_IN},
    ("POST", "/desk/challenges/{name}/phases"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/visibility"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/teams/decide"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/teams/{team_id}/decide"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/teams/{team_id}/seats"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/organizers"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/organizers/remove"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/submissions/check"): {ORGANISER},
    ("POST", "/desk/challenges/{name}/submissions/do"): {ORGANISER},
}
"""The pages' forms, which are sent by browsers alone. All else that pages do is to read."""


def _routes(*routers: APIRouter) -> list[tuple[str, APIRoute]]:
    routes = [route for router in routers or ROUTERS for route in router.routes if isinstance(route, APIRoute)]
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

    def test_the_pages_of_challenges_only_read(self) -> None:
        assert {method for method, _ in _routes(pages.router)} <= {"GET", "HEAD"}

    def test_the_other_pages_change_what_these_forms_are_for_and_nothing_else(self) -> None:
        changing = {
            (method, route.path): {kind.value for kind in callers_of(route)} or {ANYONE}
            for method, route in _routes(*PAGES)
            if method not in {"GET", "HEAD"}
        }
        assert changing == FORMS

    def test_forms_that_anyone_may_send_are_sent_from_pages_here(self) -> None:
        for method, route in _routes(*PAGES):
            if FORMS.get((method, route.path)) == {ANYONE}:
                assert same_site_only in {each.call for each in route.dependant.dependencies}, route.path


BODIES: dict[tuple[str, str], Any] = {}
"""For routes that want more of a body than can be guessed from their description (see `_body`)."""

INSIDERS = {
    TEAM: ("team A's token", "ann"),
    ORGANISER: ("olga", "root", "the organiser token"),
    ADMIN: ("root", "the organiser token"),
    NODE: ("the node token",),
    PERSON: ("ann",),
    SIGNED_IN: ("ann's browser",),
}
"""Whom each role lets in to what the scene's addresses name."""

OUTSIDERS = ("team B's token", "ben", "ben's browser", "otto")
"""Who has roles, but nothing to do with team A or the challenge."""

READERS = ("ann, only to read", "root, only to read")
PRIVATE = ("submission_id", "upload_id", "team_id", "token_id", "invitation_id", "rescoring_id", "webhook_id", "person_id")
DOOR = {"token-needed", "unknown-token", "session-over", "not-your-role", "scope-missing", "csrf"}
"""What access control itself answers."""

ROUTES = sorted(TABLE)
GUARDED = [each for each in ROUTES if ANYONE not in TABLE[each]]
NAMED = [
    each for each in ROUTES if any(f"{{{name}}}" in each[1] for name in PRIVATE) and TABLE[each] & {TEAM, ORGANISER, SIGNED_IN}
]
OF_A_CHALLENGE = [each for each in ROUTES if "{name}" in each[1]]


@pytest.fixture(scope="module")
def kept_scene(tmp_path_factory: pytest.TempPathFactory, fakes: ModuleType) -> Iterator[AccessScene]:
    made = AccessScene(tmp_path_factory.mktemp("access"), fakes)
    yield made
    made.close()


@pytest.fixture
def scene(kept_scene: AccessScene) -> AccessScene:
    kept_scene.restore()
    return kept_scene


def _body(scene: AccessScene, route: tuple[str, str]) -> Any:
    """The smallest body that a route's description takes."""
    if route in BODIES:
        return BODIES[route]
    document = scene.world.app.openapi()
    operation = document["paths"][route[1]][route[0].lower()]
    content = operation.get("requestBody", {}).get("content", {})
    return _smallest(document, content["application/json"]["schema"]) if "application/json" in content else {}


def _smallest(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _smallest(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for told in ("const", "default"):
        if told in schema:
            return schema[told]
    for several in ("examples", "enum"):
        if schema.get(several):
            return schema[several][0]
    if "anyOf" in schema or "allOf" in schema:
        return _smallest(document, (schema.get("anyOf") or schema["allOf"])[0])
    match schema.get("type"):
        case "object":
            return {name: _smallest(document, schema["properties"][name]) for name in schema.get("required", ())}
        case "array":
            return [_smallest(document, schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    return "a" * max(16, schema.get("minLength", 0)) if "maxLength" not in schema else "a" * min(16, schema["maxLength"])


def _code(answer: Any) -> str | None:
    return answer.json()["code"] if "problem+json" in answer.headers.get("content-type", "") else None


def _told(answer: Any, *names: str) -> tuple[int, str]:
    """What somebody learns: the status and the sentence, without what they named themselves."""
    detail = answer.json()["detail"] if answer.content else ""
    for name in names:
        detail = detail.replace(name, "...")
    return answer.status_code, detail


class TestEveryRoute:
    @pytest.mark.parametrize("route", GUARDED, ids=" ".join)
    def test_it_refuses_everybody_whom_the_table_does_not_name(self, scene: AccessScene, route: tuple[str, str]) -> None:
        url, body = scene.url(route[1]), _body(scene, route)
        for caller in scene.callers.values():
            if TABLE[route] & caller.roles:
                continue
            answer = caller.ask(route[0], url, body)
            assert answer.status_code == (403 if caller.roles else 401), (caller.name, answer.text)

    @pytest.mark.parametrize("route", ROUTES, ids=" ".join)
    def test_it_lets_in_those_whom_the_table_names(self, scene: AccessScene, route: tuple[str, str]) -> None:
        url, body = scene.url(route[1]), _body(scene, route)
        names = {name for role in TABLE[route] - {ANYONE} for name in INSIDERS[role]} or set(scene.callers)
        for name in sorted(names):
            scene.restore()
            answer = scene.callers[name].ask(route[0], url, body)
            assert answer.status_code < 500 or answer.status_code == 503, (name, answer.text)
            assert _code(answer) not in DOOR, (name, answer.text)

    @pytest.mark.parametrize("route", [each for each in GUARDED if each[0] not in {"GET", "HEAD"}], ids=" ".join)
    def test_a_token_to_read_changes_nothing(self, scene: AccessScene, route: tuple[str, str]) -> None:
        for name in READERS:
            answer = scene.callers[name].ask(route[0], scene.url(route[1]), _body(scene, route))
            assert answer.status_code == 403, (name, answer.text)

    @pytest.mark.parametrize("route", [each for each in NAMED if each[0] in {"GET", "HEAD"}], ids=" ".join)
    def test_what_strangers_ask_for_below_is_there(self, scene: AccessScene, route: tuple[str, str]) -> None:
        names = {name for role in TABLE[route] for name in INSIDERS[role]}
        answers = [scene.callers[name].ask(route[0], scene.url(route[1]), {}) for name in sorted(names)]
        assert any(answer.is_success for answer in answers), [answer.text for answer in answers]

    @pytest.mark.parametrize("route", NAMED, ids=" ".join)
    def test_a_stranger_cannot_tell_what_is_there_from_what_is_not(self, scene: AccessScene, route: tuple[str, str]) -> None:
        missing = {name: f"{scene.addresses[name].split('-')[0]}-aaaaaaaaaaaaaaaa" for name in PRIVATE}
        urls = scene.url(route[1]), scene.url(route[1], **missing)
        names = [part for url in urls for part in url.split("/") if re.fullmatch(r"[a-z]+-[a-z2-7]{16}", part)]
        for caller in _strangers(scene, route):
            theirs, none = (caller.ask(route[0], url, _body(scene, route)) for url in urls)
            assert theirs.status_code != 422, f"give {route} a body in BODIES: {theirs.text}"
            assert theirs.status_code in ({403, 404} if "{name}" in route[1] else {404}), (caller.name, theirs.text)
            assert route[0] == "HEAD" or _told(theirs, *names) == _told(none, *names), (caller.name, theirs.text, none.text)

    @pytest.mark.parametrize("route", [each for each in NAMED if TABLE[each] <= {TEAM, PERSON, SIGNED_IN}], ids=" ".join)
    def test_an_organiser_does_nothing_in_a_teams_name(self, scene: AccessScene, route: tuple[str, str]) -> None:
        answer = scene.callers["olga"].ask(route[0], scene.url(route[1]), _body(scene, route))
        assert answer.status_code in {403, 404, 409}, answer.text

    @pytest.mark.parametrize("route", [each for each in OF_A_CHALLENGE if TABLE[each] == {ORGANISER}], ids=" ".join)
    def test_an_organiser_of_another_challenge_does_nothing_here(self, scene: AccessScene, route: tuple[str, str]) -> None:
        answer = scene.callers["otto"].ask(route[0], scene.url(route[1]), _body(scene, route))
        assert answer.status_code in {403, 404}, answer.text

    @pytest.mark.parametrize("route", OF_A_CHALLENGE, ids=" ".join)
    def test_a_hidden_challenge_is_not_there_for_those_who_do_not_organise_it(
        self, scene: AccessScene, route: tuple[str, str]
    ) -> None:
        hide(scene.world, "tiny")
        for name in ("nobody", "team A's token", "ann", "team B's token", "otto"):
            caller = scene.callers[name]
            if not TABLE[route] & {*caller.roles, ANYONE}:
                continue
            urls = [scene.url(route[1], name=challenge) for challenge in ("tiny", "nothing")]
            hidden, none = (caller.ask(route[0], url, _body(scene, route)) for url in urls)
            assert hidden.status_code != 422, f"give {route} a body in BODIES: {hidden.text}"
            assert _told(hidden, "tiny") == _told(none, "nothing"), name
            assert hidden.status_code == 404, (name, hidden.text)


def _strangers(scene: AccessScene, route: tuple[str, str]) -> list[Caller]:
    """Who has a role that the route takes, and nothing to do with what is named."""
    return [scene.callers[name] for name in OUTSIDERS if scene.callers[name].roles & TABLE[route]]


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
