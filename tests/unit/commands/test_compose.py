"""docker-compose.yml is what its comments and infra/compose/README.md say. Nothing is started here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from sonobench_platform.commands.plugin import register
from sonobench_platform.config import Settings

ROOT = Path(__file__).resolve().parents[3]
OURS = ("api", "score-worker", "run-worker")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


class TestServices:
    def test_the_run_worker_neither_knows_nor_reaches_the_database(self, services: dict[str, Any]) -> None:
        assert not [name for name in services["run-worker"]["environment"] if "DATABASE" in name]
        assert not set(services["run-worker"]["networks"]) & set(services["database"]["networks"])

    def test_only_the_run_worker_holds_the_socket_of_the_engine(self, services: dict[str, Any]) -> None:
        holders = [name for name, service in services.items() if "docker.sock" in str(service.get("volumes"))]
        assert holders == ["run-worker"]

    def test_only_the_score_worker_sees_the_references(self, services: dict[str, Any]) -> None:
        seeing = [name for name, service in services.items() if "/challenges" in str(service.get("volumes"))]
        assert seeing == ["score-worker"]

    def test_only_the_proxy_is_reached_from_outside(self, services: dict[str, Any]) -> None:
        assert [name for name, service in services.items() if service.get("ports")] == ["proxy"]
        networks = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"]
        assert {name for name, network in networks.items() if not network.get("internal")} == {"outside"}
        assert "return 404" in (ROOT / "infra/compose/nginx.conf").read_text().split("location /internal/")[1].split("}")[0]

    @pytest.mark.parametrize("name", OURS)
    def test_commands_and_settings_exist(self, services: dict[str, Any], name: str) -> None:
        app = typer.Typer()
        register(app)
        shown = CliRunner().invoke(app, [*services[name]["command"], "--help"])
        assert shown.exit_code == 0, shown.output
        for variable in services[name]["environment"]:
            assert variable.removeprefix("SONOBENCH_").lower() in Settings.model_fields

    def test_every_variable_it_asks_for_is_in_the_example(self) -> None:
        asked = {part.split(":")[0].split("}")[0] for part in (ROOT / "docker-compose.yml").read_text().split("${")[1:]}
        example = (ROOT / "infra/compose/example.env").read_text()
        assert {name for name in asked if f"\n{name}=" not in example} == set()
