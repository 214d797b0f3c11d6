from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from sonobench_eval.cli.render_doctor import node_report
from sonobench_eval.doctor.report import Check, NodeReport

CHECKS = (
    Check("Clock", "warn", "not held to a reference", "Run a time service."),
    Check("Network", "ok", "no interface but lo", kind="isolation"),
    Check("Memory and swap", "bad", "a program took [bold]128 MiB\x1b[31m", "Turn the controllers on.", "limit"),
)


def printed(*checks: Check, width: int = 100, probed: bool = True) -> str:
    sink = io.StringIO()
    report = NodeReport(checks, "Docker Engine 28", "runc", datetime(2026, 1, 2, tzinfo=UTC), "f", probed)
    Console(file=sink, width=width, force_terminal=False, legacy_windows=False).print(node_report(report))
    return sink.getvalue()


class TestNodeReport:
    def test_one_line_for_each_check_in_groups_then_cures_the_worst_first(self) -> None:
        lines = [line.rstrip() for line in printed(*CHECKS).splitlines()]
        assert lines[0] == "Docker Engine 28, runtime runc"
        titles = ["The node", "What a hostile container could see and do", "What a hostile container could use up", "What to do"]
        assert [line for line in lines if line in titles] == titles
        cures = lines[lines.index("What to do") + 1 :]
        assert cures[0].startswith("✗ Memory and swap")
        assert cures[1].startswith("! Clock")

    def test_what_keeps_data_away_is_the_last_line(self) -> None:
        assert printed(*CHECKS).rstrip().endswith("✗ Hidden data must not come here: Memory and swap.")

    def test_a_safe_node_is_told_and_how_much_is_worth_a_look(self) -> None:
        assert printed(*CHECKS[:2]).rstrip().endswith("✓ Hidden data may come here. 1 thing is worth a look.")
        assert printed(CHECKS[1]).rstrip().endswith("✓ Hidden data may come here.")

    def test_facts_alone_promise_nothing(self) -> None:
        assert "not known" in printed(CHECKS[0], probed=False).splitlines()[-1]

    @pytest.mark.parametrize("width", [50, 80, 200])
    def test_no_line_is_wider_than_the_terminal_and_words_of_engines_are_text(self, width: int) -> None:
        text = printed(*CHECKS, width=width)
        assert max(len(line) for line in text.splitlines()) <= width
        assert "[bold]" in text
        assert "\x1b" not in text
