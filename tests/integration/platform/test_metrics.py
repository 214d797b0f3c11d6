"""`/metrics`: figures that an operator can trust, for the operator alone, and a dashboard that asks for nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from platform_world import report
from prometheus_client.parser import text_string_to_metric_families

from sonobench_platform.desk.metrics import names


@pytest.fixture
def scrape(world: Any) -> Callable[[], dict[tuple[str, frozenset[tuple[str, str]]], float]]:
    def read() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        answer = world.anyone.get("/metrics")
        assert answer.status_code == 200, answer.text
        families = text_string_to_metric_families(answer.text)
        return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}

    return read


def _key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


TINY = {"challenge": "tiny", "phase": "test"}


class TestFigures:
    def test_states_queue_and_its_age_are_counted(self, world: Any, scrape: Any) -> None:
        world.scored("A")
        world.queued("B")
        world.clock.advance(seconds=30)
        found = scrape()
        assert found[_key("sonobench_submissions", state="scored", **TINY)] == 1
        assert found[_key("sonobench_submissions", state="queued", **TINY)] == 1
        assert found[_key("sonobench_queue_length", **TINY)] == 1
        assert 30 <= found[_key("sonobench_queue_oldest_seconds", **TINY)] <= 32

    def test_an_empty_queue_is_zero_and_not_missing(self, scrape: Any) -> None:
        found = scrape()
        assert found[_key("sonobench_queue_length", **TINY)] == 0
        assert found[_key("sonobench_queue_oldest_seconds", **TINY)] == 0

    def test_a_run_is_timed_from_claim_to_end(self, world: Any, scrape: Any) -> None:
        world.queued("A")
        claimed = world.claim()
        world.clock.advance(seconds=40)
        world.hand_back(claimed)
        world.tell(claimed, "finish", report=report())
        found = scrape()
        assert found[_key("sonobench_run_duration_seconds_count")] == 1
        assert found[_key("sonobench_run_duration_seconds_sum")] == pytest.approx(40, abs=0.01)
        assert found[_key("sonobench_run_duration_seconds_bucket", le="15.0")] == 0
        assert found[_key("sonobench_run_duration_seconds_bucket", le="60.0")] == 1
        assert found[_key("sonobench_attempts_ended_total", ended="finished")] == 1

    def test_a_lease_that_ran_out_is_a_loss(self, world: Any, scrape: Any) -> None:
        world.queued("A")
        world.claim()
        assert scrape()[_key("sonobench_leases_live")] == 1
        world.clock.advance(seconds=1000)
        world.platform.sweep()
        found = scrape()
        assert found[_key("sonobench_attempts_ended_total", ended="lost")] == 1
        assert found[_key("sonobench_leases_live")] == 0

    def test_bytes_of_images_that_arrived_are_counted_and_others_are_not(self, world: Any, scrape: Any) -> None:
        world.create("A", size_bytes=10_000)
        world.uploaded("B", b"x" * 700)
        assert scrape()[_key("sonobench_upload_bytes_total")] == 700

    def test_the_sweep_and_the_disk(self, world: Any, scrape: Any) -> None:
        assert scrape()[_key("sonobench_sweep_age_seconds")] == float("inf")
        world.platform.sweep()
        world.clock.advance(seconds=5)
        found = scrape()
        assert found[_key("sonobench_sweep_age_seconds")] == 5
        assert found[_key("sonobench_store_free_bytes")] > 0

    def test_a_database_that_is_away_is_a_figure_and_not_a_failed_scrape(
        self, world: Any, scrape: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sqlalchemy.exc import OperationalError

        def away(*_: object) -> None:
            raise OperationalError("SELECT 1", {}, Exception("away"))

        assert scrape()[_key("sonobench_database_up")] == 1
        monkeypatch.setattr("sonobench_platform.desk.facts._submissions", away)
        assert scrape()[_key("sonobench_database_up")] == 0

    def test_a_store_that_is_gone_has_no_space_and_the_scrape_goes_on(self, world: Any, scrape: Any) -> None:
        home = world.platform.settings.home
        home.rename(home.with_name("away"))
        found = scrape()
        home.with_name("away").rename(home)
        assert found[_key("sonobench_store_free_bytes")] == 0

    def test_no_team_and_no_note_is_in_it(self, world: Any) -> None:
        world.scored("Very Secret Team")
        assert "Secret" not in world.anyone.get("/metrics").text


class TestRequests:
    def test_they_are_counted_by_route_and_never_by_what_a_caller_typed(self, world: Any, scrape: Any) -> None:
        for submission_id in ("sub-aaaaaaaaaaaaaaaa", "sub-bbbbbbbbbbbbbbbb"):
            world.organiser.get(f"/api/v1/submissions/{submission_id}")
        world.anyone.get("/made/up/by/a/stranger")
        world.anyone.request("BREW", "/healthz")
        found = scrape()
        seen = {name_and_labels for name_and_labels in found if name_and_labels[0].startswith("sonobench_http")}
        route = "/api/v1/submissions/{submission_id}"
        assert found[_key("sonobench_http_request_duration_seconds_count", method="GET", route=route, status="404")] == 2
        assert not any("stranger" in str(each) or "BREW" in str(each) or "sub-a" in str(each) for each in seen)

    def test_bytes_that_came_in_are_counted(self, world: Any, scrape: Any) -> None:
        world.uploaded("A", b"x" * 321)
        route = "/api/v1/submissions/{submission_id}/image"
        assert scrape()[_key("sonobench_http_received_bytes_total", route=route)] == 321


class TestWhoMayRead:
    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
    def test_what_came_through_a_proxy_finds_nothing(self, world: Any, header: str) -> None:
        assert world.anyone.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404

    @pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 404), ("", 404)])
    def test_without_a_token_only_this_machine(self, world: Any, address: str, status: int) -> None:
        assert _ask(world, address) == status

    def test_with_a_token_file_whoever_holds_the_token_and_nobody_else(
        self, make_world: Callable[..., Any], tmp_path: Path
    ) -> None:
        secret = tmp_path / "metrics-token"
        secret.write_text("open-sesame\n")
        world = make_world(metrics_token_file=secret)
        assert _ask(world, "192.0.2.7", Authorization="Bearer open-sesame") == 200
        assert _ask(world, "192.0.2.7", Authorization="Bearer open") == 404
        assert _ask(world, "127.0.0.1") == 404
        assert _ask(world, "127.0.0.1", Authorization="Bearer ") == 404

    @pytest.mark.parametrize("content", [None, "", "\n"])
    def test_a_token_file_without_a_token_opens_to_nobody(
        self, make_world: Callable[..., Any], tmp_path: Path, content: str | None
    ) -> None:
        secret = tmp_path / "metrics-token"
        if content is not None:
            secret.write_text(content)
        world = make_world(metrics_token_file=secret)
        assert _ask(world, "127.0.0.1", Authorization="Bearer ") == 404


def _ask(world: Any, address: str, **headers: str) -> int:
    import asyncio

    async def ask() -> int:
        transport = httpx.ASGITransport(app=world.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get("/metrics", headers=headers)).status_code

    return asyncio.run(ask())


class TestDashboardAndAlerts:
    @pytest.fixture
    def known(self, world: Any) -> set[str]:
        """Every series there is once something has happened."""
        world.scored("A")
        world.node.post("/internal/v1/nodes/n1/reference", json={"seconds": 1.0})
        return set(names(world.app.state.metrics.registry))

    def test_the_dashboard_asks_for_metrics_that_exist(self, known: set[str], repo_root: Path) -> None:
        dashboard = json.loads((repo_root / "infra/monitoring/grafana-dashboard.json").read_text())
        asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
        assert len(asked) >= 10
        assert {name for expression in asked for name in _named(expression)} - known == set()

    def test_every_alert_asks_for_metrics_that_exist_and_says_what_to_do(self, known: set[str], repo_root: Path) -> None:
        groups = yaml.safe_load((repo_root / "infra/monitoring/alerts.yml").read_text())["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert len(rules) >= 8
        assert {name for rule in rules for name in _named(rule["expr"])} - known == set()
        operations = (repo_root / "docs/operations.md").read_text()
        for rule in rules:
            assert {"summary", "description"} <= set(rule["annotations"]), rule["alert"]
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert f"**{rule['alert']}**" in operations, f"docs/operations.md does not say what to do about {rule['alert']}"


def _named(expression: str) -> set[str]:
    """The series in an expression; `up` and `scrape_*` are Prometheus's own."""
    without_labels = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by *\([^)]*\)|\"[^\"]*\"", "", expression)
    words = set(re.findall(r"[a-z_:][a-z0-9_:]*", without_labels))
    return {word for word in words if word.startswith("sonobench_")}
