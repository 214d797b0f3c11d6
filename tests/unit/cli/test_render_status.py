"""Submissions in a terminal: a score stands under a name that tells it from the others."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from sonobench_eval.cli.render_status import quota_table, submission_view, submissions_table


def drawn(renderable: Any) -> str:
    console = Console(width=160, file=StringIO())
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]


def queued(**more: Any) -> dict[str, Any]:
    """A submission that waits, and what else is said of it."""
    known = {"id": "sub-a", "team": {"id": "team-a", "name": "A"}, "challenge": "small", "phase": "final", "state": "queued"}
    return {**known, "state_since": "2026-01-01T00:00:00Z", **more}


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

    def test_its_phase_its_place_and_when_it_will_start_are_told(self) -> None:
        shown = drawn(submission_view(queued(queue_position=4, expected_start={"from_minutes": 10, "to_minutes": 20})))
        assert "small, phase final: waiting for a machine, 3 before it" in shown
        assert "It will probably start in 10 to 20 minutes." in shown

    def test_a_part_that_was_scored_is_told_from_a_failure(self) -> None:
        failure = {"category": "crashed", "blame": "participant", "sentence": "It crashed; 1 of 2 cases have a result."}
        partial = drawn(submission_view(queued(state="scored", failure=failure)))
        assert "Only a part of it is scored. It crashed; 1 of 2 cases have a result." in partial
        assert "Only a part" not in drawn(submission_view(queued(state="failed", failure=failure)))

    def test_who_failed_on_the_public_samples_is_told_where_the_whole_log_is(self) -> None:
        failure = {"category": "crashed", "blame": "participant", "sentence": "On the public sample images: it crashed."}
        assert "sonobench logs sub-a" in drawn(submission_view(queued(state="failed", failure=failure)))

    def test_findings_are_told(self) -> None:
        assert "4 cases have no result." in printed(findings=[{"code": "x", "count": 4, "sentence": "4 cases have no result."}])

    def test_what_was_found_in_the_image_is_told(self) -> None:
        found = {"digest": "sha256:" + "a" * 64, "size_bytes": 2**30, "user": "", "entrypoint": ["python", "-m", "my model"]}
        shown = drawn(submission_view(queued(image={**found, "command": [], "working_dir": "/", "warnings": ["It is large."]})))
        assert "runs as root: python -m 'my model'" in shown
        assert "Note on the image: It is large." in shown

    def test_why_a_result_is_hidden_that_it_counts_and_that_it_costs_nothing_are_told(self) -> None:
        shown = drawn(submission_view(queued(state="scored", result_hidden="Until May.", chosen=True, costs_attempt=False)))
        for sentence in ("Until May.", "Your team chose this submission to count.", "Its attempt was given back"):
            assert sentence in shown


class TestSubmissionsTable:
    def test_submissions_of_two_phases_are_told_apart(self) -> None:
        shown = drawn(submissions_table([queued(), queued(phase="sample")]))
        assert "final" in shown
        assert "sample" in shown

    def test_a_server_that_names_no_phase_is_understood(self) -> None:
        older = queued()
        del older["phase"]
        assert "sub-a" in drawn(submissions_table([older]))


class TestQuotaTable:
    def test_no_limit_is_said_in_words_and_what_is_left_stands_beside_its_limit(self) -> None:
        none = {"limit": None, "used": 7, "left": None}
        daily = {"limit": 3, "used": 1, "left": 2}
        phase = {"phase": "final", "open": True, "daily": daily, "total": none, "concurrent": none, "left": 2}
        row = drawn(quota_table([{**phase, "next_day": "2026-01-02T00:00:00+00:00"}])).splitlines()[-2]
        assert row.split()[:8] == ["final", "yes", "2", "2", "of", "3", "no", "limit"]
