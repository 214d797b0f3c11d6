"""The pages as a browser gets them: addresses, headers, and the same numbers in page, JSON and CSV."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from platform_fakes import FakeClock

from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task
from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_platform import problems
from sonobench_platform.accounts.access import visitor
from sonobench_platform.app import create_app
from sonobench_platform.config import Settings
from sonobench_platform.web.pages import error_page, router
from sonobench_platform.web.records import records_of
from sonobench_platform.web.source import BesideBoard, PublicChallenge, PublishedBoard
from sonobench_platform.wiring import Platform

CHALLENGE = Challenge(
    sonobench=1,
    name="two",
    title="Two tasks",
    centers=(Center(id="here", role="internal"), Center(id="there", role="external")),
    tasks=(
        Task(id="seg", kind="segmentation", dataset_name="S", organ="s", labels={"s": "nonzero"}, metrics=(Metric(name="dsc"),)),
        Task(id="cls", kind="binary", dataset_name="C", organ="c", classes=("no", "yes"), metrics=(Metric(name="auc"),)),
    ),
    cases=(
        Case(id="hidden/img/0.png", task="seg", center="here"),
        Case(id="hidden/img/1.png", task="cls", center="there"),
    ),
)


def score(name: str, value: float) -> MetricScore:
    return MetricScore(name=name, definition=name, value=value, ci_low=value - 0.0123, ci_high=value + 0.0123, n=1, units=1)


def team(place: int, name: str, dsc: float, auc: float) -> Row:
    tasks = (
        TaskColumn(id="seg", title="Seg", kind="segmentation", metrics=(score("dsc", dsc),)),
        TaskColumn(id="cls", title="Cls", kind="binary", metrics=(score("auc", auc),)),
    )
    return Row(
        rank=place,
        rank_low=place,
        rank_high=2,
        team=name,
        score=0.9 / place,
        performance=0.8 / place,
        efficiency=0.7 / place,
        means=(score("dsc", dsc), score("auc", auc)),
        tasks=tasks,
        time_s=12.345678 * place,
        host_memory_bytes=123_456_789 * place,
    )


BOARD = Leaderboard(
    challenge="two",
    title="Two tasks",
    challenge_hash="sha256:" + "1" * 64,
    dataset_hash="sha256:" + "2" * 64,
    generated_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    scheme="uusic25",
    performance_weight=0.7,
    efficiency_weight=0.3,
    resamples=1000,
    confidence=0.95,
    cases=2,
    centers=2,
    external_centers=1,
    rows=(team(1, "first", 0.876543, 0.912345), team(2, "=second()", 0.7654321, 0.8123456)),
)


class FakeRecords:
    def __init__(self, *, has_board: bool = True) -> None:
        self.has_board = has_board

    def challenges(self) -> Sequence[PublicChallenge]:
        return [PublicChallenge(CHALLENGE, "sha256:" + "1" * 64, is_open=True)]

    def challenge(self, name: str) -> PublicChallenge | None:
        return next((each for each in self.challenges() if each.definition.name == name), None)

    def latest_board(self, name: str) -> PublishedBoard | None:
        if not self.has_board or name != "two":
            return None
        return PublishedBoard(BOARD, BOARD.to_json(), "sha256:" + "3" * 64)

    def beside_board(self, name: str) -> BesideBoard:
        return BesideBoard()

    def teams_without_score(self, name: str) -> int:
        return 2

    def public_url(self) -> str:
        return "https://bench.example.org"


class Browser:
    """Asks the application itself, without a socket, as a browser would."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, *, accept: str = "text/html,*/*;q=0.8", method: str = "GET") -> httpx.Response:
        return asyncio.run(self._ask(method, path, accept))

    async def _ask(self, method: str, path: str, accept: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers={"Accept": accept}) as client:
            return await client.request(method, path)


ASK_A_DATABASE = (
    "/api/",
    "/account",
    "/portal",
    "/challenges/two/snapshots/",
    "/challenges/two/leaderboard/",
    "/challenges/two/leaderboard.atom",
    "/challenges/two/definition.yaml",
)
"""Pages that have tests of their own on the whole platform."""


def client_of(records: FakeRecords) -> Browser:
    app = FastAPI(docs_url=None, redoc_url=None)
    problems.install(app)
    app.state.error_page = error_page
    app.state.core = SimpleNamespace(clock=FakeClock())  # what asks a database has tests of its own
    app.include_router(router)
    app.dependency_overrides[records_of] = lambda: records
    app.dependency_overrides[visitor] = lambda: None
    return Browser(app)


@pytest.fixture
def client() -> Browser:
    return client_of(FakeRecords())


class TestPages:
    def test_every_page_answers_and_runs_only_scripts_of_ours(self, client: Browser) -> None:
        for path in ("/", "/challenges/two", "/challenges/two/leaderboard"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "unsafe-inline" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "hidden/img" not in answer.text

    def test_every_link_on_the_pages_leads_somewhere(self, client: Browser) -> None:
        seen, waiting = set(), ["/"]
        while waiting:
            path = waiting.pop()
            if path in seen or path.startswith(ASK_A_DATABASE):
                continue
            seen.add(path)
            answer = client.get(path)
            assert answer.status_code == 200, path
            if answer.headers["content-type"].startswith("text/html"):
                waiting += [html.unescape(href) for href in re.findall(r'href="([^"#]+)"', answer.text)]
        assert {"/challenges/two/leaderboard.json", "/challenges/two/leaderboard.csv"} <= seen
        assert any(path.startswith("/static/style.css?v=") for path in seen)

    def test_teams_whose_images_failed_are_counted_in_words(self, client: Browser) -> None:
        page = client.get("/challenges/two/leaderboard").text
        assert "Two teams handed in an image that was refused or did not run to its end, and are not here." in page

    def test_the_submission_commands_name_the_public_address(self, client: Browser) -> None:
        assert "sonobench login --server https://bench.example.org" in client.get("/challenges/two").text


class TestTheSameNumbers:
    def test_page_json_and_csv_agree_to_the_last_digit(self, client: Browser) -> None:
        pages = [f"?view=tasks&of={metric}" for metric in ("dsc", "auc")] + ["?cols=score,time,host"]
        page = "".join(client.get(f"/challenges/two/leaderboard{query}").text for query in pages)
        document = json.loads(client.get("/challenges/two/leaderboard.json").text)
        lines = list(csv.DictReader(io.StringIO(client.get("/challenges/two/leaderboard.csv").text)))
        shown = {float(value) for value in re.findall(r'<data value="([^"]+)"', page)}
        for row, line in zip(document["rows"], lines, strict=True):
            tasks = {f"{task['id']}.{score['name']}": score["value"] for task in row["tasks"] for score in task["metrics"]}
            numbers = {"score": row["score"], "time_s": row["time_s"], "host_memory_bytes": row["host_memory_bytes"], **tasks}
            for name, number in numbers.items():
                assert float(line[name]) == number, name
                assert number in shown, name

    def test_a_view_is_the_same_as_page_csv_and_json(self, client: Browser) -> None:
        query = "?view=tasks&of=dsc&sort=seg.dsc&order=asc"
        page = client.get(f"/challenges/two/leaderboard{query}").text
        table = re.findall(r'<data value="([^"]+)"', page.partition("<table")[2].partition("</table>")[0])
        lines = list(csv.DictReader(io.StringIO(client.get(f"/challenges/two/leaderboard.csv{query}").text)))
        rows = json.loads(client.get(f"/challenges/two/leaderboard.json{query}").text)["rows"]
        numbers = [0.7654321, 0.876543]
        assert [float(number) for number in table] == numbers
        assert [float(line["seg.dsc"]) for line in lines] == numbers
        assert [row["seg.dsc"] for row in rows] == numbers

    def test_the_json_is_the_published_document_itself(self, client: Browser) -> None:
        assert client.get("/challenges/two/leaderboard.json").text == BOARD.to_json()

    def test_a_team_name_cannot_become_a_formula_in_a_spreadsheet(self, client: Browser) -> None:
        assert "\n=second" not in client.get("/challenges/two/leaderboard.csv").text
        assert ",=second" not in client.get("/challenges/two/leaderboard.csv").text


class TestAddresses:
    @pytest.mark.parametrize(
        "query",
        [
            "?view=%3Cscript%3E&of=../x&sort=%22%3E&order=x&q=%3Cimg%20src=x%3E&cols=%00,a&page=-1&size=9999999999&nonsense=1",
            "?cols=" + ",".join(f"c{n}" for n in range(400)),
            "?" + "&".join(f"cols=c{n}" for n in range(400)),
            "?q=" + "%F0%9F%92%A9" * 500,
            "?page=99999999999999999999&q=%ff%fe",
        ],
    )
    def test_whatever_is_typed_there_a_page_comes_and_nothing_of_it_is_markup(self, client: Browser, query: str) -> None:
        for path in ("/challenges/two/leaderboard", "/challenges/two/leaderboard.csv", "/challenges/two/leaderboard.json"):
            answer = client.get(path + query)
            assert answer.status_code == 200, path
            assert len(answer.text) < 200_000
            assert "<script>" not in answer.text
            assert "<img" not in answer.text or path.endswith(("csv", "json"))

    def test_a_form_sends_what_the_page_shows(self, client: Browser) -> None:
        page = client.get("/challenges/two/leaderboard?sort=dsc&q=first").text
        hidden = set(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page))
        assert hidden == {("sort", "dsc"), ("q", "first")}
        assert 'name="q" value="first"' in page


class TestWhatIsNotThere:
    @pytest.mark.parametrize("path", ["/challenges/none", "/challenges/none/leaderboard", "/nowhere", "/challenges/%3Cscript%3E"])
    def test_people_get_a_page(self, client: Browser, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "There is no such page" in answer.text
        assert "<script>" not in answer.text

    @pytest.mark.parametrize("path", ["/challenges/none/leaderboard.json", "/static/none.css", "/static/..%2f..%2fpages.py"])
    def test_programs_get_a_problem_document(self, client: Browser, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"

    def test_a_challenge_without_a_board_says_so_and_leads_on(self) -> None:
        client = client_of(FakeRecords(has_board=False))
        board = client.get("/challenges/two/leaderboard")
        assert board.status_code == 200
        assert "No algorithm has been scored yet" in board.text
        assert 'href="/challenges/two"' in board.text
        assert client.get("/challenges/two/leaderboard.json").status_code == 404
        assert client.get("/challenges/two").status_code == 200

    def test_only_reading_is_possible(self, client: Browser) -> None:
        assert client.get("/", method="POST").status_code == 405


class TestOnTheRealPlatform:
    def test_an_empty_platform_shows_an_empty_list_and_a_page_for_what_is_missing(self, tmp_path: Path) -> None:
        platform = Platform(Settings(home=tmp_path))
        platform.prepare()
        try:
            client = Browser(create_app(platform=platform))
            assert "There is no challenge here yet" in client.get("/").text
            missing = client.get("/challenges/none")
            assert missing.status_code == 404
            assert missing.headers["content-type"].startswith("text/html")
            assert client.get("/static/style.css").headers["content-type"].startswith("text/css")
            program = client.get("/api/v1/challenges/none", accept="*/*")
            assert program.headers["content-type"] == "application/problem+json"
        finally:
            platform.close()

    def test_a_scored_team_stands_on_the_board_and_one_that_failed_is_counted(self, world: Any) -> None:
        client = Browser(world.app)
        assert "No algorithm has been scored yet" in client.get("/challenges/tiny/leaderboard").text
        world.scored("A")
        failed = world.queued("B")
        claimed = world.claim()
        assert world.tell(claimed, "finish", report=crash_report()).status_code == 200
        assert world.state(failed) == "failed"
        page = client.get("/challenges/tiny/leaderboard").text
        (leads_to,) = re.findall(r'<a href="(/submissions/[^"]+)"><bdi>A</bdi>', page)
        assert client.get(leads_to).status_code == 200
        assert "<bdi>B</bdi>" not in page
        assert "One team handed in an image that was refused or did not run to its end, and is not here." in page
        document = client.get("/challenges/tiny/leaderboard.json", accept="*/*").text
        assert document == world.anyone.get("/api/v1/challenges/tiny/leaderboard").text
        assert "head/img/1.png" not in page + client.get("/challenges/tiny").text

    def test_a_team_that_is_scored_in_the_end_is_not_counted_among_the_failed(self, world: Any) -> None:
        failed = world.queued("A")
        claimed = world.claim()
        assert world.tell(claimed, "finish", report=crash_report()).status_code == 200
        assert world.state(failed) == "failed"
        world.scored("A")
        assert "and is not here" not in Browser(world.app).get("/challenges/tiny/leaderboard").text


def crash_report() -> dict[str, Any]:
    """What a node reports of an image that ended with an error."""
    flags = ("oom_killed", "timed_out", "cancelled", "output_full", "output_too_many_files", "log_truncated")
    return {
        "exit_code": 1,
        **dict.fromkeys(flags, False),
        "started_at": "2026-01-01T12:00:00+00:00",
        "finished_at": "2026-01-01T12:00:01+00:00",
        "measurement": {"wall_time_s": 1.0, "host_memory_method": "sampled"},
        "result_files": 0,
        "result_bytes": 0,
        "engine_error": "",
        "log_tail": "",
    }
