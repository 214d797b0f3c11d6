"""The test bench's engine (see `sandbox_bench.py`), and containers that are weaker than those of real runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sandbox_bench import docker_api, engine, image_of, loaded

from sonobench_eval.doctor import probing
from sonobench_eval.doctor.engine_facts import describe_engine, kept_log_bytes
from sonobench_eval.doctor.examine import Setting, examine_node, outside_of
from sonobench_eval.doctor.host import read_host
from sonobench_eval.doctor.isolation import isolation_checks
from sonobench_eval.doctor.probing import run_probes
from sonobench_eval.doctor.trial import ISOLATION
from sonobench_eval.sandbox.docker_engine import run as running

__all__ = ["docker_api", "engine", "image_of", "loaded"]

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def examine(tmp_path: Path, engine: Any) -> Callable[..., dict[str, Any]]:
    """Examine the machine; the checks by name."""

    def by_name(**setting: Any) -> dict[str, Any]:
        return {check.name: check for check in examine_node(Setting(home=tmp_path, **setting)).checks}

    return by_name


@pytest.fixture
def look(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, Any]]:
    """Run the isolation probe alone; its checks by name."""
    monkeypatch.setattr(probing, "TRIALS", (ISOLATION,))

    def by_name() -> dict[str, Any]:
        trace = run_probes(engine, log_bytes=kept_log_bytes)[ISOLATION.name]
        outside = outside_of(describe_engine(), read_host(data_root=None, home=tmp_path))
        return {check.name: check for check in isolation_checks(trace, outside)}

    return by_name


@pytest.fixture
def weaken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """From now on the sandbox's containers are changed before they are created."""

    def weaken_by(change: Change) -> None:
        strong = running.container_config

        def weak(*args: Any, **options: Any) -> dict[str, Any]:
            body = strong(*args, **options)
            change(body)
            return body

        monkeypatch.setattr(running, "container_config", weak)

    return weaken_by


@pytest.fixture
def endless_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """The volume for results has no bounds."""
    monkeypatch.setattr(
        running, "output_volume_options", lambda *_: {"type": "tmpfs", "device": "tmpfs", "o": "mode=0777,nosuid,nodev"}
    )


@pytest.fixture(autouse=True)
def nothing_is_left_behind(docker_api: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """No container and no volume stays. Under a name of this test's own: others may examine the same engine just now."""
    node = f"doctor-test-{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(probing, "NODE", node)
    yield
    filters = {"label": f"org.sonobench.node={node}"}
    assert docker_api.containers(all=True, filters=filters) == []
    assert not docker_api.volumes(filters=filters)["Volumes"]
