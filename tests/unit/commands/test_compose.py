"""docker-compose.yml is what its comments and infra/compose/README.md say. Nothing is started here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from sonobench_platform.commands.plugin import register
from sonobench_platform.config import Settings

ROOT = Path(__file__).resolve().parents[3]
OURS = ("api", "score-worker", "run-worker", "beat")
NODE, GPU = ROOT / "infra/compose/node.yml", ROOT / "infra/compose/gpu.yml"
OUTGOING = ROOT / "infra/compose/outgoing.yml"


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

    def test_the_image_of_ours_is_built_once_and_never_pulled(self, services: dict[str, Any]) -> None:
        assert [name for name, service in services.items() if "build" in service] == ["api"]
        assert {services[name]["image"] for name in OURS} == {"sonobench/server:local"}
        assert {services[name]["pull_policy"] for name in OURS} == {"never"}

    def test_the_image_is_made_of_what_the_build_is_sent_and_secrets_are_not(self) -> None:
        sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        copies = [line.split()[1:-1] for line in (ROOT / "infra/compose/Dockerfile").read_text().splitlines() if "COPY" in line]
        assert sent == {name for names in copies for name in names}
        assert "*" in (ROOT / ".dockerignore").read_text().splitlines()

    @pytest.mark.parametrize("name", ["volumes-ready", "registry-certificate"])
    def test_what_starts_and_ends_leaves_no_volume_behind(self, services: dict[str, Any], name: str) -> None:
        """The images of PostgreSQL, Redis and the registry declare volumes; nginx' does not."""
        assert services[name]["image"] == services["proxy"]["image"]

    def test_the_proxy_is_believed_whom_it_speaks_for(self, services: dict[str, Any]) -> None:
        """Else all visitors share one allowance of requests: the proxy's."""
        asked = services["api"]["environment"]["SONOBENCH_TRUSTED_PROXIES"]
        networks = asked.removeprefix("${SONOBENCH_TRUSTED_PROXIES:-").removesuffix("}")
        assert Settings(trusted_proxies=networks).trusted_proxies == networks
        assert "172.16.0.0/12" in networks.split(",")

    def test_a_way_out_is_for_the_two_that_ask_others_and_only_where_asked_for(self, services: dict[str, Any]) -> None:
        changed = yaml.safe_load(OUTGOING.read_text())["services"]
        assert set(changed) == {"api", "score-worker"}
        assert all(service["networks"] == ["outside"] for service in changed.values())
        assert [name for name, service in services.items() if "outside" in service.get("networks", [])] == ["proxy"]

    def test_what_serves_the_web_runs_without_rights_and_cannot_gain_any(self, services: dict[str, Any]) -> None:
        for name in ("api", "proxy", "registry"):
            service = services[name]
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            assert service["read_only"], name
            assert not str(service["user"]).startswith("0"), name
            assert "docker.sock" not in str(service), name
            assert "pid" not in service, name

    def test_the_run_worker_has_what_measuring_needs(self, services: dict[str, Any]) -> None:
        for worker in (services["run-worker"], yaml.safe_load(NODE.read_text())["services"]["run-worker"]):
            home = worker["environment"]["SONOBENCH_HOME"]
            assert f"{home}:{home}" in worker["volumes"]
            assert "/sys/fs/cgroup:/sys/fs/cgroup:ro" in worker["volumes"]
            assert (worker["pid"], worker["cgroup"]) == ("host", "host")

    def test_beat_reaches_the_broker_and_nothing_else(self, services: dict[str, Any]) -> None:
        assert services["beat"]["networks"] == ["wake"]
        assert "volumes" not in services["beat"]

    def test_only_the_api_sees_the_key_that_registry_tokens_are_signed_with(self, services: dict[str, Any]) -> None:
        seeing = {name for name, service in services.items() if "home:/var/lib/sonobench" in str(service.get("volumes"))}
        assert "registry" not in seeing
        assert "proxy" not in seeing

    def test_the_registry_believes_what_the_platform_signs(self) -> None:
        from sonobench_platform.registry.tokens import ISSUER, SERVICE

        configured = yaml.safe_load((ROOT / "infra/compose/registry.yml").read_text())["auth"]["token"]
        assert (configured["service"], configured["issuer"]) == (SERVICE, ISSUER)
        assert not yaml.safe_load((ROOT / "infra/compose/registry.yml").read_text())["storage"]["delete"]["enabled"]

    def test_every_variable_it_asks_for_is_in_the_example(self) -> None:
        asked = {part.split(":")[0].split("}")[0] for part in (ROOT / "docker-compose.yml").read_text().split("${")[1:]}
        example = (ROOT / "infra/compose/example.env").read_text()
        assert {name for name in asked if f"\n{name}=" not in example} == set()


class TestNode:
    def test_it_needs_two_addresses_a_token_and_a_name(self) -> None:
        services = yaml.safe_load(NODE.read_text())["services"]
        assert list(services) == ["run-worker"]
        environment = services["run-worker"]["environment"]
        for variable in environment:
            assert variable.removeprefix("SONOBENCH_").lower() in Settings.model_fields
        assert not [name for name in environment if "DATABASE" in name or "ORGANISER" in name]
        asked = {part.split(":")[0] for part in NODE.read_text().split("${")[1:] if ":?" in part.split("}")[0]}
        assert asked == {"SONOBENCH_API_URL", "SONOBENCH_NODE_TOKEN", "SONOBENCH_NODE_NAME"}

    def test_an_empty_address_of_a_broker_is_none(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Compose hands on a variable that is not set as an empty one."""
        monkeypatch.setenv("SONOBENCH_BROKER_URL", "")
        assert Settings(home=tmp_path).broker_url is None

    def test_the_gpu_override_names_a_service_of_both_files(self, services: dict[str, Any]) -> None:
        changed = yaml.safe_load(GPU.read_text())["services"]
        assert set(changed) <= set(services) & set(yaml.safe_load(NODE.read_text())["services"])
        assert set(changed["run-worker"]["environment"]) <= {f"SONOBENCH_{name.upper()}" for name in Settings.model_fields}


class TestProxy:
    def test_it_speaks_tls_says_so_for_a_year_and_sends_clear_text_away(self) -> None:
        configuration = (ROOT / "infra/compose/nginx.conf").read_text()
        clear, encrypted = configuration.split("listen 8443 ssl;")
        assert "return 308 https://" in clear
        assert "proxy_pass" not in clear
        assert 'add_header Strict-Transport-Security "max-age=31536000" always;' in encrypted
        assert "ssl_protocols TLSv1.2 TLSv1.3;" in clear

    @pytest.mark.parametrize("location", ["location /internal/", "location = /metrics"])
    def test_what_is_for_the_inside_is_not_there(self, location: str) -> None:
        configuration = (ROOT / "infra/compose/nginx.conf").read_text()
        assert "return 404" in configuration.split(location)[1].split("}")[0]

    def test_no_secret_of_a_mailed_link_is_logged(self) -> None:
        configuration = (ROOT / "infra/compose/nginx.conf").read_text()
        (logged,) = [line for line in configuration.splitlines() if "log_format" in line]
        assert "$logged" in logged
        assert not {"$request", "$request_uri", "$uri", "$args", "$http_referer"} & set(re.findall(r"\$\w+", logged))
        assert "map $uri $logged { default $uri; ~^/invitations/ /invitations/...; }" in configuration

    def test_a_callers_word_for_its_own_address_is_dropped(self) -> None:
        configuration = (ROOT / "infra/compose/nginx.conf").read_text()
        assert "$proxy_add_x_forwarded_for" not in configuration
        assert configuration.count("proxy_set_header X-Forwarded-For $remote_addr;") == configuration.count("proxy_pass ")
