"""Submissions in a terminal: a score stands under a name that tells it from the others."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from sonobench_eval.cli.render_status import submission_view


def printed(**result: Any) -> str:
    known = {"time_s": 4.36, "host_memory_bytes": 2**28, "gpu_memory_bytes": None, "exact": False}
    submission = {
        "id": "sub-a",
        "team": {"id": "team-a", "name": "A"},
        "challenge": "small",
        "state": "scored",
        "result": {**known, **result},
    }
    console = Console(width=120, file=StringIO())
    console.print(submission_view(submission))
    return console.file.getvalue()  # type: ignore[attr-defined]


class TestSubmissionView:
    def test_two_means_of_one_metric_are_told_apart(self) -> None:
        means = [
            {"name": "auc", "definition": "auc", "value": 0.97},
            {"name": "auc", "definition": "auc one-vs-rest macro", "value": 0.84},
        ]
        shown = printed(means=means)
        assert "AUC binary" in shown
        assert "AUC multiclass" in shown

    def test_one_mean_keeps_its_short_name(self) -> None:
        assert "AUC " in printed(means=[{"name": "auc", "definition": "auc one-vs-rest macro", "value": 0.84}])

    def test_rounded_figures_are_said_to_be_rounded(self) -> None:
        assert "memory to the next 64 MiB (67 MB)" in printed()
        assert "64 MiB" not in printed(exact=True)
