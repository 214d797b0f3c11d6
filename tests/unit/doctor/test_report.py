from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sonobench_eval.doctor.report import Check, Kind, NodeReport, ReportUnreadable, Verdict


def report_with(*checks: Check, probed: bool = True) -> NodeReport:
    return NodeReport(checks, "Docker Engine 28", "runc", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "f" * 64, probed)


class TestIsSafe:
    @pytest.mark.parametrize(
        ("verdict", "kind", "safe"),
        [
            ("ok", "limit", True),
            ("warn", "isolation", True),
            ("bad", "limit", False),
            ("bad", "fact", False),
            ("unknown", "limit", False),
            ("unknown", "isolation", False),
            ("unknown", "fact", True),
        ],
    )
    def test_what_is_not_known_of_a_limit_or_a_wall_counts_as_not_held(self, verdict: Verdict, kind: Kind, safe: bool) -> None:
        assert report_with(Check("x", verdict, "", kind=kind)).is_safe is safe

    def test_a_node_on_which_nothing_was_tried_is_not_safe(self) -> None:
        assert not report_with(Check("x", "ok", ""), probed=False).is_safe


class TestJson:
    def test_a_report_comes_back_as_it_was(self) -> None:
        report = report_with(Check("Größe", "bad", "found \x1b", "cure", "limit"))
        assert NodeReport.from_json(report.to_json()) == report

    def test_what_a_document_says_of_its_own_safety_is_not_believed(self) -> None:
        document = report_with(Check("Memory", "bad", "", kind="limit")).to_document() | {"is_safe": True}
        assert not NodeReport.from_json(json.dumps(document)).is_safe

    @pytest.mark.parametrize(
        "change",
        [
            {"schema": "sonobench.node_report/2"},
            {"checks": [{"name": "x", "verdict": "fine", "found": "", "cure": "", "kind": "limit"}]},
            {"checks": [{"name": "x", "verdict": "ok", "found": "", "cure": "", "kind": "wall"}]},
            {"checks": [{"name": "x"}]},
            {"checks": 3},
            {"made_at": "yesterday"},
            {"engine": 7},
        ],
    )
    def test_a_document_of_another_shape_is_told(self, change: dict[str, Any]) -> None:
        with pytest.raises(ReportUnreadable):
            NodeReport.from_json(json.dumps(report_with().to_document() | change))

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "[" * 100_000])
    def test_noise_is_told(self, text: str) -> None:
        with pytest.raises(ReportUnreadable):
            NodeReport.from_json(text)
