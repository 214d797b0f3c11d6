"""Who may call what: every route, tried as nobody, as a stranger, as each kind of token. See `access_table`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from access_scene import ADMIN, ANYONE, NODE, ORGANISER, PERSON, SIGNED_IN, TEAM, AccessScene, Caller
from access_table import FORMS, TABLE
from fastapi import APIRouter
from fastapi.routing import APIRoute
from platform_people import hide

from sonobench_platform.accounts.csrf import same_site_only
from sonobench_platform.app import PAGES, ROUTERS
from sonobench_platform.openapi import callers_of
from sonobench_platform.web import pages


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
