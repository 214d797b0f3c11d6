"""`sonobench doctor` lays its probes' inputs where the engine sees them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sonobench_eval.cli.doctoring import doctor
from sonobench_eval.doctor import examine
from sonobench_eval.doctor.report import NodeReport


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[examine.Setting]:
    settings: list[examine.Setting] = []

    def examine_node(setting: examine.Setting, **_: Any) -> NodeReport:
        settings.append(setting)
        return NodeReport((), "Docker Engine 28", "runc", datetime(2026, 1, 2, tzinfo=UTC), "f")

    monkeypatch.setattr(examine, "examine_node", examine_node)
    return settings


class TestStaging:
    def test_a_home_that_is_there_holds_them_as_a_container_shares_it_with_the_engine(
        self, asked: list[examine.Setting], tmp_path: Path
    ) -> None:
        doctor(home=tmp_path)
        assert asked[0].staging == tmp_path.resolve()

    def test_without_a_home_none_is_made(self, asked: list[examine.Setting], tmp_path: Path) -> None:
        doctor(home=tmp_path / "var")
        assert asked[0].staging is None
        assert not (tmp_path / "var").exists()
