"""Each preset made and scored once, and each of its algorithms."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from preset_scores import Scored, scored

from sonobench_eval.presets.synthetic import ALGORITHMS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scored]:
    """Each preset once, when it is first asked for."""
    found: dict[str, Scored] = {}

    def of(name: str) -> Scored:
        if name not in found:
            found[name] = scored(tmp_path_factory.mktemp("presets") / name, name, 120 if name == "bus-cot" else None)
        return found[name]

    return of


@pytest.fixture(params=ALGORITHMS)
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)
