from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from sonobench_platform.commands.admin_nodes import nodes_table
from sonobench_platform.nodes.schemas import Node

MOMENT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def printed(*, is_safe: bool, report: dict[str, Any]) -> str:
    node = Node(
        name="n1",
        seen_at=MOMENT,
        is_safe=is_safe,
        reported_at=MOMENT,
        report=report,
        reference_s=None,
        first_reference_s=None,
        reference_at=None,
        drift_percent=None,
    )
    sink = io.StringIO()
    Console(file=sink, width=120).print(nodes_table([node]))
    return sink.getvalue()


class TestNodesTable:
    @pytest.mark.parametrize(
        ("is_safe", "report", "words"),
        [
            (True, {}, "yes"),
            (True, {"accepted_unsafe": True}, "yes"),
            (False, {}, "no "),
            (False, {"accepted_unsafe": True}, "no, accepted by its operator"),
            (False, {"accepted_unsafe": "true"}, "no "),
        ],
    )
    def test_an_operators_word_for_an_unsafe_node_is_shown(self, is_safe: bool, report: dict[str, Any], words: str) -> None:
        assert words in printed(is_safe=is_safe, report=report)
