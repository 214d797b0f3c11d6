"""The gate before each claim: what was found holds as long as nothing changed, and the platform knows it first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sonobench_eval.doctor.report import Check
from sonobench_platform.node.client import ApiAway, NodeClient
from sonobench_platform.node.safety import Machine, Safety

UNSAFE = (Check("Memory and swap", "bad", "a program took 128 MiB", "Turn the controllers on.", "limit"),)


@pytest.fixture
def started(doctor: Any, client: NodeClient, tmp_path: Path) -> Callable[..., Safety]:
    """A worker's gate as it is after a start: with what an earlier one kept, if any."""

    def start(*, accept_unsafe: bool = False) -> Safety:
        return Safety(
            doctor, client, kept=tmp_path / "node" / "doctor-0.json", accept_unsafe=accept_unsafe, now=lambda: doctor.now
        )

    return start


class TestAllowsClaims:
    def test_a_safe_node_is_examined_once_and_told_of_once(self, started: Any, doctor: Any, api: Any, given: Any) -> None:
        safety = started()
        assert [safety.allows_claims() for _ in range(3)] == [True] * 3
        assert doctor.examined == 1
        assert sum("/nodes/" in request for request in api.requests) == 1
        assert api.nodes[given.NODE]["is_safe"] is True
        assert api.nodes[given.NODE]["report"]["schema"] == "sonobench.node_report/1"

    def test_a_restart_asks_nothing_anew_and_tells_the_platform(self, started: Any, doctor: Any, api: Any) -> None:
        started().allows_claims()
        api.nodes.clear()
        assert started().allows_claims()
        assert doctor.examined == 1
        assert api.nodes

    def test_a_change_of_the_node_is_looked_at_before_the_next_claim(self, started: Any, doctor: Any) -> None:
        safety = started()
        assert safety.allows_claims()
        doctor.mark, doctor.checks = "the engine has other options", UNSAFE
        assert not safety.allows_claims()

    @pytest.mark.parametrize(
        ("passed", "examined"), [(timedelta(hours=23), 1), (timedelta(hours=25), 2), (-timedelta(hours=1), 2)]
    )
    def test_what_was_found_holds_for_a_day_and_not_with_a_clock_set_back(
        self, started: Any, doctor: Any, passed: timedelta, examined: int
    ) -> None:
        started().allows_claims()
        doctor.now += passed
        assert started().allows_claims()
        assert doctor.examined == examined

    def test_an_unsafe_node_claims_nothing_says_why_and_is_looked_at_again(
        self, started: Any, doctor: Any, api: Any, given: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        found, doctor.checks = doctor.checks, UNSAFE
        safety = started()
        assert [safety.allows_claims() for _ in range(3)] == [False] * 3
        assert doctor.examined == 1
        assert api.nodes[given.NODE]["is_safe"] is False
        assert "Memory and swap: a program took 128 MiB. Turn the controllers on." in caplog.messages
        doctor.now += timedelta(minutes=6)
        doctor.checks = found
        assert safety.allows_claims()
        assert api.nodes[given.NODE]["is_safe"] is True

    def test_an_operators_word_is_taken_loudly_and_shown_to_organisers(
        self, started: Any, doctor: Any, api: Any, given: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        doctor.checks = UNSAFE
        assert started(accept_unsafe=True).allows_claims()
        told = api.nodes[given.NODE]
        assert (told["is_safe"], told["report"]["accepted_unsafe"]) == (False, True)
        loud = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert any("SONOBENCH_ACCEPT_UNSAFE_NODE" in record.message for record in loud)

    def test_on_a_safe_node_there_is_nothing_to_accept(self, started: Any, api: Any, given: Any) -> None:
        started(accept_unsafe=True).allows_claims()
        assert api.nodes[given.NODE]["report"]["accepted_unsafe"] is False

    @pytest.mark.parametrize("kept", ["", "{", '{"schema": "sonobench.node_report/1"}', "\0"])
    def test_what_was_kept_and_is_broken_is_not_believed(self, started: Any, doctor: Any, tmp_path: Path, kept: str) -> None:
        (tmp_path / "node").mkdir()
        (tmp_path / "node" / "doctor-0.json").write_text(kept)
        assert started().allows_claims()
        assert doctor.examined == 1

    def test_a_disk_that_takes_nothing_costs_only_the_next_starts_probes(
        self, doctor: Any, client: NodeClient, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        safety = Safety(doctor, client, kept=tmp_path / "file" / "doctor-0.json", now=lambda: doctor.now)
        assert safety.allows_claims()

    def test_the_platform_is_told_of_the_gpu_and_its_driver(
        self, doctor: Any, client: NodeClient, api: Any, given: Any, tmp_path: Path
    ) -> None:
        machine = Machine("NVIDIA A100", "580.1")
        safety = Safety(doctor, client, kept=tmp_path / "doctor-0.json", machine=machine, now=lambda: doctor.now)
        assert safety.allows_claims()
        assert api.nodes[given.NODE]["report"]["machine"] == {"gpu": "NVIDIA A100", "driver": "580.1"}

    def test_a_platform_that_is_away_is_told_before_anything_is_claimed(self, started: Any, doctor: Any, api: Any) -> None:
        safety = started()
        api.respond = lambda request: httpx.Response(503)
        with pytest.raises(ApiAway):
            safety.allows_claims()
        api.respond = lambda request: None
        assert safety.allows_claims()
        assert (doctor.examined, len(api.nodes)) == (1, 1)

    def test_an_older_platform_that_takes_no_reports_decides_for_itself(self, started: Any, api: Any, given: Any) -> None:
        api.respond = lambda request: given.problem(404, "not-found") if "/nodes/" in request.url.path else None
        assert started().allows_claims()
