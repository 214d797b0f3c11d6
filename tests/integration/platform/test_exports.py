"""Exports: what organisers take away, whole, guarded against spreadsheets, and in the audit log."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonobench_platform.desk import exports
from sonobench_platform.desk.sheets import csv_lines, harmless

URL = "/api/v1/challenges/tiny/export"


def _csv(world: Any, subject: str, **params: str) -> list[dict[str, str]]:
    answer = world.organiser.get(f"{URL}/{subject}.csv", params=params)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


class TestTables:
    def test_submissions(self, world: Any) -> None:
        scored = world.scored("A")
        world.clock.advance(seconds=1)
        opened = world.create("=cmd|'/c calc'!A0", note="-1+1")["id"]
        rows = _csv(world, "submissions")
        assert [row["submission"] for row in rows] == [scored, opened]
        assert [row["state"] for row in rows] == ["scored", "uploading"]
        assert (rows[1]["team"], rows[1]["note"]) == ("'=cmd|'/c calc'!A0", "'-1+1")

    def test_results_are_every_figure_as_numbers(self, world: Any) -> None:
        submission = world.scored("A")
        rows = _csv(world, "results")
        assert {(row["submission"], row["task"], row["metric"], row["value"]) for row in rows} == {
            (submission, "", "dsc", "0.5"),
            (submission, "head", "dsc", "0.5"),
        }

    def test_the_leaderboard(self, world: Any) -> None:
        submission = world.scored("A")
        (row,) = _csv(world, "leaderboard")
        assert (row["team"], row["submission"], row["phase"]) == ("A", submission, "test")

    def test_entries(self, world: Any) -> None:
        world.create("A")
        (row,) = _csv(world, "entries")
        assert (row["team"], row["status"]) == ("A", "approved")

    @pytest.mark.parametrize("subject", ["submissions", "results", "cases", "leaderboard", "entries"])
    def test_json_says_the_same(self, world: Any, subject: str) -> None:
        assert world.organiser.get(f"{URL}/{subject}.json").json() == []
        world.scored("A")
        answer = world.organiser.get(f"{URL}/{subject}.json")
        assert answer.headers["Content-Type"] == "application/json"
        rows = json.loads(answer.text)
        assert len(rows) == len(_csv(world, subject))
        assert all(list(row) == list(rows[0]) for row in rows)

    def test_a_long_one_is_read_a_few_at_a_time_and_whole(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports, "_AT_A_TIME", 3)
        made = [world.create("A")["id"] for _ in range(8)]  # all at one moment
        assert sorted(row["submission"] for row in _csv(world, "submissions")) == sorted(made)

    def test_of_one_phase(self, world: Any) -> None:
        world.create("A")
        assert len(_csv(world, "submissions", phase="test")) == 1
        assert world.organiser.get(f"{URL}/submissions.csv?phase=none").status_code == 404


class TestManners:
    def test_it_is_a_file_that_no_browser_shows(self, world: Any) -> None:
        headers = world.organiser.get(f"{URL}/submissions.csv").headers
        assert headers["Content-Type"] == "text/csv; charset=utf-8"
        assert headers["Content-Disposition"] == 'attachment; filename="tiny-submissions.csv"'
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"

    def test_every_export_of_single_cases_is_in_the_audit_log(self, world: Any) -> None:
        world.organiser.get(f"{URL}/cases.csv")
        (row,) = world.organiser.get("/api/v1/challenges/tiny/audit?action=export.").json()["items"]
        assert (row["action"], row["actor"]) == ("export.cases", "the organiser token")

    def test_teams_get_none(self, world: Any) -> None:
        assert world.team("A").get(f"{URL}/cases.csv").status_code == 403
        assert world.organiser.get("/api/v1/audit?action=export.").json()["items"] == []

    @pytest.mark.parametrize("name", ["nothing.csv", "cases.xlsx", "cases", ".csv"])
    def test_what_is_no_table_is_not_found_or_refused(self, world: Any, name: str) -> None:
        assert world.organiser.get(f"{URL}/{name}").status_code in {404, 422}


_BEGINNINGS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\ufeff=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "|calc",
]


class TestFormulas:
    @pytest.mark.parametrize("text", _BEGINNINGS)
    def test_text_that_would_begin_one_gets_an_apostrophe(self, text: str) -> None:
        assert harmless(text) == f"'{text}"

    @pytest.mark.parametrize("text", ["", "plain", "1", "a=b", "'=1", "é"])
    def test_other_text_stays(self, text: str) -> None:
        assert harmless(text) == text

    def test_numbers_stay_numbers(self) -> None:
        assert "".join(csv_lines(["a"], [[-1], [-0.5], [None], [True], ["-0.5"]])).splitlines() == [
            "a",
            "-1",
            "-0.5",
            '""',
            "true",
            "'-0.5",
        ]

    @given(rows=st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")), min_size=2, max_size=2)))
    def test_any_text_reads_back_but_for_the_apostrophe(self, rows: list[list[str]]) -> None:
        read = list(csv.reader(io.StringIO("".join(csv_lines(["a", "b"], rows)), newline="")))
        assert read[1:] == [[harmless(each) for each in row] for row in rows]
        assert not any(each.startswith(("=", "+", "-", "@", "\t")) for row in read[1:] for each in row)
