"""The API keeps to its description: the committed document is the code's, and whatever is asked, answers are documented ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import platform_fakes
import pytest
import schemathesis
from access_scene import AccessScene
from hypothesis import HealthCheck, Phase, given, settings
from infra.openapi import DOCUMENT, described
from schemathesis import Case
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.errors import SchemathesisError
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CALLERS = ("nobody", "team A's token", "ann", "olga", "the organiser token", "the node token")
EXAMPLES = 4
"""Of each operation for each caller: half with things that are there, half with whatever the description allows."""

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@schemathesis.serializer("application/x-tar", "application/offset+octet-stream")
def _bytes(_context: Any, value: Any) -> bytes:
    """Bodies that are files: whatever was made up, as bytes."""
    return value if isinstance(value, bytes) else str(value).encode()


class TestTheDocument:
    def test_the_committed_one_is_what_the_code_says(self) -> None:
        assert DOCUMENT.read_text(encoding="utf-8") == described(), "run `.venv/bin/python -m infra.openapi` and commit it"


@pytest.fixture(scope="module")
def kept_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessScene]:
    made = AccessScene(tmp_path_factory.mktemp("api"), platform_fakes)
    yield made
    made.close()


@pytest.fixture
def scene(kept_scene: AccessScene) -> AccessScene:
    kept_scene.restore()
    kept_scene.world.platform.sweep()  # a server is ready once somebody sweeps
    return kept_scene


@pytest.mark.timeout(1200)  # hundreds of questions each: on a busy machine more than the five minutes that others have
class TestEveryOperation:
    @pytest.mark.parametrize("name", CALLERS)
    def test_it_answers_as_it_says_and_never_with_a_mistake_of_ours(self, scene: AccessScene, name: str) -> None:
        token = getattr(scene.callers[name].http, "token", None)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        schema = schemathesis.openapi.from_dict(_without_tuples(scene.world.app.openapi()))
        schema.app = scene.world.app
        wrong = [said for each in schema.get_all_operations() for said in _tried(scene, each.ok(), headers)]
        assert wrong == []


def _without_tuples(part: Any) -> Any:
    """A description without `prefixItems`, which JSON Schema has and schemathesis rewrites into what it then refuses."""
    if isinstance(part, dict):
        return {name: _without_tuples(each) for name, each in part.items() if name != "prefixItems"}
    return [_without_tuples(each) for each in part] if isinstance(part, list) else part


def _tried(scene: AccessScene, operation: Any, headers: dict[str, str]) -> list[str]:
    """What is wrong with an operation's answers, in words."""
    wrong: list[str] = []
    tries = iter(range(1000))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Case) -> None:
        if next(tries) % 2 == 0:
            made_up = case.path_parameters or {}
            case.path_parameters = {name: scene.addresses.get(name, value) for name, value in made_up.items()}
        response = case.call(headers=headers)
        try:
            case.validate_response(response, checks=list(CHECKS))
        except (SchemathesisError, BaseExceptionGroup, AssertionError) as error:
            asked = f"{operation.label} {case.path_parameters}"
            wrong.append(f"{asked}: {response.status_code} {_words(error)} {response.text[:300]}")

    ask()
    return wrong[:2]


def _words(error: BaseException) -> str:
    inner = getattr(error, "exceptions", (error,))
    return "; ".join(str(each).splitlines()[0] for each in inner)


load_all_checks()
