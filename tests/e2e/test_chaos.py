"""Twenty submissions while everything they depend on is killed; `make soak` does two hundred."""

from __future__ import annotations

import os
from pathlib import Path

import docker
import pytest
from infra.real_services import ServiceMissing
from infra.soak import run_soak, told
from infra.soak_backends import backends_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

SUBMISSIONS = 20
SEED = 20250923


class TestChaos:
    @pytest.mark.parametrize("name", ["embedded", "real"])
    def test_every_submission_ends_as_it_must_and_nothing_is_left(
        self, name: str, engine: docker.DockerClient, tmp_path: Path
    ) -> None:
        try:
            with backends_for(name) as backends:
                tally = run_soak(tmp_path, submissions=SUBMISSIONS, backends=backends, seed=SEED)
        except ServiceMissing as missing:
            pytest.fail(str(missing)) if os.environ.get("CI") == "true" else pytest.skip(str(missing))
        assert tally.problems == [], told(tally, backends)
        assert sum(tally.ended.values()) == SUBMISSIONS
        assert set(tally.kills) >= {"run", "run-1", "score", "serve", "broker"}, told(tally, backends)
        assert ("database connections" in tally.kills) == (name == "real")
