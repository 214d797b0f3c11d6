"""Nodes: what they say of themselves, what organisers read, and how drift is told."""

from __future__ import annotations

from typing import Any

import pytest


def _nodes(world: Any) -> dict[str, dict[str, Any]]:
    answer = world.organiser.get("/api/v1/nodes")
    assert answer.status_code == 200, answer.text
    return {each["name"]: each for each in answer.json()["items"]}


def _reference(world: Any, seconds: float, node: str = "n1") -> None:
    answer = world.node.post(f"/internal/v1/nodes/{node}/reference", json={"seconds": seconds})
    assert answer.status_code == 204, answer.text


def _report(world: Any, report: dict[str, Any], *, is_safe: bool = True, node: str = "n1") -> None:
    answer = world.node.put(f"/internal/v1/nodes/{node}/report", json={"is_safe": is_safe, "report": report})
    assert answer.status_code == 204, answer.text


class TestReport:
    def test_the_last_one_is_kept(self, world: Any) -> None:
        _report(world, {"runtime": "runc"}, is_safe=False)
        world.clock.advance(hours=1)
        _report(world, {"runtime": "runsc"})
        found = _nodes(world)["n1"]
        assert (found["is_safe"], found["report"]) == (True, {"runtime": "runsc"})
        assert found["reported_at"] == "2026-01-01T13:00:00Z"

    def test_text_that_no_database_keeps_is_kept_all_the_same(self, world: Any) -> None:
        body = b'{"is_safe": true, "report": {"said": "a\\u0000b\\ud800"}}'
        world.node.put("/internal/v1/nodes/n1/report", content=body, headers={"Content-Type": "application/json"})
        assert all(each["report"]["said"].startswith("a\0b") for each in _nodes(world).values())

    @pytest.mark.parametrize("body", [b'{"is_safe": true, "report": {"x": NaN}}', b'{"is_safe": true, "report": []}', b"{}"])
    def test_what_is_no_report_is_refused(self, world: Any, body: bytes) -> None:
        url = "/internal/v1/nodes/n1/report"
        answer = world.node.put(url, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}
        assert _nodes(world) == {}

    def test_one_that_is_too_large_is_refused(self, world: Any) -> None:
        body = b'{"is_safe": true, "report": {"x": "' + b"a" * (5 << 20) + b'"}}'
        assert world.node.put("/internal/v1/nodes/n1/report", content=body).status_code == 413

    def test_a_name_is_a_plain_word(self, world: Any) -> None:
        assert world.node.put("/internal/v1/nodes/a b/report", json={"is_safe": True, "report": {}}).status_code == 422


class TestReference:
    def test_drift_is_told_against_the_first_one(self, world: Any) -> None:
        _reference(world, 1.0)
        assert _nodes(world)["n1"]["drift_percent"] == 0
        _reference(world, 1.25)
        found = _nodes(world)["n1"]
        assert (found["first_reference_s"], found["reference_s"]) == (1.0, 1.25)
        assert found["drift_percent"] == 25.0

    def test_a_node_that_only_measured_itself_is_not_safe(self, world: Any) -> None:
        _reference(world, 1.0)
        assert _nodes(world)["n1"]["is_safe"] is False

    def test_before_the_first_one_there_is_no_drift(self, world: Any) -> None:
        _report(world, {})
        assert _nodes(world)["n1"]["drift_percent"] is None

    @pytest.mark.parametrize("seconds", [0, -1, 1e9, "x", None])
    def test_what_is_no_time_is_refused(self, world: Any, seconds: Any) -> None:
        assert world.node.post("/internal/v1/nodes/n1/reference", json={"seconds": seconds}).status_code == 422


class TestSeeing:
    def test_a_node_that_asks_for_work_is_seen_to_within_a_minute(self, world: Any) -> None:
        _report(world, {})
        world.clock.advance(seconds=30)
        world.claim("n1")
        assert _nodes(world)["n1"]["seen_at"] == "2026-01-01T12:00:00Z"
        world.clock.advance(seconds=30)
        world.claim("n1")
        assert _nodes(world)["n1"]["seen_at"] == "2026-01-01T12:01:00Z"

    def test_one_that_never_said_anything_of_itself_is_not_listed(self, world: Any) -> None:
        assert world.node.post("/internal/v1/claims", json={"node": "n2", "gpus": 0}).status_code == 403
        assert _nodes(world) == {}


class TestDraining:
    def _asked(self, world: Any, what: str, node: str = "n1", **body: str) -> Any:
        return world.organiser.post(f"/api/v1/nodes/{node}/{what}", json=body or None)

    def test_a_drained_node_is_given_no_run_until_it_is_taken_back(self, world: Any) -> None:
        world.queued("A")
        _report(world, {"runtime": "runc"})
        assert self._asked(world, "drain", reason="new driver").status_code == 200
        claim = {"node": "n1", "gpus": 0}
        assert world.node.post("/internal/v1/claims", json=claim).status_code == 204
        assert self._asked(world, "take-back").status_code == 200
        assert world.node.post("/internal/v1/claims", json=claim).status_code == 200

    def test_the_first_reason_stays_and_the_audit_log_has_it_once(self, world: Any) -> None:
        _report(world, {"runtime": "runc"})
        for reason in ("new driver", "another"):
            self._asked(world, "drain", reason=reason)
        found = _nodes(world)["n1"]
        assert (found["drained_why"], found["drained_at"]) == ("new driver", "2026-01-01T12:00:00Z")
        rows = world.organiser.get("/api/v1/audit?action=node.drain").json()["items"]
        assert [(row["subject"], row["reason"]) for row in rows] == [("n1", "new driver")]

    def test_its_runs_are_not_expected_to_start_there(self, world: Any) -> None:
        from datetime import timedelta

        from sonobench_platform.runs.expected_start import _nodes as counted_on

        _report(world, {"runtime": "runc"})
        now = world.clock.now() + timedelta(seconds=1)
        with world.platform.core.database.read() as session:
            assert len(counted_on(session, now)) == 1
        self._asked(world, "drain", reason="new driver")
        with world.platform.core.database.read() as session:
            assert counted_on(session, now) == []

    def test_a_node_that_is_not_known_cannot_be_drained(self, world: Any) -> None:
        answer = self._asked(world, "drain", node="n9", reason="x")
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-node")

    def test_a_reason_is_needed(self, world: Any) -> None:
        _report(world, {"runtime": "runc"})
        assert self._asked(world, "drain", reason="").status_code == 422
